//! The journal of links: every link that came and went, why, and taking it back.

use actix_web::{get, post};
use broker::admin::Undone;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use store::corp;
use store::id::{CorpId, LinkEventId, UserId};
use store::link_event::{self, Filter, LinkKind, Recorded};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::answer::Answer;
use crate::caller::TenantCaller;
use crate::idempotency::once;
use crate::identity_links::{SecondQuery, by, flag, record};
use crate::paging::{List, PageQuery};
use crate::problem::{MALFORMED_REQUEST, Problem, Result};
use crate::schema;
use crate::user_view::IdentityView;

/// Something that happened to a link.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LinkEvent {
    /// Its id.
    id: Uuid,
    /// When it happened.
    at: DateTime<Utc>,
    /// What happened.
    #[schema(value_type = schema::LinkKind)]
    kind: LinkKind,
    /// The user.
    user: Uuid,
    /// The person: WeCom's id of the organisation.
    #[schema(example = "ww1a2b3c4d5e6f7890")]
    corp_id: String,
    /// The person: the userid there, as received.
    #[schema(example = "ZhangSan")]
    userid: String,
    /// The source that the person came by.
    #[schema(required)]
    source: Option<Uuid>,
    /// The app that the person came from.
    #[schema(required)]
    app: Option<Uuid>,
    /// The rule that hit, the proof that was given, or `console`.
    #[schema(required, example = "mobile")]
    rule: Option<String>,
    /// More: `likely_duplicates`, users that are perhaps the same person; `event`, the event that this
    /// one takes back. No value of anybody's field.
    #[schema(value_type = Object, example = json!({ "likely_duplicates": [] }))]
    evidence: Value,
    /// Who did it.
    #[schema(value_type = schema::ActorKind)]
    actor_kind: &'static str,
    /// The API key's or the user's id.
    #[schema(required)]
    actor_id: Option<Uuid>,
    /// The trace code of the sign-in or call.
    #[schema(required, example = "7J4Q2M9XK0TB")]
    trace: Option<String>,
    /// The event that took this one back.
    #[schema(required)]
    undone_by: Option<Uuid>,
}

impl From<Recorded> for LinkEvent {
    fn from(event: Recorded) -> Self {
        Self {
            id: event.id.0,
            at: event.at,
            kind: event.kind,
            user: event.user_id.0,
            corp_id: event.corp_id,
            userid: event.userid,
            source: event.source_id.map(|id| id.0),
            app: event.app_id.map(|id| id.0),
            rule: event.rule,
            evidence: event.evidence.0,
            actor_kind: event.actor_kind.as_str(),
            actor_id: event.actor_id,
            trace: event.trace,
            undone_by: event.undone_by.map(|id| id.0),
        }
    }
}

/// Which events are wanted.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters; they are read by `filter`")]
pub(crate) struct LinkEventQuery {
    /// Only of this user.
    user: Option<Uuid>,
    /// Only of persons of this corp: our id of it.
    corp: Option<Uuid>,
    /// Only of this kind.
    #[param(example = "match")]
    kind: Option<String>,
    /// Only from this time on.
    #[param(example = "2027-01-31T00:00:00Z")]
    since: Option<String>,
}

/// What an undo came to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UndoReport)]
pub(crate) struct UndoReport {
    /// The event of the undo.
    event: Uuid,
    /// The user that lost the link; all its sessions have ended.
    user: Uuid,
    /// Whether the link had been made with its user, who has no other way in. The user stays; delete it
    /// if nobody needs it.
    stranded: bool,
    /// What was done to or by the user since the link was made, without sign-ins: a password or an
    /// address may have been changed by the wrong person. The first 200.
    since_then: Vec<SinceThen>,
}

/// Something that was done since a link was made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SinceThen {
    /// The audit event.
    id: Uuid,
    /// What was done.
    #[schema(example = "password.change")]
    action: String,
}

impl From<Undone> for UndoReport {
    fn from(undone: Undone) -> Self {
        let since = undone.since_then.into_iter();
        Self {
            event: undone.event.0,
            user: undone.user.0,
            stranded: undone.stranded,
            since_then: since
                .map(|event| SinceThen { id: event.id.0, action: event.action })
                .collect(),
        }
    }
}

/// What a restore came to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RestoreReport {
    /// The event of the restore.
    event: Uuid,
    /// The user that has the link again.
    user: Uuid,
    /// The link.
    identity: IdentityView,
}

/// List the journal of links
#[utoipa::path(tag = "Journal of links", operation_id = "listLinkEvents", params(LinkEventQuery, PageQuery),
    responses((status = 200, description = "A page of the tenant's events, oldest first", body = List<LinkEvent>)))]
