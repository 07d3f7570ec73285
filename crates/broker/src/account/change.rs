//! The beginning of every change that a person makes to their account.

use store::TenantWrite;
use store::audit::{self, ActorKind, Event};
use store::id::UserId;
use store::session::Session;
use store::tenant::Tenant;
use store::user::{self, User};

use super::FRESH;
use crate::error::{Error, Reason, Refused, Result};
use crate::{Broker, Visitor};

/// A change that may be made: the session is alive and fresh, and the user stays as it is until the
/// transaction ends.
pub(super) struct Change {
    pub(super) tx: TenantWrite,
    pub(super) user: User,
    /// The session that asks for it.
    pub(super) session: Session,
    /// By which the events of it are found.
    pub(super) trace: String,
}

impl Broker {
    /// The visitor's session, if it is alive and its sign-in is fresh enough for a change.
    pub async fn fresh_session(&self, tenant: &Tenant, visitor: &Visitor) -> Result<Session> {
        let found = self.live_session(tenant, visitor).await?;
        found.filter(|session| self.is_fresh(session)).ok_or_else(sign_in_first)
    }

    fn is_fresh(&self, session: &Session) -> bool {
        self.store().env.now() - session.authenticated_at < FRESH
    }

    /// Begins a change of the visitor's own account.
    pub(super) async fn begin_change(&self, tenant: &Tenant, visitor: &Visitor) -> Result<Change> {
        self.begin_if(tenant, visitor, |session| self.is_fresh(session)).await
    }

    /// The same at any age of the sign-in: for what takes something away from others alone.
    pub(super) async fn begin_at_any_age(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
    ) -> Result<Change> {
        self.begin_if(tenant, visitor, |_| true).await
    }

    async fn begin_if(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        is_enough: impl Fn(&Session) -> bool,
    ) -> Result<Change> {
        let store = self.store();
        let session = self.live_session(tenant, visitor).await?.filter(&is_enough);
        let user = session.ok_or_else(sign_in_first)?.user_id;
        let mut tx = store.begin(tenant.id).await?;
        let user = user::lock(&mut tx, user).await?.ok_or_else(sign_in_first)?;
        // Now that nobody else changes the account: is the session still there?
        let session = self.session_within(&mut tx, visitor).await?;
        let session = session.filter(|session| session.user_id == user.id);
        let session = session.filter(is_enough).ok_or_else(sign_in_first)?;
        Ok(Change { tx, user, session, trace: crate::trace(store)? })
    }

    /// Makes a change lasting, with the event of it.
    pub(super) async fn finish_change(
        &self,
        change: Change,
        visitor: &Visitor,
        event: Event,
    ) -> Result<()> {
        let Change { mut tx, user, trace, .. } = change;
        let event = Event { trace: Some(trace), ..by_person(event, user.id, visitor) };
        audit::record(&mut tx, &self.store().env, event).await?;
        Ok(tx.commit().await?)
    }

    /// Refuses a change, with an event that the person finds on their page. The caller's transaction
    /// has ended.
    pub(super) async fn refuse_change(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        user: UserId,
        action: &'static str,
        reason: Reason,
    ) -> Error {
        let event = by_person(Event::system(action, reason.as_str()), user, visitor);
        let trace = self.record_public(tenant.id, visitor, None, event).await;
        Refused { trace, recorded: true, ..Refused::about(reason) }.into()
    }
}

/// Names the person as actor and object.
pub(super) fn by_person(event: Event, user: UserId, visitor: &Visitor) -> Event {
    Event {
        actor_kind: ActorKind::User,
        actor_id: Some(user.0),
        user_id: Some(user),
        address: visitor.address.map(|address| address.to_string()),
        ..event
    }
}

fn sign_in_first() -> Error {
    Refused::because(Reason::SignInFirst)
}
