//! Refresh tokens (RFC 6749 §1.5): by their hashes, each hanging on its grant.
//!
//! One that is not bound to its client otherwise is exchanged for another with each use (RFC 9700
//! §4.14.2). Whoever shows an exchanged one again is a thief or was robbed: the grant is revoked. A
//! client that did not get the answer is neither, so within a short grace it gets the same successor
//! again; that is why an exchanged token keeps it, sealed.

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::FromRow;

use crate::env::Env;
use crate::error::Result;
use crate::grant::LiveGrant;
use crate::id::{GrantId, TenantId};
use crate::scope::{Scope, TenantWrite, WriteScope};
use crate::secret::{KeyRing, Place, SecretHash};
use crate::sql;

/// A refresh token, with the live grant that it hangs on.
#[derive(Debug, Clone, FromRow)]
pub struct RefreshToken {
    /// Its grant.
    #[sqlx(flatten)]
    pub grant: LiveGrant,
    /// When it was exchanged for another.
    pub rotated_at: Option<DateTime<Utc>>,
    /// When it dies if nobody uses it.
    pub idle_until: DateTime<Utc>,
    /// When the grant's session was last used, if it is still there.
    pub session_seen_at: Option<DateTime<Utc>>,
    successor: Option<Vec<u8>>,
}

fn place(tenant: TenantId, token: &SecretHash) -> Place<'_> {
    Place { tenant: Some(tenant), column: "refresh_tokens.successor", row: token.as_bytes() }
}

impl RefreshToken {
    /// The token that it was exchanged for.
    pub fn successor(
        &self,
        ring: &KeyRing,
        tenant: TenantId,
        token: &SecretHash,
    ) -> Result<Option<SecretString>> {
        let sealed = self.successor.as_deref();
        sealed.map(|sealed| ring.open_text(place(tenant, token), sealed)).transpose()
    }
}

/// Issues a refresh token under a grant.
pub async fn create(
    tx: &mut impl WriteScope,
    env: &Env,
    grant: GrantId,
    token: &SecretHash,
    idle: TimeDelta,
) -> Result<()> {
    let now = env.now();
    tx.query(sql!(
        "INSERT INTO refresh_tokens (tenant_id, token_hash, grant_id, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5)"
    ))
    .bind(token.to_stored())
    .bind(grant)
    .bind(now)
    .bind(now + idle)
    .execute()
    .await?;
    Ok(())
}

/// Notes that a refresh token was used: it may lie idle anew.
pub async fn touch(
    tx: &mut impl WriteScope,
    env: &Env,
    token: &SecretHash,
    idle: TimeDelta,
) -> Result<()> {
    tx.query(sql!(
        "UPDATE refresh_tokens SET expires_at = $3 WHERE tenant_id = $1 AND token_hash = $2"
    ))
    .bind(token.to_stored())
    .bind(env.now() + idle)
    .execute()
    .await?;
    Ok(())
}

/// Exchanges a refresh token for another of the same grant. Of several at once one does; the others
/// get `false`.
pub async fn rotate(
    tx: &mut TenantWrite,
    env: &Env,
    ring: &KeyRing,
    token: &SecretHash,
    successor: &SecretString,
) -> Result<bool> {
    let sealed = ring.seal(env, place(tx.tenant(), token), successor.expose_secret().as_bytes())?;
    let rotated = tx
        .query(sql!(
            "UPDATE refresh_tokens SET rotated_at = $3, successor = $4
             WHERE tenant_id = $1 AND token_hash = $2 AND rotated_at IS NULL"
        ))
        .bind(token.to_stored())
        .bind(env.now())
        .bind(sealed)
        .execute()
        .await?;
    Ok(rotated == 1)
}
