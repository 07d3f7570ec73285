//! Redirect URIs (RFC 6749 §3.1.2.3, RFC 8252 §7.3).

use oidc::authorize::is_same_address;
use url::Url;

/// Takes a registered address and one that is asked for, divided by a line's end. They are the same if
/// they are equal byte for byte, and otherwise only for a loopback address and a public client.
pub fn redirect_uri(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (registered, asked) = text.split_once('\n').unwrap_or((text, text));
    assert_eq!(is_same_address(registered, asked, false), registered == asked);
    let same = is_same_address(registered, asked, true);
    let but_for_the_port = loopback(registered).is_some_and(|known| loopback(asked) == Some(known));
    assert_eq!(same, registered == asked || but_for_the_port, "{registered} {asked}");
    assert_eq!(same, is_same_address(asked, registered, true), "either way");
    if same && registered != asked {
        goes_to_this_machine(registered, asked);
    }
}

/// Host and the rest of an `http` URI of a loopback address, whose port may be any.
fn loopback(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let (authority, path) = rest.split_at(rest.find('/')?);
    let port_is_fine = |port: &str| match port.strip_prefix(':') {
        None => port.is_empty(),
        Some(digits) => {
            digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.parse::<u16>().is_ok()
        }
    };
    let host = ["127.0.0.1", "[::1]"].into_iter().find(|host| authority.starts_with(host))?;
    port_is_fine(&authority[host.len()..]).then_some((host, path))
}

/// A browser reads it so as well.
fn goes_to_this_machine(registered: &str, asked: &str) {
    let [one, other] = [registered, asked].map(|uri| Url::parse(uri).unwrap());
    assert_eq!(one.host_str(), other.host_str());
    assert!(["127.0.0.1", "[::1]"].contains(&other.host_str().unwrap()), "{other}");
    assert_eq!((other.username(), other.password()), ("", None));
    assert_eq!((one.path(), one.query()), (other.path(), other.query()));
    assert_eq!(one.fragment(), other.fragment());
}
