//! The pages and what all of them share.

mod account;
mod message;
mod popup;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentType};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use askama::Template;
use serde_json::json;

pub(crate) use self::message::{not_found, or_message, signed_out};
use crate::cookie;
use crate::error::Error;
use crate::language::Language;
use crate::params::{Params, link};
use crate::state::State;
use crate::words::Words;

const STYLE: &str = include_str!("../assets/style.css");
const SCRIPT: &str = include_str!("../assets/popup.js");
const ICON: &str = include_str!("../assets/icon.svg");

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/", web::get().to(home))
        .route("/claims.json", web::get().to(claims))
        .route("/popup", web::get().to(popup::page))
        .route("/popup.js", web::get().to(|| async { asset("text/javascript", SCRIPT) }))
        .route("/style.css", web::get().to(|| async { asset("text/css; charset=utf-8", STYLE) }))
        .route("/icon.svg", web::get().to(|| async { asset("image/svg+xml", ICON) }))
        // Browsers ask for it where no page names another, as beside `/claims.json`.
        .route("/favicon.ico", web::get().to(|| async { asset("image/svg+xml", ICON) }));
}

#[derive(Template)]
#[template(path = "welcome.html")]
struct Welcome {
    tag: &'static str,
    words: &'static Words,
    /// True if the links ask for a new sign-in.
    again: bool,
    sign_in: String,
    /// Address and label of each connection.
    connections: Vec<(String, String)>,
    /// Whether there is a page that signs in by a popup.
    popup: bool,
}

async fn home(state: Data<State>, request: HttpRequest) -> HttpResponse {
    let session = cookie::read(&request, cookie::SESSION).and_then(|key| state.sessions.get(&key));
    match session {
        Some(session) => account::page(&request, &session),
        None => or_message(&request, welcome(&state, &request)),
    }
}

fn welcome(state: &State, request: &HttpRequest) -> Result<HttpResponse, Error> {
    let params = Params::parse(request.query_string().as_bytes());
    let again = params.one("prompt")? == Some("login");
    let prompt: &[_] = if again { &[("prompt", "login")] } else { &[] };
    let connections = state.connections.iter().map(|(identifier, label)| {
        let all = [&[("connection", identifier.as_str())], prompt].concat();
        (link("/login", &all), label.clone())
    });
    let language = Language::of(request);
    let page = Welcome {
        tag: language.tag(),
        words: Words::of(language),
        again,
        sign_in: link("/login", prompt),
        connections: connections.collect(),
        popup: state.popup_client_id.is_some(),
    };
    Ok(render(StatusCode::OK, &page, None))
}

/// The signed-in browser's claims: `{"id_token": {…}, "userinfo": {…}}`, or 401.
async fn claims(state: Data<State>, request: HttpRequest) -> HttpResponse {
    let session = cookie::read(&request, cookie::SESSION).and_then(|key| state.sessions.get(&key));
    let (status, body) = match session {
        Some(session) => {
            let told = &session.told;
            (StatusCode::OK, json!({ "id_token": told.claims, "userinfo": told.user_info }))
        }
        None => (StatusCode::UNAUTHORIZED, json!({ "error": "signed_out" })),
    };
    HttpResponse::build(status)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .json(body)
}

/// A page. `form_target` is an origin to which a form's redirect leads, besides ours.
fn render(status: StatusCode, page: &impl Template, form_target: Option<&str>) -> HttpResponse {
    let html = match page.render() {
        Ok(html) => html,
        Err(error) => {
            tracing::error!(%error, "a page cannot be rendered");
            return HttpResponse::InternalServerError().finish();
        }
    };
    let policy = format!(
        "default-src 'none'; style-src 'self'; img-src 'self' https:; form-action 'self'{}{}; \
         base-uri 'none'; frame-ancestors 'none'",
        if form_target.is_some() { " " } else { "" },
        form_target.unwrap_or_default(),
    );
    HttpResponse::build(status)
        .content_type(ContentType::html())
        .insert_header((header::CONTENT_SECURITY_POLICY, policy))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // Pages differ by it, and the address of /callback holds a code.
        .insert_header((header::VARY, "Accept-Language"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(html)
}

/// A redirect that is followed with GET.
pub(crate) fn redirect(to: &str) -> HttpResponseBuilder {
    let mut answer = HttpResponse::SeeOther();
    answer
        .insert_header((header::LOCATION, to))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"));
    answer
}

fn asset(kind: &'static str, text: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, kind))
        .insert_header((header::CACHE_CONTROL, "public, max-age=600"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(text)
}
