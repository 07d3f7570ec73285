//! `Idempotency-Key`: a console call that is repeated gets the first one's answer.

use secrecy::SecretString;
use sqlx::FromRow;
use uuid::Uuid;

use crate::env::Env;
use crate::error::Result;
use crate::scope::TenantWrite;
use crate::secret::{KeyRing, Place, SecretHash};

/// What is known of a call with an `Idempotency-Key`.
#[derive(Debug)]
pub enum Attempt {
    /// It is the first: go on, then [`complete`] it in the same transaction.
    First,
    /// It was answered before, with this.
    Repeated(SecretString),
    /// The key was used for another request.
    Mismatch,
}

#[derive(FromRow)]
struct Row {
    request_hash: Vec<u8>,
    response: Option<Vec<u8>>,
}

/// Claims a key for a caller (an API key's id; the nil id for the operator). A second call that
/// comes meanwhile waits for the first one's transaction.
pub async fn claim(
    tx: &mut TenantWrite,
    env: &Env,
    ring: &KeyRing,
    caller: Uuid,
    key: &SecretHash,
    request: &SecretHash,
) -> Result<Attempt> {
    let claimed = tx
        .transaction()
        .query(
            "INSERT INTO idempotency_keys (caller, key_hash, request_hash, created_at)
             VALUES ($1, $2, $3, $4) ON CONFLICT (caller, key_hash) DO NOTHING",
        )
        .bind(caller)
        .bind(key.to_stored())
        .bind(request.to_stored())
        .bind(env.now())
        .execute()
        .await?;
    if claimed == 1 {
        return Ok(Attempt::First);
    }
    let row: Row = tx
        .transaction()
        .query("SELECT request_hash, response FROM idempotency_keys WHERE caller = $1 AND key_hash = $2")
        .bind(caller)
        .bind(key.to_stored())
        .one()
        .await?;
    match row.response {
        Some(sealed) if row.request_hash == request.as_bytes() => {
            Ok(Attempt::Repeated(ring.open_text(place(&row_key(caller, key)), &sealed)?))
        }
        _ => Ok(Attempt::Mismatch),
    }
}

/// Keeps the answer of a first call. It is sealed: it may carry a secret that is shown only once.
pub async fn complete(
    tx: &mut TenantWrite,
    env: &Env,
    ring: &KeyRing,
    caller: Uuid,
    key: &SecretHash,
    response: &str,
) -> Result<()> {
    let sealed = ring.seal(env, place(&row_key(caller, key)), response.as_bytes())?;
    tx.transaction()
        .query("UPDATE idempotency_keys SET response = $3 WHERE caller = $1 AND key_hash = $2")
        .bind(caller)
        .bind(key.to_stored())
        .bind(sealed)
        .execute()
        .await?;
    Ok(())
}

/// Two callers may use one key: a row is both.
fn row_key(caller: Uuid, key: &SecretHash) -> Vec<u8> {
    [caller.as_bytes(), key.as_bytes()].concat()
}

fn place(row: &[u8]) -> Place<'_> {
    Place { tenant: None, column: "idempotency_keys.response", row }
}
