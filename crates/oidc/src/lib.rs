//! The OpenID Provider's protocol: what an app asks, what it gets, and nothing about who the person
//! is. Knows no HTTP server and no SQL.
//!
//! ```text
//! Params ─▶ authorize::parse ─▶ AuthorizationRequest      checks in order, each with its RFC's word
//!                                   │  (the broker finds out who it is, and grants)
//!                                   ▼
//! grant ─▶ code::issue ─▶ code ─▶ token::exchange ─▶ Tokens ─▶ userinfo::claims
//!
//! session ends ─▶ outbox ─▶ backchannel::Courier ─▶ logout token ─▶ each app of the session
//! ```

mod access_token;
mod acr;
mod app_keys;
pub mod app_rules;
mod assertion;
pub mod authorize;
pub mod backchannel;
mod caller;
mod claims;
pub mod client_auth;
pub mod code;
mod credentials;
pub mod discovery;
pub mod dpop;
mod error;
pub mod introspection;
mod issuer;
pub mod jose;
pub mod jwt;
pub mod keys;
pub mod logout;
mod logout_token;
mod parameters;
mod params;
mod pkce;
mod policy;
pub mod pushed;
mod refresh;
pub mod registration;
mod response;
pub mod revocation;
pub mod rotation;
pub mod token;
pub mod userinfo;

use chrono::TimeDelta;
use outgoing::GuardedClient;
use store::Store;
use store::ephemeral::Ephemeral;
use store::tenant::Tenant;

pub use crate::acr::Acr;
pub use crate::caller::{Caller, Endpoint};
pub use crate::claims::wanted;
pub use crate::error::{Error, ErrorCode, OAuthError, Result};
pub use crate::issuer::Issuer;
pub use crate::parameters::is_identifier;
pub use crate::params::{Params, append};
pub use crate::policy::Policy;
pub use crate::response::{AuthorizationResponse, origin_of};

/// The OpenID Provider of every tenant: state and keys. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Provider {
    /// All state.
    pub store: Store,
    /// The tenants' signing keys.
    pub keys: keys::Keys,
    /// `https`; `http` in the demo.
    pub scheme: &'static str,
    /// Since when it is known which proofs and assertions came by, in seconds since 1970.
    seen_since: i64,
    /// Calls the addresses that apps are registered with.
    pub outgoing: GuardedClient,
    /// How long a session lasts that nobody uses: refreshing in it is use.
    pub session_idle: TimeDelta,
    /// Keys that apps publish.
    app_keys: app_keys::AppKeys,
    /// Access tokens that are known to be ours.
    recognized: access_token::Recognized,
}

impl Provider {
    /// A provider over this store.
    #[must_use]
    pub fn new(
        store: Store,
        scheme: &'static str,
        outgoing: GuardedClient,
        session_idle: TimeDelta,
    ) -> Self {
        // What a process remembers begins with it; Redis was there before.
        let seen_since = match store.ephemeral {
            Ephemeral::Memory(_) => store.env.now().timestamp(),
            Ephemeral::Redis(_) => i64::MIN,
        };
        let keys = keys::Keys::new(store.clone());
        let (app_keys, recognized) = Default::default();
        Self { store, keys, scheme, seen_since, outgoing, session_idle, app_keys, recognized }
    }

    /// The issuer of a tenant.
    pub fn issuer(&self, tenant: &Tenant) -> Issuer {
        Issuer::new(self.scheme, &tenant.host)
    }
}
