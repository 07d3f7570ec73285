//! `Idempotency-Key`: every POST goes through [`once`] or [`once_prepared`]. The key is claimed, the
//! effect written and the answer kept in one transaction: there is never one without the others.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::ExposeSecret as _;
use store::TenantWrite;
use store::id::TenantId;
use store::idempotency::{self, Attempt};
use store::secret::SecretHash;

use crate::answer::Answer;
use crate::caller::Call;
use crate::problem::{IDEMPOTENCY_KEY_REUSED, MALFORMED_REQUEST, Problem, Result};

/// The header's name.
const HEADER: &str = "idempotency-key";

/// A key and the request that it stands for.
struct Key {
    hash: SecretHash,
    request: SecretHash,
}

impl Key {
    /// The key of a call, if it has one: 1 to 255 visible ASCII characters.
    fn of(call: &Call) -> Result<Option<Self>> {
        let mut lines = call.headers().get_all(HEADER);
        let Some(line) = lines.next() else { return Ok(None) };
        let text = line.to_str().unwrap_or_default();
        let proper = (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if !proper || lines.next().is_some() {
            let text =
                "Idempotency-Key has to stand once and have 1 to 255 visible ASCII characters.";
            return Err(Problem::new(MALFORMED_REQUEST, text));
        }
        let body = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, call.body()));
        // With the key, of which nothing but a hash is kept: a body may hold a password, and its bare
        // hash would be guessed quickly by whoever reads the database.
        let request = format!("{text} {} {} {body}", call.method(), call.path());
        Ok(Some(Self { hash: SecretHash::of(text), request: SecretHash::of(&request) }))
    }
}

/// Answers a POST: with what was answered before to the same key and request, or by `effect`, whose
/// writes and answer last together.
pub(crate) async fn once<F>(call: &Call, tenant: TenantId, effect: F) -> Result<Answer>
where
    F: AsyncFnOnce(&mut TenantWrite) -> Result<Answer>,
{
    let key = Key::of(call)?;
    let mut tx = call.store().begin(tenant).await?;
    if let Some(answer) = repeated(call, &mut tx, key.as_ref()).await? {
        return Ok(answer);
    }
    let answer = effect(&mut tx).await?;
    if let Some(key) = &key {
        let store = call.store();
        let kept = serde_json::to_string(&answer).map_err(Problem::internal)?;
        let caller = call.caller_id();
        idempotency::complete(&mut tx, &store.env, &store.keys, caller, &key.hash, &kept).await?;
    }
    tx.commit().await?;
    Ok(answer)
}

/// As [`once`], where something slow comes before: `prepare` runs outside any transaction, and not at
/// all for a repeated call.
pub(crate) async fn once_prepared<P, T, F>(
    call: &Call,
    tenant: TenantId,
    prepare: P,
    effect: F,
) -> Result<Answer>
where
    P: AsyncFnOnce() -> Result<T>,
    F: AsyncFnOnce(&mut TenantWrite, T) -> Result<Answer>,
{
    if let Some(key) = Key::of(call)? {
        let mut tx = call.store().begin(tenant).await?;
        // The claim is rolled back: the effect's own transaction makes it.
        if let Some(answer) = repeated(call, &mut tx, Some(&key)).await? {
            return Ok(answer);
        }
    }
    let prepared = prepare().await?;
    once(call, tenant, async |tx| effect(tx, prepared).await).await
}

/// The first call's answer, if this is a repeated one.
async fn repeated(call: &Call, tx: &mut TenantWrite, key: Option<&Key>) -> Result<Option<Answer>> {
    let Some(key) = key else { return Ok(None) };
    let store = call.store();
    let caller = call.caller_id();
    let attempt =
        idempotency::claim(tx, &store.env, &store.keys, caller, &key.hash, &key.request).await?;
    match attempt {
        Attempt::First => Ok(None),
        Attempt::Repeated(kept) => {
            let answer: Answer =
                serde_json::from_str(kept.expose_secret()).map_err(Problem::internal)?;
            Ok(Some(answer.replayed()))
        }
        Attempt::Mismatch => Err(Problem::new(
            IDEMPOTENCY_KEY_REUSED,
            "This Idempotency-Key was sent with another request: use a new one for each request.",
        )),
    }
}
