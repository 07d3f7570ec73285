//! An OpenID Connect client like any other, for the demo and the end-to-end tests.
//!
//! It knows its issuer, its client id and nothing else of the provider: the crate `openidconnect`
//! does the protocol and validates every answer, without special settings.
//!
//! ```text
//! /  ──▶ /login ──▶ provider ──▶ /callback ──▶ /            /claims.json
//! /initiate ─┘                       signed in └─▶ /sign-out ──▶ provider ──▶ /signed-out
//! ```

mod cookie;
mod error;
mod http;
mod language;
mod pages;
mod params;
mod provider;
mod server;
mod shelf;
mod sign_in;
mod sign_out;
mod state;
mod words;

pub use error::Error;
pub use server::{SampleApp, Settings, start};
