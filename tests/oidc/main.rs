//! The OpenID Provider, as apps and their attackers see it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod app_keys;
mod assertion_forgeries;
mod assertions;
mod backchannel;
mod backchannel_attacks;
mod claims;
mod client_credentials;
mod clients;
mod codes;
mod consent;
mod contacts;
mod cors;
mod dpop;
mod dpop_nonces;
mod dpop_tokens;
mod introspection;
mod issuer;
mod keys;
mod logout;
mod matrix;
mod pages;
mod parameters;
mod pen;
mod pkce;
mod prover;
mod pushed;
mod random;
mod redirect_modes;
mod redirect_uri;
mod refresh;
mod refresh_refused;
mod registration;
mod registration_attacks;
mod registration_management;
mod response_modes;
mod session;
mod steps;
mod suspended;
mod tokens;
mod withdrawal;
