//! Removing a way in. The last one stays.

use serde_json::json;
use store::audit::{ActorKind, Event};
use store::id::IdentityId;
use store::identity::{self, LinkStatus, Listed};
use store::link_event::{self, LinkEvent, LinkKind};
use store::session;
use store::tenant::Tenant;
use store::way_in;

use super::change::Change;
use crate::error::{Error, Reason, Refused, Result};
use crate::{Broker, Visitor};

const ACTION: &str = "identity.unlink";
/// By which rule the journal of links says that it was done.
const RULE: &str = "account_page";

/// An identity that its person thinks of removing.
#[derive(Debug)]
pub struct Removable {
    /// The identity.
    pub identity: Listed,
    /// Whether nothing else would sign the person in.
    pub is_last: bool,
}

impl Broker {
    /// One of the visitor's own identities, before it is removed. Needs a fresh sign-in as the
    /// removal does.
    pub async fn removable(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        id: IdentityId,
    ) -> Result<Removable> {
        let user = self.fresh_session(tenant, visitor).await?.user_id;
        let mut scope = self.store().tenant(tenant.id);
        let identities = identity::listed(&mut scope, user).await?;
        let identity = identities.into_iter().find(|identity| identity.id == id);
        let identity = identity.ok_or_else(|| Refused::because(Reason::NotOffered))?;
        if identity.status == LinkStatus::Suspended {
            return Err(Refused::because(Reason::LinkSuspended));
        }
        let is_last = !way_in::without(&mut scope, user, Some(id)).await?.any();
        Ok(Removable { identity, is_last })
    }

    /// Removes one of the visitor's own identities, which every source of its corp signs in by. Every
    /// other session ends: one of them may be the upstream person's. So does this one, if it was signed
    /// in by it: nothing would tell of its end when the person leaves.
    pub async fn unlink(&self, tenant: &Tenant, visitor: &Visitor, id: IdentityId) -> Result<()> {
        let change = self.begin_change(tenant, visitor).await?;
        let user = change.user.id;
        match self.unlink_with(change, visitor, id).await {
            Err(Error::Refused(refused)) => {
                Err(self.refuse_change(tenant, visitor, user, ACTION, refused.reason).await)
            }
            outcome => outcome,
        }
    }

    async fn unlink_with(
        &self,
        mut change: Change,
        visitor: &Visitor,
        id: IdentityId,
    ) -> Result<()> {
        let env = &self.store().env;
        let Change { tx, user, session, trace } = &mut change;
        let found = identity::find(tx, id).await?.filter(|identity| identity.user_id == user.id);
        let identity = found.ok_or_else(|| Refused::because(Reason::NotOffered))?;
        // Removed and added again it would not be suspended any more.
        if identity.status == LinkStatus::Suspended {
            return Err(Refused::because(Reason::LinkSuspended));
        }
        if !way_in::without(tx, user.id, Some(id)).await?.any() {
            return Err(Refused::because(Reason::LastWayIn));
        }
        // Suspended just now?
        if !identity::remove_active(tx, id).await? {
            return Err(Refused::because(Reason::LinkSuspended));
        }
        let event = LinkEvent {
            kind: LinkKind::Unlink,
            user_id: user.id,
            subject: identity.person(),
            source_id: None,
            app_id: None,
            rule: Some(RULE),
            evidence: json!({}),
            actor_kind: ActorKind::User,
            actor_id: Some(user.id.0),
            trace: Some(trace.clone()),
        };
        link_event::record(tx, env, event).await?;
        let kept = (session.identity_id != Some(id)).then_some(session.id);
        session::end_others_of_user(tx, env, user.id, kept).await?;
        self.finish_change(change, visitor, Event::system(ACTION, "ok")).await
    }
}
