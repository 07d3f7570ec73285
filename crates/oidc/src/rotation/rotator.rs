//! Doing what is due, tenant by tenant. Two nodes may be at it at once: each change is a transaction
//! of its own that finds the keys as they were, or does nothing.

use store::audit::Event;
use store::id::TenantId;
use store::page::PageRequest;
use store::{Store, signing_key, tenant};

use super::{Hand, Known, Rules, Step, due};
use crate::error::{Error, Result};
use crate::keys::Nursery;

/// Tenants that are read at a time.
const AT_ONCE: u32 = 100;

/// Does what is due.
#[derive(Debug, Clone)]
pub struct Rotator {
    store: Store,
    nursery: Nursery,
    rules: Rules,
}

impl Rotator {
    /// One that goes by these rules and gets new keys from there.
    #[must_use]
    pub fn new(store: Store, nursery: Nursery, rules: Rules) -> Self {
        Self { store, nursery, rules }
    }

    /// Does what is due for every tenant. What fails for one does not keep the others from theirs: the
    /// next time tries again.
    pub async fn run(&self) -> Result<()> {
        let mut page = PageRequest { after: None, limit: AT_ONCE };
        loop {
            let tenants = tenant::list(&self.store.database, page).await?;
            for tenant in tenants.items {
                if let Err(error) = self.tenant(tenant.id).await {
                    tracing::warn!(tenant = %tenant.id, %error, "signing keys could not be rotated");
                }
            }
            page.after = tenants.next;
            if page.after.is_none() {
                return Ok(());
            }
        }
    }

    async fn tenant(&self, id: TenantId) -> Result<()> {
        let keys = signing_key::list(&mut self.store.tenant(id)).await?;
        let known: Vec<Known> = keys.iter().map(Known::from).collect();
        for step in due(&known, self.store.env.now(), &self.rules) {
            match self.take(id, step).await {
                // Somebody else did it meanwhile, withdrew the key, or deleted the tenant.
                Err(Error::Store(
                    store::Error::Conflict | store::Error::Stale | store::Error::Reference,
                )) => tracing::debug!(tenant = %id, ?step, "not due any more"),
                done => done?,
            }
        }
        Ok(())
    }

    async fn take(&self, tenant: TenantId, step: Step) -> Result<()> {
        let hand = Hand { store: &self.store, by: Event::system("signing_key", "ok") };
        let begin = || self.store.begin(tenant);
        let tx = match step {
            Step::Create(algorithm, status) => {
                // Before the transaction: an RSA key takes its time.
                let key = self.nursery.take(algorithm).await?;
                let mut tx = begin().await?;
                hand.create(&mut tx, &key, status).await?;
                tx
            }
            Step::Activate(id) => {
                let mut tx = begin().await?;
                hand.activate(&mut tx, id).await?;
                tx
            }
            Step::Remove(id) => {
                let mut tx = begin().await?;
                hand.remove(&mut tx, id).await?;
                tx
            }
        };
        Ok(tx.commit().await?)
    }
}
