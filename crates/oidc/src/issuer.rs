//! Issuer and endpoints of a tenant. They come from settings and the tenant's row, never from a
//! request's headers (attack I4).

use std::fmt;

/// A tenant's issuer, `{scheme}://{host}/oidc`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    origin: String,
}

impl Issuer {
    /// The issuer on a host.
    #[must_use]
    pub fn new(scheme: &str, host: &str) -> Self {
        Self { origin: format!("{scheme}://{host}") }
    }

    /// The tenant's web origin, such as `https://acme.example.com`.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The URL of a path on the tenant's host. The path begins with `/`.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// Whether a URL is this issuer.
    pub fn is(&self, other: &str) -> bool {
        other.strip_prefix(self.origin.as_str()) == Some("/oidc")
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/oidc", self.origin)
    }
}
