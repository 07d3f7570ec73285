//! Accounts: signing in to them without a source, proving and binding them, and what attackers try.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod binding;
mod guessing;
mod hardening;
mod leaving;
mod local;
mod pains;
mod scenarios;
mod steps;
mod takeover;
