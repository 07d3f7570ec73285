CREATE TABLE corps (
    id            UUID PRIMARY KEY,
    tenant_id     UUID NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    corp_id       TEXT NOT NULL,
    display_name  TEXT NOT NULL,
    -- Name of one of the operator's egress proxies; NULL is the direct way
    egress        TEXT,
    version       BIGINT NOT NULL,
    created_at    TIMESTAMPTZ NOT NULL,
    updated_at    TIMESTAMPTZ NOT NULL,
    UNIQUE (tenant_id, corp_id),
    -- So that a source can only name a corp of its own tenant
    UNIQUE (tenant_id, id)
);

CREATE TABLE identity_sources (
    id              UUID PRIMARY KEY,
    tenant_id       UUID NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    corp            UUID NOT NULL,
    identifier      TEXT NOT NULL,
    kind            TEXT NOT NULL CHECK (kind IN ('wecom_qr', 'wecom_mobile')),
    mode            TEXT NOT NULL CHECK (mode IN ('self_built', 'agency')),
    agent_id        BIGINT NOT NULL,
    -- The app's secret at WeCom, sealed with the key ring
    secret          BYTEA NOT NULL,
    -- {"zh-CN": "…", "en": "…"}
    display_names   JSONB NOT NULL,
    logo_url        TEXT,
    -- In-client scope: snsapi_base or snsapi_privateinfo
    scope           TEXT NOT NULL CHECK (scope IN ('snsapi_base', 'snsapi_privateinfo')),
    panel           BOOLEAN NOT NULL,
    login_only      BOOLEAN NOT NULL,
    association     TEXT NOT NULL CHECK (association IN ('none', 'field', 'ask')),
    status          TEXT NOT NULL CHECK (status IN ('active', 'disabled')),
    -- Set when WeCom refused the credentials: no further call until somebody saves or tests the source
    misconfigured   JSONB,
    version         BIGINT NOT NULL,
    created_at      TIMESTAMPTZ NOT NULL,
    updated_at      TIMESTAMPTZ NOT NULL,
    UNIQUE (tenant_id, identifier),
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, corp) REFERENCES corps (tenant_id, id)
);
CREATE INDEX identity_sources_corp ON identity_sources (tenant_id, corp);

CREATE TABLE apps (
    id                          UUID PRIMARY KEY,
    tenant_id                   UUID NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    display_name                TEXT NOT NULL,
    logo_url                    TEXT,
    home_url                    TEXT,
    initiate_login_uri          TEXT,
    -- {"values": [...]}: JSON columns hold objects
    redirect_uris               JSONB NOT NULL,
    post_logout_redirect_uris   JSONB NOT NULL,
    token_endpoint_auth_method  TEXT NOT NULL
        CHECK (token_endpoint_auth_method IN ('client_secret_basic', 'client_secret_post', 'none')),
    -- SHA-256 of the client secret; NULL for a public client
    secret_hash                 BYTEA,
    id_token_alg                TEXT NOT NULL CHECK (id_token_alg IN ('ES256', 'RS256')),
    status                      TEXT NOT NULL CHECK (status IN ('active', 'disabled')),
    version                     BIGINT NOT NULL,
    created_at                  TIMESTAMPTZ NOT NULL,
    updated_at                  TIMESTAMPTZ NOT NULL,
    UNIQUE (tenant_id, id)
);
CREATE INDEX apps_page ON apps (tenant_id, created_at, id);

-- Which sources an app offers, in which order.
CREATE TABLE app_sources (
    tenant_id     UUID NOT NULL,
    app_id        UUID NOT NULL,
    source_id     UUID NOT NULL,
    position      BIGINT NOT NULL,
    created_at    TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, app_id, source_id),
    FOREIGN KEY (tenant_id, app_id) REFERENCES apps (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, source_id) REFERENCES identity_sources (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX app_sources_source ON app_sources (tenant_id, source_id);
