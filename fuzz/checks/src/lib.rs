//! What has to hold for the parsers of what strangers send us, whatever they send. Each function takes
//! any bytes and panics if a parser breaks its word. The fuzz targets call them with bytes that libFuzzer
//! makes up; the tests here with those that it found worth keeping, and with random ones.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "panicking is what these functions do"
)]

mod app;
mod authorization_request;
mod basic;
mod cookie;
mod dpop_proof;
mod jwk;
mod jws;
mod params;
mod redirect_uri;

pub use crate::authorization_request::authorization_request;
pub use crate::basic::basic;
pub use crate::cookie::cookie;
pub use crate::dpop_proof::dpop_proof;
pub use crate::jwk::jwk;
pub use crate::jws::jws;
pub use crate::params::params;
pub use crate::redirect_uri::redirect_uri;

/// A check, as it is called with any bytes.
pub type Check = fn(&[u8]);

/// All of them, by the names of their fuzz targets and of the folders of their corpora.
pub const CHECKS: [(&str, Check); 8] = [
    ("authorization_request", authorization_request),
    ("basic", basic),
    ("cookie", cookie),
    ("dpop_proof", dpop_proof),
    ("jwk", jwk),
    ("jws", jws),
    ("params", params),
    ("redirect_uri", redirect_uri),
];
