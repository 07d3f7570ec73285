//! Signing out of other browsers.

use serde_json::json;
use store::audit::Event;
use store::id::SessionId;
use store::session;
use store::tenant::Tenant;

use super::change::Change;
use crate::error::{Reason, Refused, Result};
use crate::{Broker, Visitor};

impl Broker {
    /// Ends one of the visitor's own sessions, with what was granted in it.
    pub async fn end_own_session(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        id: SessionId,
    ) -> Result<()> {
        let mut change = self.begin_change(tenant, visitor).await?;
        let Change { tx, user, .. } = &mut change;
        if !session::is_of_user(tx, id, user.id).await? {
            return Err(Refused::because(Reason::NotOffered));
        }
        // One that has ended by itself is what the person wanted.
        session::end(tx, &self.store().env, id, session::Ending::Revoked).await?;
        self.finish_change(change, visitor, Event::system("session.end", "ok")).await
    }

    /// Ends all of the visitor's own sessions but the one that asks.
    pub async fn end_other_sessions(&self, tenant: &Tenant, visitor: &Visitor) -> Result<()> {
        let mut change = self.begin_change(tenant, visitor).await?;
        let Change { tx, user, session, .. } = &mut change;
        let env = &self.store().env;
        let ended = session::end_others_of_user(tx, env, user.id, Some(session.id)).await?;
        let event =
            Event { detail: json!({ "ended": ended }), ..Event::system("sessions.end", "ok") };
        self.finish_change(change, visitor, event).await
    }
}
