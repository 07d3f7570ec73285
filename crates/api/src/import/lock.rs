//! One import of a tenant at a time.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use store::Store;
use store::ephemeral::Slot;
use store::id::TenantId;

use crate::problem::{CONFLICT, Problem, Result};

const IMPORT: Slot<bool> = Slot::new("import", Duration::from_mins(2));
/// It is taken anew when it is so old, long before it ends by itself.
const FRESH: TimeDelta = TimeDelta::seconds(20);
/// It is given back as long as it is certainly still ours.
const CERTAIN: TimeDelta = TimeDelta::seconds(90);

/// The right to import. It saves work, no more: two imports at once would be slow and right.
pub(super) struct Lock {
    store: Store,
    tenant: TenantId,
    since: DateTime<Utc>,
}

impl Lock {
    /// Takes it, or refuses.
    pub(super) async fn take(store: &Store, tenant: TenantId) -> Result<Self> {
        let since = store.env.now();
        if !store.ephemeral.put_new(&IMPORT, tenant, "", &true).await? {
            let text = "Another import of this tenant is under way: wait for its end, two minutes at \
                        most if it broke off.";
            return Err(Problem::new(CONFLICT, text));
        }
        Ok(Self { store: store.clone(), tenant, since })
    }

    /// Keeps it from ending while the work goes on.
    pub(super) async fn keep(&mut self) -> Result<()> {
        let now = self.store.env.now();
        if now - self.since > FRESH {
            self.store.ephemeral.put(&IMPORT, self.tenant, "", &true).await?;
            self.since = now;
        }
        Ok(())
    }

    /// Gives it back.
    pub(super) async fn release(self) {
        if self.store.env.now() - self.since < CERTAIN
            && let Err(error) = self.store.ephemeral.take(&IMPORT, self.tenant, "").await
        {
            tracing::warn!(%error, "the lock of an import ends by itself");
        }
    }
}
