-- The OpenID Provider in full: what an app may do, refresh tokens, consent, key rotation, logout
-- that is delivered.

-- What an app may do at the provider: see store::app::Protocol. Apps of before keep what they had:
-- PKCE was theirs to choose.
ALTER TABLE apps ADD COLUMN protocol JSONB NOT NULL DEFAULT '{"profile": "oidc_basic"}';
-- Where logout tokens are delivered; apart from the rest, because ending a session asks for it
ALTER TABLE apps ADD COLUMN backchannel_logout_uri TEXT;

-- More words for two columns. Both engines can add, fill, drop and rename; neither can change a CHECK.
ALTER TABLE apps ADD COLUMN auth_method TEXT NOT NULL DEFAULT 'client_secret_basic' CHECK (auth_method IN
    ('client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'));
UPDATE apps SET auth_method = token_endpoint_auth_method;
ALTER TABLE apps DROP COLUMN token_endpoint_auth_method;
ALTER TABLE apps RENAME COLUMN auth_method TO token_endpoint_auth_method;
ALTER TABLE apps ADD COLUMN signing_alg TEXT NOT NULL DEFAULT 'ES256' CHECK (signing_alg IN
    ('ES256', 'RS256', 'PS256', 'EdDSA'));
UPDATE apps SET signing_alg = id_token_alg;
ALTER TABLE apps DROP COLUMN id_token_alg;
ALTER TABLE apps RENAME COLUMN signing_alg TO id_token_alg;

-- A key is published before it signs, and verifies until the last token that it signed is dead.
ALTER TABLE signing_keys RENAME TO old_signing_keys;
DROP INDEX signing_keys_tenant;
DROP INDEX signing_keys_active;
CREATE TABLE signing_keys (
    id            UUID PRIMARY KEY,
    tenant_id     UUID NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    algorithm     TEXT NOT NULL CHECK (algorithm IN ('ES256', 'RS256', 'PS256', 'EdDSA')),
    status        TEXT NOT NULL CHECK (status IN ('next', 'active', 'retired')),
    -- PKCS#8 DER, sealed with the key ring
    private_key   BYTEA NOT NULL,
    -- Public JWK without `kid`, `use` and `alg`
    public_jwk    JSONB NOT NULL,
    created_at    TIMESTAMPTZ NOT NULL,
    -- Since when it has its status
    changed_at    TIMESTAMPTZ NOT NULL
);
INSERT INTO signing_keys (id, tenant_id, algorithm, status, private_key, public_jwk, created_at, changed_at)
    SELECT id, tenant_id, algorithm, status, private_key, public_jwk, created_at, created_at
    FROM old_signing_keys;
DROP TABLE old_signing_keys;
CREATE INDEX signing_keys_tenant ON signing_keys (tenant_id);
-- One key signs for an algorithm at a time, and one is about to
CREATE UNIQUE INDEX signing_keys_active ON signing_keys (tenant_id, algorithm) WHERE status = 'active';
CREATE UNIQUE INDEX signing_keys_next ON signing_keys (tenant_id, algorithm) WHERE status = 'next';

-- A grant now remembers its sign-in itself, because it may outlive the session: made anew. Nothing but
-- access tokens of ten minutes hung on the old ones.
DROP TABLE grants;
CREATE TABLE grants (
    id                UUID PRIMARY KEY,
    tenant_id         UUID NOT NULL,
    app_id            UUID NOT NULL,
    user_id           UUID NOT NULL,
    -- In which session; no reference, because a grant for offline access outlives it
    session_id        UUID NOT NULL,
    -- How the person had signed in then, and when; the session may go on by another way
    method            TEXT NOT NULL CHECK (method IN ('source', 'password', 'email_code', 'sms_code')),
    source_id         UUID,
    identity_id       UUID,
    authenticated_at  TIMESTAMPTZ NOT NULL,
    -- SHA-256 of the authorization code: a code that comes twice costs the grant
    code_hash         BYTEA NOT NULL,
    scope             TEXT NOT NULL,
    -- Claims that were asked for one by one: see store::grant::Claims
    claims            JSONB NOT NULL,
    -- Whether it goes on when the session has ended (OpenID Connect Core §11)
    offline           BOOLEAN NOT NULL,
    -- The key that a public app's refresh token is bound to (RFC 9449 §5)
    dpop_jkt          TEXT,
    created_at        TIMESTAMPTZ NOT NULL,
    expires_at        TIMESTAMPTZ NOT NULL,
    revoked_at        TIMESTAMPTZ,
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, app_id) REFERENCES apps (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, source_id) REFERENCES identity_sources (tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX grants_code ON grants (tenant_id, code_hash);
CREATE INDEX grants_source ON grants (tenant_id, source_id);
CREATE INDEX grants_identity ON grants (tenant_id, identity_id);
CREATE INDEX grants_session ON grants (tenant_id, session_id);
CREATE INDEX grants_user ON grants (tenant_id, user_id);
CREATE INDEX grants_app ON grants (tenant_id, app_id);
CREATE INDEX grants_expiry ON grants (expires_at);

CREATE TABLE refresh_tokens (
    tenant_id     UUID NOT NULL,
    -- SHA-256 of the token
    token_hash    BYTEA NOT NULL,
    grant_id      UUID NOT NULL,
    created_at    TIMESTAMPTZ NOT NULL,
    -- It dies when nobody uses it until then
    expires_at    TIMESTAMPTZ NOT NULL,
    -- When it was exchanged for another, and that one, sealed: a client that did not get the answer asks
    -- again within seconds
    rotated_at    TIMESTAMPTZ,
    successor     BYTEA,
    PRIMARY KEY (tenant_id, token_hash),
    FOREIGN KEY (tenant_id, grant_id) REFERENCES grants (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX refresh_tokens_grant ON refresh_tokens (tenant_id, grant_id);

-- Access tokens that were revoked before they expired, by their `jti`.
CREATE TABLE revoked_access_tokens (
    tenant_id     UUID NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    id            UUID NOT NULL,
    expires_at    TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX revoked_access_tokens_expiry ON revoked_access_tokens (expires_at);

-- What people allowed to apps that are not the tenant's own.
CREATE TABLE consents (
    tenant_id     UUID NOT NULL,
    user_id       UUID NOT NULL,
    app_id        UUID NOT NULL,
    -- Scopes, separated by spaces
    scope         TEXT NOT NULL,
    granted_at    TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, user_id, app_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, app_id) REFERENCES apps (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX consents_app ON consents (tenant_id, app_id);

-- Logout tokens that are yet to be delivered: written with the end of the session, so that none is
-- forgotten when we fall over. At least once.
CREATE TABLE logout_deliveries (
    tenant_id     UUID NOT NULL,
    session_id    UUID NOT NULL,
    app_id        UUID NOT NULL,
    user_id       UUID NOT NULL,
    created_at    TIMESTAMPTZ NOT NULL,
    attempts      BIGINT NOT NULL,
    next_at       TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, session_id, app_id),
    FOREIGN KEY (tenant_id, app_id) REFERENCES apps (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX logout_deliveries_app ON logout_deliveries (tenant_id, app_id);
CREATE INDEX logout_deliveries_next ON logout_deliveries (next_at);
