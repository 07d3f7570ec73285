//! Corps: the WeCom organisations of a tenant.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use crate::env::Env;
use crate::error::{Error, Result};
use crate::id::CorpId;
use crate::page::{Cursor, Page, PageRequest};
use crate::scope::{Scope, TenantWrite};
use crate::source::SourceMode;
use crate::sql;

/// One WeCom organisation of a tenant.
#[derive(Debug, Clone, FromRow)]
pub struct Corp {
    /// Our id.
    pub id: CorpId,
    /// WeCom's `corpid`.
    pub corp_id: String,
    /// Its name, for people: WeCom has no call for it.
    pub display_name: String,
    /// The named egress that calls for this corp take; none is the direct way.
    pub egress: Option<String>,
    /// Goes up by one with every change.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

macro_rules! columns {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            " id, corp_id, display_name, egress, version, created_at, updated_at ",
            $after
        )
    };
}

/// Makes a corp. [`Error::Conflict`] if the tenant has one with this `corpid`.
pub async fn create(tx: &mut TenantWrite, corp: &Corp) -> Result<()> {
    tx.query(sql!(
        "INSERT INTO corps (tenant_id, id, corp_id, display_name, egress, version, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
    ))
    .bind(corp.id)
    .bind(corp.corp_id.clone())
    .bind(corp.display_name.clone())
    .bind(corp.egress.clone())
    .bind(corp.version)
    .bind(corp.created_at)
    .bind(corp.updated_at)
    .execute()
    .await?;
    Ok(())
}

/// The corp with this id.
pub async fn find(scope: &mut impl Scope, id: CorpId) -> Result<Option<Corp>> {
    scope
        .query(sql!(columns!("SELECT", "FROM corps WHERE tenant_id = $1 AND id = $2")))
        .bind(id)
        .optional()
        .await
}

/// A page of the tenant's corps.
pub async fn list(scope: &mut impl Scope, page: PageRequest) -> Result<Page<Corp>> {
    let rows = scope
        .query(sql!(columns!(
            "SELECT",
            "FROM corps WHERE tenant_id = $1 AND ((created_at, id) > ($2, $3) OR $2 IS NULL)
             ORDER BY created_at, id LIMIT $4"
        )))
        .bind(page.after_time())
        .bind(page.after_id())
        .bind(page.fetch())
        .all()
        .await?;
    Ok(page.page(rows, |row: &Corp| Cursor { created_at: row.created_at, id: row.id.0 }))
}

/// Writes name and egress of a corp that was read at `corp.version`; its `corpid` never changes.
pub async fn update(tx: &mut TenantWrite, env: &Env, corp: &Corp) -> Result<Corp> {
    tx.query(sql!(columns!(
        "UPDATE corps SET display_name = $4, egress = $5, version = version + 1, updated_at = $6
         WHERE tenant_id = $1 AND id = $2 AND version = $3 RETURNING",
        ""
    )))
    .bind(corp.id)
    .bind(corp.version)
    .bind(corp.display_name.clone())
    .bind(corp.egress.clone())
    .bind(env.now())
    .optional()
    .await?
    .ok_or(Error::Stale)
}

/// Deletes a corp of this version. [`Error::Reference`] while a source uses it.
pub async fn delete(tx: &mut TenantWrite, id: CorpId, version: i64) -> Result<()> {
    let deleted = tx
        .query(sql!("DELETE FROM corps WHERE tenant_id = $1 AND id = $2 AND version = $3"))
        .bind(id)
        .bind(version)
        .execute()
        .await?;
    if deleted == 1 { Ok(()) } else { Err(Error::Stale) }
}

/// Whose apps the sources of a corp are: each mode once.
pub async fn modes(scope: &mut impl Scope, id: CorpId) -> Result<Vec<SourceMode>> {
    #[derive(FromRow)]
    struct Found {
        mode: SourceMode,
    }
    let found: Vec<Found> = scope
        .query(sql!(
            "SELECT DISTINCT mode FROM identity_sources WHERE tenant_id = $1 AND corp = $2"
        ))
        .bind(id)
        .all()
        .await?;
    Ok(found.into_iter().map(|row| row.mode).collect())
}
