//! Leaving: whoever WeCom says to be no member any more is signed out, everywhere and at once, whether
//! it says so in a sign-in or by itself.

use store::audit::{self, Event};
use store::id::{SourceId, TenantId, UserId};
use store::identity::{self, Subject};
use store::link_event::{self, LinkKind};
use store::{TenantWrite, departure, session, user};

use crate::Broker;
use crate::account::UNLINKED_BY_PERSON;

impl Broker {
    /// Notes that a person has left: the user whom they are linked to is signed out everywhere, what was
    /// granted is taken back, and sign-ins that are under way come to nothing. Those either see the note
    /// of it, or are over when the link is looked for.
    pub(crate) async fn has_left(
        &self,
        tenant: TenantId,
        source: Option<SourceId>,
        person: &Subject,
        reason: &'static str,
    ) -> store::Result<()> {
        let store = self.store();
        departure::record(&mut store.single(tenant), &store.env, person).await?;
        let mut tries_left = 2;
        loop {
            let tx = store.begin(tenant).await?;
            match self.sign_out_leaver(tx, source, person, reason).await {
                // The link was moved meanwhile, or somebody waited for us in a circle.
                Err(error) if tries_left > 0 => {
                    tracing::warn!(%error, "a departure is tried again");
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
        let Some(user) = whose(&mut tx, person).await? else { return Ok(()) };
        // The user before the link and the sessions, as everywhere.
        user::lock(&mut tx, user).await?;
        let linked = identity::leave(&mut tx, env, person).await?;
        if linked.is_some_and(|linked| linked != user) {
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

/// The user whom a person is linked to, or was until they took the link away themselves: what they
/// signed in to by it goes on.
async fn whose(tx: &mut TenantWrite, person: &Subject) -> store::Result<Option<UserId>> {
    if let Some(linked) = identity::linked_user(tx, person).await? {
        return Ok(Some(linked.user_id));
    }
    let last = link_event::last_of_person(tx, &person.corp_id, &person.subject).await?;
    let by_themselves = last.filter(|last| {
        last.kind == LinkKind::Unlink && last.rule.as_deref() == Some(UNLINKED_BY_PERSON)
    });
    Ok(by_themselves.map(|last| last.user_id))
}
