//! The app's two cookies. Browsers take `__Host-` ones over http from `*.localhost` too.

use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, SameSite};
use openidconnect::CsrfToken;

/// Binds a sign-in to the browser in which it began.
pub(crate) const BROWSER: &str = "__Host-sample";
/// Names the session; new at every sign-in, so that nobody can prepare it.
pub(crate) const SESSION: &str = "__Host-sample_session";

/// Characters of a secret.
const LENGTH: usize = 43;

/// 256 random bits as text.
pub(crate) fn secret() -> String {
    CsrfToken::new_random_len(32).secret().clone()
}

/// The value of a cookie, if it can be one that we made.
pub(crate) fn read(request: &HttpRequest, name: &str) -> Option<String> {
    let value = request.cookie(name)?.value().to_owned();
    (value.len() == LENGTH).then_some(value)
}

/// A cookie that lives until the browser is closed. Lax: the provider, another site, sends the
/// browser back.
pub(crate) fn plant(name: &'static str, value: String) -> Cookie<'static> {
    let cookie = Cookie::build(name, value).path("/").secure(true).http_only(true);
    cookie.same_site(SameSite::Lax).finish()
}

/// Takes a cookie away.
pub(crate) fn remove(name: &'static str) -> Cookie<'static> {
    let mut cookie = plant(name, String::new());
    cookie.make_removal();
    cookie
}
