//! What is noted about every request: a span with its trace id, a line in the log, two metrics.

use std::time::Instant;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use tracing::Instrument as _;

use crate::telemetry;

/// Notes a request. The query is left out: it may hold codes and states. The public documents pass
/// by uncounted: they are asked for tens of thousands of times a second and tell nothing.
pub(crate) async fn observe<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    if request.path().starts_with("/oidc/.well-known/") {
        return next.call(request).await;
    }
    let began = Instant::now();
    let method = request.method().clone();
    let span = telemetry::request_span(&request);
    let response = next.call(request).instrument(span.clone()).await?;
    let route = response.request().match_pattern().unwrap_or_else(|| "unknown".to_owned());
    let status = response.status().as_u16();
    let elapsed = began.elapsed();
    let millis = elapsed.as_secs_f64() * 1000.0;
    span.record("status", status);
    span.in_scope(
        || tracing::info!(target: "hufu::access", %method, route, status, millis, "request"),
    );
    let class = match status {
        100..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    };
    metrics::counter!("hufu_http_requests_total", "route" => route.clone(), "status" => class)
        .increment(1);
    metrics::histogram!("hufu_http_request_seconds", "route" => route)
        .record(elapsed.as_secs_f64());
    Ok(response)
}
