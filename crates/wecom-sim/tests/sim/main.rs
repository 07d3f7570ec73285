//! The simulator by raw HTTP.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod consent;
mod control;
mod directory;
mod faults;
mod in_client;
mod lookups;
mod support;
mod tokens;
mod userinfo;
mod web_login;
