//! Which host a request is for, and which network address it comes from.

use std::net::IpAddr;

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
    authority.or(header).map(str::to_ascii_lowercase)
}

/// The caller's address: the connection's, or, if that is one of our proxies, the right-most of
/// `X-Forwarded-For` that is not. What stands further left was written by the caller (attack Q11).
pub fn client_address(request: &HttpRequest, trusted: &[IpNet]) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip();
    let forwarded =
        request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok());
    Some(behind_proxies(peer, &forwarded.collect::<Vec<_>>(), trusted))
}

fn behind_proxies(peer: IpAddr, forwarded: &[&str], trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    let mut nearest = peer;
    let hops = forwarded.iter().rev().flat_map(|line| line.rsplit(','));
    for hop in hops {
        if !is_trusted(&nearest) {
            break;
        }
        match hop.trim().parse() {
            Ok(address) => nearest = address,
            Err(_) => break,
        }
    }
    nearest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// Attack Q11: a caller cannot choose its own address.
    #[test]
    fn q11_only_our_proxies_are_believed() {
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        let table: [(&str, &[&str], &str); 7] = [
            ("203.0.113.9", &["198.51.100.1"], "203.0.113.9"),
            ("10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["1.1.1.1, 198.51.100.1, 10.0.0.2"], "198.51.100.1"),
            ("10.0.0.1", &["1.1.1.1", "198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["nonsense"], "10.0.0.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
        ];
        for (peer, forwarded, expected) in table {
            assert_eq!(
                behind_proxies(ip(peer), forwarded, &trusted),
                ip(expected),
                "{forwarded:?}"
            );
        }
    }
}
