//! Identities by hand: linking an upstream person to a user, unlinking, switching a link off.

use actix_web::{delete, post, put};
use broker::admin::{By, Refusal, Wish};
use serde_json::json;
use store::audit::{self, Event};
use store::id::{CorpId, UserId};
use store::identity::LinkStatus;
use store::source::SourceMode;
use store::user::{self, User};
use store::{Scope, TenantWrite};
use utoipa::{IntoParams, ToSchema};

use crate::answer::Answer;
use crate::caller::TenantCaller;
use crate::fields::{Context, Fields, Input};
use crate::idempotency::once;
use crate::problem::{CONFLICT, FieldError, MALFORMED_REQUEST, Problem, Result};
use crate::user_view::IdentityView;
use crate::{rules, schema};

/// A link to be made.
#[derive(Debug, ToSchema)]
pub(crate) struct NewIdentity {
    /// Our id of the corp.
    #[schema(value_type = Uuid)]
    corp: CorpId,
    /// The person's userid in it. For a self-built app letters of either case are one.
    #[schema(min_length = 1, max_length = 64, example = "ZhangSan")]
    userid: String,
    /// Whose app the userid is of, as an agency app sees other ids. Without it, by the corp's sources.
    #[schema(value_type = schema::SourceMode, required = false)]
    mode: Option<SourceMode>,
}

impl Input for NewIdentity {
    fn read(fields: &mut Fields, _: Context<'_>) -> Option<Self> {
        let corp = fields.required("corp", rules::id);
        let userid = fields.required("userid", rules::visible_ascii(64));
        let mode = fields.optional("mode", rules::word(&["self_built", "agency"]));
        Some(Self { corp: corp?, userid: userid?, mode: mode? })
    }
}

/// Whether a link signs its person in.
#[derive(Debug, ToSchema)]
pub(crate) struct NewLinkStatus {
    /// It does, or not at present.
    #[schema(value_type = schema::LinkStatus)]
    status: LinkStatus,
}

impl Input for NewLinkStatus {
    fn read(fields: &mut Fields, _: Context<'_>) -> Option<Self> {
        let status = fields.required("status", rules::word(&["active", "suspended"]));
        Some(Self { status: status? })
    }
}

/// What is allowed beyond the rule.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameter; it is read by `allow_second`")]
pub(crate) struct SecondQuery {
    /// Whether the user may get a second identity of the corp.
    #[param(default = false)]
    allow_second: Option<bool>,
}

/// Link a person to a user
///
/// By hand, before or after the person's first sign-in, whatever the source's rules are. A link that is
/// there already is answered as it is.
#[utoipa::path(tag = "Users", operation_id = "linkIdentity", params(SecondQuery), request_body = NewIdentity,
    responses(
        (status = 200, description = "The link was there already", body = IdentityView),
        (status = 201, description = "It was made", body = IdentityView),
        (status = 409, description = "The person is linked to another user, whose id `detail` names; or the user has another identity of the corp, is suspended or deleted", body = crate::problem::ProblemBody<'static>, content_type = "application/problem+json"),
    ))]
#[post("/tenants/{tenant}/users/{user}/identities")]
pub(crate) async fn create(call: TenantCaller) -> Result<Answer> {
    let new: NewIdentity = call.input()?;
    let allow_second = flag(&call, "allow_second")?;
    let links = &call.console().links;
    once(&call, call.tenant.id, async |tx| {
        let user = find(&call, tx).await?.id;
        let subject = links.subject(tx, new.corp, &new.userid, new.mode).await?;
        let wish = Wish { user, subject, allow_second };
        let linked = links.link(tx, &by(&call), &wish).await?;
        let detail = json!({ "corp": new.corp, "identity": linked.identity.id, "new": linked.new });
        record(tx, &call, "identity.link", user, detail).await?;
        let location = format!("{}/{}", call.path(), linked.identity.id);
        let view = IdentityView::from(linked.identity);
        if linked.new { Answer::created(location, &view) } else { Answer::ok(&view) }
    })
    .await
}

/// Unlink a person from a user
///
/// The sessions that the identity signed in end, and what was granted in them. It can be put back for 30
/// days, by its event in the journal of links. At the next sign-in the source's rules decide anew.
#[utoipa::path(tag = "Users", operation_id = "unlinkIdentity",
    responses((status = 204, description = "It is gone")))]
#[delete("/tenants/{tenant}/users/{user}/identities/{identity}")]
pub(crate) async fn delete(call: TenantCaller) -> Result<Answer> {
    let mut tx = call.begin().await?;
    let user = find(&call, &mut tx).await?.id;
    let identity = call.id("identity")?;
    call.console().links.unlink(&mut tx, &by(&call), user, identity).await?;
    record(&mut tx, &call, "identity.unlink", user, json!({ "identity": identity })).await?;
    tx.commit().await?;
    Ok(Answer::no_content())
}

