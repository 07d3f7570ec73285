//! What people have granted apps: seen, and taken back.

use actix_web::{delete, get};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use store::audit::{self, Event};
use store::granted::{self, Granted, Withdrawn};
use store::id::{AppId, UserId};
use store::{TenantWrite, user};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::Answer;
use crate::apps;
use crate::caller::TenantCaller;
use crate::paging::{List, PageQuery};
use crate::problem::Result;
use crate::users;

/// What a user has granted an app, all sign-ins together.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Granted)]
pub(crate) struct GrantedView {
    /// The app.
    app: Uuid,
    /// Its name.
    #[schema(example = "Ticket Desk")]
    app_name: String,
    /// What the user was asked about and agreed to; empty for an app that does not ask.
    #[schema(example = json!(["openid", "profile"]))]
    consent_scopes: Vec<String>,
    /// What the app may have: what was agreed to and what is granted, single claims as the scopes that
    /// give them.
    #[schema(example = json!(["openid", "profile", "offline_access"]))]
    scopes: Vec<String>,
    /// Whether it has access while nobody is signed in (`offline_access`).
    offline: bool,
    /// In how many of the user's sessions it is in use.
    #[schema(example = 1)]
    sessions: i64,
    /// Since when, as far as it is still known.
    first_at: DateTime<Utc>,
    /// When something was last granted: the last sign-in to the app.
    last_at: DateTime<Utc>,
}

impl From<Granted> for GrantedView {
    fn from(granted: Granted) -> Self {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect();
        Self {
            app: granted.app_id.0,
            app_name: granted.app_name,
            consent_scopes: granted.consent.as_deref().map(words).unwrap_or_default(),
            scopes: words(&oidc::wanted(&granted.scope, &granted.claims)),
            offline: granted.offline,
            sessions: granted.sessions,
            first_at: granted.first_at,
            last_at: granted.last_at,
        }
    }
}

/// List what a user has granted apps
///
/// One row an app: consent and live grants together. What is switched off with its app or source is
/// listed too, as it comes back with them.
#[utoipa::path(tag = "Users", operation_id = "listUserGrants", params(PageQuery),
    responses((status = 200, description = "A page of them, the oldest first", body = List<GrantedView>)))]
#[get("/tenants/{tenant}/users/{user}/grants")]
pub(crate) async fn of_user(call: TenantCaller) -> Result<Answer> {
    let mut scope = call.scope();
    let user = users::find(&call, &mut scope).await?;
    let page = call.page()?;
    let page = granted::of_user(&mut scope, &call.store().env, user.id, page).await?;
    call.answer_page(page, GrantedView::from)
}

/// Take back what a user has granted an app
///
/// The user is asked again, if the app asks; its codes and refresh tokens are worth nothing any more,
/// nor are its access tokens at UserInfo and introspection. The sessions go on; the app is told that
/// its own have ended, if it has a `backchannel_logout_uri`. Nothing granted is no error.
#[utoipa::path(tag = "Users", operation_id = "deleteUserGrants",
    responses((status = 204, description = "The app has nothing of the user's any more")))]
#[delete("/tenants/{tenant}/users/{user}/grants/{app}")]
pub(crate) async fn withdraw(call: TenantCaller) -> Result<Answer> {
    let mut tx = call.begin().await?;
    let user = users::find(&call, &mut tx).await?.id;
    let app = apps::find(&call, &mut tx).await?.id;
    // Held, as by everybody who changes something of an account.
    user::lock(&mut tx, user).await?;
    let withdrawn = granted::withdraw(&mut tx, &call.store().env, user, app).await?;
    record(&mut tx, &call, "grants.withdraw", (app, Some(user)), withdrawn).await?;
    tx.commit().await?;
    Ok(Answer::no_content())
}

/// Take back what everybody has granted an app
///
/// For an app that has lost its secret or its tokens: as for one user, for all of them at once. The app
/// may be granted something anew; disable it first if it must not. What it got for itself
/// (`client_credentials`) is not granted by anybody and stays until it expires.
#[utoipa::path(tag = "Apps", operation_id = "deleteAppGrants",
    responses((status = 204, description = "The app has nothing of anybody's any more")))]
#[delete("/tenants/{tenant}/apps/{app}/grants")]
pub(crate) async fn withdraw_all(call: TenantCaller) -> Result<Answer> {
    let mut tx = call.begin().await?;
    let app = apps::find(&call, &mut tx).await?.id;
    let withdrawn = granted::withdraw_all(&mut tx, &call.store().env, app).await?;
    record(&mut tx, &call, "app.grants.withdraw", (app, None), withdrawn).await?;
    tx.commit().await?;
    Ok(Answer::no_content())
}

async fn record(
    tx: &mut TenantWrite,
    call: &TenantCaller,
    action: &'static str,
    (app, user): (AppId, Option<UserId>),
    withdrawn: Withdrawn,
) -> Result<()> {
    let detail = json!({ "consents": withdrawn.consents, "grants": withdrawn.grants });
    let event = Event { app_id: Some(app), user_id: user, detail, ..call.event(action) };
    Ok(audit::record(tx, &call.store().env, event).await?)
}
