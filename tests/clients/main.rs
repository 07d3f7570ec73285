//! Client libraries that are not ours, against Hufu: each is put through the same round, up to what it
//! has to refuse.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod apache;
mod keys;
mod libraries;
mod library;
mod page;
mod peer;
mod relying_party;
mod resource_server;
mod server;
