//! What happened under a trace code: the steps of a sign-in, as an administrator reads them with the
//! person on the phone.

use actix_web::get;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use store::trace::{self, Step};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::Answer;
use crate::caller::TenantCaller;
use crate::problem::{Problem, Result};
use crate::schema;

/// What happened under a trace code.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Trace)]
pub(crate) struct TraceView {
    /// The trace code.
    #[schema(example = "7J4Q2M9XK0TB")]
    trace: String,
    /// What happened, in order.
    steps: Vec<TraceStep>,
}

/// One thing that happened.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TraceStep {
    /// Where it is recorded: `audit`, or `links` (the journal of links).
    #[schema(pattern = "^(audit|links)$", example = "audit")]
    of: &'static str,
    /// The event's id there.
    id: Uuid,
    /// When it happened.
    at: DateTime<Utc>,
    /// Who did it.
    #[schema(value_type = schema::ActorKind)]
    actor_kind: &'static str,
    /// What was done; of a link, what happened to it.
    #[schema(example = "sign_in")]
    action: String,
    /// How it ended: `ok`, or a stable code of the refusal; of a link, the rule or proof.
    #[schema(required, example = "not_visible")]
    result: Option<String>,
    /// The app concerned.
    #[schema(required)]
    app: Option<NamedThing>,
    /// The source concerned, with its identifier.
    #[schema(required)]
    source: Option<NamedThing>,
    /// The user concerned.
    #[schema(required)]
    user: Option<NamedThing>,
    /// The upstream person of a link.
    #[schema(required)]
    person: Option<Person>,
    /// More, such as WeCom's errcode and hint.
    #[schema(value_type = Object, example = json!({ "errcode": 60011 }))]
    detail: Value,
}

/// Something with its name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NamedThing {
    /// Its id.
    id: Uuid,
    /// Its name; null if it is gone or has none.
    #[schema(required, example = "Wiki")]
    name: Option<String>,
}

/// An upstream person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UpstreamPerson)]
pub(crate) struct Person {
    /// WeCom's id of the organisation.
    #[schema(example = "ww1a2b3c4d5e6f7890")]
    corp_id: String,
    /// The userid there, as received.
    #[schema(example = "ZhangSan")]
    userid: String,
}

impl TraceStep {
    fn new(of: &'static str, step: Step) -> Self {
        let named = |id: Option<Uuid>, name: Option<String>| id.map(|id| NamedThing { id, name });
        Self {
            of,
            id: step.id,
            at: step.at,
            actor_kind: step.actor_kind.as_str(),
            action: step.action,
            result: step.result,
            app: named(step.app_id.map(|id| id.0), step.app_name),
            source: named(step.source_id.map(|id| id.0), step.source_identifier),
            user: named(step.user_id.map(|id| id.0), step.user_name),
            person: step
                .corp_id
                .zip(step.userid)
                .map(|(corp_id, userid)| Person { corp_id, userid }),
            detail: step.detail.0,
        }
    }
}

/// Look a trace code up
///
/// The code stands on every page that tells of an error, and in every problem of this API.
#[utoipa::path(tag = "Audit events", operation_id = "getTrace",
    responses((status = 200, description = "What happened, at most 200 steps of each kind", body = TraceView)))]
#[get("/tenants/{tenant}/traces/{trace}")]
pub(crate) async fn read(call: TenantCaller) -> Result<Answer> {
    // People read it out and type it.
    let trace = call.name("trace").to_ascii_uppercase();
    if trace.len() > 64 || !trace.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(Problem::not_found());
    }
    let mut scope = call.scope();
    let audited = trace::audit_steps(&mut scope, &trace).await?;
    let linked = trace::link_steps(&mut scope, &trace).await?;
    let mut steps: Vec<TraceStep> = audited
        .into_iter()
        .map(|step| TraceStep::new("audit", step))
        .chain(linked.into_iter().map(|step| TraceStep::new("links", step)))
        .collect();
    if steps.is_empty() {
        return Err(Problem::not_found());
    }
    steps.sort_by_key(|step| (step.at, step.id));
    Answer::ok(&TraceView { trace, steps })
}
