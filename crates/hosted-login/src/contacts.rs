//! The addresses that WeCom calls when something changes among a corp's members [D 90930].

use actix_web::http::{StatusCode, header};
use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use broker::ContactError;
use store::id::TenantId;
use store::tenant;

use crate::Site;
use crate::address::host;

/// `GET /wecom/contacts/{path}`: WeCom asks for a proof when an administrator saves the address.
pub(crate) async fn verify(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<String>,
) -> HttpResponse {
    let echo = async {
        let tenant = tenant_of(&site, &request).await?;
        site.broker.contact_echo(tenant, &path, request.query_string()).await
    };
    answer(echo.await)
}

/// `POST /wecom/contacts/{path}`: something has changed.
pub(crate) async fn receive(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<String>,
    body: Bytes,
) -> HttpResponse {
    let taken = async {
        let tenant = tenant_of(&site, &request).await?;
        site.broker.contact_event(tenant, &path, request.query_string(), &body).await?;
        Ok("success".to_owned())
    };
    answer(taken.await)
}

/// A suspended tenant's people leave as well: its sessions come back with it.
async fn tenant_of(site: &Site, request: &HttpRequest) -> Result<TenantId, ContactError> {
    let host = host(request.head()).ok_or(ContactError::Unknown)?;
    let found = tenant::find_by_host(&site.broker.provider.store.database, &host).await?;
    found.map(|tenant| tenant.id).ok_or(ContactError::Unknown)
}

/// WeCom takes 200 and tries anything else twice more [D 90238].
fn answer(outcome: Result<String, ContactError>) -> HttpResponse {
    let (status, text) = match outcome {
        Ok(text) => (StatusCode::OK, text),
        Err(error) => {
            tracing::warn!(%error, "a call to an address for WeCom had no effect");
            let status = match &error {
                ContactError::Unknown => StatusCode::NOT_FOUND,
                ContactError::Refused(_) => StatusCode::FORBIDDEN,
                ContactError::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
            };
            (status, error.to_string())
        }
    };
    HttpResponse::build(status)
        .content_type("text/plain; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(text)
}
