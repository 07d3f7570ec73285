//! Audit events: append-only, one for every decision and every change.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::FromRow;
use sqlx::types::Json;
use uuid::Uuid;

use crate::env::{Env, first_id};
use crate::error::Result;
use crate::id::{AppId, EventId, SourceId, UserId};
use crate::page::{Cursor, Page, PageRequest};
use crate::scope::{Scope, WriteScope};
use crate::sql;

crate::text_enum! {
    /// Who did it.
    ActorKind {
        /// The installation's operator.
        Operator = "operator",
        /// A program with an API key of the tenant.
        ApiKey = "api_key",
        /// A person signing in or out.
        User = "user",
        /// Hufu itself.
        System = "system",
    }
}

/// What happened. No secret and no personal data beyond ids belongs into it.
#[derive(Debug, Clone)]
pub struct Event {
    /// Who did it.
    pub actor_kind: ActorKind,
    /// The API key's or the user's id.
    pub actor_id: Option<Uuid>,
    /// What was done, such as `sign_in` or `source.update`.
    pub action: &'static str,
    /// How it ended: `ok`, or a stable code of the refusal.
    pub result: &'static str,
    /// The app concerned.
    pub app_id: Option<AppId>,
    /// The source concerned.
    pub source_id: Option<SourceId>,
    /// The user concerned.
    pub user_id: Option<UserId>,
    /// The caller's network address.
    pub address: Option<String>,
    /// The trace code that a person was shown.
    pub trace: Option<String>,
    /// More, as a JSON object.
    pub detail: serde_json::Value,
}

impl Event {
    /// An event of the system with nothing else set, to be completed by struct update.
    #[must_use]
    pub fn system(action: &'static str, result: &'static str) -> Self {
        Self {
            actor_kind: ActorKind::System,
            actor_id: None,
            action,
            result,
            app_id: None,
            source_id: None,
            user_id: None,
            address: None,
            trace: None,
            detail: serde_json::Value::Object(serde_json::Map::new()),
        }
    }
}

/// An event as it was recorded.
#[derive(Debug, Clone, FromRow)]
pub struct Recorded {
    /// Its id; ids order by time.
    pub id: EventId,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Who did it.
    pub actor_kind: ActorKind,
    /// The API key's or the user's id.
    pub actor_id: Option<Uuid>,
    /// What was done.
    pub action: String,
    /// How it ended.
    pub result: String,
    /// The app concerned.
    pub app_id: Option<AppId>,
    /// The source concerned.
    pub source_id: Option<SourceId>,
    /// The user concerned.
    pub user_id: Option<UserId>,
    /// The caller's network address.
    pub address: Option<String>,
    /// The trace code that a person was shown.
    pub trace: Option<String>,
    /// More.
    pub detail: Json<serde_json::Value>,
}

/// Records an event in the transaction of what it tells about: neither is there without the other.
pub async fn record(tx: &mut impl WriteScope, env: &Env, event: Event) -> Result<()> {
    tx.query(sql!(
        "INSERT INTO audit_events (tenant_id, id, at, actor_kind, actor_id, action, result, app_id,
         source_id, user_id, address, trace, detail)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
    ))
    .bind(EventId(env.ordered_id()?))
    .bind(env.now())
    .bind(event.actor_kind)
    .bind(event.actor_id)
    .bind(event.action)
    .bind(event.result)
    .bind(event.app_id)
    .bind(event.source_id)
    .bind(event.user_id)
    .bind(event.address)
    .bind(event.trace)
    .bind(Json(event.detail))
    .execute()
    .await?;
    Ok(())
}

/// Which actions are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActionFilter {
    /// This one.
    Exactly(String),
    /// All that begin like this, such as `link.`.
    Beginning(String),
}

/// Which results are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResultFilter {
    /// This one.
    Exactly(String),
    /// All but `ok`.
    Refused,
}

/// Which events are wanted: those that everything here holds for. What is none does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// The trace code.
    pub trace: Option<String>,
    /// What was done.
    pub action: Option<ActionFilter>,
    /// How it ended.
    pub result: Option<ResultFilter>,
    /// What kind of actor did it.
    pub actor_kind: Option<ActorKind>,
    /// The API key's or the user's id who did it.
    pub actor_id: Option<Uuid>,
    /// The app concerned.
    pub app_id: Option<AppId>,
    /// The source concerned.
    pub source_id: Option<SourceId>,
    /// The user concerned.
    pub user_id: Option<UserId>,
    /// The caller's network address, as it was written down.
    pub address: Option<String>,
    /// Not before.
    pub since: Option<DateTime<Utc>>,
    /// Before.
    pub until: Option<DateTime<Utc>>,
}

impl Filter {
    fn action(&self) -> Option<String> {
        match &self.action {
            Some(ActionFilter::Exactly(action)) => Some(action.clone()),
            _ => None,
        }
    }

    /// A pattern for `LIKE … ESCAPE '!'`.
    fn action_pattern(&self) -> Option<String> {
        let Some(ActionFilter::Beginning(beginning)) = &self.action else { return None };
        let literal = beginning.replace('!', "!!").replace('%', "!%").replace('_', "!_");
        Some(format!("{literal}%"))
    }

    fn result(&self) -> Option<String> {
        match &self.result {
            Some(ResultFilter::Exactly(result)) => Some(result.clone()),
            _ => None,
        }
    }

    fn result_is_not(&self) -> Option<&'static str> {
        (self.result == Some(ResultFilter::Refused)).then_some("ok")
    }
}

/// In which order events are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// Oldest first.
    #[default]
    Ascending,
    /// Newest first.
    Descending,
}

/// How far the time in an id may lie from the time of its event: the two are read one after the
/// other, and a clock may be set in between.
const APART: TimeDelta = TimeDelta::minutes(1);

