//! Apps that register themselves (RFC 7591), and the place where they manage themselves (RFC 7592).

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::web::{Bytes, Path};
use actix_web::{HttpResponse, Responder};
use oidc::registration::{MetadataError, Refusal, Registrar};
use oidc::userinfo::Scheme;
use oidc::{ErrorCode, OAuthError};
use serde::Serialize;

use crate::answer;
use crate::context::{Context, authorization};
use crate::failure::{Failure, oauth_response};
use crate::program_endpoints::challenge;

/// Seconds after which it is worth trying again.
const RETRY_AFTER: u32 = 60;

/// `POST /oidc/register`: an app registers itself.
pub(crate) async fn register(context: Context, body: Bytes) -> impl Responder {
    serve(&context, StatusCode::CREATED, async |registrar, token| {
        registrar.register(token, json(&context, &body)?).await
    })
    .await
}

/// `GET /oidc/register/{client}`.
pub(crate) async fn read(context: Context, client: Path<String>) -> impl Responder {
    serve(&context, StatusCode::OK, async |registrar, token| registrar.read(&client, token).await)
        .await
}

/// `PUT /oidc/register/{client}`.
pub(crate) async fn replace(context: Context, client: Path<String>, body: Bytes) -> impl Responder {
    serve(&context, StatusCode::OK, async |registrar, token| {
        registrar.replace(&client, token, json(&context, &body)?).await
    })
    .await
}

/// `DELETE /oidc/register/{client}`.
pub(crate) async fn delete(context: Context, client: Path<String>) -> impl Responder {
    serve(&context, StatusCode::NO_CONTENT, async |registrar, token| {
        registrar.delete(&client, token).await
    })
    .await
}

/// Answers a caller who shows a token. It comes in the header only (RFC 6750 §2.1).
async fn serve<T: Serialize>(
    context: &Context,
    good: StatusCode,
    ask: impl AsyncFnOnce(&Registrar<'_>, &str) -> Result<T, Refusal>,
) -> HttpResponse {
    let header = authorization(&context.request).ok().flatten();
    let token = header.and_then(Scheme::parse).filter(|(scheme, _)| *scheme == Scheme::Bearer);
    let token = token.map(|(_, token)| token);
    let broker = &context.site.broker;
    match broker.count_registration(&context.tenant, &context.visitor, token).await {
        Ok(()) => {}
        Err(broker::Error::Refused(_)) => return too_many(),
        Err(error) => return oauth_response(&Failure::from(error), false),
    }
    let Some(token) = token else {
        return challenge(Scheme::Bearer, StatusCode::UNAUTHORIZED, None);
    };
    let address = context.visitor.address.map(|address| address.to_string());
    let registrar = Registrar { provider: &broker.provider, tenant: &context.tenant, address };
    match ask(&registrar, token).await {
        Ok(_) if good == StatusCode::NO_CONTENT => answer::nothing(),
        Ok(body) => answer::json(good, &body),
        Err(refusal) => refused(refusal),
    }
}

fn refused(refusal: Refusal) -> HttpResponse {
    let error = |code, text| OAuthError::new(code, text);
    match refusal {
        Refusal::Token => {
            let wrong = "the token is unknown, used up or expired";
            let error = error(ErrorCode::InvalidToken, wrong);
            challenge(Scheme::Bearer, StatusCode::UNAUTHORIZED, Some(&error))
        }
        Refusal::Disabled => {
            let error = error(ErrorCode::AccessDenied, "an administrator disabled this app");
            answer::json(StatusCode::FORBIDDEN, &error)
        }
        Refusal::Metadata(error) => answer::json(StatusCode::BAD_REQUEST, &error),
        Refusal::Failed(error) => oauth_response(&error.into(), false),
    }
}

fn too_many() -> HttpResponse {
    let error = OAuthError::new(ErrorCode::TemporarilyUnavailable, "too many calls: wait a minute");
    let mut response = answer::json(StatusCode::TOO_MANY_REQUESTS, &error);
    response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER.into());
    response
}

/// A body that says that it is JSON (RFC 7591 §3.1).
fn json<'a>(context: &Context, body: &'a Bytes) -> Result<&'a [u8], MetadataError> {
    let kind = context.header(header::CONTENT_TYPE).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    match kind.eq_ignore_ascii_case("application/json") {
        true => Ok(body),
        false => Err(MetadataError::new("the body has to be application/json")),
    }
}
