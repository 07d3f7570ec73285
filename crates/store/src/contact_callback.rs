//! Contact callbacks: where WeCom tells of what changes among a corp's members, one address a corp.

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::FromRow;

use crate::env::Env;
use crate::error::Result;
use crate::id::{CorpId, TenantId};
use crate::scope::{Scope, TenantWrite, WriteScope};
use crate::secret::{KeyRing, Place};
use crate::sql;

/// An address that WeCom calls for a corp.
#[derive(Debug, Clone, FromRow)]
pub struct ContactCallback {
    /// The corp.
    pub corp: CorpId,
    /// WeCom's `corpid`: whom its messages are for.
    pub corp_id: String,
    /// The part of the address that nobody guesses.
    pub path: String,
    #[sqlx(rename = "secret")]
    sealed: Vec<u8>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When WeCom first proved it.
    pub verified_at: Option<DateTime<Utc>>,
    /// When WeCom last told of something.
    pub last_event_at: Option<DateTime<Utc>>,
}

/// What WeCom signs and encrypts with, letters and digits [D 90930].
#[derive(Debug, Clone)]
pub struct CallbackSecret {
    /// `Token`.
    pub token: SecretString,
    /// `EncodingAESKey`.
    pub encoding_aes_key: SecretString,
}

fn place(tenant: TenantId, corp: &CorpId) -> Place<'_> {
    Place { tenant: Some(tenant), column: "contact_callbacks.secret", row: corp.0.as_bytes() }
}

impl ContactCallback {
    /// What it is signed and encrypted with. [`Error::Sealed`](crate::Error::Sealed) if the ring does not
    /// open it.
    pub fn secret(&self, ring: &KeyRing, tenant: TenantId) -> Result<CallbackSecret> {
        let place = place(tenant, &self.corp);
        let text = ring.open_text(place, &self.sealed)?;
        let parts = text.expose_secret().split_once(':');
        let reason = "it is not a token and a key";
        let (token, key) = parts.ok_or(crate::Error::Sealed { column: place.column, reason })?;
        Ok(CallbackSecret { token: token.into(), encoding_aes_key: key.into() })
    }
}

macro_rules! columns {
    ($after:literal) => {
        concat!(
            "SELECT k.corp, c.corp_id, k.path, k.secret, k.created_at, k.verified_at, k.last_event_at
             FROM contact_callbacks k JOIN corps c ON c.tenant_id = k.tenant_id AND c.id = k.corp
             WHERE k.tenant_id = $1",
            $after
        )
    };
}

/// Gives a corp a new address, over the one that it has. [`Error::Reference`](crate::Error::Reference) if
/// the tenant has no such corp.
pub async fn put(
    tx: &mut TenantWrite,
    env: &Env,
    ring: &KeyRing,
    corp: CorpId,
    path: &str,
    secret: &CallbackSecret,
) -> Result<()> {
    let (token, key) = (secret.token.expose_secret(), secret.encoding_aes_key.expose_secret());
    let text = SecretString::from(format!("{token}:{key}"));
    let sealed = ring.seal(env, place(tx.tenant(), &corp), text.expose_secret().as_bytes())?;
    tx.query(sql!(
        "INSERT INTO contact_callbacks (tenant_id, corp, path, secret, created_at)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant_id, corp) DO UPDATE SET path = excluded.path, secret = excluded.secret,
         created_at = excluded.created_at, verified_at = NULL, last_event_at = NULL"
    ))
    .bind(corp)
    .bind(path.to_owned())
    .bind(sealed)
    .bind(env.now())
    .execute()
    .await?;
    Ok(())
}

/// The address of a corp.
pub async fn find(scope: &mut impl Scope, corp: CorpId) -> Result<Option<ContactCallback>> {
    scope.query(sql!(columns!(" AND k.corp = $2"))).bind(corp).optional().await
}

/// What is at this address.
pub async fn at(scope: &mut impl Scope, path: &str) -> Result<Option<ContactCallback>> {
    scope.query(sql!(columns!(" AND k.path = $2"))).bind(path.to_owned()).optional().await
}

/// Notes that WeCom has proved an address.
pub async fn mark_verified(scope: &mut impl WriteScope, env: &Env, path: &str) -> Result<()> {
    scope
        .query(sql!(
            "UPDATE contact_callbacks SET verified_at = $3
             WHERE tenant_id = $1 AND path = $2 AND verified_at IS NULL"
        ))
        .bind(path.to_owned())
        .bind(env.now())
        .execute()
        .await?;
    Ok(())
}

/// Notes that WeCom has told of something.
pub async fn mark_event(scope: &mut impl WriteScope, env: &Env, path: &str) -> Result<()> {
    scope
        .query(sql!(
            "UPDATE contact_callbacks SET last_event_at = $3 WHERE tenant_id = $1 AND path = $2"
        ))
        .bind(path.to_owned())
        .bind(env.now())
        .execute()
        .await?;
    Ok(())
}

/// Takes a corp's address away. Whether it had one.
pub async fn delete(tx: &mut TenantWrite, corp: CorpId) -> Result<bool> {
    let deleted = tx
        .query(sql!("DELETE FROM contact_callbacks WHERE tenant_id = $1 AND corp = $2"))
        .bind(corp)
        .execute()
        .await?;
    Ok(deleted == 1)
}

/// The addresses of all corps.
pub(crate) async fn all(tx: &mut TenantWrite) -> Result<Vec<ContactCallback>> {
    tx.query(sql!(columns!(""))).all().await
}

/// Seals the secret anew if it is not sealed with the ring's first key. Whether it was.
pub(crate) async fn reseal(
    tx: &mut TenantWrite,
    env: &Env,
    ring: &KeyRing,
    callback: &ContactCallback,
) -> Result<bool> {
    let place = place(tx.tenant(), &callback.corp);
    let Some(sealed) = ring.resealed(env, place, &callback.sealed)? else { return Ok(false) };
    let written = tx
        .query(sql!(
            "UPDATE contact_callbacks SET secret = $3 WHERE tenant_id = $1 AND corp = $2 AND secret = $4"
        ))
        .bind(callback.corp)
        .bind(sealed)
        .bind(callback.sealed.clone())
        .execute()
        .await?;
    Ok(written == 1)
}
