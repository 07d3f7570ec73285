//! The endpoints that programs call: token, UserInfo, pushed requests, introspection, revocation.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, Responder};
use oidc::client_auth::{Client, Shown};
use oidc::jose::Algorithm;
use oidc::userinfo::{Scheme, Told};
use oidc::{
    Caller, Endpoint, ErrorCode, OAuthError, Params, Provider, dpop, introspection, pushed,
    revocation, token, userinfo,
};
use serde::Serialize;
use store::tenant::Tenant;

use crate::answer;
use crate::context::{Context, authorization};
use crate::cors;
use crate::failure::{Failure, oauth_response};
use crate::oidc_endpoints::form;
use crate::pages::Notice;

/// What programs are told of a suspended tenant.
const SUSPENDED: &str = "the tenant is suspended";

/// `POST /oidc/token`: the token endpoint.
pub(crate) async fn token(request: HttpRequest, body: Bytes) -> impl Responder {
    serve(request, &body, Endpoint::Token, token::exchange).await
}

/// `POST /oidc/request`: pushed authorization requests.
pub(crate) async fn push(request: HttpRequest, body: Bytes) -> impl Responder {
    serve(request, &body, Endpoint::PushedRequest, pushed::push).await
}

/// `POST /oidc/token/introspection`.
pub(crate) async fn introspect(request: HttpRequest, body: Bytes) -> impl Responder {
    serve(request, &body, Endpoint::Introspection, async |provider, tenant, client, _, params| {
        introspection::introspect(provider, tenant, client, params).await
    })
    .await
}

/// `POST /oidc/token/revocation`.
pub(crate) async fn revoke(request: HttpRequest, body: Bytes) -> impl Responder {
    serve(request, &body, Endpoint::Revocation, async |provider, tenant, client, _, params| {
        revocation::revoke(provider, tenant, client, params).await?;
        Ok(serde_json::json!({}))
    })
    .await
}

/// Answers the form of a program that proves which app it is, with a fresh nonce for its next proof
/// if it sent one (RFC 9449 §8.2). The tenant and its app are found at once: such forms come often.
async fn serve<T: Serialize>(
    request: HttpRequest,
    body: &Bytes,
    endpoint: Endpoint,
    ask: impl AsyncFnOnce(&Provider, &Tenant, Client, &Caller<'_>, &Params) -> oidc::Result<T>,
) -> HttpResponse {
    let params = form(&request, body);
    let shown: Result<(&Params, Shown<'_>), Failure> = match &params {
        Ok(params) => shown(&request, params).map(|shown| (params, shown)),
        Err(error) => Err((*error).into()),
    };
    let app = shown.as_ref().ok().and_then(|(_, shown)| shown.app());
    let (context, app) = match Context::of_program(request.clone(), app).await {
        Ok(found) => found,
        Err(error) => return HttpResponse::from_error(error),
    };
    let result: Result<T, Failure> = async {
        let (params, shown) = shown?;
        let proofs = context.proofs();
        let caller = context.caller(endpoint, &proofs)?;
        let (provider, tenant) = (&context.site.broker.provider, &context.tenant);
        let client = shown.prove(provider, tenant, app).await?;
        Ok(ask(provider, tenant, client, &caller, params).await?)
    }
    .await;
    let good = match endpoint {
        Endpoint::PushedRequest => StatusCode::CREATED,
        _ => StatusCode::OK,
    };
    let mut response = match result {
        Ok(body) => answer::json(good, &body),
        Err(failure) => {
            let used_basic = request.headers().contains_key(header::AUTHORIZATION);
            oauth_response(&failure, used_basic)
        }
    };
    add_nonce(&context, endpoint, &mut response);
    // Resource servers ask about tokens; scripts have no business there.
    if endpoint != Endpoint::Introspection {
        cors::allow(&context, &mut response).await;
    }
    response
}

fn shown<'a>(request: &HttpRequest, params: &'a Params) -> Result<Shown<'a>, Failure> {
    Ok(Shown::read(authorization(request)?, params)?)
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
    // An app manages itself below the place where it registers.
    let place = match path.strip_prefix(Endpoint::Registration.path()) {
        Some(below) if below.starts_with('/') => Endpoint::Registration.path(),
        _ => path,
    };
    let endpoint = Endpoint::ALL.into_iter().find(|endpoint| endpoint.path() == place)?;
    Some(match (failure, endpoint) {
        (Failure::Notice(Notice::UnknownHost), _) => {
            let error = OAuthError::new(ErrorCode::InvalidRequest, "there is nobody at this host");
            answer::json(StatusCode::NOT_FOUND, &error)
        }
        (Failure::Notice(Notice::TenantSuspended), Endpoint::UserInfo | Endpoint::Registration) => {
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
    let claims = if is_in_url(context) {
        Err(OAuthError::invalid_request("the access token belongs into the header alone").into())
    } else {
        userinfo::claims(provider, &context.tenant, &caller, scheme, token).await
    };
    match claims {
        Ok(Told::Plain(claims)) => answer::json(StatusCode::OK, &claims),
        Ok(Told::Signed(token)) => answer::jwt(token),
        Err(oidc::Error::OAuth(error)) => {
            let status = match error.code {
                ErrorCode::InsufficientScope => StatusCode::FORBIDDEN,
                ErrorCode::InvalidRequest => StatusCode::BAD_REQUEST,
                _ => StatusCode::UNAUTHORIZED,
            };
            challenge(scheme, status, Some(&error))
        }
        Err(error) => oauth_response(&error.into(), false),
    }
}

/// Whether a token stands in the URL beside that in the header: whoever sends it that way, too, has it
/// in logs (RFC 6750 §2, §3.1).
fn is_in_url(context: &Context) -> bool {
    context.query().is_ok_and(|query| !matches!(query.get("access_token"), Ok(None)))
}

/// 400, 401 or 403 as RFC 6750 §3 and RFC 9449 §7.1 say.
pub(crate) fn challenge(
    scheme: Scheme,
    status: StatusCode,
    error: Option<&OAuthError>,
) -> HttpResponse {
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
