-- How pages look: {"logo_url", "accent", "background", "heading", "note", "agreements"}; NULL is nothing
-- of its own. An app's values go over its tenant's, one by one.
ALTER TABLE tenants ADD COLUMN branding JSONB;
ALTER TABLE apps ADD COLUMN branding JSONB;
