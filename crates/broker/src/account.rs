//! A person's own account: adding a way in.

use chrono::TimeDelta;
use secrecy::ExposeSecret as _;
use store::id::{SessionId, UserId};
use store::identity;
use store::link_event::LinkKind;
use store::secret::SecretHash;
use store::session::{self, Session};
use store::tenant::Tenant;
use store::user::{self, UserStatus};

use crate::arrive::{Completed, To};
use crate::associate::{Arrival, link};
use crate::complete::Proven;
use crate::decide::may_bind;
use crate::error::{Error, Reason, Refused, Result};
use crate::{Broker, Visitor};

/// How fresh a sign-in has to be for a change of the account (attack M12).
pub(crate) const FRESH: TimeDelta = TimeDelta::minutes(5);
/// The same at the end of a passage upstream, which itself may take ten minutes.
const FRESH_AT_THE_END: TimeDelta = TimeDelta::minutes(15);

impl Broker {
    /// The visitor's session, alive, whatever its age.
    pub async fn live_session(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
    ) -> Result<Option<Session>> {
        let Some(token) = &visitor.session else { return Ok(None) };
        let store = self.store();
        let hash = SecretHash::of(token.expose_secret());
        Ok(session::find(&mut store.tenant(tenant.id), &store.env, &hash).await?)
    }

    /// The person has signed in by the source that they want to add: it is linked to the account, if
    /// the browser still has the session that asked for it (attack M12).
    pub(crate) async fn link_another(
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
        let now = store.env.now();
        let fresh = |live: &Session| {
            live.id == session
                && live.user_id == user
                && now - live.authenticated_at < FRESH_AT_THE_END
        };
        if !self.live_session(tenant, visitor).await?.is_some_and(|live| fresh(&live)) {
            return Err(refuse(Reason::SignInFirst));
        }
        let mut tx = store.begin(tenant.id).await?;
        match identity::linked_user(&mut tx, &person.subject).await? {
            Some(linked) if linked.user_id == user => {}
            Some(_) => return Err(refuse(Reason::LinkedElsewhere)),
            None => {
                let account = user::find(&mut tx, user).await?;
                let status = account.map_or(UserStatus::Deleted, |account| account.status);
                let of_corp = identity::has_of_corp(&mut tx, user, &source.corp_id).await?;
                may_bind(&source.policy, status, of_corp).map_err(refuse)?;
                let arrival =
                    Arrival { interaction, source, app: None, person, consent_possible: false };
                let rule = Some("account_page");
                link(&mut tx, &store.env, user, arrival, LinkKind::Bind, rule).await?;
                // Whoever else is signed in may be somebody who should not be (attack M8).
                session::end_others_of_user(&mut tx, &store.env, user, Some(session)).await?;
            }
        }
        interaction.clone().finish(store, tenant.id).await?;
        tx.commit().await?;
        Ok(Completed::to(To::Account))
    }
}
