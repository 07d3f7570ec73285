//! Messages as they are read, and the guard of requests.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod messages;
mod names;
mod support;
