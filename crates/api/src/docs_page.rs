//! The reference page: the API document, shown by Swagger UI from our own assets.

use std::sync::{Arc, LazyLock};

use actix_web::http::header::{CONTENT_ENCODING, CONTENT_SECURITY_POLICY, LOCATION};
use actix_web::web::{self, Path, ServiceConfig};
use actix_web::{HttpResponse, get};
use utoipa_swagger_ui::{Config, SwaggerFile, serve};

use crate::openapi;

/// Only our own assets, no frames, no forms. Swagger UI writes style attributes, so styles are the
/// one thing that may be inline; its icons are `data:` pictures.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

static CONFIG: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| {
    let config = Config::from("/api/v1/openapi.json")
        .validator_url("none")
        .persist_authorization(false)
        .doc_expansion("none")
        .display_request_duration(true);
    Arc::new(config)
});

/// The API document itself; needs no key.
#[get("/openapi.json")]
pub(crate) async fn document() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(openapi::served())
}

/// Puts the page's routes in.
pub(crate) fn register(config: &mut ServiceConfig) {
    config.route("/docs", web::get().to(to_page)).route("/docs/{file:.*}", web::get().to(file));
}

async fn to_page() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((LOCATION, "/docs/")).finish()
}

async fn file(path: Path<String>) -> HttpResponse {
    match serve(&path, Arc::clone(&CONFIG)) {
        Ok(Some(file)) => show(file),
        Ok(None) => HttpResponse::NotFound().content_type("text/plain").body("Not found"),
        Err(error) => {
            tracing::error!(%error, "the reference page could not be made");
            HttpResponse::InternalServerError().finish()
        }
    }
}

fn show(file: SwaggerFile<'_>) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header(("x-content-type-options", "nosniff"))
        .insert_header(("referrer-policy", "no-referrer"))
        .insert_header(("cross-origin-opener-policy", "same-origin"))
        .insert_header(("cache-control", "no-cache"))
        .content_type(file.content_type);
    if file.gzpipped {
        response.insert_header((CONTENT_ENCODING, "gzip"));
    }
    response.body(file.bytes.into_owned())
}
