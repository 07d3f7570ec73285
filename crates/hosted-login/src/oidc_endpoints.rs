//! The OpenID Connect endpoints that an app or its browser calls.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, Responder};
use broker::{Browser, Next};
use oidc::authorize::{self, PageReason, Refusal};
use oidc::{ErrorCode, OAuthError, Params, token, userinfo};
use secrecy::SecretString;

use crate::answer;
use crate::context::Context;
use crate::cookie;
use crate::failure::{Failure, oauth_response};
use crate::pages::Notice;

/// `GET /oidc/auth`: the authorization endpoint.
pub(crate) async fn authorize_get(context: Context) -> impl Responder {
    let result = match context.query() {
        Ok(params) => authorize(&context, params).await,
        Err(failure) => Err(failure),
    };
    context.answer(result).await
}

/// `POST /oidc/auth`: the same, with the parameters in a form (OpenID Connect Core §3.1.2.1).
pub(crate) async fn authorize_post(context: Context, body: Bytes) -> impl Responder {
    let cross_site = context.request.headers().get("sec-fetch-site");
    let cross_site = cross_site.is_some_and(|site| site.as_bytes() == b"cross-site");
    let result = match form(&context.request, &body) {
        // A browser leaves our cookies out of another site's form, but not out of a GET.
        Ok(params) if cross_site => {
            Ok(answer::redirect(&format!("/oidc/auth?{}", params.to_query())).finish())
        }
        Ok(params) => authorize(&context, params).await,
        Err(failure) => Err(failure),
    };
    context.answer(result).await
}

async fn authorize(context: &Context, params: Params) -> Result<HttpResponse, Failure> {
    let broker = &context.site.broker;
    let (app, request) = match authorize::parse(&broker.provider, &context.tenant, &params).await {
        Ok(parsed) => parsed,
        Err(Refusal::Page(reason)) => return Err(Failure::Notice(notice_of(reason))),
        Err(Refusal::Error(error)) => return Err(error.into()),
        Err(Refusal::Redirect(response)) => {
            let next = broker.to_app_with_error(&context.tenant, &response);
            return Ok(answer_next(context, &next).finish());
        }
    };
    let secret = context.browser_or_new()?;
    let browser = Browser::of(&secret);
    let next = broker.authorize(&context.tenant, &app, request, &context.visitor, &browser).await?;
    let mut response = answer_next(context, &next);
    if matches!(next, Next::Login(_)) {
        // Again where it is known, so that it outlives this interaction.
        response.cookie(cookie::plant_browser(&secret));
        response.cookie(cookie::plant_app(app.id));
    }
    Ok(response.finish())
}

fn notice_of(reason: PageReason) -> Notice {
    match reason {
        PageReason::InvalidRequest => Notice::InvalidRequest,
        PageReason::UnknownClient => Notice::UnknownClient,
        PageReason::AppDisabled => Notice::AppDisabled,
        PageReason::RedirectUri => Notice::RedirectUriMismatch,
    }
}

/// Sends the browser where the broker says. A location ends with a fragment of its own, if an empty
/// one: otherwise the browser takes along the one of the way here, WeCom's `#wechat_redirect` or
/// somebody's choice (attack A7).
pub(crate) fn answer_next(context: &Context, next: &Next) -> actix_web::HttpResponseBuilder {
    let (location, session) = match next {
        Next::Login(interaction) => (format!("/login?interaction={}", interaction.id), &None),
        Next::ToApp { location, session } => (format!("{location}#"), session),
        Next::ToAccount { session } => ("/account#".to_owned(), session),
        Next::ToAppHome { app, session } => (format!("/continue?app={app}#"), session),
        Next::ToBind(id) => (format!("/bind?interaction={id}#"), &None),
        Next::ToConsent(id) => (format!("/consent?interaction={id}#"), &None),
    };
    let mut response = answer::redirect(&location);
    if let Some(session) = session {
        metrics::counter!("hufu_sign_ins_total").increment(1);
        response.cookie(cookie::plant_session(session, context.site.broker.session_life));
    }
    response
}

/// `POST /oidc/token`: the token endpoint.
pub(crate) async fn token(context: Context, body: Bytes) -> impl Responder {
    let result = async {
        let authorization = context.authorization()?;
        let params = form(&context.request, &body)?;
        let provider = &context.site.broker.provider;
        Ok(token::exchange(provider, &context.tenant, authorization, &params).await?)
    };
    match result.await {
        Ok(tokens) => answer::json(StatusCode::OK, &tokens),
        Err(failure) => {
            let used_basic = context.request.headers().contains_key(header::AUTHORIZATION);
            oauth_response(&failure, used_basic)
        }
    }
}

/// `GET` and `POST /oidc/me`: UserInfo. The token comes in the header only (RFC 6750 §2.1).
pub(crate) async fn userinfo(context: Context) -> impl Responder {
    let Some(token) = bearer(&context) else {
        let mut response = answer::json(StatusCode::UNAUTHORIZED, &serde_json::json!({}));
        let challenge = HeaderValue::from_static("Bearer");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        return response;
    };
    match userinfo::claims(&context.site.broker.provider, &context.tenant, &token).await {
        Ok(claims) => answer::json(StatusCode::OK, &claims),
        Err(oidc::Error::OAuth(error)) => unauthorized(&error),
        Err(error) => oauth_response(&error.into(), false),
    }
}

fn bearer(context: &Context) -> Option<String> {
    let (scheme, token) = context.authorization().ok()??.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

/// 401 as RFC 6750 §3 says.
fn unauthorized(error: &OAuthError) -> HttpResponse {
    let mut response = answer::json(StatusCode::UNAUTHORIZED, error);
    let code = error.code.as_str();
    let text = format!("Bearer error=\"{code}\", error_description=\"{}\"", error.description);
    if let Ok(challenge) = HeaderValue::from_str(&text) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

/// The parameters of a form. None may be in the URL: they would end up in logs (attacks B3, B5).
pub(crate) fn form(request: &HttpRequest, body: &Bytes) -> Result<Params, Failure> {
    let media_type =
        request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = media_type.and_then(|value| value.split(';').next()).map(str::trim);
    if !media_type
        .is_some_and(|kind| kind.eq_ignore_ascii_case("application/x-www-form-urlencoded"))
    {
        let wrong = "the body has to be application/x-www-form-urlencoded";
        return Err(OAuthError::invalid_request(wrong).into());
    }
    if !request.query_string().is_empty() {
        let wrong = "parameters belong into the body, not into the URL";
        return Err(OAuthError::invalid_request(wrong).into());
    }
    Ok(Params::parse(body)?)
}

/// A code as it stands in a callback's URL, if it can be one: at most 512 bytes by WeCom's word
/// [D 91022], with as much again to spare.
pub(crate) fn upstream_code(params: &Params) -> Option<SecretString> {
    params.only("code").filter(|code| code.len() <= 1024).map(|code| code.to_owned().into())
}
