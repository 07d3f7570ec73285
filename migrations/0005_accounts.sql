-- Accounts: what people are found by, passwords, and how links to upstream persons come and go.

-- A `_key` is the normal form of the value beside it, as bytes: both engines compare and order bytes
-- alike, whatever the database's collation, so that one index serves equality and prefixes.
ALTER TABLE users ADD COLUMN origin TEXT NOT NULL DEFAULT 'sign_in' CHECK (origin IN ('sign_in', 'console'));
ALTER TABLE users ADD COLUMN username TEXT;
ALTER TABLE users ADD COLUMN username_key BYTEA;
ALTER TABLE users ADD COLUMN external_id TEXT;
ALTER TABLE users ADD COLUMN external_id_key BYTEA;
ALTER TABLE users ADD COLUMN name_key BYTEA;
ALTER TABLE users ADD COLUMN email_key BYTEA;
ALTER TABLE users ADD COLUMN email_verified BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE users ADD COLUMN phone_key BYTEA;
ALTER TABLE users ADD COLUMN phone_number_verified BOOLEAN NOT NULL DEFAULT FALSE;

CREATE UNIQUE INDEX users_username ON users (tenant_id, username_key);
CREATE UNIQUE INDEX users_external_id ON users (tenant_id, external_id_key);
CREATE INDEX users_name ON users (tenant_id, name_key, id);
CREATE INDEX users_email ON users (tenant_id, email_key, id);
CREATE INDEX users_phone ON users (tenant_id, phone_key, id);
-- A verified value is one person's. What is not verified says nothing, so it may stand twice.
CREATE UNIQUE INDEX users_verified_email ON users (tenant_id, email_key) WHERE email_verified;
CREATE UNIQUE INDEX users_verified_phone ON users (tenant_id, phone_key) WHERE phone_number_verified;

-- Apart from the users, so that no list ever reads one.
CREATE TABLE passwords (
    tenant_id     UUID NOT NULL,
    user_id       UUID NOT NULL,
    -- Argon2id in the PHC string form
    hash          TEXT NOT NULL,
    changed_at    TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);

-- A suspended link signs nobody in and is not linked anew.
ALTER TABLE identities ADD COLUMN status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended'));
ALTER TABLE identities ADD COLUMN name TEXT;

-- Every link, unlink, match, binding and creation. Append-only but for `undone_by`.
CREATE TABLE link_events (
    id            UUID PRIMARY KEY,
    tenant_id     UUID NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    at            TIMESTAMPTZ NOT NULL,
    kind          TEXT NOT NULL CHECK (kind IN
        ('create', 'match', 'bind', 'link', 'unlink', 'suspend', 'resume', 'undo', 'restore')),
    user_id       UUID NOT NULL,
    corp_id       TEXT NOT NULL,
    subject       TEXT NOT NULL,
    userid        TEXT NOT NULL,
    source_id     UUID,
    app_id        UUID,
    -- By which rule, or by which proof
    rule          TEXT,
    evidence      JSONB NOT NULL,
    actor_kind    TEXT NOT NULL CHECK (actor_kind IN ('operator', 'api_key', 'user', 'system')),
    actor_id      UUID,
    trace         TEXT,
    -- The event that took this one back
    undone_by     UUID
);
CREATE INDEX link_events_page ON link_events (tenant_id, id);
CREATE INDEX link_events_user ON link_events (tenant_id, user_id, id);
CREATE INDEX link_events_trace ON link_events (tenant_id, trace);
CREATE INDEX link_events_person ON link_events (tenant_id, corp_id, subject, id);

-- How a first sign-in finds an account, beyond `association` and `login_only`: see AssociationPolicy.
ALTER TABLE identity_sources ADD COLUMN policy JSONB NOT NULL DEFAULT '{}';

-- Whether a first sign-in may make an account for this app, and what people may sign in with beside
-- its sources: password, email_code, sms_code.
ALTER TABLE apps ADD COLUMN registration BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE apps ADD COLUMN sign_in_methods JSONB NOT NULL DEFAULT '{"values": []}';

-- Whom people can ask for help, and where codes by SMS are handed over (the secret is sealed).
ALTER TABLE tenants ADD COLUMN support_contact TEXT;
ALTER TABLE tenants ADD COLUMN sms_webhook_url TEXT;
ALTER TABLE tenants ADD COLUMN sms_webhook_secret BYTEA;

-- A session no longer needs a source: made anew, because SQLite cannot take a NOT NULL away. Whoever
-- was signed in signs in once more.
DROP TABLE grants;
DROP TABLE sessions;
CREATE TABLE sessions (
    id                UUID PRIMARY KEY,
    tenant_id         UUID NOT NULL,
    -- SHA-256 of the cookie's value
    token_hash        BYTEA NOT NULL,
    user_id           UUID NOT NULL,
    method            TEXT NOT NULL CHECK (method IN ('source', 'password', 'email_code', 'sms_code')),
    -- The source, where it was one, and the identity that it proved. A source that is removed takes its
    -- sessions with it
    source_id         UUID,
    identity_id       UUID,
    -- Where it is: what the person recognises it by
    user_agent        TEXT,
    address           TEXT,
    created_at        TIMESTAMPTZ NOT NULL,
    authenticated_at  TIMESTAMPTZ NOT NULL,
    last_seen_at      TIMESTAMPTZ NOT NULL,
    expires_at        TIMESTAMPTZ NOT NULL,
    -- It ends by itself when nobody uses it until then
    idle_until        TIMESTAMPTZ NOT NULL,
    ended_at          TIMESTAMPTZ,
    UNIQUE (tenant_id, token_hash),
    UNIQUE (tenant_id, id),
    CHECK ((method = 'source') = (source_id IS NOT NULL)),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, source_id) REFERENCES identity_sources (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX sessions_user ON sessions (tenant_id, user_id);
CREATE INDEX sessions_source ON sessions (tenant_id, source_id);
CREATE INDEX sessions_identity ON sessions (tenant_id, identity_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE grants (
    id            UUID PRIMARY KEY,
    tenant_id     UUID NOT NULL,
    app_id        UUID NOT NULL,
    user_id       UUID NOT NULL,
    session_id    UUID NOT NULL,
    -- How the person had signed in then; the session may go on by another way
    source_id     UUID,
    -- SHA-256 of the authorization code: a code that comes twice costs the grant
    code_hash     BYTEA NOT NULL,
    scope         TEXT NOT NULL,
    created_at    TIMESTAMPTZ NOT NULL,
    revoked_at    TIMESTAMPTZ,
    FOREIGN KEY (tenant_id, app_id) REFERENCES apps (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, source_id) REFERENCES identity_sources (tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX grants_code ON grants (tenant_id, code_hash);
CREATE INDEX grants_source ON grants (tenant_id, source_id);
CREATE INDEX grants_session ON grants (tenant_id, session_id);
CREATE INDEX grants_user ON grants (tenant_id, user_id);
CREATE INDEX grants_app ON grants (tenant_id, app_id);
