//! The changes of signing keys, each with its one audit event in the caller's transaction.

use serde_json::{Value, json};
use store::audit::{self, Event};
use store::id::KeyId;
use store::signing_key::{self, Algorithm, KeyStatus, NewKey, SigningKey};
use store::{Error, Result, Store, TenantWrite};

/// Who changes keys.
#[derive(Debug)]
pub struct Hand<'a> {
    /// All state.
    pub store: &'a Store,
    /// What the audit events have in common: who does it, and from where.
    pub by: Event,
}

/// What became of a withdrawal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withdrawal {
    /// There is no such key.
    Unknown,
    /// Nothing would sign with this algorithm: roll back, and bring a key.
    NeedsKey(Algorithm),
    /// It is gone, and something signs.
    Done,
}

impl Hand<'_> {
    /// Gives the tenant a key. [`Error::Conflict`] if it has one of this algorithm and status.
    pub async fn create(
        &self,
        tx: &mut TenantWrite,
        key: &NewKey,
        status: KeyStatus,
    ) -> Result<KeyId> {
        let Store { env, keys, .. } = self.store;
        let id = signing_key::create(tx, env, keys, key, status).await?;
        let detail = json!({ "kid": id, "algorithm": key.algorithm, "status": status });
        self.record(tx, "signing_key.create", detail).await?;
        Ok(id)
    }

    /// A next key begins to sign, and the one that did retires. [`Error::Stale`] if it is no next key.
    pub async fn activate(&self, tx: &mut TenantWrite, id: KeyId) -> Result<()> {
        let next = key_with(tx, id, KeyStatus::Next).await?;
        // The one that signs first, as in every change: two changes at once meet at its row.
        let active = with_status(tx, next.algorithm, KeyStatus::Active).await?;
        if let Some(active) = &active {
            self.change(tx, active, KeyStatus::Retired).await?;
        }
        self.change(tx, &next, KeyStatus::Active).await?;
        let retired = active.map(|active| active.id);
        let detail = json!({ "kid": id, "algorithm": next.algorithm, "retired": retired });
        self.record(tx, "signing_key.activate", detail).await
    }

    /// A retired key goes. [`Error::Stale`] if it is no retired key.
    pub async fn remove(&self, tx: &mut TenantWrite, id: KeyId) -> Result<()> {
        let key = key_with(tx, id, KeyStatus::Retired).await?;
        if !signing_key::remove(tx, id).await? {
            return Err(Error::Stale);
        }
        let detail = json!({ "kid": id, "algorithm": key.algorithm });
        self.record(tx, "signing_key.remove", detail).await
    }

    /// A key is not to be trusted any more: it goes, whatever it signed. If nothing signs with its
    /// algorithm then, a next key does, however short it has been published, or else `spare`.
    pub async fn withdraw(
        &self,
        tx: &mut TenantWrite,
        id: KeyId,
        spare: Option<&NewKey>,
    ) -> Result<Withdrawal> {
        let Some(key) = signing_key::find(tx, id).await? else { return Ok(Withdrawal::Unknown) };
        if !signing_key::remove(tx, id).await? {
            return Ok(Withdrawal::Unknown);
        }
        // Looked at after the removal, which may have waited for somebody who let the key sign.
        let algorithm = key.algorithm;
        let successor = if with_status(tx, algorithm, KeyStatus::Active).await?.is_some() {
            None
        } else if let Some(next) = with_status(tx, algorithm, KeyStatus::Next).await? {
            self.change(tx, &next, KeyStatus::Active).await?;
            Some(next.id)
        } else if let Some(spare) = spare.filter(|spare| spare.algorithm == algorithm) {
            let Store { env, keys, .. } = self.store;
            Some(signing_key::create(tx, env, keys, spare, KeyStatus::Active).await?)
        } else {
            return Ok(Withdrawal::NeedsKey(algorithm));
        };
        let detail = json!({ "kid": id, "algorithm": algorithm, "successor": successor });
        self.record(tx, "signing_key.withdraw", detail).await?;
        Ok(Withdrawal::Done)
    }

    async fn change(&self, tx: &mut TenantWrite, key: &SigningKey, to: KeyStatus) -> Result<()> {
        let changed = signing_key::set_status(tx, &self.store.env, key.id, key.status, to).await?;
        if changed { Ok(()) } else { Err(Error::Stale) }
    }

    async fn record(
        &self,
        tx: &mut TenantWrite,
        action: &'static str,
        detail: Value,
    ) -> Result<()> {
        audit::record(tx, &self.store.env, Event { action, detail, ..self.by.clone() }).await
    }
}

async fn key_with(tx: &mut TenantWrite, id: KeyId, status: KeyStatus) -> Result<SigningKey> {
    let key = signing_key::find(tx, id).await?;
    key.filter(|key| key.status == status).ok_or(Error::Stale)
}

/// The only key of an algorithm that signs, or is about to.
async fn with_status(
    tx: &mut TenantWrite,
    algorithm: Algorithm,
    status: KeyStatus,
) -> Result<Option<SigningKey>> {
    let keys = signing_key::list(tx).await?;
    Ok(keys.into_iter().find(|key| key.algorithm == algorithm && key.status == status))
}
