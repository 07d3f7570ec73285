//! Audit events: what was done and decided, by whom.

use actix_web::get;
use actix_web::web::Bytes;
use chrono::{DateTime, Utc};
use futures_util::stream::try_unfold;
use serde::Serialize;
use serde_json::Value;
use store::TenantRead;
use store::audit::{self, Filter, Order, Recorded};
use store::page::{Cursor, Page, PageRequest};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::{Answer, Download};
use crate::audit_query::{self, AuditQuery};
use crate::caller::TenantCaller;
use crate::paging::{List, PageQuery};
use crate::problem::{Problem, Result};
use crate::{schema, visible};

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

/// List audit events
#[utoipa::path(tag = "Audit events", operation_id = "listAuditEvents", params(AuditQuery, PageQuery),
    responses((status = 200, description = "A page of the tenant's events, oldest first unless `order` says otherwise", body = List<AuditEvent>)))]
#[get("/tenants/{tenant}/audit-events")]
pub(crate) async fn list(call: TenantCaller) -> Result<Answer> {
    let (filter, order) = audit_query::read(&call)?;
    let page = audit::list(&mut call.scope(), &filter, order, call.page()?).await?;
    call.answer_page(page, AuditEvent::from)
}

/// Export audit events
///
/// All that the filters let through, one JSON object a line. If something goes wrong on the way, the
/// connection breaks: a transfer that ends properly is complete.
#[utoipa::path(tag = "Audit events", operation_id = "exportAuditEvents", params(AuditQuery),
    responses((status = 200, description = "The tenant's events, one a line", body = AuditEvent, content_type = "application/x-ndjson",
        headers(("Content-Disposition" = String, description = "`attachment`, with a name for the file")))))]
#[get("/tenants/{tenant}/audit-events/export")]
pub(crate) async fn export(call: TenantCaller) -> Result<Download> {
    let (filter, order) = audit_query::read(&call)?;
    let mut export = Export { scope: call.scope(), filter, order, trace: call.trace() };
    let first = export.page(None).await?;
    let lines = try_unfold((export, Step::Send(first)), |(mut export, step)| async {
        let page = match step {
            Step::Send(page) => page,
            Step::Read(after) => export.page(Some(after)).await.inspect_err(|problem| {
                // Nobody renders this problem.
                problem.log(export.trace.as_deref().unwrap_or_default());
            })?,
            Step::Done => return Ok(None),
        };
        let next = page.next.map_or(Step::Done, Step::Read);
        Ok(Some((lines(page.items)?, (export, next))))
    });
    Ok(Download::new("audit-events.ndjson", lines))
}

/// Events at once in memory, of each export.
const EXPORTED_AT_ONCE: u32 = 200;

/// An export under way.
struct Export {
    scope: TenantRead,
    filter: Filter,
    order: Order,
    trace: Option<String>,
}

/// What an export does next.
enum Step {
    Send(Page<Recorded>),
    Read(Cursor),
    Done,
}

impl Export {
    async fn page(&mut self, after: Option<Cursor>) -> Result<Page<Recorded>> {
        let page = PageRequest { after, limit: EXPORTED_AT_ONCE };
        Ok(audit::list(&mut self.scope, &self.filter, self.order, page).await?)
    }
}

fn lines(events: Vec<Recorded>) -> Result<Bytes> {
    let mut lines = Vec::new();
    for event in events {
        visible::write(&mut lines, &AuditEvent::from(event)).map_err(Problem::internal)?;
        lines.push(b'\n');
    }
    Ok(lines.into())
}
