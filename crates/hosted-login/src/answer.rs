//! Answers: pages, redirects and JSON, each with the headers that it needs.

use actix_web::cookie::Cookie;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder};
use askama::Template;
use oidc::{ErrorCode, OAuthError};
use serde::Serialize;

use crate::failure::Failure;
use crate::pages::content_security_policy;

/// What a page may load and where its forms may go, beyond ourselves.
#[derive(Debug, Default)]
pub(crate) struct Policy {
    /// Origin of WeCom's panel, if the page shows it.
    pub(crate) frame: Option<String>,
    /// Where a form's redirects may lead.
    pub(crate) form_action: Vec<String>,
}

/// A page. Never stored, never framed, loads nothing of others (attacks A9, Q1).
pub(crate) fn page(
    status: u16,
    nonce: &str,
    policy: &Policy,
    template: &impl Template,
) -> Result<HttpResponse, Failure> {
    let html = template.render().map_err(Failure::Page)?;
    let form_action: Vec<&str> = policy.form_action.iter().map(String::as_str).collect();
    let csp = content_security_policy(nonce, policy.frame.as_deref(), &form_action);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    protect(&mut response);
    response
        .insert_header((header::CONTENT_SECURITY_POLICY, csp))
        .insert_header(("cross-origin-opener-policy", "same-origin"))
        .insert_header(("x-frame-options", "DENY"))
        .content_type("text/html; charset=utf-8");
    Ok(response.body(html))
}

/// Plants a cookie with an answer that is made already.
pub(crate) fn add_cookie(response: &mut HttpResponse, cookie: &Cookie<'_>) {
    if let Err(error) = response.add_cookie(cookie) {
        tracing::error!(%error, "a cookie could not be set");
    }
}

/// Lets a page be shown inside one web origin's own, and answer it: for a request that comes from a
/// hidden frame (`prompt=none` in a script).
pub(crate) fn framed_by(mut page: HttpResponse, origin: &str) -> HttpResponse {
    let headers = page.headers_mut();
    let policy = headers.get(header::CONTENT_SECURITY_POLICY).and_then(|it| it.to_str().ok());
    let policy = policy.map(|policy| {
        let ours = format!("frame-ancestors {origin}");
        HeaderValue::from_str(&policy.replace("frame-ancestors 'none'", &ours))
    });
    if let Some(Ok(policy)) = policy {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        headers.remove(header::X_FRAME_OPTIONS);
    }
    page
}

/// Leaves a page within reach of the window that opened it, which waits for a message.
pub(crate) fn within_reach(page: &mut HttpResponse) {
    if page.headers().contains_key("cross-origin-opener-policy") {
        let open = HeaderValue::from_static("unsafe-none");
        page.headers_mut().insert(HeaderName::from_static("cross-origin-opener-policy"), open);
    }
}

/// A page whose script asks us how things stand.
pub(crate) fn asking_us(mut page: HttpResponse) -> HttpResponse {
    let headers = page.headers_mut();
    let policy = headers.get(header::CONTENT_SECURITY_POLICY).and_then(|it| it.to_str().ok());
    let more = policy.map(|policy| HeaderValue::from_str(&format!("{policy}; connect-src 'self'")));
    if let Some(Ok(policy)) = more {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    page
}

/// 303: the browser goes on with GET, whatever it came with (attack A6).
pub(crate) fn redirect(location: &str) -> HttpResponseBuilder {
    let mut response = HttpResponse::SeeOther();
    protect(&mut response);
    // Our locations are our own URLs, or registered ones with encoded parameters; anything that is
    // no header value is a fault of ours and ends as a page.
    match HeaderValue::from_str(location) {
        Ok(value) => response.insert_header((header::LOCATION, value)),
        Err(_) => response.status(StatusCode::INTERNAL_SERVER_ERROR),
    };
    response
}

/// The same to an address that is not ours. One without a fragment gets an empty one, or the browser
/// would take along that of the way here (attack A7).
pub(crate) fn leave(location: &str) -> HttpResponseBuilder {
    let end = if location.contains('#') { "" } else { "#" };
    redirect(&format!("{location}{end}"))
}

/// JSON that nobody may store.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    protect(&mut response);
    response.insert_header((header::PRAGMA, "no-cache")).json(body)
}

/// A JWT that nobody may store (OpenID Connect Core §5.3.2).
pub(crate) fn jwt(token: String) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    protect(&mut response);
    response.insert_header((header::PRAGMA, "no-cache")).content_type("application/jwt").body(token)
}

/// Nothing to say, which nobody may store.
pub(crate) fn nothing() -> HttpResponse {
    let mut response = HttpResponse::NoContent();
    protect(&mut response);
    response.finish()
}

/// Any other method than a path's own.
pub(crate) fn method_not_allowed(allow: &'static str) -> HttpResponse {
    let error = OAuthError::new(ErrorCode::InvalidRequest, "this method is not allowed here");
    let mut response = json(StatusCode::METHOD_NOT_ALLOWED, &error);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
    response
}

fn protect(response: &mut HttpResponseBuilder) {
    const HEADERS: [(HeaderName, &str); 4] = [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
    ];
    for (name, value) in HEADERS {
        response.insert_header((name, value));
    }
}
