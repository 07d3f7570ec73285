//! The pages that people see, as plain HTML forms.

mod authorize;
mod client;
mod scan;
mod web_login;
mod words;

use std::future::ready;

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
    web::{self, Data, ServiceConfig},
};
use askama::Template;

pub(crate) use self::scan::Scan;
use self::words::Words;
use crate::{
    api::with_code,
    directory::Company,
    request::{Repeated, Request},
    state::{State, Visitor},
    world::{LinkedVisitor, Member, NonMember},
};

/// Members shown as buttons; more are reached by typing a userid.
const BUTTONS: usize = 100;

/// Parameters that a choice adds to the page's own.
const CHOICE: [&str; 6] = ["userid", "openid", "linked", "deny", "allow", "field"];

/// An error page: the code it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct PageError(i64);

impl From<Repeated> for PageError {
    fn from(Repeated: Repeated) -> Self {
        Self(40_035)
    }
}

/// Shown for members whose picture may not be seen.
const DEFAULT_AVATAR: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" rx="12" fill="#c5d0de"/><circle cx="32" cy="25" r="11" fill="#fff"/><path d="M11 58c2-14 10-20 21-20s19 6 21 20z" fill="#fff"/></svg>"##;

type Page = Result<HttpResponse, PageError>;
type Handler = fn(&State, &Request) -> Page;

/// The pages' table. Choices are GET forms: the redirect that follows is then a plain top-level
/// GET, as after the script of the real page.
pub(crate) fn routes(config: &mut ServiceConfig) {
    let mut page = |path: &str, handler: Handler| {
        let run =
            move |state: Data<State>, http| ready(run(&state, &Request::new(http, None), handler));
        config.service(web::resource(path).route(web::get().to(run)));
    };
    page("/wwlogin/sso/login", web_login::login);
    page("/wwlogin/sso/choose", web_login::choose);
    page("/wwlogin/sso/qr.svg", scan::qr);
    page("/wwlogin/sso/scan", scan::scan);
    page("/wwlogin/sso/scan/choose", scan::choose);
    page("/wwlogin/sso/scan/result", scan::result);
    page("/wwlogin/sso/scan/continue", scan::proceed);
    page("/connect/oauth2/authorize", authorize::authorize);
    page("/connect/oauth2/consent", authorize::consent);
    page("/client", |state, request| Ok(client::client(state, request)));
    page("/client/pick", client::pick);
    page("/client/leave", |_, _| Ok(client::leave()));
    page("/avatar/default.svg", |_, _| Ok(svg(DEFAULT_AVATAR.to_owned())));
    page("/", |_, _| Ok(redirect("/client")));
}

fn run(state: &State, request: &Request, handler: Handler) -> HttpResponse {
    handler(state, request).unwrap_or_else(|PageError(code)| {
        let page = ErrorPage { words: Words::of(request), code, text: words::error(request, code) };
        with_code(render(StatusCode::BAD_REQUEST, &page), code)
    })
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    words: &'static Words,
    code: i64,
    text: &'static str,
}

/// Who can be chosen on a page.
struct People<'a> {
    members: Vec<Choosable<'a>>,
    more: bool,
    non_members: &'a [NonMember],
    linked: &'a [LinkedVisitor],
}

/// A member as a button.
struct Choosable<'a> {
    member: &'a Member,
    initial: String,
    outside: bool,
}

impl<'a> People<'a> {
    /// Everybody of the corp; `agentid` marks who is outside its visible range.
    fn of(company: &'a Company, agentid: Option<i64>) -> Self {
        let choosable = |member: &'a Member| Choosable {
            member,
            initial: member.name.chars().next().map(String::from).unwrap_or_default(),
            outside: agentid.is_some_and(|agentid| !company.in_range(agentid, member)),
        };
        let mut members = company.members();
        Self {
            members: members.by_ref().take(BUTTONS).map(choosable).collect(),
            more: members.next().is_some(),
            non_members: &company.profile.non_members,
            linked: &company.profile.linked_visitors,
        }
    }
}

/// The visitor chosen by `userid`, `openid` or `linked`. Status 4 and 5 have no client to be
/// signed in in.
fn chosen(company: &Company, request: &Request) -> Result<Visitor, PageError> {
    if let Some(userid) = request.value("userid")? {
        return member(company, userid).ok_or(PageError(60_111));
    }
    if let Some(openid) = request.value("openid")? {
        return non_member(company, openid).ok_or(PageError(60_111));
    }
    let linked = request.value("linked")?.ok_or(PageError(40_035))?;
    linked_visitor(company, linked).ok_or(PageError(60_111))
}

fn member(company: &Company, userid: &str) -> Option<Visitor> {
    let member = company.member(userid).filter(|member| !matches!(member.status, 4 | 5))?;
    Some(Visitor::Member(member.userid.clone()))
}

fn non_member(company: &Company, openid: &str) -> Option<Visitor> {
    let found = company.profile.non_members.iter().find(|visitor| visitor.openid == openid)?;
    let NonMember { openid, external_userid } = found.clone();
    Some(Visitor::NonMember { openid, external_userid })
}

fn linked_visitor(company: &Company, full_userid: &str) -> Option<Visitor> {
    let mut visitors = company.profile.linked_visitors.iter().map(LinkedVisitor::full_userid);
    visitors.find(|visitor| visitor == full_userid).map(Visitor::Linked)
}

/// The page's parameters without a choice, for hidden fields.
fn hidden(request: &Request) -> Vec<&(String, String)> {
    request.params().iter().filter(|(name, _)| !CHOICE.contains(&name.as_str())).collect()
}

fn redirect(location: &str) -> HttpResponse {
    HttpResponse::Found().insert_header((header::LOCATION, location)).finish()
}

fn render(status: StatusCode, page: &impl Template) -> HttpResponse {
    match page.render() {
        Ok(html) => HttpResponse::build(status).content_type("text/html; charset=utf-8").body(html),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            HttpResponse::InternalServerError().finish()
        }
    }
}

fn svg(picture: String) -> HttpResponse {
    HttpResponse::Ok().content_type("image/svg+xml").body(picture)
}
