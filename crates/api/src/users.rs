//! Users: the accounts of people in a tenant, and their identities.

use actix_web::{delete, get, patch};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use store::audit::{self, Event};
use store::id::UserId;
use store::identity::{self, Identity, LinkStatus};
use store::user::{self, User, UserStatus};
use store::{Scope, TenantWrite};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::answer::Answer;
use crate::caller::TenantCaller;
use crate::fields::{Context, Fields, Input};
use crate::paging::{List, PageQuery};
use crate::precondition::{etag_of_state, if_match, is_known};
use crate::problem::{CONFLICT, MALFORMED_REQUEST, Problem, Result};
use crate::{rules, schema};

/// What may be changed of a user.
#[derive(Debug, ToSchema)]
pub(crate) struct UserPatch {
    /// Whether it may sign in.
    #[schema(value_type = schema::ActiveOrSuspended)]
    status: UserStatus,
}

impl Input for UserPatch {
    fn read(fields: &mut Fields, _: Context<'_>) -> Option<Self> {
        let status = fields.required("status", rules::word(&["active", "suspended"]));
        Some(Self { status: status? })
    }
}

/// A person's account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserView {
    /// Its id; in tokens the `sub`. Random, never used again.
    id: Uuid,
    /// Whether it may sign in. A deleted one is a tombstone that keeps its id from being used again.
    #[schema(value_type = schema::UserStatus)]
    status: UserStatus,
    /// The person's name.
    #[schema(required, example = "张三")]
    name: Option<String>,
    /// The person's mail address, as WeCom gave it: not verified.
    #[schema(required, example = "zhangsan@acme.example")]
    email: Option<String>,
    /// The person's phone number, as WeCom gave it: not verified.
    #[schema(required, example = "13800000000")]
    phone_number: Option<String>,
    /// A picture of the person.
    #[schema(required)]
    picture: Option<String>,
    /// Goes up by one with every change by an administrator.
    #[schema(example = 1)]
    version: i64,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it was last changed.
    updated_at: DateTime<Utc>,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id.0,
            status: user.status,
            name: user.name,
            email: user.email,
            phone_number: user.phone_number,
            picture: user.picture,
            version: user.version,
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}

/// The entity-tag of a user. A sign-in refreshes the profile without a new version, so the time is
/// part of it.
fn user_etag(user: &User) -> String {
    etag_of_state(user.version, user.updated_at)
}

/// The link from a user to an upstream person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Identity)]
pub(crate) struct IdentityView {
    /// Its id.
    id: Uuid,
    /// Which kind of upstream: always `wecom` yet.
    #[schema(example = "wecom")]
    provider: &'static str,
    /// WeCom's id of the organisation.
    #[schema(example = "ww1a2b3c4d5e6f7890")]
    corp_id: String,
    /// The person's userid there, as it was first received.
    #[schema(example = "ZhangSan")]
    userid: String,
    /// The person's name there, as last told.
    #[schema(required, example = "张三")]
    name: Option<String>,
    /// Whether it signs its person in.
    #[schema(value_type = schema::LinkStatus)]
    status: LinkStatus,
    /// When it was linked.
    created_at: DateTime<Utc>,
    /// When it last signed in; when it was linked, if it has not yet.
    last_sign_in_at: DateTime<Utc>,
}

impl From<Identity> for IdentityView {
    fn from(identity: Identity) -> Self {
        Self {
            id: identity.id.0,
            provider: "wecom",
            corp_id: identity.corp_id,
            userid: identity.userid,
            name: identity.name,
            status: identity.status,
            created_at: identity.created_at,
            last_sign_in_at: identity.last_sign_in_at,
        }
    }
}

/// Which users are wanted.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameter; it is read by Call::query")]
pub(crate) struct UserQuery {
    /// Only users with this status. Without it, all but the deleted ones.
    #[param(value_type = Option<schema::UserStatus>)]
    status: Option<String>,
}

/// List users
#[utoipa::path(tag = "Users", operation_id = "listUsers", params(UserQuery, PageQuery),
    responses((status = 200, description = "A page of the tenant's users, oldest first", body = List<UserView>)))]
