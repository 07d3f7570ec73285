-- Apps that register themselves (RFC 7591, RFC 7592), and what lets them.

CREATE TABLE initial_access_tokens (
    id               UUID PRIMARY KEY,
    tenant_id        UUID NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    display_name     TEXT NOT NULL,
    -- SHA-256 of the token
    token_hash       BYTEA NOT NULL UNIQUE,
    -- Its first characters, to recognise it
    prefix           TEXT NOT NULL,
    -- How many apps may register with it, and how many did
    uses             BIGINT NOT NULL,
    used             BIGINT NOT NULL CHECK (used <= uses),
    -- What its apps get: see store::initial_access_token::Limits
    limits           JSONB NOT NULL,
    created_at       TIMESTAMPTZ NOT NULL,
    expires_at       TIMESTAMPTZ NOT NULL
);
CREATE INDEX initial_access_tokens_page ON initial_access_tokens (tenant_id, created_at, id);

-- What an app told of itself: see store::registration::Registered. NULL if an administrator made it.
ALTER TABLE apps ADD COLUMN registered JSONB;
-- SHA-256 of the token that it may change itself with; NULL once that was taken away.
ALTER TABLE apps ADD COLUMN registration_token_hash BYTEA;
