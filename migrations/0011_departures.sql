-- Who has left a corp: a sign-in that was begun before leads to no session any more.

-- When the upstream last said that the person is none of the corp's members
ALTER TABLE identities ADD COLUMN left_at TIMESTAMPTZ;

-- The same of everybody, linked or not, for a day: longer than a person may be asked who they are here
CREATE TABLE departures (
    tenant_id  UUID NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    -- SHA-256 of corp and userid: no more than has to be known of those who are gone
    person     BYTEA NOT NULL,
    left_at    TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, person)
);
CREATE INDEX departures_by_time ON departures (left_at);
