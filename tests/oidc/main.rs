//! The OpenID Provider, as apps and their attackers see it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod clients;
mod codes;
mod issuer;
mod keys;
mod logout;
mod mutations;
mod pages;
mod parameters;
mod pkce;
mod random;
mod redirect_uri;
mod session;
mod steps;
mod tokens;
