//! The authorization endpoint, and how forms are read.

use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, Responder};
use broker::{Browser, Next};
use oidc::authorize::{self, PageReason, Refusal};
use oidc::{OAuthError, Params};
use secrecy::SecretString;

use crate::answer;
use crate::context::Context;
use crate::cookie;
use crate::failure::Failure;
use crate::forward::answer_at_once;
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
        Err(error) => Err(error.into()),
    };
    context.answer(result).await
}

async fn authorize(context: &Context, params: Params) -> Result<HttpResponse, Failure> {
    let broker = &context.site.broker;
    let (app, request) = match authorize::parse(&broker.provider, &context.tenant, &params).await {
        Ok(parsed) => parsed,
        Err(Refusal::Page(reason)) => return Err(Failure::Notice(notice_of(reason))),
        Err(Refusal::Error(error)) => return Err(error.into()),
        Err(Refusal::Redirect(app, response)) => {
            let next = broker.to_app_with_error(&context.tenant, &response);
            return answer_at_once(context, &app, &next);
        }
    };
    let secret = context.browser_or_new()?;
    let browser = Browser::of(&secret);
    let next = broker.authorize(&context.tenant, &app, request, &context.visitor, &browser).await?;
    let mut response = answer_at_once(context, &app, &next)?;
    if matches!(next, Next::Login(_) | Next::ToApproval { .. }) {
        // Again where it is known, so that it outlives this interaction.
        answer::add_cookie(&mut response, &cookie::plant_browser(&secret));
        answer::add_cookie(&mut response, &cookie::plant_app(app.id));
    }
    Ok(response)
}

fn notice_of(reason: PageReason) -> Notice {
    match reason {
        PageReason::InvalidRequest => Notice::InvalidRequest,
        PageReason::UnknownClient => Notice::UnknownClient,
        PageReason::AppDisabled => Notice::AppDisabled,
        PageReason::RedirectUri => Notice::RedirectUriMismatch,
        PageReason::RequestUri => Notice::RequestUriUnknown,
    }
}

/// The parameters of a form. None may be in the URL: they would end up in logs (attacks B3, B5).
pub(crate) fn form(request: &HttpRequest, body: &Bytes) -> Result<Params, OAuthError> {
    let media_type =
        request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = media_type.and_then(|value| value.split(';').next()).map(str::trim);
    if !media_type
        .is_some_and(|kind| kind.eq_ignore_ascii_case("application/x-www-form-urlencoded"))
    {
        let wrong = "the body has to be application/x-www-form-urlencoded";
        return Err(OAuthError::invalid_request(wrong));
    }
    if !request.query_string().is_empty() {
        let wrong = "parameters belong into the body, not into the URL";
        return Err(OAuthError::invalid_request(wrong));
    }
    Params::parse(body)
}

/// A code as it stands in a callback's URL, if it can be one: at most 512 bytes by WeCom's word
/// [D 91022], with as much again to spare.
pub(crate) fn upstream_code(params: &Params) -> Option<SecretString> {
    params.only("code").filter(|code| code.len() <= 1024).map(|code| code.to_owned().into())
}
