//! Pages that say one thing.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::render;
use crate::error::Error;
use crate::language::Language;
use crate::words::{Say, Words};

/// Characters of a provider's text that are shown.
const LONGEST: usize = 300;

#[derive(Template)]
#[template(path = "message.html")]
struct Message {
    tag: &'static str,
    words: &'static Words,
    say: &'static Say,
    /// True for errors: a new sign-in is offered.
    failed: bool,
    /// The provider's own `error` and `error_description`.
    answer: Option<(String, String)>,
}

/// What was made, or the page that says why not.
pub(crate) fn or_message(request: &HttpRequest, made: Result<HttpResponse, Error>) -> HttpResponse {
    made.unwrap_or_else(|error| failure(request, error))
}

fn failure(request: &HttpRequest, error: Error) -> HttpResponse {
    tracing::info!(error = error.describe(), "a sign-in failed");
    let language = Language::of(request);
    let words = Words::of(language);
    let (status, say) = match &error {
        // The provider's answer is what this page is there to show.
        Error::Refused { code, .. } if code == "access_denied" => (StatusCode::OK, &words.denied),
        Error::Refused { .. } => (StatusCode::OK, &words.refused),
        Error::NoBrowser => (StatusCode::BAD_REQUEST, &words.no_browser),
        Error::State => (StatusCode::BAD_REQUEST, &words.state),
        Error::Issuer => (StatusCode::BAD_REQUEST, &words.issuer),
        Error::Malformed => (StatusCode::BAD_REQUEST, &words.malformed),
        Error::Discovery(_) | Error::Exchange(_) => (StatusCode::BAD_GATEWAY, &words.unreachable),
        _ => (StatusCode::BAD_GATEWAY, &words.invalid),
    };
    let answer = match error {
        Error::Refused { code, description } => {
            Some((short(&code), short(&description.unwrap_or_default())))
        }
        _ => None,
    };
    render(status, &Message { tag: language.tag(), words, say, failed: true, answer }, None)
}

fn short(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

fn plain(
    request: &HttpRequest,
    status: StatusCode,
    say: fn(&'static Words) -> &'static Say,
) -> HttpResponse {
    let language = Language::of(request);
    let words = Words::of(language);
    let page = Message { tag: language.tag(), words, say: say(words), failed: false, answer: None };
    render(status, &page, None)
}

/// Signed out: here, or at the provider too.
pub(crate) fn signed_out(request: &HttpRequest, everywhere: bool) -> HttpResponse {
    let say: fn(&'static Words) -> &'static Say =
        if everywhere { |words| &words.signed_out } else { |words| &words.signed_out_here };
    plain(request, StatusCode::OK, say)
}

/// No such page.
pub(crate) async fn not_found(request: HttpRequest) -> HttpResponse {
    plain(&request, StatusCode::NOT_FOUND, |words| &words.not_found)
}
