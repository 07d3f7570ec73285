//! The keys that sign a tenant's tokens.

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretSlice};
use sqlx::FromRow;
use sqlx::types::Json;

use crate::env::Env;
use crate::error::Result;
use crate::id::{KeyId, TenantId};
use crate::scope::{Scope, TenantWrite};
use crate::secret::{KeyRing, Place};
use crate::sql;

crate::text_enum! {
    /// A signature algorithm (RFC 7518 §3.1).
    Algorithm {
        /// ECDSA with P-256 and SHA-256; the default of new apps.
        Es256 = "ES256",
        /// RSASSA-PKCS1-v1_5 with SHA-256; what every client understands.
        Rs256 = "RS256",
        /// RSASSA-PSS with SHA-256.
        Ps256 = "PS256",
        /// EdDSA with Ed25519 (RFC 8037 §3.1).
        EdDsa = "EdDSA",
    }
}

crate::text_enum! {
    /// Whether a key signs.
    KeyStatus {
        /// It is published, so that everybody knows it before it signs.
        Next = "next",
        /// It signs and verifies.
        Active = "active",
        /// It only verifies what it signed earlier.
        Retired = "retired",
    }
}

/// A signing key.
#[derive(Debug, Clone, FromRow)]
pub struct SigningKey {
    /// Its id: the `kid`.
    pub id: KeyId,
    /// Its algorithm.
    pub algorithm: Algorithm,
    /// Whether it signs.
    pub status: KeyStatus,
    #[sqlx(rename = "private_key")]
    sealed: Vec<u8>,
    /// Its public half, a JWK without `kid`, `use` and `alg`.
    pub public_jwk: Json<serde_json::Value>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Since when it has its status.
    pub changed_at: DateTime<Utc>,
}

/// A key pair that has been generated and belongs to nobody yet.
pub struct NewKey {
    /// Its algorithm.
    pub algorithm: Algorithm,
    /// Its private half, PKCS#8 DER.
    pub private_key: SecretSlice<u8>,
    /// Its public half, a JWK without `kid`, `use` and `alg`.
    pub public_jwk: serde_json::Value,
}

fn place(tenant: TenantId, id: &KeyId) -> Place<'_> {
    Place { tenant: Some(tenant), column: "signing_keys.private_key", row: id.0.as_bytes() }
}

/// The private half, PKCS#8 DER.
pub fn private_key(ring: &KeyRing, tenant: TenantId, key: &SigningKey) -> Result<SecretSlice<u8>> {
    ring.open(place(tenant, &key.id), &key.sealed)
}

/// Gives the tenant a key. [`Error::Conflict`](crate::Error::Conflict) if it has one of this
/// algorithm and status already, unless that is retired.
pub async fn create(
    tx: &mut TenantWrite,
    env: &Env,
    ring: &KeyRing,
    key: &NewKey,
    status: KeyStatus,
) -> Result<KeyId> {
    let id = KeyId(env.random_id()?);
    let sealed = ring.seal(env, place(tx.tenant(), &id), key.private_key.expose_secret())?;
    tx.query(sql!(
        "INSERT INTO signing_keys (tenant_id, id, algorithm, status, private_key, public_jwk, created_at,
         changed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7)"
    ))
    .bind(id)
    .bind(key.algorithm)
    .bind(status)
    .bind(sealed)
    .bind(Json(key.public_jwk.clone()))
    .bind(env.now())
    .execute()
    .await?;
    Ok(id)
}

/// All keys of the tenant, newest first.
pub async fn list(scope: &mut impl Scope) -> Result<Vec<SigningKey>> {
    scope
        .query(sql!(
            "SELECT id, algorithm, status, private_key, public_jwk, created_at, changed_at
             FROM signing_keys
             WHERE tenant_id = $1 ORDER BY created_at DESC, id"
        ))
        .all()
        .await
}

/// A key of the tenant.
pub async fn find(scope: &mut impl Scope, id: KeyId) -> Result<Option<SigningKey>> {
    scope
        .query(sql!(
            "SELECT id, algorithm, status, private_key, public_jwk, created_at, changed_at
             FROM signing_keys WHERE tenant_id = $1 AND id = $2"
        ))
        .bind(id)
        .optional()
        .await
}

/// Takes a key from one status to another. Whether there was one with the first: of two callers at
/// once, one gets `true`.
pub async fn set_status(
    tx: &mut TenantWrite,
    env: &Env,
    id: KeyId,
    from: KeyStatus,
    to: KeyStatus,
) -> Result<bool> {
    let changed = tx
        .query(sql!(
            "UPDATE signing_keys SET status = $4, changed_at = $5
             WHERE tenant_id = $1 AND id = $2 AND status = $3"
        ))
        .bind(id)
        .bind(from)
        .bind(to)
        .bind(env.now())
        .execute()
        .await?;
    Ok(changed == 1)
}

/// Removes a key: what it signed verifies no more. Whether there was one.
pub async fn remove(tx: &mut TenantWrite, id: KeyId) -> Result<bool> {
    let removed = tx
        .query(sql!("DELETE FROM signing_keys WHERE tenant_id = $1 AND id = $2"))
        .bind(id)
        .execute()
        .await?;
    Ok(removed == 1)
}

/// Seals the private half anew if it is not sealed with the ring's first key. Whether it was.
pub(crate) async fn reseal(
    tx: &mut TenantWrite,
    env: &Env,
    ring: &KeyRing,
    key: &SigningKey,
) -> Result<bool> {
    let place = place(tx.tenant(), &key.id);
    let Some(sealed) = ring.resealed(env, place, &key.sealed)? else { return Ok(false) };
    let written = tx
        .query(sql!(
            "UPDATE signing_keys SET private_key = $3 WHERE tenant_id = $1 AND id = $2 AND private_key = $4"
        ))
        .bind(key.id)
        .bind(sealed)
        .bind(key.sealed.clone())
        .execute()
        .await?;
    Ok(written == 1)
}
