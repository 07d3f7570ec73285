//! Identity sources: the ways to sign in through a corp.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use sqlx::types::Json;

use crate::env::Env;
use crate::error::{Error, Result};
use crate::id::{AppId, CorpId, SourceId, TenantId};
use crate::page::{Cursor, Page, PageRequest};
use crate::policy::AssociationPolicy;
use crate::scope::{Scope, TenantWrite};
use crate::secret::{KeyRing, Place};
use crate::sql;

crate::text_enum! {
    /// Where the source works.
    SourceKind {
        /// QR code or quick login in a desktop browser.
        WecomQr = "wecom_qr",
        /// Silently, inside the WeCom client.
        WecomMobile = "wecom_mobile",
    }
}

crate::text_enum! {
    /// Whose app it is at WeCom.
    SourceMode {
        /// The corp's own app (自建应用).
        SelfBuilt = "self_built",
        /// A service provider's app (代开发自建应用).
        Agency = "agency",
    }
}

crate::text_enum! {
    /// What the in-client page asks the member for [D 91022].
    SourceScope {
        /// Who it is; silent.
        Base = "snsapi_base",
        /// Mobile, mail and picture too; with the member's consent.
        PrivateInfo = "snsapi_privateinfo",
    }
}

crate::text_enum! {
    /// How a person's first sign-in finds an account.
    AssociationMode {
        /// A new account each time.
        None = "none",
        /// By a field that both sides trust.
        Field = "field",
        /// The person decides, with proof.
        Ask = "ask",
    }
}

crate::text_enum! {
    /// Whether something may be used.
    Status {
        /// It may.
        Active = "active",
        /// Switched off by an administrator.
        Disabled = "disabled",
    }
}

/// Why no call is made with a source's credentials any more: WeCom refused them, and repeating that
/// would get the address of all tenants banned (errcode 40001 [D 90312]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Misconfigured {
    /// WeCom's error code.
    pub errcode: i64,
    /// WeCom's reference for its support.
    pub hint: Option<String>,
    /// When it happened.
    pub at: DateTime<Utc>,
}

/// One way to sign in through a corp.
#[derive(Debug, Clone, FromRow)]
pub struct Source {
    /// Our id.
    pub id: SourceId,
    /// Our id of its corp.
    pub corp: CorpId,
    /// WeCom's `corpid` of its corp.
    pub corp_id: String,
    /// The egress of its corp.
    pub egress: Option<String>,
    /// Its name in URLs: unique in the tenant, never changed.
    pub identifier: String,
    /// Where it works.
    pub kind: SourceKind,
    /// Whose app it is.
    pub mode: SourceMode,
    /// The app's `agentid`.
    pub agent_id: i64,
    /// The app's secret, sealed; see [`secret`].
    #[sqlx(rename = "secret")]
    sealed_secret: Vec<u8>,
    /// Its name on the button, by language tag.
    pub display_names: Json<BTreeMap<String, String>>,
    /// Its picture on the button.
    pub logo_url: Option<String>,
    /// What the in-client page asks for.
    pub scope: SourceScope,
    /// Whether the login page shows WeCom's own QR panel.
    pub panel: bool,
    /// Whether it only lets existing users in.
    pub login_only: bool,
    /// How a first sign-in finds an account.
    pub association: AssociationMode,
    /// The particulars of that.
    pub policy: Json<AssociationPolicy>,
    /// Whether it may be used.
    pub status: Status,
    /// Set after WeCom refused its credentials.
    pub misconfigured: Option<Json<Misconfigured>>,
    /// Goes up by one with every change by an administrator.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// What an administrator decides about a source.
#[derive(Debug, Clone)]
pub struct SourceSettings {
    /// The app's `agentid`.
    pub agent_id: i64,
    /// The app's secret.
    pub secret: SecretString,
    /// Its name on the button, by language tag.
    pub display_names: BTreeMap<String, String>,
    /// Its picture on the button.
    pub logo_url: Option<String>,
    /// What the in-client page asks for.
    pub scope: SourceScope,
    /// Whether the login page shows WeCom's own QR panel.
    pub panel: bool,
    /// Whether it only lets existing users in.
    pub login_only: bool,
    /// How a first sign-in finds an account.
    pub association: AssociationMode,
    /// The particulars of that.
    pub policy: AssociationPolicy,
    /// Whether it may be used.
    pub status: Status,
}

/// What never changes about a source.
#[derive(Debug, Clone)]
pub struct NewSource {
    /// Our id of its corp.
    pub corp: CorpId,
    /// Its name in URLs.
    pub identifier: String,
    /// Where it works.
    pub kind: SourceKind,
    /// Whose app it is.
    pub mode: SourceMode,
}

macro_rules! columns {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            " s.id, s.corp, c.corp_id, c.egress, s.identifier, s.kind, s.mode, s.agent_id, s.secret,
              s.display_names, s.logo_url, s.scope, s.panel, s.login_only, s.association, s.policy, s.status,
              s.misconfigured, s.version, s.created_at, s.updated_at
              FROM identity_sources s JOIN corps c ON c.id = s.corp ",
            $after
        )
    };
}

