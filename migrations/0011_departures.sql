-- Who has left a corp: a sign-in that was begun before leads to no session any more.

-- When the upstream last said that the person is none of its members; null again once they signed in
ALTER TABLE identities ADD COLUMN left_at TIMESTAMPTZ;

-- The same of everybody, linked or not, for as long as a person may be asked who they are here
CREATE TABLE departures (
    tenant_id  UUID NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    corp_id    TEXT NOT NULL,
    subject    TEXT NOT NULL,
    left_at    TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, corp_id, subject)
);
CREATE INDEX departures_by_time ON departures (left_at);
