//! Durable state: one contract for SQLite in memory, SQLite in a file and PostgreSQL.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails, fails its test")]

mod accounts;
mod audit_events;
mod concurrency;
mod departures;
mod faults;
mod idempotency;
mod integrity;
mod isolation;
mod journal;
mod lives;
mod logouts;
mod names;
mod pages;
mod passwords;
mod records;
mod round_trips;
mod sessions;
#[path = "../support/mod.rs"]
mod support;
mod tenants;
mod users;
mod world;
