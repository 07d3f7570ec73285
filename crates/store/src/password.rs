//! Passwords, as their hashes. Apart from the users, so that no list reads one.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use crate::env::Env;
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::scope::{Scope, TenantWrite, WriteScope};
use crate::sql;

/// A user's password.
#[derive(Clone, FromRow)]
pub struct Password {
    /// Argon2id, in the PHC string form.
    pub hash: String,
    /// When the person or an administrator last chose it.
    pub changed_at: DateTime<Utc>,
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Password").field("changed_at", &self.changed_at).finish_non_exhaustive()
    }
}

/// The password of a user.
pub async fn find(scope: &mut impl Scope, user: UserId) -> Result<Option<Password>> {
    scope
        .query(sql!("SELECT hash, changed_at FROM passwords WHERE tenant_id = $1 AND user_id = $2"))
        .bind(user)
        .optional()
        .await
}

/// Sets a user's password. [`Error::Reference`] if there is no such user, or only its tombstone.
pub async fn set(tx: &mut TenantWrite, env: &Env, user: UserId, hash: &str) -> Result<()> {
    let set = tx.query(sql!(
        "INSERT INTO passwords (tenant_id, user_id, hash, changed_at)
         SELECT $1, $2, $3, $4 FROM users WHERE tenant_id = $1 AND id = $2 AND status <> 'deleted'
         ON CONFLICT (tenant_id, user_id) DO UPDATE SET hash = excluded.hash, changed_at = excluded.changed_at"
    ))
    .bind(user)
    .bind(hash.to_owned())
    .bind(env.now())
    .execute()
    .await?;
    if set == 1 { Ok(()) } else { Err(Error::Reference) }
}

/// Replaces the hash of an unchanged password by one with other parameters.
pub async fn rehash(
    tx: &mut impl WriteScope,
    user: UserId,
    before: &str,
    hash: &str,
) -> Result<()> {
    tx.query(sql!(
        "UPDATE passwords SET hash = $4 WHERE tenant_id = $1 AND user_id = $2 AND hash = $3"
    ))
    .bind(user)
    .bind(before.to_owned())
    .bind(hash.to_owned())
    .execute()
    .await?;
    Ok(())
}

/// Takes a user's password away.
pub async fn remove(tx: &mut TenantWrite, user: UserId) -> Result<()> {
    tx.query(sql!("DELETE FROM passwords WHERE tenant_id = $1 AND user_id = $2"))
        .bind(user)
        .execute()
        .await?;
    Ok(())
}
