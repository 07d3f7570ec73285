//! The console API through its front door. `support` has the bed that every test lies in: a console on
//! a database in memory, callers with keys, and a WeCom that answers as it is told.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod accounts;
mod apps;
mod association;
mod audit;
mod audit_export;
mod audit_filters;
mod branding;
mod contact_callbacks;
mod document;
mod idempotency;
mod import;
mod initial_access_tokens;
mod integrations;
mod isolation;
mod journal;
mod links_of_users;
mod paging;
mod preconditions;
mod problems;
mod rights;
mod search;
mod secrets;
mod signing_keys;
mod simulate;
mod source_test;
mod sources;
mod support;
mod tenants;
mod users;
mod verification_files;
