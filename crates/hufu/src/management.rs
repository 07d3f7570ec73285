//! The management listener: health, readiness, metrics, and the TLS proxy's question. Not for the
//! public: it tells how much is going on.

use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::http::header;
use actix_web::{App, HttpResponse, HttpServer, web};
use anyhow::{Context as _, Result};
use serde::Deserialize;
use store::Store;
use store::tenant::{self, TenantStatus};

use crate::telemetry;

struct Management {
    store: Store,
    console_host: String,
}

/// How long readiness waits for the stores.
const PATIENCE: Duration = Duration::from_secs(2);

pub(crate) fn serve(listener: TcpListener, store: Store, console_host: String) -> Result<Server> {
    let shared = web::Data::new(Management { store, console_host });
    let server = HttpServer::new(move || {
        App::new()
            .app_data(shared.clone())
            .route("/healthz", web::get().to(healthy))
            .route("/readyz", web::get().to(ready))
            .route("/metrics", web::get().to(metrics))
            .route("/tls/ask", web::get().to(may_have_certificate))
    });
    let server = server.workers(1).disable_signals().listen(listener);
    Ok(server.context("the management listener cannot be used")?.run())
}

/// The process runs and answers.
async fn healthy() -> HttpResponse {
    HttpResponse::Ok().body("ok\n")
}

/// Its stores answer too: requests may come.
async fn ready(shared: web::Data<Management>) -> HttpResponse {
    match tokio::time::timeout(PATIENCE, shared.store.ping()).await {
        Ok(Ok(())) => HttpResponse::Ok().body("ready\n"),
        _ => HttpResponse::ServiceUnavailable()
            .insert_header((header::RETRY_AFTER, "1"))
            .body("a store does not answer\n"),
    }
}

async fn metrics() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(telemetry::metrics().render())
}

#[derive(Deserialize)]
struct Ask {
    domain: String,
}

/// Whether the TLS proxy may ask for a certificate for a host (Caddy's `on_demand_tls.ask`): only
/// for hosts that are ours, or anybody could make it ask for any.
async fn may_have_certificate(shared: web::Data<Management>, ask: web::Query<Ask>) -> HttpResponse {
    let domain = ask.domain.to_ascii_lowercase();
    if domain == shared.console_host {
        return HttpResponse::Ok().finish();
    }
    match tenant::find_by_host(&shared.store.database, &domain).await {
        Ok(Some(tenant)) if tenant.status == TenantStatus::Active => HttpResponse::Ok().finish(),
        Ok(_) => HttpResponse::NotFound().finish(),
        Err(_) => HttpResponse::ServiceUnavailable().finish(),
    }
}
