//! Users: the accounts of people in a tenant, and their identities.

use actix_web::{delete, get, patch, post};
use serde_json::{Value, json};
use store::account::{self, AccountSettings};
use store::account_change::{self, Difference};
use store::audit::{self, Event};
use store::id::UserId;
use store::user::{self, User, UserStatus};
use store::user_search::{self as overview, Overview};
use store::{Env, Scope, TenantWrite, identity, password};

use crate::answer::Answer;
use crate::caller::TenantCaller;
use crate::fields;
use crate::idempotency::once_prepared;
use crate::paging::{List, PageQuery};
use crate::precondition::{if_match, is_known};
use crate::problem::{CONFLICT, Problem, Result};
use crate::user_body::{self, NewAccount, NewUser, UserPatch};
use crate::user_search::{self, UserQuery};
use crate::user_view::{IdentityView, UserList, UserView, user_etag};

/// List users, or search them
#[utoipa::path(tag = "Users", operation_id = "listUsers", params(UserQuery, PageQuery),
    responses((status = 200, description = "A page of the tenant's users, oldest first; or what the search finds, by name", body = UserList)))]
#[get("/tenants/{tenant}/users")]
pub(crate) async fn list(call: TenantCaller) -> Result<Answer> {
    let status = user_search::status(&call)?;
    let mut scope = call.scope();
    let Some(search) = user_search::search(&call)? else {
        let page = overview::list(&mut scope, status, call.page()?).await?;
        return call.answer_page_as(page, UserView::from, UserList::from);
    };
    let found = overview::search(&mut scope, search, status, call.limit()?).await?;
    let items = found.items.into_iter().map(UserView::from).collect();
    Answer::ok(&UserList { items, next: None, more: found.more })
}

/// Make a user
///
/// An account that is there before its person signs in. A first sign-in through a source finds it by
/// the rules of the source, or the person binds it with its password.
#[utoipa::path(tag = "Users", operation_id = "createUser", request_body = NewUser,
    responses((status = 201, description = "It was made", body = UserView)))]
#[post("/tenants/{tenant}/users")]
pub(crate) async fn create(call: TenantCaller) -> Result<Answer> {
    let NewAccount { change, password } = call.input()?;
    let env = &call.store().env;
    let settings = change.into_settings();
    let hash = async || match &password {
        None => Ok(None),
        Some(text) => Ok(Some(call.console().passwords.hash(text.clone(), env.bytes()?).await?)),
    };
    once_prepared(&call, call.tenant.id, hash, async |tx, hash| {
        let user = make(tx, env, &settings).await?;
        if let Some(hash) = &hash {
            password::set(tx, env, user.id, hash).await?;
        }
        record(tx, &call, "user.create", user.id, json!({})).await?;
        let made = overview::find(tx, user.id).await?.ok_or_else(Problem::not_found)?;
        let path = format!("/api/v1/tenants/{}/users/{}", call.tenant.id, user.id);
        let tag = user_etag(&made);
        Ok(Answer::created(path, &UserView::from(made))?.etag(tag))
    })
    .await
}

async fn make(tx: &mut TenantWrite, env: &Env, settings: &AccountSettings) -> Result<User> {
    match account::insert(tx, env, settings).await? {
        Some(user) => Ok(user),
        None => Err(match account::taken(tx, None, settings).await? {
            Some(field) => user_body::conflict(field),
            // Whoever had it has just given it up.
            None => store::Error::Conflict.into(),
        }),
    }
}

/// Read a user
#[utoipa::path(tag = "Users", operation_id = "getUser",
    responses((status = 200, description = "The user", body = UserView)))]
#[get("/tenants/{tenant}/users/{user}")]
pub(crate) async fn read(call: TenantCaller) -> Result<Answer> {
    let seen = overview::find(&mut call.scope(), call.id("user")?).await?;
    let seen = seen.ok_or_else(Problem::not_found)?;
    let tag = user_etag(&seen);
    if is_known(call.headers(), &tag)? {
        return Ok(Answer::not_modified().etag(tag));
    }
    answer(seen)
}

/// Change a user
///
/// What an administrator has changed is no longer WeCom's to change. A new `email` or `phone_number` is
/// not verified unless the same call says so. Suspending ends every session of the user, and what was
/// granted in them; so does another `username`, `email` or `phone_number`.
#[utoipa::path(tag = "Users", operation_id = "updateUser",
    request_body(content = ref("#/components/schemas/UserPatch"), content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The user as it is now", body = UserView)))]
#[patch("/tenants/{tenant}/users/{user}")]
pub(crate) async fn update(call: TenantCaller) -> Result<Answer> {
    let UserPatch { change, status } = call.edits()?;
    let mut tx = call.begin().await?;
    let user = changeable(&call, &mut tx).await?;
    let flaws = user_body::without_value(&change, Some(&user));
    if !flaws.is_empty() {
        return Err(fields::invalid(flaws));
    }
    let difference = change.against(&user);
    let (env, mut changed) = (&call.store().env, difference.fields());
    let mut version = user.version;
    if !difference.is_empty() {
        apply(&call, &mut tx, &user, &difference).await?;
        version += 1;
    }
    let mut detail = json!({});
    if let Some(status) = status {
        // Also to what it is already: that ends the sessions.
        user::set_status(&mut tx, env, user.id, version, status).await?;
        changed.extend((status != user.status).then_some("status"));
        detail["status"] = json!(status);
    }
    if !difference.is_empty() || status.is_some() {
        detail["changed"] = json!(changed);
        record(&mut tx, &call, "user.update", user.id, detail).await?;
    }
    let seen = overview::find(&mut tx, user.id).await?.ok_or_else(Problem::not_found)?;
    tx.commit().await?;
    answer(seen)
}

async fn apply(
    call: &TenantCaller,
    tx: &mut TenantWrite,
    user: &User,
    difference: &Difference,
) -> Result<()> {
    let mut taken = account_change::taken(tx, user, difference).await?;
    if taken.is_none() {
        match account_change::apply(tx, &call.store().env, user, difference).await {
            // Somebody took it since we looked; this transaction sees no more.
            Err(store::Error::Conflict) => {
                taken = account_change::taken(&mut call.scope(), user, difference).await?;
                taken.ok_or(store::Error::Conflict)?;
            }
            outcome => return Ok(outcome?),
        }
    }
    taken.map_or(Ok(()), |field| Err(user_body::conflict(field)))
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

fn answer(seen: Overview) -> Result<Answer> {
    let tag = user_etag(&seen);
    Ok(Answer::ok(&UserView::from(seen))?.etag(tag))
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

/// Records what was done to a user.
pub(crate) async fn record(
    tx: &mut TenantWrite,
    call: &TenantCaller,
    action: &'static str,
    user: UserId,
    detail: Value,
) -> Result<()> {
    let event = Event { user_id: Some(user), detail, ..call.event(action) };
    Ok(audit::record(tx, &call.store().env, event).await?)
}
