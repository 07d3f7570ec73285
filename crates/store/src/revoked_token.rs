//! Access tokens that were revoked before they expired. They carry their claims themselves, so that
//! taking one back has to be remembered for as long as it would be valid (RFC 7009).

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use crate::error::Result;
use crate::scope::{Scope, WriteScope};
use crate::sql;

/// Revokes the access token with this `jti`.
pub async fn revoke(tx: &mut impl WriteScope, id: Uuid, expires_at: DateTime<Utc>) -> Result<()> {
    tx.query(sql!(
        "INSERT INTO revoked_access_tokens (tenant_id, id, expires_at) VALUES ($1, $2, $3)
         ON CONFLICT (tenant_id, id) DO NOTHING"
    ))
    .bind(id)
    .bind(expires_at)
    .execute()
    .await?;
    Ok(())
}

/// Whether the access token with this `jti` was revoked.
pub async fn is_revoked(scope: &mut impl Scope, id: Uuid) -> Result<bool> {
    #[derive(FromRow)]
    struct Found {
        #[expect(dead_code, reason = "that there is a row says all")]
        id: Uuid,
    }
    let found: Option<Found> = scope
        .query(sql!("SELECT id FROM revoked_access_tokens WHERE tenant_id = $1 AND id = $2"))
        .bind(id)
        .optional()
        .await?;
    Ok(found.is_some())
}
