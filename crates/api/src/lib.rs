//! The REST console API: tenants, and what an administrator decides about each.
//!
//! ```text
//! request ─▶ render (trace code) ─▶ caller: who, for which tenant, with what right
//!         ─▶ handler: fields ▶ decide ▶ one transaction (idempotency, effect, audit event)
//!         ─▶ answer, or a problem (RFC 9457)
//! ```
//! A handler's argument states the right it needs. Whatever belongs to another tenant is answered
//! as if it did not exist.

mod answer;
mod api_keys;
mod app_body;
mod app_protocol;
mod apps;
mod audit_events;
mod audit_query;
mod branding;
mod caller;
mod contact_callbacks;
mod corps;
mod docs_page;
mod fields;
mod grants;
mod idempotency;
mod identity_import;
mod identity_links;
mod import;
mod initial_access_tokens;
mod integrations;
mod json;
mod lines;
mod link_events;
mod links;
mod messaging;
mod openapi;
mod paging;
mod precondition;
mod problem;
mod query;
mod render;
mod routes;
mod rule_report;
mod rules;
mod schema;
mod signing_keys;
mod simulate;
mod source_input;
mod source_policy;
mod source_test;
mod source_view;
mod sources;
mod tenants;
mod traces;
mod uris;
mod user_access;
mod user_body;
mod user_search;
mod user_view;
mod users;
mod verification_files;
mod visible;

use std::sync::Arc;

use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, PayloadConfig, ServiceConfig};
use ipnet::IpNet;
use store::Store;
use store::secret::SecretHash;

pub use crate::openapi::{document, document_json};
pub use crate::problem::{FieldError, Problem};

/// A way out to WeCom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Egress {
    /// Its name; the empty one is the direct way.
    pub name: String,
    /// The addresses that WeCom sees: what goes into 企业可信IP.
    pub addresses: Vec<String>,
}

/// What the console API works with.
#[derive(Debug)]
pub struct Console {
    /// All state.
    pub store: Store,
    /// The hash of the operator's key.
    pub operator_key: SecretHash,
    /// The scheme of the tenants' URLs: `https`; `http` in the demo.
    pub scheme: String,
    /// The console's own host, which no tenant may have; with a port unless it is the scheme's own.
    pub console_host: String,
    /// The ways out to WeCom.
    pub egresses: Vec<Egress>,
    /// Signing keys for new tenants.
    pub new_keys: oidc::keys::Nursery,
    /// Tests of sources.
    pub tester: broker::source_test::Tester,
    /// Which addresses that tenants name may be called.
    pub outgoing: outgoing::Policy,
    /// The tools around links between users and upstream persons.
    pub links: broker::admin::Links,
    /// Hashes passwords.
    pub passwords: password::Passwords,
    /// Proxies whose `X-Forwarded-For` counts.
    pub trusted_proxies: Vec<IpNet>,
}

/// Serves `/api/v1` and the reference page at `/docs`.
pub fn routes(console: Arc<Console>) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        let api = web::scope("/api/v1")
            .app_data(Data::from(console))
            .app_data(PayloadConfig::new(caller::MAX_BODY))
            .service(docs_page::document);
        let api = routes::register(api).default_service(web::to(render::unrouted));
        config.service(api.wrap(from_fn(render::every_answer)));
        docs_page::register(config);
    }
}
