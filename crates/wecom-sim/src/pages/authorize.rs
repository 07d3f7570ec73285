//! In-client OAuth: `snsapi_base` silently, `snsapi_privateinfo` with consent [D 91022].

use actix_web::http::{StatusCode, header};
use askama::Template;

use super::{
    Page, PageError,
    client::{self, Pick},
    hidden, redirect, render,
    words::{NOT_IN_CLIENT, Words},
};
use crate::{
    directory::{Company, Directory},
    domain::{RedirectUri, is_registered},
    request::Request,
    state::{Grant, State, Visitor},
    world::SensitiveField,
};

/// A request that passed every check.
struct Authorize {
    corp: String,
    agentid: Option<i64>,
    redirect: RedirectUri,
    state: Option<String>,
    private_info: bool,
}

#[derive(Template)]
#[template(path = "consent.html")]
struct ConsentPage<'a> {
    words: &'static Words,
    app: &'a str,
    userid: &'a str,
    hidden: Vec<&'a (String, String)>,
    fields: Vec<(&'static str, &'static str)>,
}

/// `GET /connect/oauth2/authorize`.
pub(super) fn authorize(state: &State, request: &Request) -> Page {
    in_client(request)?;
    let world = state.world();
    let ask = Authorize::read(&world, request)?;
    let company = world.corp(&ask.corp).ok_or(PageError(40_013))?;
    let Some(visitor) = client::signed_in(company, request) else {
        return Ok(client::picker(&[company], request, Pick::Authorize));
    };
    let Some((userid, agentid)) = ask.asks_consent(company, &visitor)? else {
        return Ok(ask.grant(state, visitor, None));
    };
    if let Some(fields) = state.consent(&ask.corp, agentid, &userid) {
        return Ok(ask.grant(state, visitor, Some(fields)));
    }
    let app = company.app(agentid).ok_or(PageError(40_056))?;
    let words = Words::of(request);
    let fields = app.sensitive_fields.iter().map(|f| (f.key(), words.field(*f))).collect();
    let page =
        ConsentPage { words, app: &app.name, userid: &userid, hidden: hidden(request), fields };
    Ok(render(StatusCode::OK, &page))
}

/// `GET /connect/oauth2/consent`: the page's parameters again, and `deny`, or `allow` with a
/// `field` for each that stayed ticked.
pub(super) fn consent(state: &State, request: &Request) -> Page {
    in_client(request)?;
    let world = state.world();
    let ask = Authorize::read(&world, request)?;
    let company = world.corp(&ask.corp).ok_or(PageError(40_013))?;
    if request.value("deny")?.is_some() {
        return Ok(redirect(&ask.redirect.answer(None, ask.state.as_deref())));
    }
    request.value("allow")?.ok_or(PageError(40_035))?;
    let visitor = client::signed_in(company, request).ok_or(PageError(60_111))?;
    let (userid, agentid) = ask.asks_consent(company, &visitor)?.ok_or(PageError(40_035))?;
    let app = company.app(agentid).ok_or(PageError(40_056))?;
    let ticked = |field: &SensitiveField| request.all("field").any(|key| key == field.key());
    let fields: Vec<_> = app.sensitive_fields.iter().copied().filter(ticked).collect();
    state.remember_consent(company, agentid, &userid, fields.clone());
    Ok(ask.grant(state, visitor, Some(fields)))
}

impl Authorize {
    /// The checks in order. `agentid` must be sent with `snsapi_privateinfo`: of the two documented
    /// behaviours the stricter.
    fn read(world: &Directory, request: &Request) -> Result<Self, PageError> {
        let company = request.value("appid")?.and_then(|appid| world.corp(appid));
        let company = company.ok_or(PageError(40_013))?;
        if request.value("response_type")? != Some("code") {
            return Err(PageError(40_035));
        }
        let private_info = match request.value("scope")? {
            Some("snsapi_base") => false,
            Some("snsapi_privateinfo") => true,
            _ => return Err(PageError(40_035)),
        };
        let agentid = agentid(company, request)?;
        if private_info && agentid.is_none() {
            return Err(PageError(41_011));
        }
        let redirect = redirect_uri(company, agentid, request)?;
        let state = state_of(request)?;
        let corp = company.profile.corp_id.clone();
        Ok(Self { corp, agentid, redirect, state, private_info })
    }

    /// Whose consent is needed, for which app: a member's, in the visible range, with
    /// `snsapi_privateinfo`. Others get a code as with `snsapi_base`.
    fn asks_consent(
        &self,
        company: &Company,
        visitor: &Visitor,
    ) -> Result<Option<(String, i64)>, PageError> {
        let (true, Some(agentid), Visitor::Member(userid)) =
            (self.private_info, self.agentid, visitor)
        else {
            return Ok(None);
        };
        let member = company.member(userid).ok_or(PageError(60_111))?;
        if !company.in_range(agentid, member) {
            return Err(PageError(92_000));
        }
        Ok(Some((member.userid.clone(), agentid)))
    }

    fn grant(
        &self,
        state: &State,
        visitor: Visitor,
        consent: Option<Vec<SensitiveField>>,
    ) -> actix_web::HttpResponse {
        let code = state.mint_code(Grant {
            corp: self.corp.clone(),
            agentid: self.agentid,
            domain: self.redirect.domain().to_owned(),
            web: false,
            visitor,
            consent,
        });
        redirect(&self.redirect.answer(Some(&code), self.state.as_deref()))
    }
}

/// WeCom's client, or plain WeChat; anything else is shown the door [D 90315].
fn in_client(request: &Request) -> Result<(), PageError> {
    let agent = request.header(header::USER_AGENT).to_ascii_lowercase();
    if agent.contains("wxwork/") || agent.contains("micromessenger") {
        return Ok(());
    }
    Err(PageError(NOT_IN_CLIENT))
}

fn agentid(company: &Company, request: &Request) -> Result<Option<i64>, PageError> {
    let Some(text) = request.value("agentid")? else { return Ok(None) };
    let agentid = text.parse().map_err(|_| PageError(40_056))?;
    let app = company.app(agentid).ok_or(PageError(40_056))?;
    if app.closed { Err(PageError(50_003)) } else { Ok(Some(agentid)) }
}

/// Without an agentid any app's trusted domain will do; the token that redeems decides later.
fn redirect_uri(
    company: &Company,
    agentid: Option<i64>,
    request: &Request,
) -> Result<RedirectUri, PageError> {
    let text = request.value("redirect_uri")?.ok_or(PageError(40_035))?;
    let uri = RedirectUri::parse(text).ok_or(PageError(50_001))?;
    let app = agentid.and_then(|agentid| company.app(agentid));
    let trusted = match app {
        Some(app) => is_registered(app.trusted_domain.as_deref(), uri.domain()),
        None => company.trusts(uri.domain()),
    };
    if trusted { Ok(uri) } else { Err(PageError(50_001)) }
}

/// Letters and digits, at most 128 bytes [D 90313, 84025].
fn state_of(request: &Request) -> Result<Option<String>, PageError> {
    let state = request.sent("state")?;
    match state {
        Some(text) if text.len() > 128 || !text.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            Err(PageError(84_025))
        }
        state => Ok(state.map(str::to_owned)),
    }
}
