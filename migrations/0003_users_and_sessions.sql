CREATE TABLE users (
    -- The `sub`: random, never used again; a deleted user stays as a tombstone
    id            UUID PRIMARY KEY,
    tenant_id     UUID NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    status        TEXT NOT NULL CHECK (status IN ('active', 'suspended', 'deleted')),
    name          TEXT,
    email         TEXT,
    phone_number  TEXT,
    picture       TEXT,
    version       BIGINT NOT NULL,
    created_at    TIMESTAMPTZ NOT NULL,
    updated_at    TIMESTAMPTZ NOT NULL,
    UNIQUE (tenant_id, id)
);
CREATE INDEX users_page ON users (tenant_id, created_at, id);

CREATE TABLE identities (
    id              UUID PRIMARY KEY,
    tenant_id       UUID NOT NULL,
    user_id         UUID NOT NULL,
    provider        TEXT NOT NULL CHECK (provider IN ('wecom')),
    corp_id         TEXT NOT NULL,
    -- The userid as it is compared (folded for self-built apps) and as it was first received
    subject         TEXT NOT NULL,
    userid          TEXT NOT NULL,
    created_at      TIMESTAMPTZ NOT NULL,
    last_sign_in_at TIMESTAMPTZ NOT NULL,
    UNIQUE (tenant_id, provider, corp_id, subject),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX identities_user ON identities (tenant_id, user_id);

CREATE TABLE sessions (
    id                UUID PRIMARY KEY,
    tenant_id         UUID NOT NULL,
    -- SHA-256 of the cookie's value
    token_hash        BYTEA NOT NULL,
    user_id           UUID NOT NULL,
    -- How the person signed in; a source that is removed takes its sessions with it
    source_id         UUID NOT NULL,
    authenticated_at  TIMESTAMPTZ NOT NULL,
    expires_at        TIMESTAMPTZ NOT NULL,
    ended_at          TIMESTAMPTZ,
    UNIQUE (tenant_id, token_hash),
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, source_id) REFERENCES identity_sources (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX sessions_user ON sessions (tenant_id, user_id);
CREATE INDEX sessions_source ON sessions (tenant_id, source_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE grants (
    id            UUID PRIMARY KEY,
    tenant_id     UUID NOT NULL,
    app_id        UUID NOT NULL,
    user_id       UUID NOT NULL,
    session_id    UUID NOT NULL,
    -- How the person had signed in then; the session may go on by another source
    source_id     UUID NOT NULL,
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
