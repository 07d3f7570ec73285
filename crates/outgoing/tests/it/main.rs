//! Calls that must not be made, and those that are.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod fetch;
mod names;
mod ssrf;
mod support;
