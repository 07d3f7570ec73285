//! Calls to addresses that somebody else wrote: a tenant's webhook, an app's logout endpoint, an app's
//! keys. No such URL leads into our own network (SSRF). Knows nothing of Hufu.
//!
//! ```text
//! saved    check_url ──▶ scheme, port, host as written
//! called   GuardedClient ──▶ check_url again ──▶ resolver: only permitted addresses ──▶ TCP
//! ```
//!
//! The check at the time of saving is for the person who saves; the one that protects is at connect
//! time, where the name has become an address: a name that points elsewhere tomorrow (DNS
//! rebinding) meets the same filter. The connection goes to the very addresses that passed.

mod address;
mod client;
mod failure;
mod url;

pub use self::{
    address::is_public,
    client::{ClientError, GuardedClient, guarded_client},
    failure::{CallError, FetchError},
    url::{MAX_URL, UrlFlaw, check_url},
};

use std::net::IpAddr;

use ipnet::IpNet;

/// Which addresses may be called besides the public ones.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Networks that are allowed although they are not public, by plain http as well: for private
    /// deployments and tests. Empty: the internet only, https only.
    pub allow: Vec<IpNet>,
}

impl Policy {
    /// Whether a connection to `address` may be made.
    pub fn permits(&self, address: IpAddr) -> bool {
        is_public(address) || self.lists(address)
    }

    /// Whether `address` is in a network of [`Policy::allow`].
    pub fn lists(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.allow.iter().any(|network| network.contains(&address))
    }
}
