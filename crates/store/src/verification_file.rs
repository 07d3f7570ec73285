//! WeCom's domain verification files, served at the root of the tenant's host.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use crate::env::Env;
use crate::error::Result;
use crate::scope::{Scope, TenantWrite};
use crate::sql;

/// A file that proves to WeCom who owns the host [D 90315].
#[derive(Debug, Clone, FromRow)]
pub struct VerificationFile {
    /// `WW_verify_….txt`.
    pub name: String,
    /// Its content, exactly as WeCom gave it.
    pub content: String,
    /// When it was last written.
    pub created_at: DateTime<Utc>,
}

/// Writes a file, over one with the same name.
pub async fn put(
    tx: &mut TenantWrite,
    env: &Env,
    name: &str,
    content: &str,
) -> Result<VerificationFile> {
    tx.query(sql!(
        "INSERT INTO verification_files (tenant_id, name, content, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant_id, name) DO UPDATE SET content = excluded.content,
         created_at = excluded.created_at
         RETURNING name, content, created_at"
    ))
    .bind(name.to_owned())
    .bind(content.to_owned())
    .bind(env.now())
    .one()
    .await
}

/// The file with this name.
pub async fn find(scope: &mut impl Scope, name: &str) -> Result<Option<VerificationFile>> {
    scope
        .query(sql!(
            "SELECT name, content, created_at FROM verification_files
             WHERE tenant_id = $1 AND name = $2"
        ))
        .bind(name.to_owned())
        .optional()
        .await
}

/// All files of the tenant, by name.
pub async fn list(scope: &mut impl Scope) -> Result<Vec<VerificationFile>> {
    scope
        .query(sql!(
            "SELECT name, content, created_at FROM verification_files
             WHERE tenant_id = $1 ORDER BY name"
        ))
        .all()
        .await
}

/// Deletes a file. Whether there was one.
pub async fn delete(tx: &mut TenantWrite, name: &str) -> Result<bool> {
    let deleted = tx
        .query(sql!("DELETE FROM verification_files WHERE tenant_id = $1 AND name = $2"))
        .bind(name.to_owned())
        .execute()
        .await?;
    Ok(deleted == 1)
}