/// The ids between which the rows of a page lie, both excluded. As ids order by time, the page
/// begins and ends at its place in the index, however many events lie before and behind it.
fn bounds(filter: &Filter, order: Order, page: PageRequest) -> (Uuid, Uuid) {
    let far = |time: DateTime<Utc>, by| time.checked_add_signed(by).unwrap_or(time);
    let since = filter.since.map_or(Uuid::nil(), |since| first_id(far(since, -APART)));
    let until = filter.until.map_or(Uuid::max(), |until| first_id(far(until, APART)));
    match (order, page.after_id()) {
        (_, None) => (since, until),
        (Order::Ascending, Some(after)) => (since.max(after), until),
        (Order::Descending, Some(after)) => (since, until.min(after)),
    }
}

/// The text of a page. Each filter counts if it has a value.
macro_rules! page {
    ($order:literal) => {
        concat!(
            "SELECT id, at, actor_kind, actor_id, action, result, app_id, source_id, user_id, address,
             trace, detail FROM audit_events
             WHERE tenant_id = $1 AND id > $2 AND id < $3
             AND (trace = $4 OR $4 IS NULL)
             AND (action = $5 OR $5 IS NULL)
             AND (action LIKE $6 ESCAPE '!' OR $6 IS NULL)
             AND (result = $7 OR $7 IS NULL)
             AND (result <> $8 OR $8 IS NULL)
             AND (actor_kind = $9 OR $9 IS NULL)
             AND (actor_id = $10 OR $10 IS NULL)
             AND (app_id = $11 OR $11 IS NULL)
             AND (source_id = $12 OR $12 IS NULL)
             AND (user_id = $13 OR $13 IS NULL)
             AND (address = $14 OR $14 IS NULL)
             AND (at >= $15 OR $15 IS NULL)
             AND (at < $16 OR $16 IS NULL)
             ORDER BY id ",
            $order,
            " LIMIT $17"
        )
    };
}

/// A page of the tenant's events.
pub async fn list(
    scope: &mut impl Scope,
    filter: &Filter,
    order: Order,
    page: PageRequest,
) -> Result<Page<Recorded>> {
    let query = match order {
        Order::Ascending => scope.query(sql!(page!("ASC"))),
        Order::Descending => scope.query(sql!(page!("DESC"))),
    };
    let (above, below) = bounds(filter, order, page);
    let rows = query
        .planned_anew()
        .bind(above)
        .bind(below)
        .bind(filter.trace.clone())
        .bind(filter.action())
        .bind(filter.action_pattern())
        .bind(filter.result())
        .bind(filter.result_is_not())
        .bind(filter.actor_kind)
        .bind(filter.actor_id)
        .bind(filter.app_id)
        .bind(filter.source_id)
        .bind(filter.user_id)
        .bind(filter.address.clone())
        .bind(filter.since)
        .bind(filter.until)
        .bind(page.fetch())
        .all()
        .await?;
    Ok(page.page(rows, |row: &Recorded| Cursor { created_at: row.at, id: row.id.0 }))
}

/// The network addresses that the user signed in from since then, at most 50.
pub async fn signed_in_from(
    scope: &mut impl Scope,
    user: UserId,
    since: DateTime<Utc>,
) -> Result<Vec<String>> {
    #[derive(FromRow)]
    struct Found {
        address: String,
    }
    let found: Vec<Found> = scope
        .query(sql!(
            "SELECT DISTINCT address FROM audit_events WHERE tenant_id = $1 AND user_id = $2
             AND action = 'sign_in' AND result = 'ok' AND at > $3 AND address IS NOT NULL LIMIT 50"
        ))
        .bind(user)
        .bind(since)
        .all()
        .await?;
    Ok(found.into_iter().map(|found| found.address).collect())
}

/// An event as the user whom it concerns sees it.
#[derive(Debug, Clone, FromRow)]
pub struct OfUser {
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Who did it.
    pub actor_kind: ActorKind,
    /// What was done.
    pub action: String,
    /// How it ended.
    pub result: String,
    /// The network address of who did it.
    pub address: Option<String>,
    /// The name of the app concerned.
    pub app_name: Option<String>,
}

/// The last events that concern a user, newest first.
pub async fn of_user(scope: &mut impl Scope, user: UserId, at_most: i64) -> Result<Vec<OfUser>> {
    scope
        .query(sql!(
            "SELECT e.at, e.actor_kind, e.action, e.result, e.address, a.display_name AS app_name
             FROM audit_events e LEFT JOIN apps a ON a.tenant_id = e.tenant_id AND a.id = e.app_id
             WHERE e.tenant_id = $1 AND e.user_id = $2 ORDER BY e.id DESC LIMIT $3"
        ))
        .bind(user)
        .bind(at_most)
        .all()
        .await
}

/// What was done to or by a user after a moment, oldest first (at most 200): without sign-ins and
/// sign-outs, and without what has this trace code.
pub async fn changes_of_user(
    scope: &mut impl Scope,
    user: UserId,
    after: DateTime<Utc>,
    but: Option<String>,
) -> Result<Vec<Recorded>> {
    scope
        .query(sql!(
            "SELECT id, at, actor_kind, actor_id, action, result, app_id, source_id, user_id, address,
             trace, detail FROM audit_events
             WHERE tenant_id = $1 AND user_id = $2 AND at >= $3 AND (trace <> $4 OR trace IS NULL OR $4 IS NULL)
             AND action NOT IN ('sign_in', 'single_sign_on', 'sign_out') ORDER BY id LIMIT 200"
        ))
        .bind(user)
        .bind(after)
        .bind(but)
        .all()
        .await
}
