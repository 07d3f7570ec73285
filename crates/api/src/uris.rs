//! Which URIs an app may register (attack A2; RFC 9700 §2.1, RFC 8252 §7), and which hosts a tenant
//! may live on.

use std::net::IpAddr;

use outgoing::{MAX_URL, Policy, UrlFlaw, check_url};
use serde_json::Value;
use url::{Host, Url};

use crate::fields::{Flaw, Flaws};
use crate::rules::string;

/// Longest URI, in bytes.
const MAX: usize = 2048;

fn flaw<T>(code: &'static str, text: impl Into<String>) -> Result<T, Flaws> {
    Err(vec![Flaw::new(code, text)])
}

/// Who registers a URI.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Registrant {
    /// Whether it has no secret, as a native app.
    pub(crate) public: bool,
    /// Whether the installation itself is served by http, as the demo.
    pub(crate) http: bool,
}

/// A URI that a browser may be sent to: https, or http on this very machine, or a public app's
/// private-use scheme. It is kept byte for byte.
pub(crate) fn redirect_uri(by: Registrant) -> impl Fn(&Value) -> Result<String, Flaws> {
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
pub(crate) fn page(http: bool) -> impl Fn(&Value) -> Result<String, Flaws> {
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
pub(crate) fn called(policy: &Policy) -> impl Fn(&Value) -> Result<String, Flaws> {
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
pub(crate) fn web_origin(http: bool) -> impl Fn(&Value) -> Result<String, Flaws> {
    move |value| {
        let (text, url) = absolute(string(value)?)?;
        let local =
            url.host().is_some_and(|host| is_loopback(&host) || (http && is_localhost(&host)));
        if url.scheme() != "https" && !(url.scheme() == "http" && local) {
            return flaw("scheme", "has to be https (http only for 127.0.0.1 and [::1])");
        }
        if url.origin().ascii_serialization() == text {
            return Ok(text);
        }
        flaw("origin", "has to be an origin as browsers write it, such as https://app.example.com")
    }
}

/// The URL of a picture: https.
pub(crate) fn picture(value: &Value) -> Result<String, Flaws> {
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

/// A tenant's host: a DNS name in lower case, with a port only where it is not the scheme's own.
pub(crate) fn tenant_host(
    scheme: &str,
    console_host: &str,
) -> impl Fn(&Value) -> Result<String, Flaws> {
    move |value| {
        let text = string(value)?;
        let (name, port) = match text.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (text, None),
        };
        if !is_dns_name(name) {
            return flaw(
                "format",
                "has to be a DNS name in lower case such as login.example.com, without scheme and path",
            );
        }
        if let Some(port) = port {
            let number =
                port.parse::<u16>().ok().filter(|number| *number > 0 && number.to_string() == port);
            let own = if scheme == "http" { 80 } else { 443 };
            match number {
                None => return flaw("port", "has no proper port: use 1 to 65535"),
                Some(number) if number == own => {
                    return flaw(
                        "port",
                        format!("has the port that {scheme} has by itself: leave it out"),
                    );
                }
                Some(_) => {}
            }
        }
        if text.eq_ignore_ascii_case(console_host) {
            return flaw("reserved", "is the console's own host: choose another");
        }
        Ok(text.to_owned())
    }
}

fn is_dns_name(name: &str) -> bool {
    let proper_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    name.len() <= 253
        && name.contains('.')
        && name.split('.').all(proper_label)
        // Otherwise browsers take it for an IPv4 address (WHATWG URL, "ends in a number").
        && !last.bytes().all(|byte| byte.is_ascii_digit())
        && !last.starts_with("0x")
        && name.parse::<IpAddr>().is_err()
}
