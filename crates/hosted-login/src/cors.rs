//! Which scripts of other origins may call us (Fetch, "CORS protocol"): those of origins that an app
//! of the tenant registered, at the endpoints that programs call, and never with cookies (attack I6).

use actix_web::HttpResponse;
use actix_web::guard::GuardContext;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use store::app;

use crate::answer;
use crate::context::Context;
use crate::failure::Failure;

/// How long a browser may remember a preflight's answer, in seconds.
const REMEMBERED: &str = "600";

/// Whether a request is a browser asking beforehand.
pub(crate) fn is_preflight(guard: &GuardContext<'_>) -> bool {
    let head = guard.head();
    head.method == Method::OPTIONS
        && head.headers().contains_key(header::ORIGIN)
        && head.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// Answers a browser that asks beforehand.
pub(crate) async fn preflight(context: Context) -> HttpResponse {
    let mut response = answer::nothing();
    if allow(&context, &mut response).await {
        let headers = response.headers_mut();
        for (name, value) in [
            (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, dpop"),
            (header::ACCESS_CONTROL_MAX_AGE, REMEMBERED),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    response
}

/// Lets a script read an answer, if its origin is one of the tenant's apps'. Whether it may.
pub(crate) async fn allow(context: &Context, response: &mut HttpResponse) -> bool {
    let Some(origin) = context.header(header::ORIGIN) else { return false };
    vary(response.headers_mut());
    // What can't be looked up is not allowed.
    if !is_registered(context, origin).await.unwrap_or(false) {
        return false;
    }
    let Ok(value) = HeaderValue::from_str(origin) else { return false };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, value);
    let exposed = HeaderValue::from_static("dpop-nonce, www-authenticate");
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    true
}

async fn is_registered(context: &Context, origin: &str) -> Result<bool, Failure> {
    let store = &context.site.broker.provider.store;
    Ok(app::has_web_origin(&mut store.tenant(context.tenant.id), origin).await?)
}

fn vary(headers: &mut HeaderMap) {
    headers.append(HeaderName::from_static("vary"), HeaderValue::from_static("origin"));
}
