//! Redirect URIs and the domains registered on an app.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

/// What stays as it is in a query value: RFC 3986's unreserved characters.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Percent-encodes a query value.
pub(crate) fn encode(value: &str) -> String {
    utf8_percent_encode(value, VALUE).to_string()
}

/// An absolute http(s) URI, kept byte for byte, and its domain.
#[derive(Debug, Clone)]
pub(crate) struct RedirectUri {
    text: String,
    domain: String,
}

impl RedirectUri {
    /// Reads a redirect URI. `None`: not absolute, not http(s), with credentials, or holding bytes
    /// that no URI may hold.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if !text.bytes().all(|b| b.is_ascii_graphic()) {
            return None;
        }
        let url = Url::parse(text).ok()?;
        let plain = matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none();
        if !plain {
            return None;
        }
        Some(Self { domain: domain_of(&url)?, text: text.to_owned() })
    }

    /// Host, and port if it is not the scheme's own.
    pub(crate) fn domain(&self) -> &str {
        &self.domain
    }

    /// Scheme, host and port: a `postMessage` target.
    pub(crate) fn origin(&self) -> String {
        Url::parse(&self.text).map(|url| url.origin().ascii_serialization()).unwrap_or_default()
    }

    /// The URI with `code` and `state` added to its query, the rest untouched.
    pub(crate) fn answer(&self, code: Option<&str>, state: Option<&str>) -> String {
        let (before, fragment) = match self.text.split_once('#') {
            Some((before, fragment)) => (before, Some(fragment)),
            None => (self.text.as_str(), None),
        };
        let mut out = before.to_owned();
        let mut glue = match before.split_once('?') {
            None => "?",
            Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
            Some(_) => "&",
        };
        for (name, value) in [("code", code), ("state", state)] {
            if let Some(value) = value {
                out.push_str(glue);
                out.push_str(name);
                out.push('=');
                out.push_str(&encode(value));
                glue = "&";
            }
        }
        if let Some(fragment) = fragment {
            out.push('#');
            out.push_str(fragment);
        }
        out
    }
}

/// The domain of a `Referer` or `Origin` header.
pub(crate) fn domain_of_header(value: &str) -> Option<String> {
    domain_of(&Url::parse(value).ok()?)
}

/// Is this the registered domain? Host and port exactly, letter case aside [D 91335].
pub(crate) fn is_registered(registered: Option<&str>, domain: &str) -> bool {
    registered.is_some_and(|registered| registered.eq_ignore_ascii_case(domain))
}

fn domain_of(url: &Url) -> Option<String> {
    let host = url.host_str().filter(|host| !host.is_empty())?;
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}
