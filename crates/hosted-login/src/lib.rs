//! What a browser and an app see on a tenant's host: pages, the start and the callback of
//! connections, the OpenID Connect endpoints. Parses, calls the broker or the protocol, answers;
//! decides nothing.

mod account;
pub mod address;
mod answer;
mod approve;
pub mod assets;
mod bind;
mod brand;
pub mod colors;
mod connection;
mod contacts;
mod context;
pub mod cookie;
mod cors;
mod device;
mod failure;
mod forms;
mod forward;
mod hand_over;
pub mod language;
mod local;
mod login;
mod logout;
mod oidc_endpoints;
pub mod pages;
mod program_endpoints;
mod public;
mod registration;
mod routes;
mod supplement;
pub mod texts;
mod workbench;

use std::sync::Arc;

use broker::Broker;
use ipnet::IpNet;

pub use crate::public::PublicDocuments;
pub use crate::routes::{Path, paths, routes};

use crate::language::Language;

/// Everything that is served on tenants' hosts. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Site {
    /// The broker, with the protocol and all state below it.
    pub broker: Broker,
    /// Documents that are the same for everybody, as this node has read them.
    pub documents: PublicDocuments,
    /// The language of those whose browser names none that we have.
    pub default_language: Language,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Arc<[IpNet]>,
}
