//! What every answer passes through: it gets its headers, and a problem its trace code.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CACHE_CONTROL, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage as _, HttpRequest};

use crate::problem::{METHOD_NOT_ALLOWED, Problem, Result};
use crate::{Console, openapi};

/// The trace code of a request.
#[derive(Debug, Clone)]
pub(crate) struct Trace(String);

impl Trace {
    /// The trace code of this request.
    pub(crate) fn of(request: &HttpRequest) -> Option<String> {
        request.extensions().get::<Self>().map(|trace| trace.0.clone())
    }
}

/// Gives the request a trace code, and the answer what every answer has.
pub(crate) async fn every_answer<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let console = request.app_data::<Data<Console>>();
    let trace = console.and_then(|console| broker::trace(&console.store).ok()).unwrap_or_default();
    request.extensions_mut().insert(Trace(trace.clone()));
    let mut response = next.call(request).await?.map_into_boxed_body();
    let problem = response.response().error().and_then(Error::as_error::<Problem>);
    if let Some(rendered) = problem.map(|problem| {
        problem.log(&trace);
        problem.render(&trace)
    }) {
        response = response.into_response(rendered);
    }
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}

/// Answers what no route took: 405 where the API document knows the path, 404 elsewhere.
pub(crate) async fn unrouted(request: HttpRequest) -> Result<&'static str> {
    let allowed = openapi::methods_at(request.path());
    if allowed.is_empty() {
        return Err(Problem::not_found());
    }
    let allowed = allowed.join(", ");
    let text = format!("This resource takes {allowed}.");
    Err(Problem::new(METHOD_NOT_ALLOWED, text).with_header("Allow", allowed))
}
