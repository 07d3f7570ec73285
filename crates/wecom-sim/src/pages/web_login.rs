//! Web login: the page, and the choice made on it [D 98152].

use actix_web::{
    HttpResponse,
    http::{StatusCode, header::HeaderName},
};
use askama::Template;

use super::{
    Page, PageError, People, chosen, hidden, redirect, render,
    words::{CANCELLED, Words},
};
use crate::{
    directory::{Company, Directory},
    domain::{RedirectUri, domain_of_header, is_registered},
    random,
    request::Request,
    state::{Grant, State, Visitor},
    world::App,
};

/// How the outcome reaches the app: `redirect_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Delivery {
    /// The top window goes to the redirect URI.
    Top,
    /// This window or frame goes there.
    Own,
    /// Nobody goes anywhere: the embedding page gets a message.
    Callback,
}

/// A request for Web login that passed every check.
#[derive(Debug, Clone)]
pub(super) struct Login {
    pub(super) corp: String,
    pub(super) agentid: i64,
    redirect: RedirectUri,
    state: Option<String>,
    delivery: Delivery,
    framed: bool,
    size: &'static str,
}

#[derive(Template)]
#[template(path = "web_login.html")]
struct LoginPage<'a> {
    words: &'static Words,
    corp: &'a str,
    app: &'a str,
    layout: &'static str,
    top: bool,
    hidden: Vec<&'a (String, String)>,
    people: People<'a>,
    key: String,
    query: &'a str,
}

#[derive(Template)]
#[template(path = "callback.html")]
struct CallbackPage<'a> {
    words: &'static Words,
    origin: String,
    code: &'a str,
}

/// `GET /wwlogin/sso/login`.
pub(super) fn login(state: &State, request: &Request) -> Page {
    let world = state.world();
    let login = Login::read(&world, state, request)?;
    let company = world.corp(&login.corp).ok_or(PageError(-31_027))?;
    let app = company.app(login.agentid).ok_or(PageError(-31_028))?;
    let page = LoginPage {
        words: Words::of(request),
        corp: &company.profile.name,
        app: &app.name,
        layout: if login.framed { login.size } else { "whole" },
        top: login.delivery == Delivery::Top,
        hidden: hidden(request),
        people: People::of(company, Some(app.agentid)),
        key: random::text(&random::bytes::<{ random::KEY_BYTES }>()),
        query: request.http.query_string(),
    };
    Ok(render(StatusCode::OK, &page))
}

/// `GET /wwlogin/sso/choose`: the page's parameters again, and `userid`, `openid`, `linked` or
/// `deny`.
pub(super) fn choose(state: &State, request: &Request) -> Page {
    let world = state.world();
    let login = Login::read(&world, state, request)?;
    let company = world.corp(&login.corp).ok_or(PageError(-31_027))?;
    if request.value("deny")?.is_some() {
        return login.deliver(request, None);
    }
    let code = login.code(state, company, request)?;
    login.deliver(request, Some(&code))
}

impl Login {
    /// The checks in order.
    pub(super) fn read(
        world: &Directory,
        state: &State,
        request: &Request,
    ) -> Result<Self, PageError> {
        login_type(request)?;
        let company = appid(world, request)?;
        let app = agentid(company, request)?;
        let redirect = redirect_uri(app, request)?;
        let delivery = match request.value("redirect_type")? {
            None | Some("top") => Delivery::Top,
            Some("self") => Delivery::Own,
            Some("callback") => Delivery::Callback,
            Some(_) => return Err(PageError(40_035)),
        };
        let size = match request.value("panel_size")? {
            None | Some("middle") => "middle",
            Some("small") => "small",
            Some(_) => return Err(PageError(40_035)),
        };
        lang(request)?;
        let framed = is_framed(request);
        if framed {
            origin(state, app, request)?;
        }
        let corp = company.profile.corp_id.clone();
        // No rule for the charset stands on this page, unlike the in-client one.
        let state = request.sent("state")?.map(str::to_owned);
        Ok(Self { corp, agentid: app.agentid, redirect, state, delivery, framed, size })
    }

