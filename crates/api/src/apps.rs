//! Apps: the OpenID Connect clients of a tenant.

use actix_web::{delete, get, patch, post};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde_json::{Value, json};
use store::app::{self, App, AppSettings};
use store::audit::{self, Event};
use store::id::AppId;
use store::registration;
use store::secret::{self, SecretHash};
use store::{Scope, TenantWrite};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::Answer;
use crate::app_body::{AppView, NewApp, written};
use crate::caller::{Call, TenantCaller};
use crate::idempotency::once;
use crate::paging::{List, PageQuery};
use crate::precondition::{etag, if_match, is_known};
use crate::problem::{CONFLICT, Problem, Result};

/// An app that was made just now.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedApp {
    /// The app.
    #[serde(flatten)]
    app: AppView,
    /// The client secret of an app that is not public. It is shown this once only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, example = "hufu_secret_…")]
    client_secret: Option<String>,
}

/// A new client secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewSecret {
    /// The app.
    client_id: Uuid,
    /// Its client secret from now on. It is shown this once only.
    #[schema(example = "hufu_secret_…")]
    client_secret: String,
}

/// List apps
#[utoipa::path(tag = "Apps", operation_id = "listApps", params(PageQuery),
    responses((status = 200, description = "A page of the tenant's apps, oldest first", body = List<AppView>)))]
#[get("/tenants/{tenant}/apps")]
pub(crate) async fn list(call: TenantCaller) -> Result<Answer> {
    let page = app::list(&mut call.scope(), call.page()?).await?;
    call.answer_page(page, AppView::from)
}

/// Make an app
///
/// The answer has its client secret, if it proves itself by one, this once.
#[utoipa::path(tag = "Apps", operation_id = "createApp", request_body = NewApp,
    responses((status = 201, description = "It was made", body = CreatedApp)))]
#[post("/tenants/{tenant}/apps")]
pub(crate) async fn create(call: TenantCaller) -> Result<Answer> {
    let new: AppSettings = call.input()?;
    let env = &call.store().env;
    once(&call, call.tenant.id, async |tx| {
        let secret = if new.token_endpoint_auth_method.has_secret() {
            Some(new_secret(&call)?)
        } else {
            None
        };
        let secret_hash = secret.as_ref().map(|secret| SecretHash::of(secret.expose_secret()));
        let app = app::create(tx, env, AppSettings { secret_hash, ..new.clone() }).await?;
        record(tx, &call, "app.create", app.id, json!({})).await?;
        let (location, tag) = (format!("{}/{}", call.path(), app.id), etag(app.version));
        let client_secret = secret.map(|secret| secret.expose_secret().to_owned());
        let created = CreatedApp { app: app.into(), client_secret };
        Ok(Answer::created(location, &created)?.etag(tag))
    })
    .await
}

/// Read an app
#[utoipa::path(tag = "Apps", operation_id = "getApp",
    responses((status = 200, description = "The app", body = AppView)))]
#[get("/tenants/{tenant}/apps/{app}")]
pub(crate) async fn read(call: TenantCaller) -> Result<Answer> {
    let app = find(&call, &mut call.scope()).await?;
    let tag = etag(app.version);
    if is_known(call.headers(), &tag)? {
        return Ok(Answer::not_modified().etag(tag));
    }
    Ok(Answer::ok(&AppView::from(app))?.etag(tag))
}

/// Change an app
///
/// An app that no longer proves itself by a client secret loses it. One that begins to has none until
/// a new one is made.
#[utoipa::path(tag = "Apps", operation_id = "updateApp",
    request_body(content = ref("#/components/schemas/AppPatch"), content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The app as it is now", body = AppView)))]
#[patch("/tenants/{tenant}/apps/{app}")]
pub(crate) async fn update(call: TenantCaller) -> Result<Answer> {
    let mut tx = call.begin().await?;
    let old = find(&call, &mut tx).await?;
    if_match(call.headers(), old.version)?;
    let (new, changed): (AppSettings, _) = call.patched(&written(&old), &[])?;
    let secret_hash = old.secret_hash().filter(|_| new.token_endpoint_auth_method.has_secret());
    let env = &call.store().env;
    let new = AppSettings { secret_hash, ..new };
    let app = app::update(&mut tx, env, old.id, old.version, new).await?;
    record(&mut tx, &call, "app.update", app.id, json!({ "changed": changed })).await?;
    tx.commit().await?;
    let tag = etag(app.version);
    Ok(Answer::ok(&AppView::from(app))?.etag(tag))
}

/// Delete an app
///
/// Its links and everything that was granted to it go with it.
#[utoipa::path(tag = "Apps", operation_id = "deleteApp",
    responses((status = 204, description = "It is gone")))]
