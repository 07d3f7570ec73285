-- Finding audit events. Each filter of the list has an index whose rows are in the list's order, so
-- that a page is read where it lies. By time they are found by their ids, which order by time: so is
-- what the sweep deletes.
CREATE INDEX audit_events_user ON audit_events (tenant_id, user_id, id);
CREATE INDEX audit_events_action ON audit_events (tenant_id, action, id);
CREATE INDEX audit_events_actor ON audit_events (tenant_id, actor_id, id);
CREATE INDEX audit_events_app ON audit_events (tenant_id, app_id, id);
CREATE INDEX audit_events_source ON audit_events (tenant_id, source_id, id);
CREATE INDEX audit_events_address ON audit_events (tenant_id, address, id);
-- Most events are what people did, with success; of these two filters the rest is what is looked for.
CREATE INDEX audit_events_refused ON audit_events (tenant_id, id) WHERE result <> 'ok';
CREATE INDEX audit_events_result ON audit_events (tenant_id, result, id) WHERE result <> 'ok';
CREATE INDEX audit_events_actor_kind ON audit_events (tenant_id, actor_kind, id) WHERE actor_kind <> 'user';
