//! How a user gets in: password and sessions.

use actix_web::{delete, get, post, put};
use serde_json::json;
use store::user::{User, UserStatus};
use store::{Scope, TenantWrite, account_change, password, session, user};

use crate::answer::Answer;
use crate::caller::TenantCaller;
use crate::idempotency::once;
use crate::paging::List;
use crate::problem::{CONFLICT, Problem, Result};
use crate::user_body::NewPassword;
use crate::user_view::SessionView;
use crate::users::record;

/// Set a user's password
///
/// Whatever it had before is replaced, and every session of the user ends, with what was granted in
/// them: whoever knew the old one is out.
#[utoipa::path(tag = "Users", operation_id = "putUserPassword", request_body = NewPassword,
    responses((status = 204, description = "It is set")))]
#[put("/tenants/{tenant}/users/{user}/password")]
pub(crate) async fn put_password(call: TenantCaller) -> Result<Answer> {
    let new: NewPassword = call.input()?;
    let user = living(&call, &mut call.scope()).await?;
    new.check(&user)?;
    let env = &call.store().env;
    // Before the transaction: nobody waits for a hash.
    let hash = call.console().passwords.hash(new.password, env.bytes()?).await?;
    let mut tx = call.begin().await?;
    let user = living(&call, &mut tx).await?;
    password::set(&mut tx, env, user.id, &hash).await?;
    changed(&mut tx, &call, &user, "user.password.set").await?;
    tx.commit().await?;
    Ok(Answer::no_content())
}

/// Take a user's password away
///
/// Every session of the user ends. The person can still sign in by a source or by a code, where the app
/// allows that.
#[utoipa::path(tag = "Users", operation_id = "deleteUserPassword",
    responses((status = 204, description = "It is gone")))]
#[delete("/tenants/{tenant}/users/{user}/password")]
pub(crate) async fn delete_password(call: TenantCaller) -> Result<Answer> {
    let mut tx = call.begin().await?;
    let user = living(&call, &mut tx).await?;
    if password::find(&mut tx, user.id).await?.is_none() {
        return Err(Problem::not_found());
    }
    password::remove(&mut tx, user.id).await?;
    changed(&mut tx, &call, &user, "user.password.delete").await?;
    tx.commit().await?;
    Ok(Answer::no_content())
}

/// List the sessions of a user
#[utoipa::path(tag = "Users", operation_id = "listUserSessions",
    responses((status = 200, description = "The browsers that are signed in, the last used first; 50 at most", body = List<SessionView>)))]
#[get("/tenants/{tenant}/users/{user}/sessions")]
pub(crate) async fn sessions(call: TenantCaller) -> Result<Answer> {
    let mut scope = call.scope();
    let user = find(&call, &mut scope).await?;
    let sessions = session::of_user(&mut scope, &call.store().env, user.id).await?;
    List::whole(sessions.into_iter().map(SessionView::from).collect())
}

/// Sign a user out everywhere
///
/// Ends every session, and revokes what was granted in them. An ID token or access token that an app
/// has already is valid until its time is over.
#[utoipa::path(tag = "Users", operation_id = "signUserOut",
    responses((status = 204, description = "No browser is signed in any more")))]
#[post("/tenants/{tenant}/users/{user}/sign-out")]
pub(crate) async fn sign_out(call: TenantCaller) -> Result<Answer> {
    call.no_input()?;
    once(&call, call.tenant.id, async |tx| {
        let user = find(&call, tx).await?;
        // Held, as whoever hands a session over or agrees to a grant holds it.
        user::lock(tx, user.id).await?;
        let env = &call.store().env;
        let ended = session::end_others_of_user(tx, env, user.id, None).await?;
        record(tx, &call, "user.sign_out", user.id, json!({ "sessions": ended })).await?;
        Ok(Answer::no_content())
    })
    .await
}

/// What every change of a password brings with it.
async fn changed(
    tx: &mut TenantWrite,
    call: &TenantCaller,
    user: &User,
    action: &'static str,
) -> Result<()> {
    let env = &call.store().env;
    account_change::touch(tx, env, user.id).await?;
    session::end_all_of_user(tx, env, user.id).await?;
    record(tx, call, action, user.id, json!({ "changed": ["password"] })).await
}

async fn find(call: &TenantCaller, scope: &mut impl Scope) -> Result<User> {
    user::find(scope, call.id("user")?).await?.ok_or_else(Problem::not_found)
}

/// The user of the path, unless it was deleted.
async fn living(call: &TenantCaller, scope: &mut impl Scope) -> Result<User> {
    let user = find(call, scope).await?;
    if user.status == UserStatus::Deleted {
        return Err(Problem::new(CONFLICT, "The user was deleted; a tombstone stays as it is."));
    }
    Ok(user)
}
