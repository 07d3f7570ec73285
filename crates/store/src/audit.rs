//! Audit events: append-only, one for every decision and every change.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use sqlx::types::Json;
use uuid::Uuid;

use crate::env::Env;
use crate::error::Result;
use crate::id::{AppId, EventId, SourceId, UserId};
use crate::page::{Cursor, Page, PageRequest};
use crate::scope::{Scope, TenantWrite};
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
pub async fn record(tx: &mut TenantWrite, env: &Env, event: Event) -> Result<()> {
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

/// A page of the tenant's events, oldest first; only those of a trace code, if one is given.
pub async fn list(
    scope: &mut impl Scope,
    trace: Option<String>,
    page: PageRequest,
) -> Result<Page<Recorded>> {
    let rows = scope
        .query(sql!(
            "SELECT id, at, actor_kind, actor_id, action, result, app_id, source_id, user_id, address,
             trace, detail FROM audit_events
             WHERE tenant_id = $1 AND (id > $2 OR $2 IS NULL) AND (trace = $3 OR $3 IS NULL)
             ORDER BY id LIMIT $4"
        ))
        .bind(page.after_id())
        .bind(trace)
        .bind(page.fetch())
        .all()
        .await?;
    Ok(page.page(rows, |row: &Recorded| Cursor { created_at: row.at, id: row.id.0 }))
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
