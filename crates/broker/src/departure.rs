//! Leaving: whoever WeCom says to be no member any more is signed out, everywhere and at once, whether
//! it says so in a sign-in or by itself.

use store::audit::{self, Event};
use store::id::{SourceId, TenantId};
use store::identity::{self, Subject};
use store::{TenantWrite, departure, session, user};

use crate::Broker;

impl Broker {
    /// Notes that a person has left: the user whom they are linked to is signed out everywhere, what was
    /// granted is taken back, and sign-ins that are under way come to nothing. Those either see the note
    /// of it, or are over when the link is looked for.
    pub(crate) async fn note_departure(
        &self,
        tenant: TenantId,
        source: Option<SourceId>,
        person: &Subject,
        reason: &'static str,
    ) -> store::Result<()> {
        let store = self.store();
        departure::record(&mut store.single(tenant), &store.env, person).await?;
        let mut tries_left = 1;
        loop {
            let tx = store.begin(tenant).await?;
            match self.sign_out_leaver(tx, source, person, reason).await {
                // The link was moved meanwhile, or somebody waited for us in a circle.
                Err(store::Error::Conflict | store::Error::Unavailable(_)) if tries_left > 0 => {
                    tries_left -= 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn sign_out_leaver(
        &self,
        mut tx: TenantWrite,
        source: Option<SourceId>,
        person: &Subject,
        reason: &'static str,
    ) -> store::Result<()> {
        let env = &self.store().env;
        let Some(linked) = identity::linked_user(&mut tx, person).await? else { return Ok(()) };
        let user = linked.user_id;
        // The user before the link and the sessions, as everywhere.
        user::lock(&mut tx, user).await?;
        if identity::leave(&mut tx, env, person).await? != Some(user) {
            return Err(store::Error::Conflict);
        }
        session::end_all_of_user(&mut tx, env, user).await?;
        let event = Event {
            source_id: source,
            user_id: Some(user),
            ..Event::system("sessions.end", reason)
        };
        audit::record(&mut tx, env, event).await?;
        tx.commit().await
    }
}
