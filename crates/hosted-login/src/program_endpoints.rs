//! The endpoints that programs call: token, UserInfo, pushed requests, introspection, revocation.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{HttpResponse, Responder};
use oidc::jose::Algorithm;
use oidc::userinfo::Scheme;
use oidc::{
    Caller, Endpoint, ErrorCode, OAuthError, Params, Provider, dpop, introspection, pushed,
    revocation, token, userinfo,
};
use serde::Serialize;
use store::tenant::Tenant;

use crate::answer;
use crate::context::Context;
use crate::cors;
use crate::failure::{Failure, oauth_response};
use crate::oidc_endpoints::form;
use crate::pages::Notice;

/// What programs are told of a suspended tenant.
const SUSPENDED: &str = "the tenant is suspended";

/// `POST /oidc/token`: the token endpoint.
pub(crate) async fn token(context: Context, body: Bytes) -> impl Responder {
    serve(&context, &body, Endpoint::Token, token::exchange).await
}

/// `POST /oidc/request`: pushed authorization requests.
pub(crate) async fn push(context: Context, body: Bytes) -> impl Responder {
    serve(&context, &body, Endpoint::PushedRequest, pushed::push).await
}

/// `POST /oidc/token/introspection`.
pub(crate) async fn introspect(context: Context, body: Bytes) -> impl Responder {
    serve(&context, &body, Endpoint::Introspection, introspection::introspect).await
}

/// `POST /oidc/token/revocation`.
pub(crate) async fn revoke(context: Context, body: Bytes) -> impl Responder {
    serve(&context, &body, Endpoint::Revocation, async |provider, tenant, caller, params| {
        revocation::revoke(provider, tenant, caller, params).await?;
        Ok(serde_json::json!({}))
    })
    .await
}

/// Answers a program's form, with a fresh nonce for its next proof if it sent one (RFC 9449 §8.2).
async fn serve<T: Serialize>(
    context: &Context,
    body: &Bytes,
    endpoint: Endpoint,
    ask: impl AsyncFnOnce(&Provider, &Tenant, &Caller<'_>, &Params) -> oidc::Result<T>,
) -> HttpResponse {
    let result: Result<T, Failure> = async {
        let (proofs, params) = (context.proofs(), form(&context.request, body)?);
        let caller = context.caller(endpoint, &proofs)?;
        Ok(ask(&context.site.broker.provider, &context.tenant, &caller, &params).await?)
    }
    .await;
    let good = match endpoint {
        Endpoint::PushedRequest => StatusCode::CREATED,
        _ => StatusCode::OK,
    };
    let mut response = match result {
        Ok(body) => answer::json(good, &body),
        Err(failure) => {
            let used_basic = context.request.headers().contains_key(header::AUTHORIZATION);
            oauth_response(&failure, used_basic)
        }
    };
    add_nonce(context, endpoint, &mut response);
    // Resource servers ask about tokens; scripts have no business there.
    if endpoint != Endpoint::Introspection {
        cors::allow(context, &mut response).await;
    }
    response
}

fn add_nonce(context: &Context, endpoint: Endpoint, response: &mut HttpResponse) {
    if !context.request.headers().contains_key("dpop") {
        return;
    }
    let store = &context.site.broker.provider.store;
    // Without one the app proves itself without one, or is told to ask again.
    let made = dpop::nonce(store, context.tenant.id, endpoint).ok();
    if let Some(Ok(nonce)) = made.map(|nonce| HeaderValue::from_str(&nonce)) {
        response.headers_mut().insert(HeaderName::from_static("dpop-nonce"), nonce);
    }
}

/// The answer of an endpoint for programs, if this path is one, where there is no tenant to serve it:
/// its host is nobody's, it is suspended, or it cannot be looked up.
pub(crate) fn failed_before(path: &str, failure: &Failure) -> Option<HttpResponse> {
    let endpoint = Endpoint::ALL.into_iter().find(|endpoint| endpoint.path() == path)?;
    Some(match (failure, endpoint) {
        (Failure::Notice(Notice::UnknownHost), _) => {
            let error = OAuthError::new(ErrorCode::InvalidRequest, "there is nobody at this host");
            answer::json(StatusCode::NOT_FOUND, &error)
        }
        (Failure::Notice(Notice::TenantSuspended), Endpoint::UserInfo) => {
            let error = OAuthError::new(ErrorCode::InvalidToken, SUSPENDED);
            challenge(Scheme::Bearer, StatusCode::UNAUTHORIZED, Some(&error))
        }
        // Nothing is wrong with code or token: they are worth something again with the tenant.
        (Failure::Notice(Notice::TenantSuspended), _) => {
            oauth_response(&OAuthError::new(ErrorCode::UnauthorizedClient, SUSPENDED).into(), false)
        }
        _ => oauth_response(failure, false),
    })
}

/// `GET` and `POST /oidc/me`: UserInfo. The token comes in the header only (RFC 6750 §2.1).
pub(crate) async fn userinfo(context: Context) -> impl Responder {
    let mut response = about(&context).await;
    add_nonce(&context, Endpoint::UserInfo, &mut response);
    cors::allow(&context, &mut response).await;
    response
}

async fn about(context: &Context) -> HttpResponse {
    let proofs = context.proofs();
    let caller = context.caller(Endpoint::UserInfo, &proofs).ok();
    let shown = caller.and_then(|caller| Some((caller, Scheme::parse(caller.authorization?)?)));
    let Some((caller, (scheme, token))) = shown else {
        return challenge(Scheme::Bearer, StatusCode::UNAUTHORIZED, None);
    };
    let provider = &context.site.broker.provider;
    let claims = userinfo::claims(provider, &context.tenant, &caller, scheme, token).await;
    match claims {
        Ok(claims) => answer::json(StatusCode::OK, &claims),
        Err(oidc::Error::OAuth(error)) => {
            let status = match error.code {
                ErrorCode::InsufficientScope => StatusCode::FORBIDDEN,
                _ => StatusCode::UNAUTHORIZED,
            };
            challenge(scheme, status, Some(&error))
        }
        Err(error) => oauth_response(&error.into(), false),
    }
}

/// 401 or 403 as RFC 6750 §3 and RFC 9449 §7.1 say.
fn challenge(scheme: Scheme, status: StatusCode, error: Option<&OAuthError>) -> HttpResponse {
    let (name, algs) = match scheme {
        Scheme::Bearer => ("Bearer", None),
        Scheme::DPoP => {
            let algorithms = dpop::ALGORITHMS.map(Algorithm::as_str).join(" ");
            ("DPoP", Some(format!("algs=\"{algorithms}\"")))
        }
    };
    let why = error.map(|error| {
        let (code, text) = (error.code.as_str(), error.description);
        format!("error=\"{code}\", error_description=\"{text}\"")
    });
    let parts: Vec<String> = why.into_iter().chain(algs).collect();
    let text = format!("{name} {}", parts.join(", "));
    let mut response = match error {
        Some(error) => answer::json(status, error),
        None => answer::json(status, &serde_json::json!({})),
    };
    if let Ok(challenge) = HeaderValue::from_str(text.trim_end()) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}
