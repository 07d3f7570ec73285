//! Which host a request is for, and which network address it comes from.

use std::net::{IpAddr, SocketAddr};

use actix_web::HttpRequest;
use actix_web::dev::RequestHead;
use actix_web::http::header;
use actix_web::http::uri::Authority;
use ipnet::IpNet;

/// The host that a request is for, in lower case. Only compared with hosts that we know: nothing
/// is ever generated from it.
pub fn host(request: &RequestHead) -> Option<String> {
    // The request line's or `:authority` (RFC 9112 §3.2.2), else the header.
    let authority = request.uri.authority().map(Authority::as_str);
    let mut headers = request.headers.get_all(header::HOST);
    let header = match (headers.next(), headers.next()) {
        (Some(host), None) => host.to_str().ok(),
        _ => None,
    };
    // A host has at most 253 characters (RFC 1035 §2.3.4), and perhaps a port.
    authority.or(header).filter(|host| host.len() <= 260).map(str::to_ascii_lowercase)
}

/// The address of who made a request, behind the proxies that we trust (attack Q11).
pub fn client_address(request: &HttpRequest, trusted: &[IpNet]) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip();
    let lines = request.headers().get_all("x-forwarded-for");
    // What is no text still is a line: left out, it would hide whom a proxy wrote behind it.
    let lines: Vec<_> = lines.map(|line| String::from_utf8_lossy(line.as_bytes())).collect();
    Some(client(peer, lines.iter().map(AsRef::as_ref), trusted))
}

/// The address of who called. `peer` is the other end of the connection; `forwarded` are the lines
/// of `X-Forwarded-For` in their order. Each proxy appends whom it got the request from, so only
/// what trusted proxies wrote counts: the right-most address that is none of theirs.
fn client<'h>(
    peer: IpAddr,
    forwarded: impl IntoIterator<Item = &'h str>,
    trusted: &[IpNet],
) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    let mut client = peer.to_canonical();
    let lines: Vec<&str> = forwarded.into_iter().collect();
    for entry in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        if !is_trusted(&client) {
            break;
        }
        // Who wrote nonsense is the last one that we know.
        let Some(before) = parse(entry.trim()) else { break };
        client = before;
    }
    client
}

/// An address, perhaps with a port: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`.
fn parse(entry: &str) -> Option<IpAddr> {
    let bracketed = || entry.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let with_port = || entry.parse().ok().map(|socket: SocketAddr| socket.ip());
    let address: Option<IpAddr> = entry.parse().ok();
    address.or_else(with_port).or_else(bracketed).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&str]) -> String {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        client(peer.parse().unwrap(), forwarded.iter().copied(), &trusted).to_string()
    }

    #[test]
    fn the_right_most_untrusted_address_counts() {
        let cases: &[(&str, &[&str], &str)] = &[
            ("203.0.113.9", &[], "203.0.113.9"),
            ("203.0.113.9", &["198.51.100.1"], "203.0.113.9"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["1.2.3.4, 198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["1.2.3.4, 198.51.100.1, 10.2.3.4"], "198.51.100.1"),
            ("10.0.0.1", &["1.2.3.4", "198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["1.2.3.4, nonsense"], "10.0.0.1"),
            ("10.0.0.1", &["1.2.3.4, nonsense, 10.9.9.9"], "10.9.9.9"),
            ("10.0.0.1", &["10.3.3.3"], "10.3.3.3"),
            ("10.0.0.1", &["198.51.100.1:4711"], "198.51.100.1"),
            ("fd00::1", &["[2001:db8::7]:443"], "2001:db8::7"),
            ("fd00::1", &["[2001:db8::7]"], "2001:db8::7"),
            ("::ffff:10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["::ffff:198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &[""], "10.0.0.1"),
        ];
        for (peer, forwarded, expected) in cases {
            assert_eq!(seen(peer, forwarded), *expected, "{peer} {forwarded:?}");
        }
    }
}
