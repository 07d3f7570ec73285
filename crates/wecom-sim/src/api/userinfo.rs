//! `auth/getuserinfo` and `auth/getuserdetail` [D 91023, D 98176, D 95833].

use serde_json::{Map, Value, json};

use super::{
    Failure, Reply, agentid, body, caller, company,
    member::{put, sensitive},
};
use crate::{
    directory::{Company, Directory},
    domain::is_registered,
    request::Request,
    state::{CODE_LIFE, CodeState, Grant, State, TICKET_LIFE, Ticket, Visitor},
    tokens::Access,
    world::{App, SensitiveField},
};

/// Order: the caller, contact sync (50001), code missing (41008), then the code (see [`take`]).
pub(super) fn getuserinfo(state: &State, request: &Request) -> Reply {
    let world = state.world();
    let access = caller(state, &world, request)?;
    let company = company(&world, &access)?;
    let agentid = agentid(&access, 50_001)?;
    let app = company.app(agentid).ok_or(Failure(40_014))?;
    let code = request.value("code")?.ok_or(Failure(41_008))?;
    let grant = take(state, &world, &access, app, code)?;
    Ok(reply(state, company, app, *grant))
}

/// Redeems the code in one step. Unknown or another corp's (40029), used, older than five minutes,
/// another app's or another domain's (50001): only a code that passes all of these is used up.
fn take(
    state: &State,
    world: &Directory,
    access: &Access,
    app: &App,
    code: &str,
) -> Result<Box<Grant>, Failure> {
    let now = state.now();
    state.codes.with(code, |item| {
        let item = item.ok_or(Failure(40_029))?;
        let CodeState::Fresh(grant) = &item.value else {
            return Err(Failure(world.rules.used_code));
        };
        if grant.corp != access.corp {
            return Err(Failure(40_029));
        }
        if now.signed_duration_since(item.at) >= CODE_LIFE {
            return Err(Failure(world.rules.expired_code));
        }
        let same_app = grant.agentid.is_none_or(|agentid| agentid == app.agentid);
        let callback = app.web_login_callback_domain.as_deref().filter(|_| grant.web);
        let same_domain = is_registered(app.trusted_domain.as_deref(), &grant.domain)
            || is_registered(callback, &grant.domain);
        if !(same_app && same_domain) {
            return Err(Failure(50_001));
        }
        match std::mem::replace(&mut item.value, CodeState::Used) {
            CodeState::Fresh(grant) => Ok(grant),
            CodeState::Used => Err(Failure(world.rules.used_code)),
        }
    })
}

/// Who came. A user_ticket only with consent, in the client, for a member in the visible range.
fn reply(state: &State, company: &Company, app: &App, grant: Grant) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut put = |key: &str, value: String| fields.insert(key.to_owned(), Value::String(value));
    match grant.visitor {
        Visitor::Member(userid) => {
            let in_range =
                company.member(&userid).is_some_and(|m| company.in_range(app.agentid, m));
            put("userid", userid.clone());
            if let Some(consent) = grant.consent.filter(|_| in_range && !grant.web) {
                let (corp, agentid) = (grant.corp, app.agentid);
                let ticket = Ticket { corp, agentid, userid, fields: consent };
                put("user_ticket", state.tickets.mint(state.now(), ticket));
            }
        }
        Visitor::Linked(userid) => {
            put("userid", userid);
        }
        Visitor::NonMember { openid, external_userid } => {
            put("openid", openid);
            if let Some(external_userid) = external_userid {
                put("external_userid", external_userid);
            }
        }
    }
    fields
}

/// Order: the caller, contact sync (48002), body too large (40206), no JSON object (40058), ticket
/// missing (84090), unknown or another app's (84015), older than 1800 s (84014), the app without
/// permission (92001), the member outside the visible range (92000).
pub(super) fn getuserdetail(state: &State, request: &Request) -> Reply {
    let world = state.world();
    let access = caller(state, &world, request)?;
    let company = company(&world, &access)?;
    let agentid = agentid(&access, 48_002)?;
    let app = company.app(agentid).ok_or(Failure(40_014))?;
    let body = body(request)?;
    let ticket = match body.get("user_ticket") {
        None => return Err(Failure(84_090)),
        Some(Value::String(ticket)) if ticket.is_empty() => return Err(Failure(84_090)),
        Some(Value::String(ticket)) => ticket,
        Some(_) => return Err(Failure(40_058)),
    };
    let (userid, consented) = state.tickets.with(ticket, |item| {
        let item = item.ok_or(Failure(84_015))?;
        if item.value.corp != access.corp || item.value.agentid != agentid {
            return Err(Failure(84_015));
        }
        if state.now().signed_duration_since(item.at) >= TICKET_LIFE {
            return Err(Failure(84_014));
        }
        Ok((item.value.userid.clone(), item.value.fields.clone()))
    })?;
    if !app.private_info {
        return Err(Failure(92_001));
    }
    let member = company.member(&userid).ok_or(Failure(92_000))?;
    if !company.in_range(agentid, member) {
        return Err(Failure(92_000));
    }
    let mut fields = Map::from_iter([("userid".to_owned(), json!(member.userid))]);
    for &field in &app.sensitive_fields {
        let value = if consented.contains(&field) {
            sensitive(member, field)
        } else {
            unconsented(state, field)
        };
        put(&mut fields, field, value, world.rules.withheld);
    }
    Ok(fields)
}

/// What a ticked field without consent shows [D 95833].
fn unconsented(state: &State, field: SensitiveField) -> Option<String> {
    match field {
        SensitiveField::Gender => Some("0".to_owned()),
        SensitiveField::Avatar => Some(format!("{}/avatar/default.svg", state.base)),
        _ => None,
    }
}
