//! Rotation of the tenants' signing keys, now and then, by one node.

use std::time::Duration;

use oidc::rotation::Rotator;
use store::ephemeral::{Ephemeral, Owner, Slot};
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

/// How often somebody looks what is due.
const EVERY: Duration = Duration::from_mins(5);

/// Whose turn it is. Nobody gives a turn back: it ends before the next look, and the others have
/// nothing to do until then. A node that takes longer does no harm, see [`Rotator`].
const TURN: Slot<()> = Slot::new("key_rotation", Duration::from_mins(4));

/// Rotates keys as long as the node runs.
pub(crate) fn spawn(ephemeral: Ephemeral, rotator: Rotator) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            match ephemeral.put_new(&TURN, Owner::Deployment, "", &()).await {
                Ok(true) => (),
                Ok(false) => continue,
                Err(error) => {
                    tracing::warn!(%error, "the turn to rotate signing keys could not be taken");
                    continue;
                }
            }
            if let Err(error) = rotator.run().await {
                tracing::warn!(%error, "the tenants' signing keys could not be rotated");
            }
        }
    })
}
