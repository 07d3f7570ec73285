//! Who is signed in in "this phone's" WeCom client: the cookie `sim_member`, else the corp's
//! `client_member`.
//!
//! The cookie's value is `{corp}/{userid}`, `{corp}/openid:{openid}` or
//! `{corp}/linked:{CorpId}/{userid}`, percent-encoded or not.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
};
use askama::Template;

use super::{
    Page, PageError, People, chosen, linked_visitor, member, non_member, redirect, render,
    words::Words,
};
use crate::{
    directory::Company,
    domain::encode,
    request::Request,
    state::{State, Visitor},
};

const COOKIE: &str = "sim_member";

/// Where a pick leads.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Pick {
    /// Back to `/client`.
    Client,
    /// On with the authorise request.
    Authorize,
}

#[derive(Template)]
#[template(path = "client.html")]
struct ClientPage<'a> {
    words: &'static Words,
    signed_in: Option<String>,
    next: Option<String>,
    corps: Vec<Group<'a>>,
}

struct Group<'a> {
    id: &'a str,
    name: &'a str,
    people: People<'a>,
}

/// The visitor whom the client of this request belongs to.
pub(super) fn signed_in(company: &Company, request: &Request) -> Option<Visitor> {
    let cookie = request.cookie(COOKIE);
    let picked = cookie.as_deref().and_then(|value| value.split_once('/'));
    let visitor = match picked {
        Some((corp, visitor)) if corp == company.profile.corp_id => visitor,
        _ => company.profile.client_member.as_deref()?,
    };
    if let Some(openid) = visitor.strip_prefix("openid:") {
        return non_member(company, openid);
    }
    match visitor.strip_prefix("linked:") {
        Some(linked) => linked_visitor(company, linked),
        None => member(company, visitor),
    }
}

/// The page to pick on.
pub(super) fn picker(companies: &[&Company], request: &Request, pick: Pick) -> HttpResponse {
    let corps = companies
        .iter()
        .map(|company| Group {
            id: &company.profile.corp_id,
            name: &company.profile.name,
            people: People::of(company, None),
        })
        .collect();
    let next = (pick == Pick::Authorize)
        .then(|| format!("{}?{}", request.http.path(), request.http.query_string()));
    let page =
        ClientPage { words: Words::of(request), signed_in: request.cookie(COOKIE), next, corps };
    render(StatusCode::OK, &page)
}

/// `GET /client`.
pub(super) fn client(state: &State, request: &Request) -> HttpResponse {
    let world = state.world();
    let companies: Vec<_> = world.corps().collect();
    picker(&companies, request, Pick::Client)
}

/// `GET /client/pick`: `corp`, the choice, and `next`, an authorise request of ours.
pub(super) fn pick(state: &State, request: &Request) -> Page {
    let world = state.world();
    let company = request.value("corp")?.and_then(|corp| world.corp(corp));
    let company = company.ok_or(PageError(40_013))?;
    let visitor = match chosen(company, request)? {
        Visitor::Member(userid) => userid,
        Visitor::NonMember { openid, .. } => format!("openid:{openid}"),
        Visitor::Linked(userid) => format!("linked:{userid}"),
    };
    let next = request.value("next")?.unwrap_or("/client");
    let ours = next == "/client" || next.starts_with("/connect/oauth2/authorize?");
    if !ours || !next.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(PageError(40_035));
    }
    let value = encode(&format!("{}/{visitor}", company.profile.corp_id));
    Ok(with_cookie(redirect(next), &value, 86_400))
}

/// `GET /client/leave`.
pub(super) fn leave() -> HttpResponse {
    with_cookie(redirect("/client"), "", 0)
}

fn with_cookie(mut response: HttpResponse, value: &str, max_age: u32) -> HttpResponse {
    let cookie = format!("{COOKIE}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax");
    if let Ok(cookie) = header::HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}
