//! Tenants: the operator makes them.

use actix_web::{delete, get, patch, post};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use store::audit;
use store::id::TenantId;
use store::signing_key::{self, KeyStatus};
use store::tenant::{self, Tenant, TenantStatus};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::Answer;
use crate::branding::{BrandingView, NewBranding};
use crate::caller::Operator;
use crate::fields::{self, Context, Fields, Input};
use crate::idempotency::once_prepared;
use crate::paging::{List, PageQuery};
use crate::precondition::{etag, if_match, is_known};
use crate::problem::{Problem, Result};
use crate::{rules, schema, uris};

/// A tenant to be made.
#[derive(Debug, ToSchema)]
pub(crate) struct NewTenant {
    /// The host of its pages and of its issuer: a DNS name in lower case, with a port only if it is
    /// not the scheme's own. Unique in the installation. Changing it changes the issuer that apps
    /// know.
    #[schema(max_length = 259, example = "login.acme.example")]
    host: String,
    /// Its name, for people.
    #[schema(min_length = 1, max_length = 100, example = "Acme")]
    display_name: String,
    /// Whether its people may sign in.
    #[schema(value_type = schema::TenantStatus, required = false, default = "active")]
    status: TenantStatus,
    /// How its pages look. Its own administrator can set it too, at `/tenants/{tenant}/branding`.
    branding: Option<NewBranding>,
}

impl Input for NewTenant {
    fn read(fields: &mut Fields, context: Context<'_>) -> Option<Self> {
        let console = context.console;
        let host =
            fields.required("host", uris::tenant_host(&console.scheme, &console.console_host));
        let display_name = fields.required("display_name", rules::text(100));
        let status =
            fields.defaulted("status", TenantStatus::Active, rules::word(&["active", "suspended"]));
        let branding = fields.optional("branding", |value| fields::nested(value, context));
        Some(Self {
            host: host?,
            display_name: display_name?,
            status: status?,
            branding: branding?,
        })
    }
}

/// The unit of isolation: it has its own host, issuer, signing keys, users, apps and sources.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tenant)]
pub(crate) struct TenantView {
    /// Its id.
    id: Uuid,
    /// The host of its pages and of its issuer.
    #[schema(example = "login.acme.example")]
    host: String,
    /// What apps configure: its OpenID Connect issuer.
    #[schema(example = "https://login.acme.example/oidc")]
    issuer: String,
    /// Its name, for people.
    #[schema(example = "Acme")]
    display_name: String,
    /// Whether its people may sign in.
    #[schema(value_type = schema::TenantStatus)]
    status: TenantStatus,
    /// How its pages look.
    #[schema(required)]
    branding: Option<BrandingView>,
    /// Goes up by one with every change.
    #[schema(example = 1)]
    version: i64,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it was last changed.
    updated_at: DateTime<Utc>,
}

impl TenantView {
    fn new(scheme: &str, tenant: Tenant) -> Self {
        Self {
            id: tenant.id.0,
            issuer: oidc::Issuer::new(scheme, &tenant.host).to_string(),
            host: tenant.host,
            display_name: tenant.display_name,
            status: tenant.status,
            branding: tenant.branding.map(BrandingView::from),
            version: tenant.version,
            created_at: tenant.created_at,
            updated_at: tenant.updated_at,
        }
    }
}

/// List tenants
///
/// Needs the operator's key, as every operation on tenants themselves.
#[utoipa::path(tag = "Tenants", operation_id = "listTenants", params(PageQuery),
    responses((status = 200, description = "A page of the tenants, oldest first", body = List<TenantView>)))]
#[get("/tenants")]
pub(crate) async fn list(call: Operator) -> Result<Answer> {
    let page = tenant::list(&call.store().database, call.page()?).await?;
    call.answer_page(page, |tenant| TenantView::new(&call.console().scheme, tenant))
}

/// Make a tenant
///
/// It gets its signing keys at once, one for each algorithm. They never leave the server.
#[utoipa::path(tag = "Tenants", operation_id = "createTenant", request_body = NewTenant,
    responses((status = 201, description = "It was made", body = TenantView)))]
