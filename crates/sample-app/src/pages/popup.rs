//! The page that signs people in by the provider's script, without a server of its own.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use url::Url;

use super::{not_found, render};
use crate::language::Language;
use crate::state::State;
use crate::words::Words;

#[derive(Template)]
#[template(path = "popup.html")]
struct Popup<'a> {
    tag: &'static str,
    words: &'static Words,
    sdk: String,
    issuer: &'a str,
    client_id: &'a str,
}

/// `GET /popup`.
pub(super) async fn page(state: Data<State>, request: HttpRequest) -> HttpResponse {
    let issuer = state.registration.issuer.as_str();
    let provider = Url::parse(issuer).map(|url| url.origin().ascii_serialization());
    let (Some(client_id), Ok(provider)) = (&state.popup_client_id, provider) else {
        return not_found(request).await;
    };
    let language = Language::of(&request);
    let page = Popup {
        tag: language.tag(),
        words: Words::of(language),
        sdk: format!("{provider}/sdk/hufu.js"),
        issuer,
        client_id,
    };
    let mut response = render(StatusCode::OK, &page, None);
    let policy = format!(
        "default-src 'none'; style-src 'self'; img-src 'self' https:; script-src 'self' {provider}; \
         connect-src {provider}; frame-src {provider}; form-action 'none'; base-uri 'none'; \
         frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}
