//! The QR code: a choice made on another device.
//!
//! The page only draws a key. The picture's request puts the sign-in under that key, the other
//! device chooses, and the page, which asks every two seconds, goes on.

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;
use qrcode::{QrCode, render::svg};
use serde_json::json;

use super::{
    Page, PageError, People, render,
    web_login::Login,
    words::{NOT_CONFIRMED, SCAN_GONE, Words},
};
use crate::{random, request::Request, state::State};

/// A sign-in that waits for another device.
pub(crate) struct Scan {
    login: Login,
    outcome: Option<Outcome>,
}

#[derive(Clone)]
enum Outcome {
    Code(String),
    Denied,
}

#[derive(Template)]
#[template(path = "scan.html")]
struct ScanPage<'a> {
    words: &'static Words,
    corp: &'a str,
    app: &'a str,
    key: &'a str,
    people: People<'a>,
}

#[derive(Template)]
#[template(path = "done.html")]
struct DonePage {
    words: &'static Words,
}

/// `GET /wwlogin/sso/qr.svg`: the page's parameters and `key`.
pub(super) fn qr(state: &State, request: &Request) -> Page {
    let login = Login::read(&state.world(), state, request)?;
    let text = key(request)?;
    let bytes = random::key(text).ok_or(PageError(40_035))?;
    state.scans.put(state.now(), bytes, Scan { login, outcome: None });
    let url = format!("{}/wwlogin/sso/scan?key={text}", state.base);
    let code = QrCode::new(url).map_err(|_| PageError(40_035))?;
    let picture = code
        .render::<svg::Color<'_>>()
        .min_dimensions(220, 220)
        .dark_color(svg::Color("#10233f"))
        .light_color(svg::Color("#ffffff"))
        .build();
    Ok(super::svg(picture))
}

/// `GET /wwlogin/sso/scan`: what the other device opens.
pub(super) fn scan(state: &State, request: &Request) -> Page {
    let key = key(request)?;
    let login = waiting(state, key)?;
    let world = state.world();
    let company = world.corp(&login.corp).ok_or(PageError(-31_027))?;
    let app = company.app(login.agentid).ok_or(PageError(-31_028))?;
    let page = ScanPage {
        words: Words::of(request),
        corp: &company.profile.name,
        app: &app.name,
        key,
        people: People::of(company, Some(app.agentid)),
    };
    Ok(render(StatusCode::OK, &page))
}

/// `GET /wwlogin/sso/scan/choose`: `key`, and the choice.
pub(super) fn choose(state: &State, request: &Request) -> Page {
    let key = key(request)?;
    let login = waiting(state, key)?;
    let outcome = if request.value("deny")?.is_some() {
        Outcome::Denied
    } else {
        let world = state.world();
        let company = world.corp(&login.corp).ok_or(PageError(-31_027))?;
        Outcome::Code(login.code(state, company, request)?)
    };
    state.scans.with(key, |item| {
        let scan = &mut item.ok_or(PageError(SCAN_GONE))?.value;
        scan.outcome.get_or_insert(outcome);
        Ok::<_, PageError>(())
    })?;
    Ok(render(StatusCode::OK, &DonePage { words: Words::of(request) }))
}

/// `GET /wwlogin/sso/scan/result`: `{"status": "waiting" | "done" | "gone"}`.
pub(super) fn result(state: &State, request: &Request) -> Page {
    let status =
        state.scans.with(key(request)?, |item| match item.map(|item| &item.value.outcome) {
            Some(Some(_)) => "done",
            Some(None) => "waiting",
            None => "gone",
        });
    Ok(HttpResponse::Ok().json(json!({ "status": status })))
}

/// `GET /wwlogin/sso/scan/continue`: brings the choice to the app.
pub(super) fn proceed(state: &State, request: &Request) -> Page {
    let (login, outcome) = state.scans.with(key(request)?, |item| {
        let scan = &item.ok_or(PageError(SCAN_GONE))?.value;
        let outcome = scan.outcome.clone().ok_or(PageError(NOT_CONFIRMED))?;
        Ok::<_, PageError>((scan.login.clone(), outcome))
    })?;
    match outcome {
        Outcome::Code(code) => login.deliver(request, Some(&code)),
        Outcome::Denied => login.deliver(request, None),
    }
}

fn key(request: &Request) -> Result<&str, PageError> {
    request.value("key")?.ok_or(PageError(SCAN_GONE))
}

fn waiting(state: &State, key: &str) -> Result<Login, PageError> {
    state.scans.with(key, |item| {
        let scan = item.map(|item| &item.value).filter(|scan| scan.outcome.is_none());
        scan.map(|scan| scan.login.clone()).ok_or(PageError(SCAN_GONE))
    })
}