#[get("/tenants/{tenant}/link-events")]
pub(crate) async fn list(call: TenantCaller) -> Result<Answer> {
    let filter = filter(&call).await?;
    let page = link_event::list(&mut call.scope(), filter, call.page()?).await?;
    call.answer_page(page, LinkEvent::from)
}

/// Read an event of the journal
#[utoipa::path(tag = "Journal of links", operation_id = "getLinkEvent",
    responses((status = 200, description = "The event", body = LinkEvent)))]
#[get("/tenants/{tenant}/link-events/{event}")]
pub(crate) async fn read(call: TenantCaller) -> Result<Answer> {
    let event = link_event::find(&mut call.scope(), call.id("event")?).await?;
    Answer::ok(&LinkEvent::from(event.ok_or_else(Problem::not_found)?))
}

/// Take back a link that was wrong
///
/// For `create`, `match`, `bind`, `link` and `restore`. The link goes, and **all** sessions and grants of
/// the user end: the wrong person may hold any of them. What that person changed stays; see `since_then`.
#[utoipa::path(tag = "Journal of links", operation_id = "undoLinkEvent",
    responses(
        (status = 200, description = "It was taken back", body = UndoReport),
        (status = 409, description = "It was taken back before, is of another kind, or the link has gone or was made anew since", body = crate::problem::ProblemBody<'static>, content_type = "application/problem+json"),
    ))]
#[post("/tenants/{tenant}/link-events/{event}/undo")]
pub(crate) async fn undo(call: TenantCaller) -> Result<Answer> {
    call.no_input()?;
    let id: LinkEventId = call.id("event")?;
    once(&call, call.tenant.id, async |tx| {
        let undone = call.console().links.undo(tx, &by(&call), id).await?;
        let detail = json!({ "event": id, "stranded": undone.stranded });
        record(tx, &call, "identity.undo", undone.user, detail).await?;
        Answer::ok(&UndoReport::from(undone))
    })
    .await
}

/// Put back a link that was taken away
///
/// For `unlink` and `undo`, for 30 days, if the user is active and the person not linked meanwhile.
#[utoipa::path(tag = "Journal of links", operation_id = "restoreLinkEvent", params(SecondQuery),
    responses(
        (status = 200, description = "It was put back", body = RestoreReport),
        (status = 409, description = "It was put back before, is of another kind or too old, the person is linked, or the user may not get a link", body = crate::problem::ProblemBody<'static>, content_type = "application/problem+json"),
    ))]
#[post("/tenants/{tenant}/link-events/{event}/restore")]
pub(crate) async fn restore(call: TenantCaller) -> Result<Answer> {
    call.no_input()?;
    let id: LinkEventId = call.id("event")?;
    let allow_second = flag(&call, "allow_second")?;
    once(&call, call.tenant.id, async |tx| {
        let links = &call.console().links;
        let (event, linked) = links.restore(tx, &by(&call), id, allow_second).await?;
        let user = linked.identity.user_id;
        record(tx, &call, "identity.restore", user, json!({ "event": id })).await?;
        let identity = IdentityView::from(linked.identity);
        Answer::ok(&RestoreReport { event: event.0, user: user.0, identity })
    })
    .await
}

async fn filter(call: &TenantCaller) -> Result<Filter> {
    let malformed = |text: &'static str| Problem::new(MALFORMED_REQUEST, text);
    let user: Option<UserId> = match call.query("user") {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| malformed("user has to be a user's id."))?),
    };
    let corp_id = match call.query("corp") {
        None => None,
        Some(text) => {
            let unknown = || malformed("corp has to be the id of a corp of this tenant.");
            let id: CorpId = text.parse().map_err(|_| unknown())?;
            let corp = corp::find(&mut call.scope(), id).await?.ok_or_else(unknown)?;
            Some(corp.corp_id)
        }
    };
    let kind = match call.query("kind") {
        None => None,
        Some(text) => {
            let kind = LinkKind::ALL.iter().find(|kind| kind.as_str() == text);
            Some(*kind.ok_or_else(|| {
                let words: Vec<_> = LinkKind::ALL.iter().map(|kind| kind.as_str()).collect();
                let text = format!("kind has to be one of {}.", words.join(", "));
                Problem::new(MALFORMED_REQUEST, text)
            })?)
        }
    };
    let since = match call.query("since") {
        None => None,
        Some(text) => {
            let moment = DateTime::parse_from_rfc3339(text).ok();
            let text = "since has to be a time such as 2027-01-31T00:00:00Z.";
            Some(moment.ok_or_else(|| malformed(text))?.to_utc())
        }
    };
    Ok(Filter { user_id: user, corp_id, kind, since })
}
