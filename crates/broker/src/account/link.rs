//! Adding a way in: the person, freshly signed in, signs in by another source as well.

use chrono::TimeDelta;
use store::Scope;
use store::audit::{self, Event};
use store::id::{SessionId, UserId};
use store::identity::{self, LinkStatus, Listed};
use store::link_event::LinkKind;
use store::policy::OnDoubt;
use store::session::{self, Session};
use store::source::{self, Source};
use store::tenant::Tenant;
use store::user;

use super::FRESH;
use super::change::by_person;
use crate::arrive::{Completed, To};
use crate::associate::{Arrival, link};
use crate::complete::Proven;
use crate::decide::may_bind;
use crate::error::{Error, Reason, Refused, Result};
use crate::interaction::{Browser, Interaction, InteractionId, Passage};
use crate::notices::Notice;
use crate::{Broker, Visitor};

/// How fresh the sign-in has to be at the end of a passage upstream, which itself may take ten
/// minutes and has begun within [`FRESH`].
const FRESH_AT_THE_END: TimeDelta = TimeDelta::minutes(15);

impl Broker {
    /// Begins to add a way in, by a source that is chosen next.
    pub async fn begin_link(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        browser: &Browser,
    ) -> Result<Interaction> {
        let session = self.fresh_session(tenant, visitor).await?;
        let passage = Passage::Link { session: session.id, user: session.user_id };
        Interaction::begin(self.store(), tenant.id, passage, browser, true).await
    }

    /// The sources that may be added in this passage, which is one for adding, of this browser and of
    /// its session.
    pub async fn link_choices(
        &self,
        tenant: &Tenant,
        id: &InteractionId,
        visitor: &Visitor,
    ) -> Result<Vec<Source>> {
        let interaction = self.interaction(tenant, id, visitor).await?;
        let Passage::Link { user, .. } = interaction.passage else {
            return Err(Refused::within(Reason::NotOffered, &interaction).into());
        };
        self.may_still_link(tenant, visitor, &interaction).await?;
        let mut scope = self.store().tenant(tenant.id);
        let identities = identity::listed(&mut scope, user).await?;
        self.linkable(&mut scope, &identities).await
    }

    /// The sources that somebody with these identities could add.
    pub(super) async fn linkable(
        &self,
        scope: &mut impl Scope,
        identities: &[Listed],
    ) -> Result<Vec<Source>> {
        let could = |source: &Source| {
            let of_corp = identities.iter().any(|identity| identity.corp_id == source.corp_id);
            source.misconfigured.is_none()
                && (!of_corp || source.policy.on_other_identity == OnDoubt::Ask)
        };
        Ok(source::active(scope).await?.into_iter().filter(could).collect())
    }

    /// Refuses to go upstream for a link whose session is not there any more, or not fresh. Other
    /// passages pass.
    pub(crate) async fn may_still_link(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        interaction: &Interaction,
    ) -> Result<()> {
        let Passage::Link { session, user } = interaction.passage else { return Ok(()) };
        let live = self.live_session(tenant, visitor).await?;
        match live.filter(|live| self.is_it(live, session, user, FRESH)) {
            Some(_) => Ok(()),
            None => Err(Refused::within(Reason::SignInFirst, interaction).into()),
        }
    }

    fn is_it(&self, live: &Session, session: SessionId, user: UserId, age: TimeDelta) -> bool {
        let fresh = self.store().env.now() - live.authenticated_at < age;
        live.id == session && live.user_id == user && fresh
    }

    /// The person has signed in by the source that they want to add: it is linked to the account, if
    /// the browser still has the session that asked for it (attack M12). Of two links of one upstream
    /// person at once the slower one is begun anew, and refused.
    pub(crate) async fn link_another(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        proven: &Proven<'_>,
        session: SessionId,
        user: UserId,
    ) -> Result<Completed> {
        let mut tries_left = 3;
        let outcome = loop {
            match self.link_once(tenant, visitor, proven, session, user).await {
                Err(Error::Store(store::Error::Conflict)) if tries_left > 0 => tries_left -= 1,
                outcome => break outcome,
            }
        };
        let Err(Error::Refused(refused)) = outcome else { return outcome };
        // Of whoever has lost the session nothing goes into the account's journal.
        if refused.reason == Reason::SignInFirst {
            return Err(Error::Refused(refused));
        }
        let event = Event::system("identity.link", refused.reason.as_str());
        let event = by_person(event, user, visitor);
        let event = Event { source_id: Some(proven.source.id), ..event };
        let trace = self.record_public(tenant.id, visitor, refused.trace.clone(), event).await;
        let (source, retry) = (proven.source.clone(), proven.interaction.id.clone());
        let known = Refused { source: Some(source), retry: Some(retry), ..*refused };
        Err(Refused { trace, recorded: true, ..known }.into())
    }

    async fn link_once(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        proven: &Proven<'_>,
        session: SessionId,
        user: UserId,
    ) -> Result<Completed> {
        let store = self.store();
        let Proven { interaction, source, person } = *proven;
        let refuse = |reason| Error::from(Refused::within(reason, interaction));
        let mut tx = store.begin(tenant.id).await?;
        // In this order: whatever ends sessions with a change of the account has ended this one by now,
        // or comes after us.
        let account =
            user::lock(&mut tx, user).await?.ok_or_else(|| refuse(Reason::SignInFirst))?;
        let live = self.session_within(&mut tx, visitor).await?;
        if !live.is_some_and(|live| self.is_it(&live, session, user, FRESH_AT_THE_END)) {
            return Err(refuse(Reason::SignInFirst));
        }
        let mut is_new = false;
        match identity::linked_user(&mut tx, &person.subject).await? {
            Some(linked) if linked.user_id != user => return Err(refuse(Reason::LinkedElsewhere)),
            Some(linked) if linked.link_status == LinkStatus::Suspended => {
                return Err(refuse(Reason::LinkSuspended));
            }
            Some(_) => {}
            None => {
                let of_corp = identity::has_of_corp(&mut tx, user, &source.corp_id).await?;
                may_bind(&source.policy, account.status, of_corp).map_err(refuse)?;
                let arrival =
                    Arrival { interaction, source, app: None, person, consent_possible: false };
                let rule = Some("account_page");
                link(&mut tx, &store.env, user, arrival, LinkKind::Bind, rule).await?;
                // Whoever else is signed in may be somebody who should not be (attack M8).
                session::end_others_of_user(&mut tx, &store.env, user, Some(session)).await?;
                let event = by_person(Event::system("identity.link", "ok"), user, visitor);
                let trace = Some(interaction.trace.clone());
                let event = Event { source_id: Some(source.id), trace, ..event };
                audit::record(&mut tx, &store.env, event).await?;
                is_new = true;
            }
        }
        interaction.clone().finish(store, tenant.id).await?;
        tx.commit().await?;
        if is_new {
            self.tell(tenant, visitor, user, Notice::linked(source, visitor));
        }
        Ok(Completed::to(To::Account))
    }
}
