//! Passwords of people: hashed, verified, and refused when they are easy to guess. It knows nothing
//! of tenants, users or storage.
//!
//! ```text
//!   check ── length, characters, repetition, lists, personal data ──▶ Unacceptable
//!
//!   Passwords::hash   ─┐                  ┌─ at most `at_once` threads ─▶ Argon2id ─▶ PHC string
//!                      ├─ NFKC ──▶ pool ──┤
//!   Passwords::verify ─┘                  └─ at most `waiting` callers; one more is Error::Busy
//! ```
//!
//! Three rules shape everything here:
//! - a hash costs memory and time on purpose, so a stranger who sends many passwords must not be
//!   able to spend all of both (attack R6): the pool is bounded and refuses at once;
//! - a name that nobody has costs what one costs that somebody has: who measures learns nothing;
//! - what is stored is data, not orders: parameters beyond reason are refused, not computed.

mod check;
mod common;
mod error;
mod passwords;
mod phc;
mod pool;
mod settings;
mod text;

pub use self::{
    check::{Unacceptable, check},
    error::Error,
    passwords::{Passwords, Verdict},
    pool::Load,
    settings::Settings,
    text::{MAX_CHARS, MIN_CHARS},
};
