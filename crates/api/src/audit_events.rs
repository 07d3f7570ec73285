//! Audit events: what was done and decided, by whom.

use actix_web::get;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use store::audit::{self, Recorded};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::answer::Answer;
use crate::caller::TenantCaller;
use crate::paging::{List, PageQuery};
use crate::problem::{MALFORMED_REQUEST, Problem, Result};
use crate::schema;

/// Something that was done or decided.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditEvent {
    /// Its id.
    id: Uuid,
    /// When it happened.
    at: DateTime<Utc>,
    /// Who did it.
    #[schema(value_type = schema::ActorKind)]
    actor_kind: &'static str,
    /// The API key's or the user's id.
    #[schema(required)]
    actor_id: Option<Uuid>,
    /// What was done.
    #[schema(example = "source.update")]
    action: String,
    /// How it ended: `ok`, or a stable code of the refusal.
    #[schema(example = "ok")]
    result: String,
    /// The app concerned.
    #[schema(required)]
    app: Option<Uuid>,
    /// The source concerned.
    #[schema(required)]
    source: Option<Uuid>,
    /// The user concerned.
    #[schema(required)]
    user: Option<Uuid>,
    /// The caller's network address.
    #[schema(required, example = "198.51.100.7")]
    address: Option<String>,
    /// The trace code: what a person was shown on an error page, and what the log has.
    #[schema(required, example = "7J4Q2M9XK0TB")]
    trace: Option<String>,
    /// More, such as the names of the fields that were changed. Never their values.
    #[schema(value_type = Object, example = json!({ "changed": ["display_names"] }))]
    detail: Value,
}

impl From<Recorded> for AuditEvent {
    fn from(event: Recorded) -> Self {
        Self {
            id: event.id.0,
            at: event.at,
            actor_kind: event.actor_kind.as_str(),
            actor_id: event.actor_id,
            action: event.action,
            result: event.result,
            app: event.app_id.map(|id| id.0),
            source: event.source_id.map(|id| id.0),
            user: event.user_id.map(|id| id.0),
            address: event.address,
            trace: event.trace,
            detail: event.detail.0,
        }
    }
}

/// Which events are wanted.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameter; it is read by Call::query")]
pub(crate) struct AuditQuery {
    /// Only events with this trace code, as a person reads it from an error page.
    #[param(min_length = 1, max_length = 64, example = "7J4Q2M9XK0TB")]
    trace: Option<String>,
}

/// List audit events
#[utoipa::path(tag = "Audit events", operation_id = "listAuditEvents", params(AuditQuery, PageQuery),
    responses((status = 200, description = "A page of the tenant's events, oldest first", body = List<AuditEvent>)))]
#[get("/tenants/{tenant}/audit-events")]
pub(crate) async fn list(call: TenantCaller) -> Result<Answer> {
    let trace = call.query("trace").map(str::to_owned);
    let proper = |trace: &String| {
        (1..=64).contains(&trace.len()) && trace.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    if !trace.as_ref().is_none_or(proper) {
        let text = "trace has to be a trace code: 1 to 64 letters and digits.";
        return Err(Problem::new(MALFORMED_REQUEST, text));
    }
    let page = audit::list(&mut call.scope(), trace, call.page()?).await?;
    call.answer_page(page, AuditEvent::from)
}
