//! `Authorization: Basic` (RFC 6749 §2.3.1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oidc::client_auth::parse_basic;
use secrecy::ExposeSecret as _;
use url::form_urlencoded::byte_serialize;

/// Takes a header; an id and a secret, divided by a line's end; and what may stand behind the base64.
pub fn basic(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Some((id, secret)) = text.split_once('\n') {
        let expected = (!secret.is_empty()).then(|| (id.to_owned(), secret.to_owned()));
        assert_eq!(parse(&encode(id, secret)), expected, "what was encoded is read");
    }
    for header in [text.to_owned(), format!("Basic {}", STANDARD.encode(data))] {
        let Some((id, secret)) = parse(&header) else { continue };
        assert!(!secret.is_empty());
        assert!(header.len() > "basic ".len() && header[..6].eq_ignore_ascii_case("basic "));
        assert_eq!(parse(&encode(&id, &secret)), Some((id, secret)), "{header}");
    }
}

fn parse(header: &str) -> Option<(String, String)> {
    parse_basic(header).map(|(id, secret)| (id, secret.expose_secret().to_owned()))
}

fn encode(id: &str, secret: &str) -> String {
    let [id, secret] = [id, secret].map(|half| byte_serialize(half.as_bytes()).collect::<String>());
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}