    /// A code for who was chosen; a member outside the visible range has no permission.
    pub(super) fn code(
        &self,
        state: &State,
        company: &Company,
        request: &Request,
    ) -> Result<String, PageError> {
        let visitor = chosen(company, request)?;
        if let Visitor::Member(userid) = &visitor {
            let member = company.member(userid).ok_or(PageError(60_111))?;
            if !company.in_range(self.agentid, member) {
                return Err(PageError(92_000));
            }
        }
        Ok(state.mint_code(Grant {
            corp: self.corp.clone(),
            agentid: Some(self.agentid),
            domain: self.redirect.domain().to_owned(),
            web: true,
            visitor,
            consent: None,
        }))
    }

    /// Brings the outcome to the app. A refusal has the state only, as on the older page [D 91019].
    pub(super) fn deliver(&self, request: &Request, code: Option<&str>) -> Page {
        match (self.delivery, code) {
            (Delivery::Top | Delivery::Own, code) => {
                Ok(redirect(&self.redirect.answer(code, self.state.as_deref())))
            }
            (Delivery::Callback, Some(code)) => Ok(self.callback(request, code)),
            (Delivery::Callback, None) => Err(PageError(CANCELLED)),
        }
    }

    /// `{"type": "onLoginSuccess", "code": …}` to the embedding page: `code` only, no state. The
    /// real message's form is not documented.
    fn callback(&self, request: &Request, code: &str) -> HttpResponse {
        let words = Words::of(request);
        render(StatusCode::OK, &CallbackPage { words, origin: self.redirect.origin(), code })
    }
}

fn login_type(request: &Request) -> Result<(), PageError> {
    match request.value("login_type")? {
        Some("CorpApp") => Ok(()),
        // No corp of the simulator is a provider, so its apps are no login-authorisation apps.
        Some("ServiceApp") => Err(PageError(-31_037)),
        _ => Err(PageError(-31_040)),
    }
}

fn appid<'a>(world: &'a Directory, request: &Request) -> Result<&'a Company, PageError> {
    request.value("appid")?.and_then(|appid| world.corp(appid)).ok_or(PageError(-31_027))
}

fn agentid<'a>(company: &'a Company, request: &Request) -> Result<&'a App, PageError> {
    let agentid = request.value("agentid")?.and_then(|agentid| agentid.parse().ok());
    let app = agentid.and_then(|agentid| company.app(agentid)).ok_or(PageError(-31_028))?;
    if app.closed { Err(PageError(50_003)) } else { Ok(app) }
}

/// Either registered domain will do; the code names the one that is configured.
fn redirect_uri(app: &App, request: &Request) -> Result<RedirectUri, PageError> {
    let text = request.value("redirect_uri")?.ok_or(PageError(-31_035))?;
    let callback = app.web_login_callback_domain.as_deref();
    let trusted = app.trusted_domain.as_deref();
    let mismatch = match (callback, trusted) {
        (None, Some(_)) => PageError(-31_039),
        _ => PageError(-31_020),
    };
    RedirectUri::parse(text)
        .filter(|uri| is_registered(callback, uri.domain()) || is_registered(trusted, uri.domain()))
        .ok_or(mismatch)
}

fn lang(request: &Request) -> Result<(), PageError> {
    match request.value("lang")? {
        None | Some("zh" | "en") => Ok(()),
        Some(_) => Err(PageError(40_035)),
    }
}

/// Is this loaded in a frame? Browsers say so on trustworthy origins; the panel SDK adds `version`.
fn is_framed(request: &Request) -> bool {
    match request.header(HeaderName::from_static("sec-fetch-dest")) {
        "" => request.all("version").next().is_some(),
        to => matches!(to, "iframe" | "frame"),
    }
}

/// The embedding page must be of a registered domain; nothing is checked if no header tells.
fn origin(state: &State, app: &App, request: &Request) -> Result<(), PageError> {
    let own = domain_of_header(&state.base);
    for name in ["referer", "origin"] {
        let Some(domain) = domain_of_header(request.header(HeaderName::from_static(name))) else {
            continue;
        };
        let known = own.as_ref() == Some(&domain)
            || is_registered(app.web_login_callback_domain.as_deref(), &domain)
            || is_registered(app.trusted_domain.as_deref(), &domain);
        if !known {
            return Err(PageError(-31_033));
        }
    }
    Ok(())
}
