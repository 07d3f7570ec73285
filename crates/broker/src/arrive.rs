//! Arriving: the person is known, and the passage leads to its end. The one way from a known person
//! to a session, whatever they proved themselves by.

use oidc::authorize::AuthorizationRequest;
use oidc::{AuthorizationResponse, ErrorCode, OAuthError};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use store::audit::{self, Event};
use store::id::{AppId, UserId};
use store::secret::SecretHash;
use store::session::{self, Ending, NewSession, Session, SignedInBy};
use store::tenant::Tenant;
use store::{Scope, TenantWrite};

use crate::answer::{Answer, Asked};
use crate::dispatch::{Next, proves};
use crate::error::{Reason, Refused, Result};
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
    App { response: AuthorizationResponse, code: Option<String> },
    /// To the page that asks whether the app may know who it is.
    Approval(InteractionId),
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
            To::App { response, .. } => Next::ToApp { response: Box::new(response), session },
            To::Approval(id) => Next::ToApproval { id, session },
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

/// Why this sign-in is not what the app asked for: it is somebody else than it named, or proves less
/// than it insists on (OpenID Connect Core §3.1.2.2, §5.5.1.1, attacks B7, J13).
async fn unfit(
    scope: &mut impl Scope,
    request: &AuthorizationRequest,
    arriving: &Arriving,
) -> Result<Option<OAuthError>> {
    if !request.may_be(arriving.user) {
        return Ok(Some(OAuthError::new(ErrorCode::LoginRequired, "somebody else signed in")));
    }
    let Some(demand) = request.acr.filter(|demand| demand.essential) else { return Ok(None) };
    let proven = proves(scope, arriving.by.method(), arriving.by.source()).await?;
    let wrong = "the person could not sign in as the acr asks";
    let error = OAuthError::new(ErrorCode::UnmetAuthenticationRequirements, wrong);
    Ok((proven < demand.acr).then_some(error))
}

impl From<Answer> for To {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::App { response, code } => {
                Self::App { response, code: code.map(|code| code.expose_secret().to_owned()) }
            }
            Answer::Approve(id) => Self::Approval(id),
        }
    }
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
        if let Some(request) = interaction.request()
            && let Some(error) = unfit(&mut tx, request, &arriving).await?
        {
            drop(tx);
            interaction.clone().finish(store, tenant.id).await?;
            return Ok(Completed::to(self.declined(tenant, request, error).await?.into()));
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
                let asked = Asked { request, browser: interaction.browser(), by: &session };
                // In a box: every way in leads through here, and carries its future along.
                let answer = Box::pin(self.answer(tx, tenant, asked, event)).await?;
                if let Answer::App { code: None, .. } = &answer {
                    // Nothing was written: there is no session.
                    return Ok(Completed::to(answer.into()));
                }
                answer.into()
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
            Passage::Link { .. } | Passage::Consent { .. } | Passage::Approval { .. } => {
                return Err(Refused::within(Reason::NotOffered, interaction).into());
            }
        };
        Pending::forget(store, tenant.id, &interaction.id).await;
        Ok(Completed { to, session: Some(token) })
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
                        session::end(tx, env, before.id, Ending::SignOut).await?;
                    }
                }
            }
        }
        session::end_oldest_of_user(tx, env, user, at_most.saturating_sub(1)).await?;
        Ok(session::create(tx, env, user, new).await?)
    }
}