#[post("/tenants")]
pub(crate) async fn create(call: Operator) -> Result<Answer> {
    let new: NewTenant = call.input()?;
    let env = &call.store().env;
    let (id, now) = (TenantId(env.ordered_id()?), env.now());
    let tenant = Tenant {
        id,
        host: new.host,
        display_name: new.display_name,
        support_contact: None,
        status: new.status,
        branding: new.branding.and_then(NewBranding::kept),
        version: 1,
        created_at: now,
        updated_at: now,
    };
    let keys = async || Ok(call.console().new_keys.for_new_tenant().await?);
    once_prepared(&call, id, keys, async |tx, keys| {
        tenant::create(tx, &tenant).await.map_err(host_taken)?;
        for key in &keys {
            signing_key::create(tx, env, &call.store().keys, key, KeyStatus::Active).await?;
        }
        audit::record(tx, env, call.event("tenant.create")).await?;
        let view = TenantView::new(&call.console().scheme, tenant.clone());
        Ok(Answer::created(format!("/api/v1/tenants/{id}"), &view)?.etag(etag(tenant.version)))
    })
    .await
}

/// Read a tenant
#[utoipa::path(tag = "Tenants", operation_id = "getTenant",
    responses((status = 200, description = "The tenant", body = TenantView)))]
#[get("/tenants/{tenant}")]
pub(crate) async fn read(call: Operator) -> Result<Answer> {
    let tenant = find(&call).await?;
    answer(&call, tenant)
}

/// Change a tenant
///
/// Suspending a tenant takes its pages and endpoints away; nothing is deleted.
#[utoipa::path(tag = "Tenants", operation_id = "updateTenant",
    request_body(content = ref("#/components/schemas/TenantPatch"), content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The tenant as it is now", body = TenantView)))]
#[patch("/tenants/{tenant}")]
pub(crate) async fn update(call: Operator) -> Result<Answer> {
    let tenant = find(&call).await?;
    if_match(call.headers(), tenant.version)?;
    let current = json!({
        "host": tenant.host, "display_name": tenant.display_name, "status": tenant.status,
        "branding": tenant.branding,
    });
    let (new, changed): (NewTenant, _) = call.patched(&current, &[])?;
    let env = &call.store().env;
    let mut tx = call.store().begin(tenant.id).await?;
    let tenant = Tenant {
        host: new.host,
        display_name: new.display_name,
        status: new.status,
        branding: new.branding.and_then(NewBranding::kept),
        ..tenant
    };
    let tenant = tenant::update(&mut tx, env, &tenant).await.map_err(host_taken)?;
    let event =
        audit::Event { detail: json!({ "changed": changed }), ..call.event("tenant.update") };
    audit::record(&mut tx, env, event).await?;
    tx.commit().await?;
    let tag = etag(tenant.version);
    Ok(Answer::ok(&TenantView::new(&call.console().scheme, tenant))?.etag(tag))
}

/// Delete a tenant
///
/// With everything that belongs to it, its users and its audit events too. There is no way back:
/// suspend it first.
#[utoipa::path(tag = "Tenants", operation_id = "deleteTenant",
    responses((status = 204, description = "It is gone")))]
#[delete("/tenants/{tenant}")]
pub(crate) async fn delete(call: Operator) -> Result<Answer> {
    let tenant = find(&call).await?;
    if_match(call.headers(), tenant.version)?;
    let mut tx = call.store().begin(tenant.id).await?;
    tenant::delete(&mut tx, tenant.id, tenant.version).await?;
    tx.commit().await?;
    // Its audit events go with it, so the log keeps this one.
    let event = call.event("tenant.delete");
    tracing::info!(tenant = %tenant.id, address = event.address, trace = event.trace, "a tenant was deleted");
    Ok(Answer::no_content())
}

async fn find(call: &Operator) -> Result<Tenant> {
    let found = tenant::find(&call.store().database, call.id("tenant")?).await?;
    found.ok_or_else(Problem::not_found)
}

fn answer(call: &Operator, tenant: Tenant) -> Result<Answer> {
    let tag = etag(tenant.version);
    if is_known(call.headers(), &tag)? {
        return Ok(Answer::not_modified().etag(tag));
    }
    Ok(Answer::ok(&TenantView::new(&call.console().scheme, tenant))?.etag(tag))
}

fn host_taken(error: store::Error) -> Problem {
    match error {
        store::Error::Conflict => {
            Problem::conflict("/host", "taken", "host belongs to another tenant: choose another")
        }
        other => other.into(),
    }
}
