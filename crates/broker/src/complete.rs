//! Completing a sign-in: from the code that the browser brought back to the answer for the app. Done
//! once for each state; see `callback.rs`.

use oidc::{ErrorCode, OAuthError, authorize};
use secrecy::{ExposeSecret as _, SecretString};
use store::audit::{self, Event};
use store::id::UserId;
use store::identity::{self, Subject};
use store::secret::SecretHash;
use store::session::{self, Session};
use store::source::{self, Misconfigured, Source};
use store::tenant::Tenant;
use store::{TenantWrite, app};

use crate::associate::{Associated, associate};
use crate::callback::Callback;
use crate::dispatch::Next;
use crate::error::{Error, Reason, Refused, Result};
use crate::interaction::{Interaction, UpstreamState};
use crate::upstream::{Upstream as _, UpstreamFault, UpstreamIdentity};
use crate::{Broker, Visitor, journal};

/// What a sign-in came to, where it was not refused.
pub(crate) enum Completed {
    /// The app gets a code, the browser a session.
    SignedIn {
        /// Where the browser goes.
        location: String,
        /// The session's secret.
        session: SecretString,
        /// The code.
        code: SecretString,
    },
    /// The app is told that it was somebody else than it asked for.
    Declined {
        /// Where the browser goes.
        location: String,
    },
}

impl Completed {
    /// What the browser does next.
    pub(crate) fn next(self) -> Next {
        match self {
            Self::SignedIn { location, session, .. } => {
                Next::ToApp { location, session: Some(session) }
            }
            Self::Declined { location } => Next::ToApp { location, session: None },
        }
    }
}

/// A sign-in that has been proven upstream and is about to be written.
struct Proven<'a> {
    interaction: &'a Interaction,
    source: &'a Source,
    person: &'a UpstreamIdentity,
}

impl Broker {
    /// Completes the sign-in of a state that nobody else has. A refusal is recorded.
    pub(crate) async fn complete(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        known: &UpstreamState,
        callback: &Callback<'_>,
    ) -> Result<Completed> {
        match self.redeem(tenant, visitor, known, callback).await {
            Ok(completed) => Ok(completed),
            Err((Error::Refused(mut refused), fault)) => {
                if refused.app.is_none() {
                    let mut scope = self.store().tenant(tenant.id);
                    refused.app = app::find(&mut scope, known.app).await?;
                }
                refused.trace.get_or_insert_with(|| known.trace.clone());
                self.record_refusal(tenant, visitor, &mut refused, fault.as_ref()).await;
                Err(Error::Refused(refused))
            }
            Err((other, _)) => Err(other),
        }
    }

    async fn redeem(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        known: &UpstreamState,
        callback: &Callback<'_>,
    ) -> Result<Completed, (Error, Option<UpstreamFault>)> {
        let plain = |error| (error, None);
        let browser = visitor.browser.as_ref();
        let interaction = Interaction::find(self.store(), tenant.id, &known.interaction, browser);
        let interaction = interaction.await.map_err(plain)?;
        let source = self.usable_source(tenant, &interaction, callback.identifier);
        let source = source.await.map_err(plain)?;
        let refuse = |reason| {
            let retry = Some(interaction.id.clone());
            let source = Some(source.clone());
            Error::from(Refused { retry, source, ..Refused::within(reason, &interaction) })
        };
        if source.id != known.source {
            return Err(plain(refuse(Reason::StateUnknown)));
        }
        let code = callback.code.clone().ok_or_else(|| plain(refuse(Reason::DeniedUpstream)))?;
        let person = match self.wecom.redeem(tenant.id, &source, code).await {
            Ok(person) => person,
            Err(fault) => {
                self.act_on_fault(tenant, &source, &fault).await;
                return Err((refuse(fault.reason), Some(fault)));
            }
        };
        let proven = Proven { interaction: &interaction, source: &source, person: &person };
        self.write(tenant, visitor, &proven).await.map_err(|error| match error {
            Error::Refused(refused) if refused.source.is_none() => plain(refuse(refused.reason)),
            // The source or the app was deleted while WeCom was asked.
            Error::Store(store::Error::Reference) => plain(refuse(Reason::SourceDisabled)),
            other => plain(other),
        })
    }

    /// After a refused secret nobody calls with it again until somebody saves or tests the source.
    /// Whom the directory does not know any more, or whom the app was taken from, is signed out.
    async fn act_on_fault(&self, tenant: &Tenant, source: &Source, fault: &UpstreamFault) {
        let acted = async {
            if let (true, Some(errcode)) = (fault.credentials_refused, fault.errcode) {
                self.mark_misconfigured(tenant, source, errcode, fault.hint.clone()).await?;
            }
            if let Some(person) = &fault.refused_person {
                self.end_sessions_of(tenant, source, person, fault.reason).await?;
            }
            Ok::<(), store::Error>(())
        };
        if let Err(error) = acted.await {
            tracing::error!(%error, source = %source.id, "an answer of WeCom could not be acted upon");
        }
    }

