//! What a URL may look like that we are to call.

use std::net::{IpAddr, Ipv4Addr};

use url::{Host, Url};

use crate::Policy;

/// The longest URL, in bytes.
pub const MAX_URL: usize = 2048;

/// Ports from 1024 on where something listens that a stray request may hurt: the bad ports of
/// WHATWG's Fetch, then databases, caches, brokers and control planes. Sorted.
const DANGEROUS: [u16; 56] = [
    1433, 1521, 1719, 1720, 1723, 2049, 2181, 2375, 2376, 2377, 2379, 2380, 3306, 3389, 3659, 4045,
    4190, 4369, 5060, 5061, 5432, 5433, 5671, 5672, 5900, 5984, 5985, 5986, 6000, 6379, 6380, 6443,
    6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 7000, 7001, 8086, 9042, 9092, 9200, 9300,
    10080, 10250, 10255, 11211, 15672, 26379, 27017, 27018, 50070,
];

/// Why a URL is refused. No variant holds a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlFlaw {
    /// Longer than [`MAX_URL`].
    #[error("the URL is longer than 2048 bytes")]
    TooLong,
    /// Not an absolute URL with a host, or one with white space, control characters or backslashes
    /// in it, which programs read differently.
    #[error("not a URL")]
    Malformed,
    /// Not https, and no http to a network of [`Policy::allow`].
    #[error("the URL must begin with https://")]
    Scheme,
    /// A user name or password: they would be shown and logged.
    #[error("the URL must not hold a user name or a password")]
    UserInfo,
    /// A fragment: it is never sent.
    #[error("the URL must not hold a fragment")]
    Fragment,
    /// A port where something else than a web server is expected.
    #[error("the URL's port is not allowed")]
    Port,
    /// An address, or a name that can only stand for one, that is not on the public internet.
    #[error("the URL's host is not on the public internet")]
    NotPublic,
}

/// Checks a URL that a person has written, for saving it. Names are not looked up here: where they
/// lead is checked at every call, by [`crate::GuardedClient`].
pub fn check_url(text: &str, policy: &Policy) -> Result<Url, UrlFlaw> {
    if text.len() > MAX_URL {
        return Err(UrlFlaw::TooLong);
    }
    let strange = |c: char| c.is_whitespace() || c.is_control() || c == '\\';
    if text.contains(strange) {
        return Err(UrlFlaw::Malformed);
    }
    let url = Url::parse(text).map_err(|_| UrlFlaw::Malformed)?;
    let https = url.scheme() == "https";
    if !https && (url.scheme() != "http" || policy.allow.is_empty()) {
        return Err(UrlFlaw::Scheme);
    }
    // The parser repairs `https:host` and `https:////host`; other programs don't
    let authority = text.get(url.scheme().len()..).and_then(|rest| rest.strip_prefix("://"));
    let authority = authority.filter(|rest| !rest.starts_with('/')).ok_or(UrlFlaw::Malformed)?;
    let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
    if !url.username().is_empty() || url.password().is_some() || authority.contains('@') {
        return Err(UrlFlaw::UserInfo);
    }
    if url.fragment().is_some() {
        return Err(UrlFlaw::Fragment);
    }
    check_port(&url)?;
    check_host(&url, https, policy)?;
    // What the parser has made longer (percent signs, punycode) is what is sent
    if url.as_str().len() > MAX_URL { Err(UrlFlaw::TooLong) } else { Ok(url) }
}

fn check_port(url: &Url) -> Result<(), UrlFlaw> {
    match url.port_or_known_default() {
        Some(80) if url.scheme() == "http" => Ok(()),
        Some(443) => Ok(()),
        Some(port) if port >= 1024 && DANGEROUS.binary_search(&port).is_err() => Ok(()),
        _ => Err(UrlFlaw::Port),
    }
}

fn check_host(url: &Url, https: bool, policy: &Policy) -> Result<(), UrlFlaw> {
    let passes = |address: IpAddr| match https {
        true => policy.permits(address),
        false => policy.lists(address),
    };
    let good = match url.host().ok_or(UrlFlaw::Malformed)? {
        Host::Ipv4(address) => passes(address.into()),
        Host::Ipv6(address) => passes(address.into()),
        Host::Domain(name) if is_localhost(name) => passes(Ipv4Addr::LOCALHOST.into()),
        // In a private deployment a name of its own network may be meant; its address decides
        Host::Domain(name) => !policy.allow.is_empty() || is_public_name(name),
    };
    if good { Ok(()) } else { Err(UrlFlaw::NotPublic) }
}

/// `localhost` and the names below it are loopback (RFC 6761, 6.3).
pub(crate) fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

/// A name of the public DNS: at least two labels, none of the endings kept for private use.
fn is_public_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let private = ["local", "localdomain", "internal", "home.arpa", "onion"];
    let below = |ending: &str| {
        name.strip_suffix(ending).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    name.contains('.') && !name.starts_with('.') && !private.into_iter().any(below)
}

#[cfg(test)]
mod tests {
    use super::DANGEROUS;

    #[test]
    fn the_list_of_ports_is_sorted() {
        assert!(DANGEROUS.is_sorted() && DANGEROUS.iter().all(|port| *port >= 1024));
    }
}