/// Switch a link off or on
///
/// A suspended link signs nobody in, and its person is not linked to anybody else meanwhile. Suspending
/// ends the sessions that the identity signed in, and what was granted in them.
#[utoipa::path(tag = "Users", operation_id = "putIdentityStatus", request_body = NewLinkStatus,
    responses((status = 200, description = "The identity as it is now", body = IdentityView)))]
#[put("/tenants/{tenant}/users/{user}/identities/{identity}/status")]
pub(crate) async fn put_status(call: TenantCaller) -> Result<Answer> {
    let new: NewLinkStatus = call.input()?;
    let mut tx = call.begin().await?;
    let user = find(&call, &mut tx).await?.id;
    let at = (user, call.id("identity")?);
    let links = &call.console().links;
    let (identity, changed) = links.set_status(&mut tx, &by(&call), at, new.status).await?;
    let detail = json!({ "identity": identity.id, "status": new.status, "changed": changed });
    record(&mut tx, &call, "identity.status", user, detail).await?;
    tx.commit().await?;
    Answer::ok(&IdentityView::from(identity))
}

/// The user of the path.
async fn find(call: &TenantCaller, scope: &mut impl Scope) -> Result<User> {
    user::find(scope, call.id("user")?).await?.ok_or_else(Problem::not_found)
}

/// A parameter of the query that is true or false; false without it.
pub(crate) fn flag(call: &TenantCaller, name: &'static str) -> Result<bool> {
    match call.query(name) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(Problem::new(MALFORMED_REQUEST, format!("{name} has to be true or false."))),
    }
}

/// The caller, as the journal of links has it.
pub(crate) fn by(call: &TenantCaller) -> By {
    let event = call.event("");
    By { kind: event.actor_kind, id: event.actor_id, trace: event.trace }
}

/// Records what was done to a user's links.
pub(crate) async fn record(
    tx: &mut TenantWrite,
    call: &TenantCaller,
    action: &'static str,
    user: UserId,
    detail: serde_json::Value,
) -> Result<()> {
    let event = Event { user_id: Some(user), detail, ..call.event(action) };
    Ok(audit::record(tx, &call.store().env, event).await?)
}

/// What is wrong, and what to do about it: code and text. None where it is no refusal.
pub(crate) fn told(refusal: &Refusal) -> Option<(&'static str, String)> {
    let told: (&'static str, String) = match refusal {
        Refusal::NotFound => ("not_found", "There is no such user: check what names it.".into()),
        Refusal::NoCorp => (
            "unknown_corp",
            "corp is none of this tenant's corps: make it first, or check the id.".into(),
        ),
        Refusal::Tombstone => ("deleted", "The user was deleted; a tombstone gets no link.".into()),
        Refusal::UserSuspended => {
            ("suspended", "The user is suspended: let it in again first (status active).".into())
        }
        Refusal::LinkedElsewhere(user) => (
            "linked_elsewhere",
            format!("The person is linked to user {user}: unlink it there first."),
        ),
        Refusal::SecondIdentity => (
            "second_identity",
            "The user has another identity of this corp: unlink that one, or say allow_second=true."
                .into(),
        ),
        Refusal::Userid(error) => ("userid", format!("{error}.")),
        Refusal::ModeNeeded => {
            let text = "The corp has self-built and agency sources: name the mode.";
            ("mode_needed", text.into())
        }
        Refusal::WrongKind => {
            ("wrong_kind", "An event of this kind cannot be taken back in this way.".into())
        }
        Refusal::AlreadyUndone => ("already_undone", "The event was taken back before.".into()),
        Refusal::Superseded => (
            "superseded",
            "The link has been taken away or made anew since: look at the person's later events."
                .into(),
        ),
        Refusal::TooOld => ("too_old", "It is more than 30 days ago: link the person anew.".into()),
        Refusal::Store(_) => return None,
    };
    Some(told)
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let Some((code, text)) = told(&refusal) else {
            let Refusal::Store(error) = refusal else { return Self::not_found() };
            return error.into();
        };
        match refusal {
            Refusal::NotFound => Self::not_found(),
            Refusal::NoCorp => Self::field("/corp", "unknown", text),
            Refusal::Userid(_) => Self::field("/userid", "format", text),
            Refusal::ModeNeeded => Self::field("/mode", "required", text),
            _ => {
                let error = FieldError { pointer: String::new(), code, detail: text.clone() };
                Self::new(CONFLICT, text).with_errors(vec![error])
            }
        }
    }
}

impl From<broker::Error> for Problem {
    fn from(error: broker::Error) -> Self {
        match error {
            broker::Error::Store(error) => error.into(),
            broker::Error::Oidc(error) => error.into(),
            other => Self::internal(other),
        }
    }
}
