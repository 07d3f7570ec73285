//! The page of somebody who is signed in.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use chrono::DateTime;
use serde_json::Value;

use super::render;
use crate::language::Language;
use crate::state::Session;
use crate::words::Words;

/// Claims in the order in which people look for them; others follow by name.
const ORDER: [&str; 13] = [
    "sub",
    "name",
    "picture",
    "email",
    "email_verified",
    "phone_number",
    "phone_number_verified",
    "iss",
    "aud",
    "iat",
    "exp",
    "auth_time",
    "updated_at",
];

/// Claims that are times, in seconds since 1970 (RFC 7519 §2, NumericDate).
const TIMES: [&str; 5] = ["iat", "exp", "nbf", "auth_time", "updated_at"];

#[derive(Template)]
#[template(path = "account.html")]
struct Account {
    tag: &'static str,
    words: &'static Words,
    name: String,
    initial: String,
    picture: Option<String>,
    tables: [Table; 2],
}

struct Table {
    title: &'static str,
    lead: &'static str,
    rows: Vec<Row>,
}

struct Row {
    claim: String,
    value: String,
    /// A time in words that people read.
    time: Option<String>,
}

pub(super) fn page(request: &HttpRequest, session: &Session) -> HttpResponse {
    let language = Language::of(request);
    let words = Words::of(language);
    let told = &session.told;
    let text = |claim: &str| {
        let found = [&told.user_info, &told.claims].into_iter().find_map(|all| all.get(claim));
        found.and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let name = text("name").or_else(|| text("sub")).unwrap_or_default();
    let page = Account {
        tag: language.tag(),
        words,
        initial: name.chars().take(1).flat_map(char::to_uppercase).collect(),
        name,
        picture: text("picture").filter(|url| url.starts_with("https://")),
        tables: [
            Table { title: words.id_token, lead: words.id_token_lead, rows: rows(&told.claims) },
            Table {
                title: words.user_info,
                lead: words.user_info_lead,
                rows: rows(&told.user_info),
            },
        ],
    };
    // Signing out is a form of ours that is answered with a redirect to the provider.
    let provider = session.end_session.as_ref().map(|url| url.url().origin().ascii_serialization());
    render(StatusCode::OK, &page, provider.as_deref())
}

fn rows(claims: &Value) -> Vec<Row> {
    let place = |claim: &str| ORDER.iter().position(|known| *known == claim).unwrap_or(ORDER.len());
    let mut all: Vec<_> = claims.as_object().into_iter().flatten().collect();
    all.sort_by_key(|(claim, _)| (place(claim), claim.as_str()));
    all.into_iter().map(|(claim, value)| row(claim, value)).collect()
}

fn row(claim: &str, value: &Value) -> Row {
    let seconds = if TIMES.contains(&claim) { value.as_i64() } else { None };
    let time = seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let shown = match value {
        Value::String(text) => text.clone(),
        Value::Array(values) if values.iter().all(Value::is_string) => {
            values.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    };
    let time = time.map(|time| time.format("%Y-%m-%d %H:%M:%S UTC").to_string());
    Row { claim: claim.to_owned(), value: shown, time }
}
