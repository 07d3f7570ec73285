//! Which URIs an app may register (attack A2; RFC 9700 §2.1, RFC 8252 §7).

use outgoing::{MAX_URL, Policy, UrlFlaw, check_url};
use serde_json::Value;
use strict_json::rules::string;
use strict_json::{Flaw, Flaws};
use url::{Host, Url};

/// Longest URI, in bytes.
const MAX: usize = 2048;

fn flaw<T>(code: &'static str, text: impl Into<String>) -> Result<T, Flaws> {
    Err(vec![Flaw::new(code, text)])
}

/// Who registers a URI.
#[derive(Debug, Clone, Copy)]
pub struct Registrant {
    /// Whether it has no secret, as a native app.
    pub public: bool,
    /// Whether the installation itself is served by http, as the demo.
    pub http: bool,
}

/// A URI that a browser may be sent to: https, or http on this very machine, or a public app's
/// private-use scheme. It is kept byte for byte.
pub fn redirect_uri(by: Registrant) -> impl Fn(&Value) -> Result<String, Flaws> {
    move |value| {
        let (text, url) = absolute(string(value)?)?;
        match url.scheme() {
            "https" => {}
            "http" => may_be_http(&url, by)?,
            // RFC 8252 §7.1: reverse domain name order, so there is a dot.
            scheme if by.public && scheme.contains('.') => {}
            scheme if scheme.contains('.') => {
                return flaw(
                    "scheme",
                    "has a private-use scheme, which is for public apps: use https",
                );
            }
            _ => {
                return flaw(
                    "scheme",
                    "has to be https (a public app may use a scheme such as com.example.app)",
                );
            }
        }
        Ok(text)
    }
}

/// The URL of a page: https, or http on this very machine in the demo.
pub fn page(http: bool) -> impl Fn(&Value) -> Result<String, Flaws> {
    move |value| {
        let (text, url) = absolute(string(value)?)?;
        let local =
            http && url.host().is_some_and(|host| is_loopback(&host) || is_localhost(&host));
        if url.scheme() == "https" || (url.scheme() == "http" && local) {
            Ok(text)
        } else {
            flaw("scheme", "has to be an https URL")
        }
    }
}

/// A URL that we call ourselves: none that leads into our own network (attack P).
pub fn called(policy: &Policy) -> impl Fn(&Value) -> Result<String, Flaws> {
    move |value| {
        let text = string(value)?;
        if text.len() > MAX_URL {
            return flaw("length", format!("has to have at most {MAX_URL} characters"));
        }
        match check_url(text, policy) {
            Ok(_) => Ok(text.to_owned()),
            Err(why @ UrlFlaw::NotPublic) => flaw(
                "url",
                format!(
                    "cannot be used: {why}. Use a public address, or have the operator allow its \
                     network (outgoing.allowed_networks)"
                ),
            ),
            Err(why) => flaw("url", format!("cannot be used: {why}")),
        }
    }
}

/// A web origin (RFC 6454 §6.2): scheme, host and port, as browsers write it, and nothing else.
pub fn web_origin(value: &Value) -> Result<String, Flaws> {
    let (text, url) = absolute(string(value)?)?;
    // A developer's own machine, as for the redirect URIs of public apps.
    let local = url.host().is_some_and(|host| is_loopback(&host) || is_localhost(&host));
    if url.scheme() != "https" && !(url.scheme() == "http" && local) {
        return flaw("scheme", "has to be https (http only for this very machine)");
    }
    if url.origin().ascii_serialization() == text {
        return Ok(text);
    }
    flaw("origin", "has to be an origin as browsers write it, such as https://app.example.com")
}

/// The URL of a picture: https.
pub fn picture(value: &Value) -> Result<String, Flaws> {
    page(false)(value)
}

fn may_be_http(url: &Url, by: Registrant) -> Result<(), Flaws> {
    match url.host() {
        Some(host) if is_loopback(&host) => Ok(()),
        Some(host) if is_localhost(&host) => {
            if by.http || by.public {
                Ok(())
            } else {
                flaw("scheme", "is http on a name: use https, or http://127.0.0.1 while developing")
            }
        }
        _ => flaw("scheme", "is http: use https"),
    }
}

/// What every URI has to be.
fn absolute(text: &str) -> Result<(String, Url), Flaws> {
    if text.len() > MAX {
        return flaw("length", format!("has to have at most {MAX} bytes"));
    }
    // What RFC 3986 §2 does not allow, browsers mend each in its own way.
    let foreign = |byte: u8| !byte.is_ascii_graphic() || b"\"<>\\^`{|}".contains(&byte);
    if text.bytes().any(foreign) {
        return flaw("character", "has characters that no URI has: percent-encode them");
    }
    let Ok(url) = Url::parse(text) else {
        return flaw(
            "format",
            "has to be an absolute URI such as https://app.example.com/callback",
        );
    };
    if text.contains('#') {
        return flaw("fragment", "has a fragment: leave out # and what follows");
    }
    if text.contains('*') {
        return flaw("wildcard", "has a wildcard: register each URI in full");
    }
    // The scheme is taken as written, and a web URL needs both slashes: "https:evil" is none.
    let web = matches!(url.scheme(), "http" | "https");
    let rest = text.strip_prefix(url.scheme()).and_then(|rest| rest.strip_prefix(':'));
    let Some(rest) =
        rest.filter(|rest| !web || (rest.starts_with("//") && !rest.starts_with("///")))
    else {
        return flaw("format", "has to begin as a URI does: a scheme in lower case, then ://");
    };
    let authority = rest.strip_prefix("//").unwrap_or_default();
    let authority = authority.split(['/', '?']).next().unwrap_or_default();
    if !url.username().is_empty() || url.password().is_some() || authority.contains('@') {
        return flaw("userinfo", "has a user name or password: leave it out");
    }
    Ok((text.to_owned(), url))
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(address) => *address == std::net::Ipv4Addr::LOCALHOST,
        Host::Ipv6(address) => *address == std::net::Ipv6Addr::LOCALHOST,
        Host::Domain(_) => false,
    }
}

/// `localhost` and what is below it (RFC 6761 §6.3).
fn is_localhost(host: &Host<&str>) -> bool {
    matches!(host, Host::Domain(name) if *name == "localhost" || name.ends_with(".localhost"))
}
