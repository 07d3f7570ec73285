//! Tenants: the only rows, beside API keys, that are found without a tenant.

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::FromRow;
use sqlx::types::Json;

use crate::branding::Branding;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::id::TenantId;
use crate::page::{Cursor, Page, PageRequest};
use crate::scope::{Scope as _, TenantWrite};
use crate::secret::{KeyRing, Place};
use crate::sql::Database;

crate::text_enum! {
    /// Whether a tenant's people may sign in.
    TenantStatus {
        /// They may.
        Active = "active",
        /// Nothing is served on its host.
        Suspended = "suspended",
    }
}

/// The unit of isolation.
#[derive(Debug, Clone, FromRow)]
pub struct Tenant {
    /// Its id.
    #[sqlx(rename = "tenant_id")]
    pub id: TenantId,
    /// The host of its pages and its issuer, lower case, with the port unless it is the scheme's own.
    #[sqlx(rename = "tenant_host")]
    pub host: String,
    /// Its name, for people.
    #[sqlx(rename = "tenant_display_name")]
    pub display_name: String,
    /// Whom its people can ask for help, as shown to them.
    #[sqlx(rename = "tenant_support_contact")]
    pub support_contact: Option<String>,
    /// Whether its people may sign in.
    #[sqlx(rename = "tenant_status")]
    pub status: TenantStatus,
    /// How its pages look.
    #[sqlx(rename = "tenant_branding", json(nullable))]
    pub branding: Option<Branding>,
    /// Goes up by one with every change.
    #[sqlx(rename = "tenant_version")]
    pub version: i64,
    /// When it was made.
    #[sqlx(rename = "tenant_created_at")]
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    #[sqlx(rename = "tenant_updated_at")]
    pub updated_at: DateTime<Utc>,
}

// Under names of their own, to stand beside an app's.
macro_rules! columns {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            " id AS tenant_id, host AS tenant_host, display_name AS tenant_display_name,
             support_contact AS tenant_support_contact, status AS tenant_status,
             branding AS tenant_branding, version AS tenant_version,
             created_at AS tenant_created_at, updated_at AS tenant_updated_at ",
            $after
        )
    };
}

/// Makes a tenant. [`Error::Conflict`] if the host is taken.
pub async fn create(tx: &mut TenantWrite, tenant: &Tenant) -> Result<()> {
    tx.transaction()
        .query(
            "INSERT INTO tenants (id, host, display_name, status, branding, version, created_at,
             updated_at, support_contact) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(tenant.id)
        .bind(tenant.host.clone())
        .bind(tenant.display_name.clone())
        .bind(tenant.status)
        .bind(tenant.branding.clone().map(Json))
        .bind(tenant.version)
        .bind(tenant.created_at)
        .bind(tenant.updated_at)
        .bind(tenant.support_contact.clone())
        .execute()
        .await?;
    Ok(())
}

/// The tenant with this id.
pub async fn find(database: &Database, id: TenantId) -> Result<Option<Tenant>> {
    database.query(columns!("SELECT", "FROM tenants WHERE id = $1")).bind(id).optional().await
}

/// The tenant that lives on this host (lower case).
pub async fn find_by_host(database: &Database, host: &str) -> Result<Option<Tenant>> {
    database
        .query(columns!("SELECT", "FROM tenants WHERE host = $1"))
        .bind(host.to_owned())
        .optional()
        .await
}

/// A page of all tenants.
pub async fn list(database: &Database, page: PageRequest) -> Result<Page<Tenant>> {
    let rows = database
        .query(columns!(
            "SELECT",
            "FROM tenants WHERE ((created_at, id) > ($1, $2) OR $1 IS NULL)
             ORDER BY created_at, id LIMIT $3"
        ))
        .bind(page.after_time())
        .bind(page.after_id())
        .bind(page.fetch())
        .all()
        .await?;
    Ok(page.page(rows, |row: &Tenant| Cursor { created_at: row.created_at, id: row.id.0 }))
}

/// Writes the changeable fields of the handle's tenant, which was read at `tenant.version`.
/// [`Error::Stale`] if somebody was faster, [`Error::Conflict`] if the host is taken.
pub async fn update(tx: &mut TenantWrite, env: &Env, tenant: &Tenant) -> Result<Tenant> {
    if tenant.id != tx.tenant() {
        return Err(Error::Stale);
    }
    tx.transaction()
        .query(columns!(
            "UPDATE tenants SET host = $3, display_name = $4, status = $5, branding = $6,
             version = version + 1, updated_at = $7, support_contact = $8
             WHERE id = $1 AND version = $2 RETURNING",
            ""
        ))
        .bind(tenant.id)
        .bind(tenant.version)
        .bind(tenant.host.clone())
        .bind(tenant.display_name.clone())
        .bind(tenant.status)
        .bind(tenant.branding.clone().map(Json))
        .bind(env.now())
        .bind(tenant.support_contact.clone())
        .optional()
        .await?
        .ok_or(Error::Stale)
}

