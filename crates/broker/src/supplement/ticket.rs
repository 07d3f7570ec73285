//! What is remembered of an asking on a computer that a phone is to authorise. Its displayed key is the
//! ticket; the computer asks by its interaction, which nobody else sees (attack M2).

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use store::Store;
use store::ephemeral::Slot;
use store::id::{AppId, TenantId};
use store::identity::Subject;

use crate::error::Result;
use crate::interaction::InteractionId;
use crate::upstream::{UpstreamIdentity, UpstreamValues};

const LIFE: Duration = Duration::from_mins(10);

/// By the computer's interaction: what its page shows. It outlives the ticket, to say that this is over.
pub(super) const SHOWN: Slot<Shown> = Slot::new("consent_shown", Duration::from_mins(30));
/// By the ticket: what it stands for.
pub(super) const TICKET: Slot<Ticketed> = Slot::new("consent_ticket", LIFE);
/// By the ticket: how it ended. Written once; of several phones one decides.
pub(super) const OUTCOME: Slot<Outcome> = Slot::new("consent_outcome", LIFE);
/// By the ticket: how often a number was typed.
pub(super) const TRIES: Slot<u64> = Slot::new("consent_tries", LIFE);
pub(super) const TRIES_AT_MOST: u64 = 3;
/// By the phone's interaction: who has authorised in it.
pub(super) const AUTHORISED: Slot<UpstreamIdentity> = Slot::new("consent_authorised", LIFE);

/// What a computer's page shows.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Shown {
    pub(super) ticket: String,
    pub(super) number: String,
}

/// What a ticket stands for.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Ticketed {
    /// The computer's interaction.
    pub(super) interaction: InteractionId,
    /// Its trace code, by which the phone's events are found from there.
    pub(super) trace: String,
    /// Who has signed in at the computer.
    pub(super) subject: Subject,
    /// The app that they came from.
    pub(super) app: Option<AppId>,
    /// The identifier of the source to authorise by.
    pub(super) source: String,
    /// The number that the computer shows.
    pub(super) number: String,
    /// What the computer's browser says that it is, and its network address.
    pub(super) user_agent: Option<String>,
    pub(super) address: Option<String>,
    /// When it asked.
    pub(super) at: DateTime<Utc>,
}

/// How a ticket ended.
#[derive(Serialize, Deserialize)]
pub(super) enum Outcome {
    /// The person has confirmed.
    Given {
        /// Whose values these are.
        subject: Subject,
        values: UpstreamValues,
    },
    /// The person has refused.
    Refused,
    /// The number was wrong too often.
    TooManyTries,
}

/// How it stands with an asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// There is none.
    NotAsked,
    /// Nobody has decided.
    Waiting,
    /// The values are there.
    Given,
    /// The person has refused.
    Refused,
    /// The number was wrong too often.
    TooManyTries,
    /// The ticket is too old.
    TooOld,
}

/// What the computer of an interaction shows.
pub(super) async fn shown(
    store: &Store,
    tenant: TenantId,
    id: &InteractionId,
) -> Result<Option<Shown>> {
    Ok(store.ephemeral.get(&SHOWN, tenant, id.to_string()).await?)
}

/// What a ticket stands for, if it is the one that its computer shows and nobody has decided.
pub(super) async fn open(
    store: &Store,
    tenant: TenantId,
    ticket: &str,
) -> Result<Option<Ticketed>> {
    let found: Option<Ticketed> = store.ephemeral.get(&TICKET, tenant, ticket).await?;
    let Some(found) = found else { return Ok(None) };
    let shown = shown(store, tenant, &found.interaction).await?;
    let decided: Option<Outcome> = store.ephemeral.get(&OUTCOME, tenant, ticket).await?;
    let is_open = shown.is_some_and(|shown| shown.ticket == ticket) && decided.is_none();
    Ok(is_open.then_some(found))
}

/// How it stands with what a computer shows.
pub(super) async fn standing(store: &Store, tenant: TenantId, shown: &Shown) -> Result<Standing> {
    let ephemeral = &store.ephemeral;
    // The ticket first: it goes after the outcome has come.
    let ticket: Option<Ticketed> = ephemeral.get(&TICKET, tenant, &shown.ticket).await?;
    let outcome: Option<Outcome> = ephemeral.get(&OUTCOME, tenant, &shown.ticket).await?;
    Ok(match (outcome, ticket) {
        (Some(Outcome::Given { .. }), _) => Standing::Given,
        (Some(Outcome::Refused), _) => Standing::Refused,
        (Some(Outcome::TooManyTries), _) => Standing::TooManyTries,
        (None, Some(_)) => Standing::Waiting,
        (None, None) => Standing::TooOld,
    })
}
