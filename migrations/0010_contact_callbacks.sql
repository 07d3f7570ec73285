-- Where WeCom tells of what changes among a corp's members.

CREATE TABLE contact_callbacks (
    tenant_id      UUID NOT NULL,
    corp           UUID NOT NULL,
    -- The part of the address that nobody guesses
    path           TEXT NOT NULL,
    -- Token and EncodingAESKey, sealed
    secret         BYTEA NOT NULL,
    created_at     TIMESTAMPTZ NOT NULL,
    -- When WeCom first proved the address, and when it last told of something
    verified_at    TIMESTAMPTZ,
    last_event_at  TIMESTAMPTZ,
    PRIMARY KEY (tenant_id, corp),
    UNIQUE (tenant_id, path),
    FOREIGN KEY (tenant_id, corp) REFERENCES corps (tenant_id, id) ON DELETE CASCADE
);
