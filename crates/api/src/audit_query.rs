//! Which audit events are wanted: the parameters of the list and of the export.

use std::net::IpAddr;
use std::str::FromStr;

use chrono::{DateTime, Datelike as _, Utc};
use store::audit::{ActionFilter, ActorKind, Filter, Order, ResultFilter};
use store::id::ApiKeyId;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::caller::Call;
use crate::problem::{MALFORMED_REQUEST, Problem, Result};
use crate::schema;

/// Which events are wanted: those that every parameter holds for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters; they are read by Call::query")]
pub(crate) struct AuditQuery {
    /// Only events with this trace code, as a person reads it from an error page.
    #[param(min_length = 1, max_length = 64, example = "7J4Q2M9XK0TB")]
    trace: Option<String>,
    /// Only events of this action, or of all that begin like it if it ends with `.*`.
    #[param(
        min_length = 1,
        max_length = 64,
        pattern = r"^[a-z0-9_.]+(\.\*)?$",
        example = "link.*"
    )]
    action: Option<String>,
    /// Only events that ended like this: `ok`, or the code of a refusal. `!ok` is every refusal.
    #[param(min_length = 1, max_length = 64, pattern = r"^([a-z0-9_]+|!ok)$", example = "!ok")]
    result: Option<String>,
    /// Only what this kind of actor did.
    #[param(value_type = Option<schema::ActorKind>)]
    actor_kind: Option<String>,
    /// Only what the API key or the user with this id did.
    actor: Option<Uuid>,
    /// Only what concerns this app.
    app: Option<Uuid>,
    /// Only what concerns this identity source.
    source: Option<Uuid>,
    /// Only what concerns this user.
    user: Option<Uuid>,
    /// Only what came from this network address.
    #[param(example = "198.51.100.7")]
    address: Option<String>,
    /// Only what happened at this time or later (RFC 3339).
    #[param(example = "2027-01-01T00:00:00Z")]
    since: Option<DateTime<Utc>>,
    /// Only what happened before this time (RFC 3339).
    #[param(example = "2027-02-01T00:00:00Z")]
    until: Option<DateTime<Utc>>,
    /// `asc`: oldest first. `desc`: newest first.
    #[param(pattern = "^(asc|desc)$", default = "asc")]
    order: Option<String>,
}

/// Reads the parameters.
pub(crate) fn read(call: &Call) -> Result<(Filter, Order)> {
    const ID: &str = "an id: a UUID in lower case with hyphens";
    const TIME: &str =
        "a time from 1970 on such as 2027-01-31T00:00:00Z (+ is written %2B in a query)";
    let actor_kinds = || ActorKind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>();
    let filter = Filter {
        trace: one(call, "trace", trace, "a trace code: 1 to 64 letters and digits")?,
        action: one(
            call,
            "action",
            action,
            "an action such as link.put, or the beginning of several such as link.*",
        )?,
        result: one(call, "result", result, "ok, !ok, or the code of a refusal")?,
        actor_kind: one(
            call,
            "actor_kind",
            |text| ActorKind::ALL.iter().copied().find(|kind| kind.as_str() == text),
            &format!("one of {}", actor_kinds().join(", ")),
        )?,
        actor_id: one(call, "actor", parsed::<ApiKeyId>, ID)?.map(|id| id.0),
        app_id: one(call, "app", parsed, ID)?,
        source_id: one(call, "source", parsed, ID)?,
        user_id: one(call, "user", parsed, ID)?,
        address: one(call, "address", address, "a network address such as 198.51.100.7")?,
        since: one(call, "since", time, TIME)?,
        until: one(call, "until", time, TIME)?,
    };
    if let (Some(since), Some(until)) = (filter.since, filter.until)
        && since >= until
    {
        let text = "since has to be before until: exchange them, or leave one out.";
        return Err(Problem::new(MALFORMED_REQUEST, text));
    }
    let order = one(call, "order", order, "asc or desc")?.unwrap_or_default();
    Ok((filter, order))
}

/// A parameter, if it is there.
fn one<T>(
    call: &Call,
    name: &str,
    read: impl FnOnce(&str) -> Option<T>,
    rule: &str,
) -> Result<Option<T>> {
    let Some(text) = call.query(name) else { return Ok(None) };
    let wrong = || Problem::new(MALFORMED_REQUEST, format!("{name} has to be {rule}."));
    read(text).map(Some).ok_or_else(wrong)
}

fn parsed<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

/// 1 to 64 of these characters.
fn word(text: &str, allowed: impl Fn(u8) -> bool) -> Option<String> {
    ((1..=64).contains(&text.len()) && text.bytes().all(allowed)).then(|| text.to_owned())
}

fn trace(text: &str) -> Option<String> {
    word(text, |byte| byte.is_ascii_alphanumeric())
}

fn action(text: &str) -> Option<ActionFilter> {
    let name = |text| {
        word(text, |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.'))
            .filter(|name| !name.starts_with('.'))
    };
    match text.strip_suffix('*') {
        None => name(text).map(ActionFilter::Exactly),
        Some(before) if before.ends_with('.') => name(before).map(ActionFilter::Beginning),
        Some(_) => None,
    }
}

fn result(text: &str) -> Option<ResultFilter> {
    if text == "!ok" {
        return Some(ResultFilter::Refused);
    }
    word(text, |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_')).map(ResultFilter::Exactly)
}

/// As events have it: one spelling of each address.
fn address(text: &str) -> Option<String> {
    parsed::<IpAddr>(text).map(|address| address.to_canonical().to_string())
}

fn time(text: &str) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
    (1970..=9999).contains(&time.year()).then_some(time)
}

fn order(text: &str) -> Option<Order> {
    match text {
        "asc" => Some(Order::Ascending),
        "desc" => Some(Order::Descending),
        _ => None,
    }
}