const SECRET: &str = "identity_sources.secret";

fn place(tenant: TenantId, id: &SourceId) -> Place<'_> {
    Place { tenant: Some(tenant), column: SECRET, row: id.0.as_bytes() }
}

/// The app's secret at WeCom.
pub fn secret(ring: &KeyRing, tenant: TenantId, source: &Source) -> Result<SecretString> {
    ring.open_text(place(tenant, &source.id), &source.sealed_secret)
}

/// Makes a source. [`Error::Conflict`] if the identifier is taken, [`Error::Reference`] if the
/// tenant has no such corp.
pub async fn create(
    tx: &mut TenantWrite,
    env: &Env,
    ring: &KeyRing,
    new: NewSource,
    settings: SourceSettings,
) -> Result<Source> {
    let id = SourceId(env.ordered_id()?);
    let sealed =
        ring.seal(env, place(tx.tenant(), &id), settings.secret.expose_secret().as_bytes())?;
    tx.query(sql!(
        "INSERT INTO identity_sources (tenant_id, id, corp, identifier, kind, mode, agent_id, secret,
         display_names, logo_url, scope, panel, login_only, association, status, version, created_at,
         updated_at, policy)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 1, $16, $16, $17)"
    ))
    .bind(id)
    .bind(new.corp)
    .bind(new.identifier)
    .bind(new.kind)
    .bind(new.mode)
    .bind(settings.agent_id)
    .bind(sealed)
    .bind(Json(settings.display_names))
    .bind(settings.logo_url)
    .bind(settings.scope)
    .bind(settings.panel)
    .bind(settings.login_only)
    .bind(settings.association)
    .bind(settings.status)
    .bind(env.now())
    .bind(Json(settings.policy))
    .execute()
    .await?;
    find(tx, id).await?.ok_or(Error::Reference)
}

/// The source with this id.
pub async fn find(scope: &mut impl Scope, id: SourceId) -> Result<Option<Source>> {
    scope
        .query(sql!(columns!("SELECT", "WHERE s.tenant_id = $1 AND s.id = $2")))
        .bind(id)
        .optional()
        .await
}

/// The source with this identifier.
pub async fn find_by_identifier(
    scope: &mut impl Scope,
    identifier: &str,
) -> Result<Option<Source>> {
    scope
        .query(sql!(columns!("SELECT", "WHERE s.tenant_id = $1 AND s.identifier = $2")))
        .bind(identifier.to_owned())
        .optional()
        .await
}

/// A page of the tenant's sources.
pub async fn list(scope: &mut impl Scope, page: PageRequest) -> Result<Page<Source>> {
    let rows = scope
        .query(sql!(columns!(
            "SELECT",
            "WHERE s.tenant_id = $1 AND ((s.created_at, s.id) > ($2, $3) OR $2 IS NULL)
             ORDER BY s.created_at, s.id LIMIT $4"
        )))
        .bind(page.after_time())
        .bind(page.after_id())
        .bind(page.fetch())
        .all()
        .await?;
    Ok(page.page(rows, |row: &Source| Cursor { created_at: row.created_at, id: row.id.0 }))
}

/// The active sources that are linked to an app, in its order (at most 100).
pub async fn of_app(scope: &mut impl Scope, app: AppId) -> Result<Vec<Source>> {
    scope
        .query(sql!(columns!(
            "SELECT",
            "JOIN app_sources l ON l.tenant_id = s.tenant_id AND l.source_id = s.id
             WHERE s.tenant_id = $1 AND l.app_id = $2 AND s.status = 'active'
             ORDER BY l.position, l.created_at, s.id LIMIT 100"
        )))
        .bind(app)
        .all()
        .await
}

