//! `user/get` [D 90196].

use serde_json::{Map, Value, json};

use super::{Failure, Reply, agentid, caller, company};
use crate::{
    directory::is_userid,
    request::Request,
    state::State,
    world::{Member, SensitiveField, Withheld},
};

/// Order: the caller, contact sync (48009), userid missing (41009), too long (40058), against the
/// rule (40003), unknown or outside the visible range (60111 for both).
pub(super) fn get(state: &State, request: &Request) -> Reply {
    let world = state.world();
    let access = caller(state, &world, request)?;
    let company = company(&world, &access)?;
    let agentid = agentid(&access, 48_009)?;
    let userid = request.value("userid")?.ok_or(Failure(41_009))?;
    if userid.len() > 64 {
        return Err(Failure(40_058));
    }
    if !is_userid(userid) {
        return Err(Failure(40_003));
    }
    let member = company.member(userid).ok_or(Failure(60_111))?;
    if !company.in_range(agentid, member) {
        return Err(Failure(60_111));
    }
    let app = company.app(agentid).ok_or(Failure(40_014))?;
    let mut fields = open_fields(member);
    for field in SensitiveField::ALL {
        let value = (!app.created_after_2022_06_20).then(|| sensitive(member, field)).flatten();
        put(&mut fields, field, value, world.rules.withheld);
    }
    Ok(fields)
}

/// The fields that need no consent.
fn open_fields(member: &Member) -> Map<String, Value> {
    let mut fields = Map::new();
    let zeros: Vec<u32> = member.department.iter().map(|_| 0).collect();
    for (key, value) in [
        ("userid", json!(member.userid)),
        ("name", json!(member.name)),
        ("department", json!(member.department)),
        ("order", json!(zeros)),
        ("position", json!(member.position)),
        ("is_leader_in_dept", json!(zeros)),
        ("direct_leader", json!(member.direct_leader)),
        ("telephone", json!(member.telephone)),
        ("alias", json!(member.alias)),
        ("extattr", json!({ "attrs": [] })),
        ("status", json!(member.status)),
        ("main_department", json!(member.department.first().unwrap_or(&1))),
    ] {
        fields.insert(key.to_owned(), value);
    }
    fields
}

/// The value of a sensitive field, if the member has one. `gender` is a string [D 95833].
pub(super) fn sensitive(member: &Member, field: SensitiveField) -> Option<String> {
    match field {
        SensitiveField::Gender => Some(member.gender.to_string()),
        SensitiveField::Avatar => member.avatar.clone(),
        SensitiveField::QrCode => member.qr_code.clone(),
        SensitiveField::Mobile => member.mobile.clone(),
        SensitiveField::Email => member.email.clone(),
        SensitiveField::BizMail => member.biz_mail.clone(),
        SensitiveField::Address => member.address.clone(),
    }
}

/// Puts a field, or leaves it out, or leaves it empty.
pub(super) fn put(
    fields: &mut Map<String, Value>,
    field: SensitiveField,
    value: Option<String>,
    withheld: Withheld,
) {
    match (value, withheld) {
        (Some(value), _) => fields.insert(field.key().to_owned(), json!(value)),
        (None, Withheld::Empty) => fields.insert(field.key().to_owned(), json!("")),
        (None, Withheld::Absent) => None,
    };
}
