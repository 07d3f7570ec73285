-- Tenants and what belongs to the installation. One text for SQLite and PostgreSQL: the type names
-- are PostgreSQL's, where they are real; SQLite keeps UUID as a 16-byte blob, times and JSON as text.

-- Facts about the installation itself (the key ring's check value).
CREATE TABLE installation (
    name        TEXT PRIMARY KEY,
    value       BYTEA NOT NULL
);

CREATE TABLE tenants (
    id            UUID PRIMARY KEY,
    -- The host its pages and its issuer live on, in lower case, with the port if it is not the scheme's own
    host          TEXT NOT NULL UNIQUE,
    display_name  TEXT NOT NULL,
    status        TEXT NOT NULL CHECK (status IN ('active', 'suspended')),
    version       BIGINT NOT NULL,
    created_at    TIMESTAMPTZ NOT NULL,
    updated_at    TIMESTAMPTZ NOT NULL
);
CREATE INDEX tenants_page ON tenants (created_at, id);

CREATE TABLE signing_keys (
    id            UUID PRIMARY KEY,
    tenant_id     UUID NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    algorithm     TEXT NOT NULL CHECK (algorithm IN ('ES256', 'RS256')),
    status        TEXT NOT NULL CHECK (status IN ('active', 'retired')),
    -- PKCS#8 DER, sealed with the key ring
    private_key   BYTEA NOT NULL,
    -- Public JWK without `kid`, `use` and `alg`
    public_jwk    JSONB NOT NULL,
    created_at    TIMESTAMPTZ NOT NULL
);
CREATE INDEX signing_keys_tenant ON signing_keys (tenant_id);
-- One key signs for an algorithm at a time
CREATE UNIQUE INDEX signing_keys_active ON signing_keys (tenant_id, algorithm) WHERE status = 'active';

-- Domain verification files of WeCom (`WW_verify_*.txt`), served at the root of the tenant's host.
CREATE TABLE verification_files (
    tenant_id     UUID NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    name          TEXT NOT NULL,
    content       TEXT NOT NULL,
    created_at    TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, name)
);
