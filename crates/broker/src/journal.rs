//! Audit events of sign-ins.

use std::time::Duration;

use store::audit::{self, ActorKind, Event};
use store::ephemeral::Slot;
use store::id::{SourceId, TenantId, UserId};
use store::tenant::Tenant;

use crate::error::Refused;
use crate::interaction::Interaction;
use crate::upstream::UpstreamFault;
use crate::{Broker, Visitor};

/// Events of one action that a tenant's log takes in a minute. Anybody can cause them; nobody shall
/// be able to fill the disk with them, nor to crowd out those of others (attacks R4, R8). The rest is
/// only in the program's log.
const RECORDED: Slot<u64> = Slot::new("audited_refusals", Duration::from_mins(1));

/// Pages come from any address that somebody types; refusals take a sign-in.
fn a_minute(action: &str) -> u64 {
    if action == "page" { 60 } else { 600 }
}

/// An event of a person's passage through an interaction.
pub(crate) fn event(
    action: &'static str,
    result: &'static str,
    interaction: &Interaction,
    visitor: &Visitor,
) -> Event {
    Event {
        actor_kind: ActorKind::User,
        app_id: interaction.app(),
        address: visitor.address.map(|address| address.to_string()),
        trace: Some(interaction.trace.clone()),
        ..Event::system(action, result)
    }
}

/// Names the user as actor and object.
pub(crate) fn by_user(event: Event, user: UserId, source: Option<SourceId>) -> Event {
    Event { actor_id: Some(user.0), user_id: Some(user), source_id: source, ..event }
}

impl Broker {
    /// Records that somebody was refused, and gives the refusal its trace code if it has none.
    /// Failing to record is logged and changes nothing: the refusal stands.
    pub async fn record_refusal(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        refused: &mut Refused,
        fault: Option<&UpstreamFault>,
    ) {
        let event = Event {
            app_id: refused.app.as_ref().map(|app| app.id),
            source_id: refused.source.as_ref().map(|source| source.id),
            detail: fault.map_or_else(
                || serde_json::json!({}),
                |fault| serde_json::json!({ "errcode": fault.errcode, "hint": fault.hint }),
            ),
            ..Event::system("sign_in", refused.reason.as_str())
        };
        refused.trace = self.record_public(tenant.id, visitor, refused.trace.take(), event).await;
        refused.recorded = true;
    }

    /// Records an event that anybody could cause. Returns the trace code, a new one if there was
    /// none; none only if there is no randomness.
    pub async fn record_public(
        &self,
        tenant: TenantId,
        visitor: &Visitor,
        known: Option<String>,
        event: Event,
    ) -> Option<String> {
        let trace = known.or_else(|| crate::trace(self.store()).ok());
        let event = Event {
            actor_kind: ActorKind::User,
            address: visitor.address.map(|address| address.to_string()),
            trace: trace.clone(),
            ..event
        };
        tracing::info!(%tenant, action = event.action, result = event.result, trace, "refused");
        if let Err(error) = self.record_within_bounds(tenant, event).await {
            tracing::warn!(%error, %tenant, "a refusal could not be recorded");
        }
        trace
    }

    async fn record_within_bounds(&self, tenant: TenantId, event: Event) -> store::Result<()> {
        let store = self.store();
        let count = store.ephemeral.count(&RECORDED, tenant, event.action).await?;
        if count > a_minute(event.action) {
            return Ok(());
        }
        audit::record(&mut store.single(tenant), &store.env, event).await
    }
}