/// The active sources of the tenant, by name (at most 100): what an account can be linked by.
pub async fn active(scope: &mut impl Scope) -> Result<Vec<Source>> {
    scope
        .query(sql!(columns!(
            "SELECT",
            "WHERE s.tenant_id = $1 AND s.status = 'active' ORDER BY s.created_at, s.id LIMIT 100"
        )))
        .all()
        .await
}

/// The source with this identifier, if it is active and linked to the app.
pub async fn usable(
    scope: &mut impl Scope,
    app: AppId,
    identifier: &str,
) -> Result<Option<Source>> {
    scope
        .query(sql!(columns!(
            "SELECT",
            "JOIN app_sources l ON l.tenant_id = s.tenant_id AND l.source_id = s.id
             WHERE s.tenant_id = $1 AND l.app_id = $2 AND s.identifier = $3 AND s.status = 'active'"
        )))
        .bind(app)
        .bind(identifier.to_owned())
        .optional()
        .await
}

/// Writes the settings of a source that has this version, and lifts `misconfigured`: saving is how
/// an administrator says that the credentials are right now.
pub async fn update(
    tx: &mut TenantWrite,
    env: &Env,
    ring: &KeyRing,
    id: SourceId,
    version: i64,
    settings: SourceSettings,
) -> Result<Source> {
    let sealed =
        ring.seal(env, place(tx.tenant(), &id), settings.secret.expose_secret().as_bytes())?;
    let updated = tx
        .query(sql!(
            "UPDATE identity_sources SET agent_id = $4, secret = $5, display_names = $6, logo_url = $7,
             scope = $8, panel = $9, login_only = $10, association = $11, status = $12,
             misconfigured = NULL, version = version + 1, updated_at = $13, policy = $14
             WHERE tenant_id = $1 AND id = $2 AND version = $3"
        ))
        .bind(id)
        .bind(version)
        .bind(settings.agent_id)
        .bind(sealed)
        .bind(Json(settings.display_names))
        .bind(settings.logo_url)
        .bind(settings.scope)
        .bind(settings.panel)
        .bind(settings.login_only)
        .bind(settings.association)
        .bind(settings.status)
        .bind(env.now())
        .bind(Json(settings.policy))
        .execute()
        .await?;
    if updated == 0 {
        return Err(Error::Stale);
    }
    find(tx, id).await?.ok_or(Error::Stale)
}

/// Notes that WeCom refused the credentials of this version of the source, or (`None`) that it
/// accepts them. A source that was saved meanwhile is left alone.
pub async fn mark_misconfigured(
    tx: &mut TenantWrite,
    id: SourceId,
    version: i64,
    fault: Option<Misconfigured>,
) -> Result<()> {
    tx.query(sql!(
        "UPDATE identity_sources SET misconfigured = $4
         WHERE tenant_id = $1 AND id = $2 AND version = $3"
    ))
    .bind(id)
    .bind(version)
    .bind(fault.map(Json))
    .execute()
    .await?;
    Ok(())
}

/// Deletes a source of this version; its links, sessions and their grants go with it.
pub async fn delete(tx: &mut TenantWrite, id: SourceId, version: i64) -> Result<()> {
    let deleted = tx
        .query(sql!(
            "DELETE FROM identity_sources WHERE tenant_id = $1 AND id = $2 AND version = $3"
        ))
        .bind(id)
        .bind(version)
        .execute()
        .await?;
    if deleted == 1 { Ok(()) } else { Err(Error::Stale) }
}

/// Seals the secret anew if it is not sealed with the ring's first key. Whether it was.
pub(crate) async fn reseal(
    tx: &mut TenantWrite,
    env: &Env,
    ring: &KeyRing,
    source: &Source,
) -> Result<bool> {
    let place = place(tx.tenant(), &source.id);
    let Some(sealed) = ring.resealed(env, place, &source.sealed_secret)? else { return Ok(false) };
    let written = tx
        .query(sql!("UPDATE identity_sources SET secret = $3 WHERE tenant_id = $1 AND id = $2 AND secret = $4"))
        .bind(source.id)
        .bind(sealed)
        .bind(source.sealed_secret.clone())
        .execute()
        .await?;
    Ok(written == 1)
}
