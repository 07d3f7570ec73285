//! `agent/get` [D 90227].

use serde_json::{Map, Value, json};

use super::{Failure, Reply, caller, company};
use crate::{request::Request, state::State, tokens::Role};

/// Order: the caller, agentid missing (41011), no integer or unknown (40056), another app's
/// (301002).
pub(super) fn get(state: &State, request: &Request) -> Reply {
    let world = state.world();
    let access = caller(state, &world, request)?;
    let company = company(&world, &access)?;
    let agentid = request.value("agentid")?.ok_or(Failure(41_011))?;
    let agentid: i64 = agentid.parse().map_err(|_| Failure(40_056))?;
    let app = company.app(agentid).ok_or(Failure(40_056))?;
    if access.role != Role::App(agentid) {
        return Err(Failure(301_002));
    }
    let users: Vec<Value> =
        app.visible.members.iter().map(|userid| json!({ "userid": userid })).collect();
    let mut partys = app.visible.departments.clone();
    if app.visible.all {
        // The whole corp is its root department.
        partys = vec![1];
    }
    let fields = json!({
        "agentid": app.agentid,
        "name": app.name,
        "square_logo_url": format!("{}/avatar/default.svg", state.base),
        "description": "",
        "allow_userinfos": { "user": users },
        "allow_partys": { "partyid": partys },
        "allow_tags": { "tagid": [] },
        "close": i32::from(app.closed),
        "redirect_domain": app.trusted_domain.clone().unwrap_or_default(),
        "report_location_flag": 0,
        "isreportenter": 0,
        "home_url": app.home_url,
    });
    match fields {
        Value::Object(fields) => Ok(fields),
        _ => Ok(Map::new()),
    }
}
