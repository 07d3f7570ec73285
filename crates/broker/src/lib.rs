//! The broker: from an app's right request to a person whom we know.
//!
//! ```text
//! AuthorizationRequest ─▶ Broker::authorize ─┬─ session good enough ─▶ grant ─▶ code ─▶ app
//!                                            └─▶ Interaction
//!   Interaction ─▶ Broker::start ─▶ upstream state ─▶ (WeCom) ─▶ Broker::callback
//!     ─▶ Upstream::redeem ─▶ UpstreamIdentity ─▶ decide::decide ─▶ Decision
//!         Ask ─▶ Pending ─▶ proof, or "a new account" ─┐
//!         Linked, Match, Create ───────────────────────┴─▶ session ─▶ grant ─▶ code ─▶ app
//! ```
//! One direction. Each step's argument can only be made by the step before it. Knows no HTTP server
//! and no SQL; sees the upstream behind [`upstream::Upstream`].

mod account;
pub mod admin;
mod answer;
mod approve;
mod arrive;
mod associate;
mod bind;
mod callback;
mod codes;
mod complete;
mod contacts;
pub mod decide;
mod departure;
mod dispatch;
mod error;
mod evidence;
mod hand_over;
mod interaction;
mod journal;
mod limits;
mod local;
mod notices;
pub mod offer;
mod pending;
mod sign_out;

pub mod source_test;
mod start;
mod supplement;
pub mod upstream;
pub mod wecom;
mod workbench;

use std::net::IpAddr;

use chrono::TimeDelta;
use notify::Notifier;
use oidc::Provider;
use password::Passwords;
use secrecy::SecretString;
use store::Store;
use store::session::Device;

pub use crate::account::{Account, PasswordChange, Removable};
pub use crate::approve::Approving;
pub use crate::bind::Asking;
pub use crate::callback::Callback;
pub use crate::codes::{Address, CodePurpose};
pub use crate::contacts::ContactError;
pub use crate::dispatch::Next;
pub use crate::error::{Error, Reason, Refused, Result};
pub use crate::evidence::Evidence;
pub use crate::hand_over::{HandingOver, Ticket};
pub use crate::interaction::{Browser, Errand, Interaction, InteractionId, Passage, trace};
pub use crate::local::LocalMethods;
pub use crate::pending::{Pending, Proved};
pub use crate::sign_out::SignedOut;
pub use crate::start::Start;
pub use crate::supplement::{AfterConsent, Consenting, OnComputer, Standing, Typed};
pub use crate::workbench::Opened;

/// How sessions live (attack Q5).
#[derive(Debug, Clone, Copy)]
pub struct SessionRules {
    /// How long one lasts at most.
    pub life: TimeDelta,
    /// How long one lasts that nobody uses.
    pub idle: TimeDelta,
    /// How many one user may have at a time; the one that was not used for longest ends.
    pub at_most: u32,
}

impl Default for SessionRules {
    fn default() -> Self {
        Self { life: TimeDelta::hours(12), idle: TimeDelta::hours(8), at_most: 20 }
    }
}

/// The broker of every tenant. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Broker {
    /// The OpenID Provider, and all state.
    pub provider: Provider,
    /// The upstream.
    pub wecom: wecom::WeCom,
    /// How sessions live.
    pub sessions: SessionRules,
    /// What hashes passwords.
    pub passwords: Passwords,
    /// What sends messages to people.
    pub notifier: Notifier,
}

impl Broker {
    pub(crate) fn store(&self) -> &Store {
        &self.provider.store
    }
}

/// The browser that makes a request, as far as its cookies and its connection say.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// Its secret of the interactions that it began.
    pub browser: Option<Browser>,
    /// Its session's secret.
    pub session: Option<SecretString>,
    /// Its network address.
    pub address: Option<IpAddr>,
    /// What it says that it is.
    pub user_agent: Option<String>,
    /// The language that its person reads.
    pub language: notify::Language,
}

impl Visitor {
    /// What a session of this browser is recognised by.
    pub(crate) fn device(&self) -> Device {
        Device {
            user_agent: self.user_agent.as_ref().map(|text| text.chars().take(256).collect()),
            address: self.address.map(|address| address.to_string()),
        }
    }
}
