//! The broker: who a person is who comes through WeCom, and what may go wrong on the way.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod account;
mod account_attacks;
mod account_changes;
mod account_steps;
mod accounts;
mod admin_races;
mod admin_tools;
mod association;
mod branding;
mod callback;
mod confusion;
mod disabled;
mod in_client;
mod isolation;
mod limits;
mod outage;
mod pages;
mod places;
mod races;
mod recovery;
mod replies;
mod review;
mod session;
mod steps;
mod supplement;
