//! Signing out of a browser's session.

use oidc::logout::LogoutRequest;
use secrecy::{ExposeSecret as _, SecretString};
use store::audit::{self, ActorKind, Event};
use store::secret::SecretHash;
use store::session::{self, Session};
use store::tenant::Tenant;

use crate::error::Result;
use crate::{Broker, Visitor};

/// What became of a logout request.
#[derive(Debug)]
pub enum SignedOut {
    /// The session has ended, or there was none.
    Done,
    /// The person has to confirm first: nothing proves that they want it (attack K1).
    Confirm,
}

impl Broker {
    /// The visitor's session, if it has not been ended. Whatever became of its user or source: it
    /// is looked for to be ended.
    async fn session(
        &self,
        tenant: &Tenant,
        token: Option<&SecretString>,
    ) -> Result<Option<Session>> {
        let Some(token) = token else { return Ok(None) };
        let store = self.store();
        let hash = SecretHash::of(token.expose_secret());
        Ok(session::find_to_end(&mut store.tenant(tenant.id), &hash).await?)
    }

    /// Answers an app's logout request: a hint of this very session ends it at once, anything else
    /// needs the person's word.
    pub async fn logout(
        &self,
        tenant: &Tenant,
        request: &LogoutRequest,
        visitor: &Visitor,
    ) -> Result<SignedOut> {
        let Some(session) = self.session(tenant, visitor.session.as_ref()).await? else {
            return Ok(match request.hint {
                Some(_) => SignedOut::Done,
                None => SignedOut::Confirm,
            });
        };
        if request.hint.is_some_and(|hint| hint.session == session.id) {
            self.end_session(tenant, &session, visitor).await?;
            return Ok(SignedOut::Done);
        }
        Ok(SignedOut::Confirm)
    }

    /// Ends the visitor's session, after they confirmed.
    pub async fn sign_out(&self, tenant: &Tenant, visitor: &Visitor) -> Result<()> {
        match self.session(tenant, visitor.session.as_ref()).await? {
            Some(session) => self.end_session(tenant, &session, visitor).await,
            None => Ok(()),
        }
    }

    async fn end_session(
        &self,
        tenant: &Tenant,
        session: &Session,
        visitor: &Visitor,
    ) -> Result<()> {
        let store = self.store();
        let mut tx = store.begin(tenant.id).await?;
        session::end(&mut tx, &store.env, session.id, session::Ending::SignOut).await?;
        let event = Event {
            actor_kind: ActorKind::User,
            actor_id: Some(session.user_id.0),
            trace: Some(crate::trace(store)?),
            user_id: Some(session.user_id),
            source_id: session.source_id,
            address: visitor.address.map(|address| address.to_string()),
            ..Event::system("sign_out", "ok")
        };
        audit::record(&mut tx, &store.env, event).await?;
        Ok(tx.commit().await?)
    }
}
