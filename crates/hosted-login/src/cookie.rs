//! Our cookies. All are `__Host-`: bound to exactly this host, so that no sibling can plant one
//! (attack N3), sent over secure connections only, out of reach of scripts.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header;
use secrecy::{ExposeSecret as _, SecretString};
use store::id::AppId;
use store::secret::SecretHash;

use crate::language::Language;

/// The secret of the interactions that a browser began.
const BROWSER: &str = "__Host-hufu_browser";
/// The session's secret.
const SESSION: &str = "__Host-hufu_session";
/// The app that a browser last came from: lets a page that knows nothing else offer a way back.
const APP: &str = "__Host-hufu_app";

/// The language that a person chose on one of our pages.
const LANGUAGE: &str = "__Host-hufu_language";

/// The value of a cookie of ours. Nobody reads those that other hosts of the domain have left beside it:
/// one without a name, or in another encoding, would take ours away with it (attack N3).
fn value<'r>(request: &'r HttpRequest, name: &str) -> Option<&'r str> {
    let headers = request.headers().get_all(header::COOKIE);
    let mut pairs = headers.flat_map(|header| header.as_bytes().split(|byte| *byte == b';'));
    let named =
        |pair: &'r [u8]| pair.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"=");
    std::str::from_utf8(pairs.find_map(named)?).ok()
}

/// A value that only a cookie of ours can have: it is long, and not somebody's idea.
fn secret(request: &HttpRequest, name: &str, prefix: &str) -> Option<SecretString> {
    let value = value(request, name)?;
    let proper = value.len() == prefix.len() + 43 && value.starts_with(prefix);
    proper.then(|| value.to_owned().into())
}

/// The prefix of a browser's secret.
pub(crate) const BROWSER_PREFIX: &str = "hufu_browser_";

/// The browser's secret.
pub fn browser(request: &HttpRequest) -> Option<SecretString> {
    secret(request, BROWSER, BROWSER_PREFIX)
}

/// The session's secret.
pub fn session(request: &HttpRequest) -> Option<SecretString> {
    secret(request, SESSION, "hufu_session_")
}

/// The app that this browser last came from.
pub(crate) fn app(request: &HttpRequest) -> Option<AppId> {
    value(request, APP)?.parse().ok()
}

fn make(name: &'static str, value: String, life: Duration) -> Cookie<'static> {
    Cookie::build(name, value)
        .path("/")
        .secure(true)
        .http_only(true)
        // Lax: WeCom sends the browser back from another site.
        .same_site(SameSite::Lax)
        .max_age(life)
        .finish()
}

/// Plants a browser's secret, for a day.
pub fn plant_browser(value: &SecretString) -> Cookie<'static> {
    make(BROWSER, value.expose_secret().to_owned(), Duration::days(1))
}

/// Plants a session's secret.
pub fn plant_session(value: &SecretString, life: chrono::TimeDelta) -> Cookie<'static> {
    make(SESSION, value.expose_secret().to_owned(), Duration::seconds(life.num_seconds()))
}

/// Plants the app that a browser came from, for a day.
pub(crate) fn plant_app(app: AppId) -> Cookie<'static> {
    make(APP, app.to_string(), Duration::days(1))
}

/// The language that the person chose.
pub(crate) fn language(request: &HttpRequest) -> Option<Language> {
    Language::from_tag(value(request, LANGUAGE)?)
}

/// Plants the language that the person chose, for a year.
pub(crate) fn plant_language(language: Language) -> Cookie<'static> {
    make(LANGUAGE, language.tag().to_owned(), Duration::days(365))
}

/// Takes the session's secret away.
pub(crate) fn remove_session() -> Cookie<'static> {
    make(SESSION, String::new(), Duration::ZERO)
}

/// What a form of ours carries to show that our page sent it: a hash of the browser's secret, which
/// no other site can read, for one purpose.
pub(crate) fn csrf(browser: &SecretString, purpose: &str) -> String {
    SecretHash::of(&format!("csrf:{purpose}:{}", browser.expose_secret())).to_text()
}
