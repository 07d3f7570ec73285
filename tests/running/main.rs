//! Running the real program: how it starts and refuses to, what it says, how it ends, and what
//! happens when what it stands on goes away or it is killed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod demo;
mod import;
mod killed;
mod logouts;
mod logs;
mod management;
mod nodes;
mod noisy;
mod program;
mod refusals;
mod retention;
mod services;
mod stopping;
mod stores_gone;
mod tls;
mod traces;
