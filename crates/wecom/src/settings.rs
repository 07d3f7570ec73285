//! The operator's settings of the client, and what it takes from outside: clock and randomness.

use std::{net::IpAddr, str::FromStr, time::Duration};

use secrecy::SecretString;
use url::{Host, Url};

/// Where WeCom is. [`BaseUrls::default`] is the real one [D 90664, D 98152, D 91022].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrls {
    /// The server API: `https://qyapi.weixin.qq.com`.
    pub api: BaseUrl,
    /// The web login: `https://login.work.weixin.qq.com`. A panel needs it as CSP `frame-src`.
    pub web_login: BaseUrl,
    /// The in-client authorise page: `https://open.weixin.qq.com`.
    pub oauth: BaseUrl,
}

impl Default for BaseUrls {
    fn default() -> Self {
        Self {
            api: BaseUrl("https://qyapi.weixin.qq.com".to_owned()),
            web_login: BaseUrl("https://login.work.weixin.qq.com".to_owned()),
            oauth: BaseUrl("https://open.weixin.qq.com".to_owned()),
        }
    }
}

/// Scheme, host, perhaps port and path; no `/` at its end. `https`, or `http` to loopback only:
/// the access token travels in the query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(String);

/// Why a text is no [`BaseUrl`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    /// No absolute URL with a host.
    #[error("a base URL must be an absolute URL with a host")]
    Invalid,
    /// Another scheme than `https`, and not `http` to loopback.
    #[error("a base URL must be https, or http to loopback")]
    Scheme,
    /// User, password, query or fragment.
    #[error("a base URL must have no user, password, query or fragment")]
    Extra,
}

impl BaseUrl {
    /// The text, without `/` at its end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BaseUrl {
    type Err = BaseUrlError;

    fn from_str(text: &str) -> Result<Self, BaseUrlError> {
        let url = Url::parse(text).map_err(|_| BaseUrlError::Invalid)?;
        let loopback = match url.host().ok_or(BaseUrlError::Invalid)? {
            Host::Domain(name) => is_localhost(name),
            Host::Ipv4(ip) => IpAddr::from(ip).is_loopback(),
            Host::Ipv6(ip) => IpAddr::from(ip).is_loopback(),
        };
        match url.scheme() {
            "https" => {}
            "http" if loopback => {}
            _ => return Err(BaseUrlError::Scheme),
        }
        let has_user = !url.username().is_empty() || url.password().is_some();
        if has_user || url.query().is_some() || url.fragment().is_some() {
            return Err(BaseUrlError::Extra);
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }
}

/// Whether `host` is `localhost` or below it, which never leaves the machine (RFC 6761 §6.3).
pub(crate) fn is_localhost(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}

/// A named way out: calls of some corps must come from an address that they registered
/// (企业可信IP) [D 90664].
#[derive(Debug, Clone)]
pub struct Egress {
    /// The name in [`crate::Credentials::egress`].
    pub name: String,
    /// The HTTP proxy, `http://` or `https://`, perhaps with user and password.
    pub proxy_url: SecretString,
}

/// The client's settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where WeCom is.
    pub base_urls: BaseUrls,
    /// Time for a connection to stand: 3 s.
    pub connect_timeout: Duration,
    /// Time for one call, from connecting to the last byte: 8 s [D 90315]. Retries begin only
    /// within this time too, so that an operation is over after twice as long.
    pub call_timeout: Duration,
    /// Pause before the first retry: 300 ms. It doubles, and up to as much again is added at random.
    pub retry_pause: Duration,
    /// How long a call waits for somebody else's `gettoken`: 8 s.
    pub token_wait: Duration,
    /// The named ways out.
    pub egresses: Vec<Egress>,
    /// Headers that tie a call to the caller's trace (W3C Trace Context); none by default.
    pub trace_headers: fn() -> Vec<(&'static str, String)>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            base_urls: BaseUrls::default(),
            connect_timeout: Duration::from_secs(3),
            call_timeout: Duration::from_secs(8),
            retry_pause: Duration::from_millis(300),
            token_wait: Duration::from_secs(8),
            egresses: Vec::new(),
            trace_headers: Vec::new,
        }
    }
}

/// The clock and the randomness that the client works by.
pub trait Env: Send + Sync + 'static {
    /// Seconds since 1970-01-01T00:00:00Z.
    fn now_unix(&self) -> u64;
    /// A random number; it spreads retries and renewals, nothing secret rests on it.
    fn random(&self) -> u64;
}