/// Where a tenant's codes by SMS are handed over.
#[derive(Debug)]
pub struct SmsWebhook {
    /// Its address.
    pub url: String,
    /// What signs the calls.
    pub secret: SecretString,
}

fn webhook_place(id: &TenantId) -> Place<'_> {
    Place { tenant: Some(*id), column: "tenants.sms_webhook_secret", row: id.0.as_bytes() }
}

#[derive(FromRow)]
struct SealedWebhook {
    sms_webhook_url: Option<String>,
    sms_webhook_secret: Option<Vec<u8>>,
}

/// Where the tenant's codes by SMS are handed over, if it is set.
pub async fn sms_webhook(
    database: &Database,
    ring: &KeyRing,
    id: TenantId,
) -> Result<Option<SmsWebhook>> {
    let found: Option<SealedWebhook> = database
        .query("SELECT sms_webhook_url, sms_webhook_secret FROM tenants WHERE id = $1")
        .bind(id)
        .optional()
        .await?;
    let Some(SealedWebhook { sms_webhook_url: Some(url), sms_webhook_secret: Some(sealed) }) =
        found
    else {
        return Ok(None);
    };
    Ok(Some(SmsWebhook { url, secret: ring.open_text(webhook_place(&id), &sealed)? }))
}

/// Sets where the handle's tenant's codes by SMS are handed over, or takes it away.
pub async fn set_sms_webhook(
    tx: &mut TenantWrite,
    env: &Env,
    ring: &KeyRing,
    webhook: Option<&SmsWebhook>,
) -> Result<()> {
    let id = tx.tenant();
    let sealed = match webhook {
        Some(webhook) => {
            let secret = webhook.secret.expose_secret().as_bytes();
            Some(ring.seal(env, webhook_place(&id), secret)?)
        }
        None => None,
    };
    tx.transaction()
        .query("UPDATE tenants SET sms_webhook_url = $2, sms_webhook_secret = $3 WHERE id = $1")
        .bind(id)
        .bind(webhook.map(|webhook| webhook.url.clone()))
        .bind(sealed)
        .execute()
        .await?;
    Ok(())
}

/// Seals the webhook's secret anew if it is not sealed with the ring's first key. Whether it was.
pub(crate) async fn reseal_webhook(
    tx: &mut TenantWrite,
    env: &Env,
    ring: &KeyRing,
) -> Result<Option<bool>> {
    let id = tx.tenant();
    let found: Option<SealedWebhook> = tx
        .transaction()
        .query("SELECT sms_webhook_url, sms_webhook_secret FROM tenants WHERE id = $1")
        .bind(id)
        .optional()
        .await?;
    let Some(SealedWebhook { sms_webhook_url: Some(url), sms_webhook_secret: Some(sealed) }) =
        found
    else {
        return Ok(None);
    };
    if ring.is_current(&sealed) {
        return Ok(Some(false));
    }
    let secret = ring.open_text(webhook_place(&id), &sealed)?;
    set_sms_webhook(tx, env, ring, Some(&SmsWebhook { url, secret })).await?;
    Ok(Some(true))
}

/// Deletes the handle's tenant with all that belongs to it, if it still has this version.
pub async fn delete(tx: &mut TenantWrite, id: TenantId, version: i64) -> Result<()> {
    if id != tx.tenant() {
        return Err(Error::Stale);
    }
    // Sources hold on to their corp, so that a corp in use cannot be deleted; they go first.
    let sources = "DELETE FROM identity_sources WHERE tenant_id = $1
         AND EXISTS (SELECT 1 FROM tenants WHERE id = $1 AND version = $2)";
    tx.transaction().query(sources).bind(id).bind(version).execute().await?;
    // Answers to console calls know their caller, not its tenant.
    let answers = "DELETE FROM idempotency_keys
         WHERE caller IN (SELECT id FROM api_keys WHERE tenant_id = $1)
         AND EXISTS (SELECT 1 FROM tenants WHERE id = $1 AND version = $2)";
    tx.transaction().query(answers).bind(id).bind(version).execute().await?;
    let deleted = tx
        .transaction()
        .query("DELETE FROM tenants WHERE id = $1 AND version = $2")
        .bind(id)
        .bind(version)
        .execute()
        .await?;
    if deleted == 1 { Ok(()) } else { Err(Error::Stale) }
}