#[delete("/tenants/{tenant}/apps/{app}")]
pub(crate) async fn delete(call: TenantCaller) -> Result<Answer> {
    let mut tx = call.begin().await?;
    let app = find(&call, &mut tx).await?;
    if_match(call.headers(), app.version)?;
    app::delete(&mut tx, app.id, app.version).await?;
    let detail = json!({ "display_name": app.display_name });
    record(&mut tx, &call, "app.delete", app.id, detail).await?;
    tx.commit().await?;
    Ok(Answer::no_content())
}

/// Make a new client secret
///
/// The old one stops working at once. The app's version goes up.
#[utoipa::path(tag = "Apps", operation_id = "createAppSecret",
    responses((status = 201, description = "The new client secret, shown this once only", body = NewSecret)))]
#[post("/tenants/{tenant}/apps/{app}/secret")]
pub(crate) async fn create_secret(call: TenantCaller) -> Result<Answer> {
    call.no_input()?;
    let env = &call.store().env;
    once(&call, call.tenant.id, async |tx| {
        let old = find(&call, tx).await?;
        if !old.token_endpoint_auth_method.has_secret() {
            let text = "This app proves itself without a client secret: change its \
                        token_endpoint_auth_method first.";
            return Err(Problem::new(CONFLICT, text));
        }
        let secret = new_secret(&call)?;
        let hash = SecretHash::of(secret.expose_secret());
        let settings = AppSettings { secret_hash: Some(hash), ..old.settings() };
        let app = app::update(tx, env, old.id, old.version, settings).await?;
        record(tx, &call, "app.secret.create", app.id, json!({ "changed": ["client_secret"] }))
            .await?;
        let answer =
            NewSecret { client_id: app.id.0, client_secret: secret.expose_secret().to_owned() };
        let location = call.path().trim_end_matches("/secret").to_owned();
        Ok(Answer::created(location, &answer)?.etag(etag(app.version)))
    })
    .await
}

/// Take its registration access token away
///
/// An app that registered itself can then no longer read, change or delete itself. What it is stays. An
/// app that was made here has none.
#[utoipa::path(tag = "Apps", operation_id = "deleteAppRegistrationToken",
    responses((status = 204, description = "It is gone")))]
#[delete("/tenants/{tenant}/apps/{app}/registration-access-token")]
pub(crate) async fn delete_registration_token(call: TenantCaller) -> Result<Answer> {
    let mut tx = call.begin().await?;
    let app = find(&call, &mut tx).await?;
    registration::take_away(&mut tx, app.id).await?;
    record(&mut tx, &call, "app.registration_token.delete", app.id, json!({})).await?;
    tx.commit().await?;
    Ok(Answer::no_content())
}

/// The app of the path.
pub(crate) async fn find(call: &TenantCaller, scope: &mut impl Scope) -> Result<App> {
    app::find(scope, call.id("app")?).await?.ok_or_else(Problem::not_found)
}

fn new_secret(call: &Call) -> Result<SecretString> {
    Ok(secret::client_secret(&call.store().env)?)
}

/// Records what was done to an app.
pub(crate) async fn record(
    tx: &mut TenantWrite,
    call: &TenantCaller,
    action: &'static str,
    app: AppId,
    detail: Value,
) -> Result<()> {
    let event = Event { app_id: Some(app), detail, ..call.event(action) };
    Ok(audit::record(tx, &call.store().env, event).await?)
}
