//! Our cookies, among those of others.

use actix_web::HttpRequest;
use actix_web::cookie::Cookie;
use actix_web::http::header::{COOKIE, HeaderValue};
use actix_web::test::TestRequest;
use chrono::TimeDelta;
use hosted_login::cookie;
use secrecy::{ExposeSecret as _, SecretString};

const SESSION: &str = "hufu_session_";
const BROWSER: &str = "hufu_browser_";

/// Takes a `Cookie` header. What is read of it can be ours; and what we planted is read again, whatever
/// other hosts of the domain have planted beside it (attack N3).
pub fn cookie(data: &[u8]) {
    let Ok(header) = HeaderValue::from_bytes(data) else { return };
    let request = with(&header);
    for (found, prefix) in
        [(cookie::session(&request), SESSION), (cookie::browser(&request), BROWSER)]
    {
        let proper = |secret: &str| secret.len() == prefix.len() + 43 && secret.starts_with(prefix);
        assert!(found.is_none_or(|secret| proper(secret.expose_secret())));
    }
    // A browser sends no two cookies of one `__Host-` name.
    if !data.windows(7).any(|part| part == b"__Host-") {
        planted_beside(&[data, b"; "].concat(), b"");
        planted_beside(b"", &[b"; ", data].concat());
    }
}

fn planted_beside(before: &[u8], after: &[u8]) {
    let [session, browser] =
        [SESSION, BROWSER].map(|prefix| prefix.to_owned() + &"a_-Z0".repeat(9)[..43]);
    let secret = |text: &str| SecretString::from(text.to_owned());
    let planted = [
        cookie::plant_session(&secret(&session), TimeDelta::hours(1)),
        cookie::plant_browser(&secret(&browser)),
    ];
    let ours = planted.each_ref().map(sent).join("; ");
    let header = [before, ours.as_bytes(), after].concat();
    let Ok(header) = HeaderValue::from_bytes(&header) else { return };
    let request = with(&header);
    let read = |found: Option<SecretString>| found.map(|secret| secret.expose_secret().to_owned());
    assert_eq!(read(cookie::session(&request)), Some(session), "{header:?}");
    assert_eq!(read(cookie::browser(&request)), Some(browser), "{header:?}");
}

/// What a browser sends back of a cookie that it was given.
fn sent(planted: &Cookie<'_>) -> String {
    let line = planted.to_string();
    for attribute in ["; HttpOnly", "; Secure", "; SameSite=Lax", "; Path=/"] {
        assert!(line.contains(attribute), "{line}");
    }
    assert!(line.starts_with("__Host-") && !line.contains("Domain"), "{line}");
    line.split_once(';').unwrap().0.to_owned()
}

fn with(header: &HeaderValue) -> HttpRequest {
    TestRequest::default().insert_header((COOKIE, header.clone())).to_http_request()
}
