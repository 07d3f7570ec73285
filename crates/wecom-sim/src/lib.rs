//! A strict WeCom (企业微信) on loopback, for tests and for the demo.
//!
//! It answers the two sign-in pages and the server API that a broker needs, with the documented
//! errors and no others, and is driven by a [`Control`]: members and apps are set, faults are
//! injected, and the calls it got are read back.
//!
//! ```text
//! browser ──/wwlogin/sso/login──▶ page ──/wwlogin/sso/choose──▶ redirect_uri?code&state
//! client ──/connect/oauth2/authorize──▶ [/client] [consent] ──▶ redirect_uri?code&state
//! server ──/cgi-bin/gettoken──▶ token ──auth/getuserinfo──▶ userid, user_ticket ──▶ …
//! Receiver ──signed and encrypted──▶ an address that a test has
//! ```
//!
//! Where the documentation leaves a choice, the choice stands beside the rule in the code.

mod api;
mod callback;
mod control;
mod control_http;
mod directory;
mod domain;
mod error;
mod fault;
mod journal;
mod lock;
mod lookups;
mod observe;
mod pages;
mod random;
mod request;
mod shelf;
mod simulator;
mod state;
mod tokens;
mod world;

pub use callback::{Delivery, Receiver};
pub use control::Control;
pub use error::Error;
pub use fault::{Fault, FaultKind};
pub use journal::Call;
pub use lookups::WrongLookups;
pub use simulator::{Clock, Settings, Simulator};
pub use tokens::Invalidation;
pub use world::{
    App, Corp, Department, LinkedVisitor, Member, NonMember, Rules, SensitiveField, Visible,
    Withheld, World,
};
