//! What happened under one trace code, with the names of what it happened to.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use sqlx::types::Json;
use uuid::Uuid;

use crate::audit::ActorKind;
use crate::error::Result;
use crate::id::{AppId, SourceId, UserId};
use crate::scope::Scope;
use crate::sql;

/// One step: an audit event, or an event of the journal of links.
#[derive(Debug, Clone, FromRow)]
pub struct Step {
    /// The event's id; ids order by time.
    pub id: Uuid,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Who did it.
    pub actor_kind: ActorKind,
    /// What was done: an audit event's action, or what happened to a link.
    pub action: String,
    /// How an audit event ended; the rule or proof of an event of a link.
    pub result: Option<String>,
    /// More.
    pub detail: Json<serde_json::Value>,
    /// The app concerned.
    pub app_id: Option<AppId>,
    /// Its name, if it is still there.
    pub app_name: Option<String>,
    /// The source concerned.
    pub source_id: Option<SourceId>,
    /// Its identifier, if it is still there.
    pub source_identifier: Option<String>,
    /// The user concerned.
    pub user_id: Option<UserId>,
    /// Its name, if it has one.
    pub user_name: Option<String>,
    /// The upstream person of an event of a link: WeCom's `corpid`.
    pub corp_id: Option<String>,
    /// The upstream person of an event of a link: the userid as received.
    pub userid: Option<String>,
}

/// The audit events with this trace code, oldest first (at most 200).
pub async fn audit_steps(scope: &mut impl Scope, trace: &str) -> Result<Vec<Step>> {
    scope
        .query(sql!(
            "SELECT e.id, e.at, e.actor_kind, e.action, e.result, e.detail, e.app_id,
             a.display_name AS app_name, e.source_id, s.identifier AS source_identifier, e.user_id,
             u.name AS user_name, NULL AS corp_id, NULL AS userid FROM audit_events e
             LEFT JOIN apps a ON a.tenant_id = e.tenant_id AND a.id = e.app_id
             LEFT JOIN identity_sources s ON s.tenant_id = e.tenant_id AND s.id = e.source_id
             LEFT JOIN users u ON u.tenant_id = e.tenant_id AND u.id = e.user_id
             WHERE e.tenant_id = $1 AND e.trace = $2 ORDER BY e.id LIMIT 200"
        ))
        .bind(trace.to_owned())
        .all()
        .await
}

/// The events of links with this trace code, oldest first (at most 200).
pub async fn link_steps(scope: &mut impl Scope, trace: &str) -> Result<Vec<Step>> {
    scope
        .query(sql!(
            "SELECT e.id, e.at, e.actor_kind, e.kind AS action, e.rule AS result, e.evidence AS detail,
             e.app_id, a.display_name AS app_name, e.source_id, s.identifier AS source_identifier,
             e.user_id, u.name AS user_name, e.corp_id, e.userid FROM link_events e
             LEFT JOIN apps a ON a.tenant_id = e.tenant_id AND a.id = e.app_id
             LEFT JOIN identity_sources s ON s.tenant_id = e.tenant_id AND s.id = e.source_id
             LEFT JOIN users u ON u.tenant_id = e.tenant_id AND u.id = e.user_id
             WHERE e.tenant_id = $1 AND e.trace = $2 ORDER BY e.id LIMIT 200"
        ))
        .bind(trace.to_owned())
        .all()
        .await
}
