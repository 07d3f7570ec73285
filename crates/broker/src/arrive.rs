//! Arriving: the person is known, and the passage leads to its end. The one way from a known person
//! to a session, whatever they proved themselves by.

use oidc::authorize;
use oidc::{ErrorCode, OAuthError};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use store::TenantWrite;
use store::audit::{self, Event};
use store::id::{AppId, UserId};
use store::secret::SecretHash;
use store::session::{self, NewSession, Session, SignedInBy};
use store::tenant::Tenant;

use crate::dispatch::Next;
use crate::error::{Error, Reason, Refused, Result};
use crate::interaction::{Interaction, InteractionId, Passage};
use crate::pending::Pending;
use crate::{Broker, SessionRules, Visitor, journal};

/// What a step came to, where it was not refused; kept for a second delivery of a callback.
pub(crate) struct Completed {
    /// Where the browser goes.
    pub(crate) to: To,
    /// The session's secret, if one began.
    pub(crate) session: Option<SecretString>,
}

/// Where a browser goes.
#[derive(Serialize, Deserialize)]
pub(crate) enum To {
    /// To the app, with a code or an error. The code, if it is one, to see whether it was used.
    App { location: String, code: Option<String> },
    /// To the account page.
    Account,
    /// To an app's own address.
    AppHome(AppId),
    /// To the page that asks who somebody is here.
    Bind(InteractionId),
    /// To the page on which a person confirms a sign-in elsewhere.
    Consent(InteractionId),
}

impl Completed {
    /// Where the browser goes, without a session.
    pub(crate) fn to(to: To) -> Self {
        Self { to, session: None }
    }

    /// What the browser does next.
    pub(crate) fn next(self) -> Next {
        let session = self.session;
        match self.to {
            To::App { location, .. } => Next::ToApp { location, session },
            To::Account => Next::ToAccount { session },
            To::AppHome(app) => Next::ToAppHome { app, session },
            To::Bind(id) => Next::ToBind(id),
            To::Consent(id) => Next::ToConsent(id),
        }
    }
}

/// A person who is known, and how.
pub(crate) struct Arriving {
    pub(crate) user: UserId,
    pub(crate) by: SignedInBy,
    /// What the event of the sign-in says beyond that.
    pub(crate) detail: serde_json::Value,
}

impl Broker {
    /// Writes the sign-in in the transaction, all of it or nothing, and finishes the interaction.
    pub(crate) async fn arrive(
        &self,
        mut tx: TenantWrite,
        tenant: &Tenant,
        visitor: &Visitor,
        interaction: &Interaction,
        arriving: Arriving,
    ) -> Result<Completed> {
        let store = self.store();
        let expected = interaction.request().and_then(|request| request.expected_user);
        if expected.is_some_and(|expected| expected != arriving.user) {
            drop(tx);
            return self.decline(tenant, interaction).await;
        }
        let token = store.env.secret("hufu_session_")?;
        let session =
            self.begin_session(&mut tx, visitor, arriving.user, arriving.by, &token).await?;
        // The last step before the commit: whoever is refused above can try again, and of two tabs
        // that got here at once only one goes on.
        interaction.clone().finish(store, tenant.id).await?;
        let event = journal::event("sign_in", "ok", interaction, visitor);
        let event = journal::by_user(event, arriving.user, arriving.by.source());
        let event = Event { detail: arriving.detail, ..event };
        let to = match &interaction.passage {
            Passage::App(request) => {
                let code = self.grant(tx, request, &session, event).await?;
                let issuer = self.provider.issuer(tenant);
                let location = authorize::success_location(&issuer, request, &code);
                To::App { location, code: Some(code.expose_secret().to_owned()) }
            }
            Passage::Account => {
                audit::record(&mut tx, &store.env, event).await?;
                tx.commit().await?;
                To::Account
            }
            Passage::Workbench(app) => {
                audit::record(&mut tx, &store.env, event).await?;
                tx.commit().await?;
                To::AppHome(*app)
            }
            // These sign nobody in.
            Passage::Link { .. } | Passage::Consent { .. } => {
                return Err(Refused::within(Reason::NotOffered, interaction).into());
            }
        };
        Pending::forget(store, tenant.id, &interaction.id).await;
        Ok(Completed { to, session: Some(token) })
    }

    /// It is somebody else than the app's `id_token_hint` named: the app is told, and nothing is
    /// written (OpenID Connect Core §3.1.2.2, attack B7).
    async fn decline(&self, tenant: &Tenant, interaction: &Interaction) -> Result<Completed> {
        interaction.clone().finish(self.store(), tenant.id).await?;
        let error = OAuthError::new(ErrorCode::LoginRequired, "somebody else signed in");
        let Some(request) = interaction.request() else {
            return Err(Error::from(Refused::within(Reason::NotOffered, interaction)));
        };
        let response = request.error(error);
        let location = authorize::error_location(&self.provider.issuer(tenant), &response);
        Ok(Completed::to(To::App { location, code: None }))
    }

    /// Begins a session with a new secret. If the browser has one of the same user, it goes on
    /// under the new secret; one of somebody else ends.
    async fn begin_session(
        &self,
        tx: &mut TenantWrite,
        visitor: &Visitor,
        user: UserId,
        by: SignedInBy,
        token: &SecretString,
    ) -> Result<Session> {
        let env = &self.store().env;
        let hash = SecretHash::of(token.expose_secret());
        let device = visitor.device();
        let SessionRules { life, idle, at_most } = self.sessions;
        let new = NewSession { by, device: &device, token: &hash, life, idle };
        if let Some(before) = &visitor.session {
            let before = SecretHash::of(before.expose_secret());
            match session::find(tx, env, &before).await? {
                Some(before) if before.user_id == user => {
                    return Ok(session::renew(tx, env, before.id, new).await?);
                }
                _ => {
                    if let Some(before) = session::find_to_end(tx, &before).await? {
                        session::end(tx, env, before.id).await?;
                    }
                }
            }
        }
        session::end_oldest_of_user(tx, env, user, at_most.saturating_sub(1)).await?;
        Ok(session::create(tx, env, user, new).await?)
    }
}
