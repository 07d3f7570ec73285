//! A real browser and a real client library: Chromium, and Rust's `openidconnect` (by the sample app),
//! neither of which Hufu has written or set up in a special way.
//!
//! A case sets the stage; the Node program of the same name in `tests/node/scenarios` plays. In each
//! of them no page complains, and nothing of another host than `*.localhost` is asked for.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod account;
mod binding;
mod chromium;
mod libraries;
mod stage;
mod supplement;
