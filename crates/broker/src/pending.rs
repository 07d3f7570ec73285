//! A person who is known upstream and has been asked who they are here: what is remembered until they
//! have answered. Bound to the interaction, and with it to the browser.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use store::Store;
use store::ephemeral::Slot;
use store::id::{SourceId, TenantId, UserId};

use crate::decide::Ask;
use crate::error::{Reason, Refused, Result};
use crate::evidence::Evidence;
use crate::interaction::InteractionId;
use crate::upstream::UpstreamIdentity;

/// A person who has been asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pending {
    /// The source that they came by.
    pub source: SourceId,
    /// Its identifier.
    pub identifier: String,
    /// Who they are upstream.
    pub person: UpstreamIdentity,
    /// What they are asked.
    pub ask: Ask,
    /// The account that they have proved to be theirs.
    pub proved: Option<Proved>,
}

/// An account that was proved.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Proved {
    /// The account.
    pub user: UserId,
    /// What by.
    pub by: Evidence,
    /// When.
    pub at: DateTime<Utc>,
}

/// A proof is worth this long (attack M12).
const PROOF_LIFE: TimeDelta = TimeDelta::minutes(5);

/// As long as an interaction.
const PENDING: Slot<Pending> = Slot::new("pending_person", Duration::from_mins(30));

impl Pending {
    /// Remembers.
    pub(crate) async fn keep(
        &self,
        store: &Store,
        tenant: TenantId,
        id: &InteractionId,
    ) -> Result<()> {
        Ok(store.ephemeral.put(&PENDING, tenant, id.to_string(), self).await?)
    }

    /// Who has been asked in this interaction. The caller has found the interaction for this browser.
    pub(crate) async fn find(store: &Store, tenant: TenantId, id: &InteractionId) -> Result<Self> {
        let found: Option<Self> = store.ephemeral.get(&PENDING, tenant, id.to_string()).await?;
        found.ok_or_else(|| Refused::because(Reason::InteractionExpired))
    }

    /// Forgets: the person has answered. A failure costs nothing but memory, as nothing can be done
    /// with it once the interaction is finished.
    pub(crate) async fn forget(store: &Store, tenant: TenantId, id: &InteractionId) {
        let taken: store::Result<Option<Self>> =
            store.ephemeral.take(&PENDING, tenant, id.to_string()).await;
        if let Err(error) = taken {
            tracing::warn!(%error, "a person who has answered could not be forgotten");
        }
    }

    /// The account that was proved, if that is not too long ago.
    pub(crate) fn proved(&self, now: DateTime<Utc>) -> Option<&Proved> {
        self.proved.as_ref().filter(|proved| now - proved.at < PROOF_LIFE)
    }
}
