//! Taking back what was linked wrongly, and putting back what was taken away.

use chrono::TimeDelta;
use store::audit::{self, Recorded as Audited};
use store::id::{LinkEventId, UserId};
use store::link_event::{self, LinkKind, Recorded};
use store::{TenantWrite, identity, session, user, way_in};

use super::{By, Linked, Links, Refusal, Result, Wish};

/// How long a link that was taken away can be put back.
pub const RESTORABLE: TimeDelta = TimeDelta::days(30);

/// What became of an undo.
#[derive(Debug, Clone)]
pub struct Undone {
    /// The event of the undo.
    pub event: LinkEventId,
    /// The user that lost the link.
    pub user: UserId,
    /// Whether the link had been made with its user, who now has no way in: somebody has to decide
    /// what becomes of the account.
    pub stranded: bool,
    /// What was done to or by the user since the link was made, sign-ins left out: the wrong person may
    /// have changed a password or an address.
    pub since_then: Vec<Audited>,
}

impl Links {
    /// Takes away the link that an event made. The wrong person may hold any session or grant of the
    /// user: all of them end. Of several attempts at once one succeeds.
    pub async fn undo(&self, tx: &mut TenantWrite, by: &By, id: LinkEventId) -> Result<Undone> {
        let event = link_event::find(tx, id).await?.ok_or(Refusal::NotFound)?;
        if !makes_a_link(event.kind) {
            return Err(Refusal::WrongKind);
        }
        if event.undone_by.is_some() {
            return Err(Refusal::AlreadyUndone);
        }
        user::lock(tx, event.user_id).await?;
        // The person may have been unlinked and linked anew since: that is another event's link.
        let last = link_event::last_of_person(tx, &event.corp_id, &event.subject).await?;
        let is_last = last.is_some_and(|last| last.id == event.id);
        let wish = of(&event);
        let linked = identity::linked_user(tx, &wish.subject).await?;
        let linked = linked.filter(|linked| is_last && linked.user_id == event.user_id);
        let identity = linked.ok_or(Refusal::Superseded)?.identity_id;
        let undo = self.take_back(tx, by, LinkKind::Undo, &wish, &event).await?;
        if !identity::remove(tx, identity).await? {
            return Err(Refusal::Superseded);
        }
        session::end_all_of_user(tx, &self.store.env, event.user_id).await?;
        let created = event.kind == LinkKind::Create;
        let stranded = created && !way_in::without(tx, event.user_id, None).await?.any();
        let since_then =
            audit::changes_of_user(tx, event.user_id, event.at, event.trace.clone()).await?;
        Ok(Undone { event: undo, user: event.user_id, stranded, since_then })
    }

    /// Puts back a link that was taken away at most [`RESTORABLE`] ago, if its user is active and its
    /// person not linked meanwhile.
    pub async fn restore(
        &self,
        tx: &mut TenantWrite,
        by: &By,
        id: LinkEventId,
        allow_second: bool,
    ) -> Result<(LinkEventId, Linked)> {
        let event = link_event::find(tx, id).await?.ok_or(Refusal::NotFound)?;
        if !matches!(event.kind, LinkKind::Unlink | LinkKind::Undo) {
            return Err(Refusal::WrongKind);
        }
        if event.undone_by.is_some() {
            return Err(Refusal::AlreadyUndone);
        }
        if self.store.env.now() - event.at > RESTORABLE {
            return Err(Refusal::TooOld);
        }
        let wish = Wish { allow_second, ..of(&event) };
        let restore = self.take_back(tx, by, LinkKind::Restore, &wish, &event).await?;
        let linked = self.put(tx, &wish).await?;
        if linked.new { Ok((restore, linked)) } else { Err(Refusal::Superseded) }
    }

    /// Records an event that takes another one back, and marks that one: of several at once, one.
    async fn take_back(
        &self,
        tx: &mut TenantWrite,
        by: &By,
        kind: LinkKind,
        wish: &Wish,
        event: &Recorded,
    ) -> Result<LinkEventId> {
        let new = self.record_about(tx, by, kind, wish, event.id).await?;
        match link_event::mark_undone(tx, event.id, new).await {
            Ok(()) => Ok(new),
            Err(store::Error::Stale) => Err(Refusal::AlreadyUndone),
            Err(other) => Err(other.into()),
        }
    }
}

/// Whether a link is there after an event of this kind that was not there before.
fn makes_a_link(kind: LinkKind) -> bool {
    matches!(
        kind,
        LinkKind::Create | LinkKind::Match | LinkKind::Bind | LinkKind::Link | LinkKind::Restore
    )
}

/// The link that an event is about.
fn of(event: &Recorded) -> Wish {
    Wish { user: event.user_id, subject: event.person(), allow_second: false }
}
