//! Messages on their way to a relay and a gateway that speak SMTP and HTTP.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod mail;
mod messages;
mod secrets;
mod sms;
mod ssrf;
mod support;
mod tls;
