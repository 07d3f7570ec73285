//! A program's request, as far as it proves who sends it.

/// An endpoint that programs call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// RFC 6749 §3.2.
    Token,
    /// RFC 9126 §2.
    PushedRequest,
    /// RFC 7662 §2.
    Introspection,
    /// RFC 7009 §2.
    Revocation,
    /// OpenID Connect Core §5.3.
    UserInfo,
    /// RFC 7591 §3. What a registered app manages itself at is below it (RFC 7592 §2).
    Registration,
}

impl Endpoint {
    /// Every one.
    pub const ALL: [Self; 6] = [
        Self::Token,
        Self::PushedRequest,
        Self::Introspection,
        Self::Revocation,
        Self::UserInfo,
        Self::Registration,
    ];

    /// Its path on the tenant's host.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Token => "/oidc/token",
            Self::PushedRequest => "/oidc/request",
            Self::Introspection => "/oidc/token/introspection",
            Self::Revocation => "/oidc/token/revocation",
            Self::UserInfo => "/oidc/me",
            Self::Registration => "/oidc/register",
        }
    }
}

/// A program's request, as far as it proves who sends it.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'a> {
    /// Where it was sent.
    pub endpoint: Endpoint,
    /// By which method.
    pub method: &'a str,
    /// Its `Authorization` header.
    pub authorization: Option<&'a str>,
    /// Its `DPoP` headers; there may be one.
    pub dpop: &'a [&'a str],
}
