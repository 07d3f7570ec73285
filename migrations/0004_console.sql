CREATE TABLE api_keys (
    id            UUID PRIMARY KEY,
    tenant_id     UUID NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    display_name  TEXT NOT NULL,
    -- SHA-256 of the key; its first characters, to recognise it in a list
    key_hash      BYTEA NOT NULL UNIQUE,
    prefix        TEXT NOT NULL,
    created_at    TIMESTAMPTZ NOT NULL,
    expires_at    TIMESTAMPTZ
);
CREATE INDEX api_keys_page ON api_keys (tenant_id, created_at, id);

-- Append-only. Ids order by time (UUID v7).
CREATE TABLE audit_events (
    id            UUID PRIMARY KEY,
    tenant_id     UUID NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    at            TIMESTAMPTZ NOT NULL,
    actor_kind    TEXT NOT NULL CHECK (actor_kind IN ('operator', 'api_key', 'user', 'system')),
    actor_id      UUID,
    action        TEXT NOT NULL,
    result        TEXT NOT NULL,
    app_id        UUID,
    source_id     UUID,
    user_id       UUID,
    address       TEXT,
    trace         TEXT,
    detail        JSONB NOT NULL
);
CREATE INDEX audit_events_page ON audit_events (tenant_id, id);
CREATE INDEX audit_events_trace ON audit_events (tenant_id, trace);

-- Answers to console calls that carried an Idempotency-Key, for a day. `caller` is the API key's id,
-- or the nil id for the operator.
CREATE TABLE idempotency_keys (
    caller        UUID NOT NULL,
    key_hash      BYTEA NOT NULL,
    request_hash  BYTEA NOT NULL,
    -- Status, headers and body as JSON, sealed with the key ring (a body may carry a new secret)
    response      BYTEA,
    created_at    TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (caller, key_hash)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);