#[get("/tenants/{tenant}/users")]
pub(crate) async fn list(call: TenantCaller) -> Result<Answer> {
    let status = match call.query("status") {
        None => None,
        Some(text) => {
            let status = UserStatus::ALL.iter().find(|status| status.as_str() == text);
            Some(*status.ok_or_else(|| {
                Problem::new(MALFORMED_REQUEST, "status has to be active, suspended or deleted.")
            })?)
        }
    };
    let page = user::list(&mut call.scope(), status, call.page()?).await?;
    call.answer_page(page, UserView::from)
}

/// Read a user
#[utoipa::path(tag = "Users", operation_id = "getUser",
    responses((status = 200, description = "The user", body = UserView)))]
#[get("/tenants/{tenant}/users/{user}")]
pub(crate) async fn read(call: TenantCaller) -> Result<Answer> {
    let user = find(&call, &mut call.scope()).await?;
    let tag = user_etag(&user);
    if is_known(call.headers(), &tag)? {
        return Ok(Answer::not_modified().etag(tag));
    }
    Ok(Answer::ok(&UserView::from(user))?.etag(tag))
}

/// Suspend a user, or let it in again
///
/// Suspending ends every session of the user, and what was granted in them.
#[utoipa::path(tag = "Users", operation_id = "updateUser",
    request_body(content = UserPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The user as it is now", body = UserView)))]
#[patch("/tenants/{tenant}/users/{user}")]
pub(crate) async fn update(call: TenantCaller) -> Result<Answer> {
    let mut tx = call.begin().await?;
    let user = changeable(&call, &mut tx).await?;
    let (new, changed): (UserPatch, _) = call.patched(&json!({ "status": user.status }), &[])?;
    let env = &call.store().env;
    let user = user::set_status(&mut tx, env, user.id, user.version, new.status).await?;
    let detail = json!({ "changed": changed, "status": new.status });
    record(&mut tx, &call, "user.update", user.id, detail).await?;
    tx.commit().await?;
    let tag = user_etag(&user);
    Ok(Answer::ok(&UserView::from(user))?.etag(tag))
}

/// Delete a user
///
/// A tombstone stays, without personal data, so that the id is never used again. Whoever comes with
/// one of its identities next is somebody new.
#[utoipa::path(tag = "Users", operation_id = "deleteUser",
    responses((status = 204, description = "It is gone")))]
#[delete("/tenants/{tenant}/users/{user}")]
pub(crate) async fn delete(call: TenantCaller) -> Result<Answer> {
    let mut tx = call.begin().await?;
    let user = changeable(&call, &mut tx).await?;
    let env = &call.store().env;
    user::set_status(&mut tx, env, user.id, user.version, UserStatus::Deleted).await?;
    record(&mut tx, &call, "user.delete", user.id, json!({})).await?;
    tx.commit().await?;
    Ok(Answer::no_content())
}

/// List the identities of a user
#[utoipa::path(tag = "Users", operation_id = "listUserIdentities",
    responses((status = 200, description = "All of them, oldest first", body = List<IdentityView>)))]
#[get("/tenants/{tenant}/users/{user}/identities")]
pub(crate) async fn identities(call: TenantCaller) -> Result<Answer> {
    let mut scope = call.scope();
    let user = find(&call, &mut scope).await?;
    let identities = identity::of_user(&mut scope, user.id).await?;
    List::whole(identities.into_iter().map(IdentityView::from).collect())
}

/// The user of the path.
pub(crate) async fn find(call: &TenantCaller, scope: &mut impl Scope) -> Result<User> {
    user::find(scope, call.id("user")?).await?.ok_or_else(Problem::not_found)
}

/// The user of the path, if it may be changed and the caller knows its version.
async fn changeable(call: &TenantCaller, tx: &mut TenantWrite) -> Result<User> {
    let user = find(call, tx).await?;
    if_match(call.headers(), user.version)?;
    if user.status == UserStatus::Deleted {
        return Err(Problem::new(CONFLICT, "The user was deleted; a tombstone stays as it is."));
    }
    Ok(user)
}

async fn record(
    tx: &mut TenantWrite,
    call: &TenantCaller,
    action: &'static str,
    user: UserId,
    detail: Value,
) -> Result<()> {
    let event = Event { user_id: Some(user), detail, ..call.event(action) };
    Ok(audit::record(tx, &call.store().env, event).await?)
}
