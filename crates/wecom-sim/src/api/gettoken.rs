//! `gettoken` [D 91039].

use serde_json::{Map, json};

use super::{Failure, Reply};
use crate::{directory::Company, request::Request, state::State, tokens::Role};

/// Order: blocked IP (45009), secret missing (41004), corpid missing (41002), corpid unknown
/// (40013), secret wrong or app stopped (40001). Only a wrong secret counts towards the block.
pub(super) fn gettoken(state: &State, request: &Request) -> Reply {
    let now = state.now();
    let ip = request.caller_ip(state);
    if state.bans.is_banned(now, &ip) {
        return Err(Failure(45_009));
    }
    let secret = request.value("corpsecret")?.ok_or(Failure(41_004))?;
    let corpid = request.value("corpid")?.ok_or(Failure(41_002))?;
    let world = state.world();
    let company = world.corp(corpid).ok_or(Failure(40_013))?;
    let rules = &world.rules;
    let Some(role) = owner(company, secret) else {
        state.bans.wrong_secret(now, &ip, rules.wrong_secret_limit, rules.ban_seconds);
        return Err(Failure(40_001));
    };
    state.bans.right_secret(&ip);
    if let Role::App(agentid) = role
        && company.app(agentid).is_some_and(|app| app.closed)
    {
        return Err(Failure(40_001));
    }
    let (token, expires_in) = state.tokens.issue(now, (corpid, role), secret, rules.token_seconds);
    Ok(Map::from_iter([
        ("access_token".to_owned(), json!(token)),
        ("expires_in".to_owned(), json!(expires_in)),
    ]))
}

fn owner(company: &Company, secret: &str) -> Option<Role> {
    if company.profile.contact_secret.as_deref() == Some(secret) {
        return Some(Role::Contact);
    }
    let app = company.apps.values().map(|listing| &listing.app).find(|app| app.secret == secret)?;
    Some(Role::App(app.agentid))
}