    async fn mark_misconfigured(
        &self,
        tenant: &Tenant,
        source: &Source,
        errcode: i64,
        hint: Option<String>,
    ) -> store::Result<()> {
        let store = self.store();
        let mut tx = store.begin(tenant.id).await?;
        let detail = serde_json::json!({ "errcode": errcode, "hint": hint });
        let mark = Misconfigured { errcode, hint, at: store.env.now() };
        source::mark_misconfigured(&mut tx, source.id, source.version, Some(mark)).await?;
        let event = Event {
            source_id: Some(source.id),
            detail,
            ..Event::system("source.misconfigured", "credentials_refused")
        };
        audit::record(&mut tx, &store.env, event).await?;
        tx.commit().await
    }

    async fn end_sessions_of(
        &self,
        tenant: &Tenant,
        source: &Source,
        person: &Subject,
        reason: Reason,
    ) -> store::Result<()> {
        let store = self.store();
        let mut tx = store.begin(tenant.id).await?;
        let Some(linked) = identity::linked_user(&mut tx, person).await? else { return Ok(()) };
        session::end_all_of_user(&mut tx, &store.env, linked.user_id).await?;
        let event = Event {
            source_id: Some(source.id),
            user_id: Some(linked.user_id),
            ..Event::system("sessions.end", reason.as_str())
        };
        audit::record(&mut tx, &store.env, event).await?;
        tx.commit().await
    }

    /// Writes the sign-in, all of it or nothing. Of two first sign-ins of one person the slower one
    /// is begun anew.
    async fn write(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        proven: &Proven<'_>,
    ) -> Result<Completed> {
        let mut tries_left = 3;
        loop {
            let tx = self.store().begin(tenant.id).await?;
            match self.write_in(tx, tenant, visitor, proven).await {
                Err(Error::Store(store::Error::Conflict)) if tries_left > 0 => tries_left -= 1,
                outcome => return outcome,
            }
        }
    }

    async fn write_in(
        &self,
        mut tx: TenantWrite,
        tenant: &Tenant,
        visitor: &Visitor,
        proven: &Proven<'_>,
    ) -> Result<Completed> {
        let store = self.store();
        let Proven { interaction, source, person } = proven;
        let request = &interaction.request;
        let Associated { user, created } =
            associate(&mut tx, &store.env, source, person).await?.map_err(Refused::because)?;
        if request.expected_user.is_some_and(|expected| expected != user) {
            drop(tx);
            return self.decline(tenant, interaction).await;
        }
        let event = |action| {
            let event = journal::event(action, "ok", interaction, visitor);
            journal::by_user(event, user, source.id)
        };
        if created {
            audit::record(&mut tx, &store.env, event("user.create")).await?;
        }
        let token = store.env.secret("hufu_session_")?;
        let session = self.begin_session(&mut tx, visitor, user, source, &token).await?;
        // The last step before the commit: whoever is refused above can try again, and of two tabs
        // that got here at once only one goes on.
        (*interaction).clone().finish(store, tenant.id).await?;
        let code = self.grant(tx, request, &session, event("sign_in")).await?;
        let location = authorize::success_location(&self.provider.issuer(tenant), request, &code);
        Ok(Completed::SignedIn { location, session: token, code })
    }

    /// It is somebody else than the app's `id_token_hint` named: the app is told, and nothing is
    /// written (OpenID Connect Core §3.1.2.2, attack B7).
    async fn decline(&self, tenant: &Tenant, interaction: &Interaction) -> Result<Completed> {
        interaction.clone().finish(self.store(), tenant.id).await?;
        let error = OAuthError::new(ErrorCode::LoginRequired, "somebody else signed in");
        let response = interaction.request.error(error);
        let location = authorize::error_location(&self.provider.issuer(tenant), &response);
        Ok(Completed::Declined { location })
    }

    /// Begins a session with a new secret. If the browser has one of the same user, it goes on
    /// under the new secret; one of somebody else ends.
    async fn begin_session(
        &self,
        tx: &mut TenantWrite,
        visitor: &Visitor,
        user: UserId,
        source: &Source,
        token: &SecretString,
    ) -> Result<Session> {
        let env = &self.store().env;
        let hash = SecretHash::of(token.expose_secret());
        if let Some(before) = &visitor.session {
            let before = SecretHash::of(before.expose_secret());
            match session::find(tx, env, &before).await? {
                Some(before) if before.user_id == user => {
                    let life = self.session_life;
                    return Ok(session::renew(tx, env, before.id, source.id, &hash, life).await?);
                }
                _ => {
                    if let Some(before) = session::find_to_end(tx, &before).await? {
                        session::end(tx, env, before.id).await?;
                    }
                }
            }
        }
        Ok(session::create(tx, env, user, source.id, &hash, self.session_life).await?)
    }
}
