//! The client against a scripted HTTP server on loopback, and its parsers against anything.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod callbacks;
mod errors;
mod login_urls;
mod look_ups;
mod parsers;
mod replies;
mod secrets;
mod support;
mod token;
mod transport;
