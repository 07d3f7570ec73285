//! API keys: with one, a program acts for its tenant on the console API.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use crate::env::Env;
use crate::error::Result;
use crate::id::{ApiKeyId, TenantId};
use crate::page::{Cursor, Page, PageRequest};
use crate::scope::{Scope, TenantWrite};
use crate::secret::SecretHash;
use crate::sql;
use crate::sql::Database;

/// An API key. The key itself is shown once, when it is made.
#[derive(Debug, Clone, FromRow)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// What it is for, for people.
    pub display_name: String,
    /// Its first characters.
    pub prefix: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it stops working; never if none.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Who calls with an API key.
#[derive(Debug, Clone, Copy, FromRow)]
pub struct ApiKeyOwner {
    /// The key.
    pub id: ApiKeyId,
    /// The tenant it acts for.
    pub tenant_id: TenantId,
}

/// Keeps a new key.
pub async fn create(
    tx: &mut TenantWrite,
    env: &Env,
    display_name: &str,
    prefix: &str,
    hash: &SecretHash,
    expires_at: Option<DateTime<Utc>>,
) -> Result<ApiKey> {
    tx.query(sql!(
        "INSERT INTO api_keys (tenant_id, id, display_name, key_hash, prefix, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         RETURNING id, display_name, prefix, created_at, expires_at"
    ))
    .bind(ApiKeyId(env.ordered_id()?))
    .bind(display_name.to_owned())
    .bind(hash.to_stored())
    .bind(prefix.to_owned())
    .bind(env.now())
    .bind(expires_at)
    .one()
    .await
}

/// Whose key this is, if it still works.
pub async fn owner(
    database: &Database,
    env: &Env,
    hash: &SecretHash,
) -> Result<Option<ApiKeyOwner>> {
    database
        .query(
            "SELECT id, tenant_id FROM api_keys
             WHERE key_hash = $1 AND (expires_at > $2 OR expires_at IS NULL)",
        )
        .bind(hash.to_stored())
        .bind(env.now())
        .optional()
        .await
}

/// The key with this id.
pub async fn find(scope: &mut impl Scope, id: ApiKeyId) -> Result<Option<ApiKey>> {
    scope
        .query(sql!(
            "SELECT id, display_name, prefix, created_at, expires_at FROM api_keys
             WHERE tenant_id = $1 AND id = $2"
        ))
        .bind(id)
        .optional()
        .await
}

/// A page of the tenant's keys.
pub async fn list(scope: &mut impl Scope, page: PageRequest) -> Result<Page<ApiKey>> {
    let rows = scope
        .query(sql!(
            "SELECT id, display_name, prefix, created_at, expires_at FROM api_keys
             WHERE tenant_id = $1 AND ((created_at, id) > ($2, $3) OR $2 IS NULL)
             ORDER BY created_at, id LIMIT $4"
        ))
        .bind(page.after_time())
        .bind(page.after_id())
        .bind(page.fetch())
        .all()
        .await?;
    Ok(page.page(rows, |row: &ApiKey| Cursor { created_at: row.created_at, id: row.id.0 }))
}

/// Deletes a key; it stops working at once. Whether there was one.
pub async fn delete(tx: &mut TenantWrite, id: ApiKeyId) -> Result<bool> {
    let deleted = tx
        .query(sql!("DELETE FROM api_keys WHERE tenant_id = $1 AND id = $2"))
        .bind(id)
        .execute()
        .await?;
    Ok(deleted == 1)
}
