//! The callback: the browser comes back from upstream.

use std::time::Duration;

use oidc::{authorize, code};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use store::app::{self, App};
use store::audit::{self, Event};
use store::ephemeral::Slot;
use store::id::TenantId;
use store::secret::{Place, SecretHash};
use store::session::{self, Session};
use store::source::{self, Misconfigured, Source};
use store::tenant::Tenant;
use store::{Store, TenantWrite};

use crate::associate::{Associated, associate};
use crate::dispatch::Next;
use crate::error::{Error, Reason, Refused, Result};
use crate::interaction::{Browser, Interaction, InteractionId, UPSTREAM_STATE, UpstreamState};
use crate::journal;
use crate::upstream::{Upstream as _, UpstreamFault, UpstreamIdentity};
use crate::{Broker, Visitor};

/// What the browser brought back.
#[derive(Debug)]
pub struct Callback<'a> {
    /// The identifier of the source whose callback it is.
    pub identifier: &'a str,
    /// The state that we sent.
    pub state: &'a str,
    /// The code; without one the person said no.
    pub code: Option<SecretString>,
}

/// How a callback ended, for a second delivery of the same URL (rule 1).
#[derive(Debug, Serialize, Deserialize)]
enum Outcome {
    /// Not yet: the first delivery is at it.
    Pending,
    /// The person is signed in. The session's secret and the code are sealed.
    SignedIn { sealed: Vec<u8> },
    /// The person was refused.
    Refused { reason: Reason, trace: String, app: store::id::AppId, retry: Option<InteractionId> },
}

/// What a second delivery needs of a successful first one.
#[derive(Serialize, Deserialize)]
struct SignedIn {
    browser: Browser,
    app: store::id::AppId,
    location: String,
    session: String,
    code: String,
}

const OUTCOME: Slot<Outcome> = Slot::new("callback_outcome", Duration::from_mins(10));
/// How long a second delivery waits for the first one's outcome: longer than two calls to WeCom.
const WAIT: Duration = Duration::from_secs(20);

fn outcome_place(tenant: TenantId, state: &str) -> Place<'_> {
    Place { tenant: Some(tenant), column: "ephemeral.callback_outcome", row: state.as_bytes() }
}

/// A sign-in that has been proven upstream and is about to be written.
struct Proven<'a> {
    interaction: &'a Interaction,
    source: &'a Source,
    person: &'a UpstreamIdentity,
}

impl Broker {
    /// Takes in a callback. Whatever its outcome: a second delivery of the same URL to the same
    /// browser gets the same, and the upstream's code is redeemed once.
    pub async fn callback(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        callback: Callback<'_>,
    ) -> Result<Next> {
        let store = self.store();
        let known: Option<UpstreamState> =
            store.ephemeral.get(&UPSTREAM_STATE, tenant.id, callback.state).await?;
        let Some(known) = known else {
            return self.repeated(tenant, visitor, callback.state).await;
        };
        let browser = visitor.browser.as_ref().filter(|browser| known.is_of(browser));
        if browser.is_none() {
            // The state stays: its own browser may still come.
            return Err(self.browser_changed(tenant, &known.interaction).await?);
        }
        // Of several deliveries at once one acts. The mark comes before the state goes, so that
        // whoever finds no state knows whether to wait.
        let pending = OUTCOME.lasting(WAIT);
        let first =
            store.ephemeral.put_new(&pending, tenant.id, callback.state, &Outcome::Pending).await?;
        if !first {
            return self.repeated(tenant, visitor, callback.state).await;
        }
        let taken: Option<UpstreamState> =
            store.ephemeral.take(&UPSTREAM_STATE, tenant.id, callback.state).await?;
        if taken.is_none() {
            return Err(Refused::because(Reason::StateUnknown));
        }
        let outcome = self.first(tenant, visitor, &known, &callback).await;
        self.remember(tenant, callback.state, &known.interaction, &outcome).await;
        outcome.map(|(next, _)| next)
    }

    /// The first delivery, and the only one that acts.
    async fn first(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        known: &UpstreamState,
        callback: &Callback<'_>,
    ) -> Result<(Next, SecretString)> {
        let interaction = &known.interaction;
        let source = self.usable_source(tenant, interaction, callback.identifier).await;
        let outcome = match source {
            Ok(source) if source.id != known.source => {
                Err((Refused::within(Reason::StateUnknown, interaction).into(), None))
            }
            Ok(source) => self.redeem(tenant, visitor, interaction, &source, callback).await,
            Err(error) => Err((error, None)),
        };
        match outcome {
            Ok(signed_in) => Ok(signed_in),
            Err((Error::Refused(mut refused), fault)) => {
                if refused.app.is_none() {
                    refused.app = self.app(tenant, interaction).await?;
                }
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
        interaction: &Interaction,
        source: &Source,
        callback: &Callback<'_>,
    ) -> Result<(Next, SecretString), (Error, Option<UpstreamFault>)> {
        let refuse = |reason| {
            let retry = Some(interaction.id.clone());
            let source = Some(source.clone());
            Error::from(Refused { retry, source, ..Refused::within(reason, interaction) })
        };
        let Some(code) = callback.code.clone() else {
            return Err((refuse(Reason::DeniedUpstream), None));
        };
        let person = match self.wecom.redeem(tenant.id, source, code).await {
            Ok(person) => person,
            Err(fault) => {
                self.note_refused_credentials(tenant, source, &fault).await;
                return Err((refuse(fault.reason), Some(fault)));
            }
        };
        let proven = Proven { interaction, source, person: &person };
        self.complete(tenant, visitor, &proven).await.map_err(|error| match error {
            Error::Refused(refused) if refused.source.is_none() => (refuse(refused.reason), None),
            other => (other, None),
        })
    }

    /// After a refused secret nobody calls with it again until somebody saves or tests the source.
    async fn note_refused_credentials(
        &self,
        tenant: &Tenant,
        source: &Source,
        fault: &UpstreamFault,
    ) {
        let (true, Some(errcode)) = (fault.credentials_refused, fault.errcode) else { return };
        let store = self.store();
        let mark = Misconfigured { errcode, hint: fault.hint.clone(), at: store.env.now() };
        let marked = async {
            let mut tx = store.begin(tenant.id).await?;
            source::mark_misconfigured(&mut tx, source.id, source.version, Some(mark)).await?;
            let event = Event {
                source_id: Some(source.id),
                detail: serde_json::json!({ "errcode": errcode, "hint": fault.hint }),
                ..Event::system("source.misconfigured", "credentials_refused")
            };
            audit::record(&mut tx, &store.env, event).await?;
            tx.commit().await
        };
        if let Err(error) = marked.await {
            tracing::error!(%error, source = %source.id, "a misconfigured source could not be marked");
        }
    }

    /// Writes the sign-in, all of it or nothing. Of two first sign-ins of one person the slower one
    /// is begun anew.
    async fn complete(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        proven: &Proven<'_>,
    ) -> Result<(Next, SecretString)> {
        let mut tries_left = 3;
        loop {
            let tx = self.store().begin(tenant.id).await?;
            match self.write(tx, tenant, visitor, proven).await {
                Err(Error::Store(store::Error::Conflict)) if tries_left > 0 => tries_left -= 1,
                outcome => return outcome,
            }
        }
    }

    async fn write(
        &self,
        mut tx: TenantWrite,
        tenant: &Tenant,
        visitor: &Visitor,
        proven: &Proven<'_>,
    ) -> Result<(Next, SecretString)> {
        let store = self.store();
        let Proven { interaction, source, person } = proven;
        let Associated { user, created } =
            associate(&mut tx, &store.env, source, person).await?.map_err(Refused::because)?;
        if created {
            let event = journal::event("user.create", "ok", interaction, visitor);
            audit::record(&mut tx, &store.env, journal::by_user(event, user, source.id)).await?;
        }
        let token = store.env.secret("hufu_session_")?;
        let session = self.begin_session(&mut tx, visitor, user, source, &token).await?;
        let event = journal::by_user(
            journal::event("sign_in", "ok", interaction, visitor),
            user,
            source.id,
        );
        // The last step before the commit: whoever is refused above can try again, and of two tabs
        // that got here at once only one goes on.
        (*interaction).clone().finish(store, tenant.id).await?;
        let code = self.grant(tx, &interaction.request, &session, event).await?;
        let issuer = self.provider.issuer(tenant);
        let location = authorize::success_location(&issuer, &interaction.request, &code);
        Ok((Next::ToApp { location, session: Some(token) }, code))
    }

    /// Begins a session with a new secret. If the browser has one of the same user, it goes on
    /// under the new secret; one of somebody else ends.
    async fn begin_session(
        &self,
        tx: &mut TenantWrite,
        visitor: &Visitor,
        user: store::id::UserId,
        source: &Source,
        token: &SecretString,
    ) -> Result<Session> {
        let env = &self.store().env;
        let hash = SecretHash::of(token.expose_secret());
        let before = match &visitor.session {
            None => None,
            Some(token) => session::find(tx, env, &SecretHash::of(token.expose_secret())).await?,
        };
        match before {
            Some(before) if before.user_id == user => {
                Ok(session::renew(tx, env, before.id, source.id, &hash, self.session_life).await?)
            }
            before => {
                if let Some(before) = before {
                    session::end(tx, env, before.id).await?;
                }
                Ok(session::create(tx, env, user, source.id, &hash, self.session_life).await?)
            }
        }
    }

    async fn app(&self, tenant: &Tenant, interaction: &Interaction) -> Result<Option<App>> {
        Ok(app::find(&mut self.store().tenant(tenant.id), interaction.request.app).await?)
    }

    async fn browser_changed(&self, tenant: &Tenant, interaction: &Interaction) -> Result<Error> {
        let app = self.app(tenant, interaction).await?;
        Ok(Refused { app, ..Refused::within(Reason::BrowserChanged, interaction) }.into())
    }

    /// Keeps the outcome for a second delivery. Failing to is logged: the second one is then told
    /// to begin anew.
    async fn remember(
        &self,
        tenant: &Tenant,
        state: &str,
        interaction: &Interaction,
        outcome: &Result<(Next, SecretString)>,
    ) {
        let store = self.store();
        let value = match outcome {
            Ok((Next::ToApp { location, session: Some(session) }, code)) => seal(
                store,
                tenant.id,
                state,
                &SignedIn {
                    browser: interaction.browser().clone(),
                    app: interaction.request.app,
                    location: location.clone(),
                    session: session.expose_secret().to_owned(),
                    code: code.expose_secret().to_owned(),
                },
            ),
            Err(Error::Refused(refused)) => Ok(Outcome::Refused {
                reason: refused.reason,
                trace: refused.trace.clone().unwrap_or_default(),
                app: interaction.request.app,
                retry: refused.retry.clone(),
            }),
            _ => return,
        };
        let kept = match value {
            Ok(value) => store.ephemeral.put(&OUTCOME, tenant.id, state, &value).await,
            Err(error) => Err(error),
        };
        if let Err(error) = kept {
            tracing::warn!(%error, "a callback's outcome could not be kept");
        }
    }

    /// A second delivery: waits for the first one's outcome, and gets it if it is the same browser.
    async fn repeated(&self, tenant: &Tenant, visitor: &Visitor, state: &str) -> Result<Next> {
        let store = self.store();
        let mut waited = Duration::ZERO;
        let mut pause = Duration::from_millis(20);
        let outcome: Outcome = loop {
            match store.ephemeral.get(&OUTCOME, tenant.id, state).await? {
                Some(Outcome::Pending) if waited < WAIT => {}
                Some(Outcome::Pending) | None => {
                    return Err(Refused::because(Reason::StateUnknown));
                }
                Some(outcome) => break outcome,
            }
            tokio::time::sleep(pause).await;
            waited += pause;
            pause = (pause * 2).min(Duration::from_millis(500));
        };
        match outcome {
            Outcome::Pending => Err(Refused::because(Reason::StateUnknown)),
            Outcome::Refused { reason, trace, app, retry } => {
                let app = app::find(&mut store.tenant(tenant.id), app).await?;
                let trace = Some(trace);
                Err(Refused { reason, trace, recorded: true, app, retry, source: None }.into())
            }
            Outcome::SignedIn { sealed } => self.again(tenant, visitor, state, &sealed).await,
        }
    }

    /// The same answer again, as long as the app has not used it. Later the browser is only going
    /// back in its history: it is signed in, and sent on by the page.
    async fn again(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        state: &str,
        sealed: &[u8],
    ) -> Result<Next> {
        let store = self.store();
        let opened = store.keys.open(outcome_place(tenant.id, state), sealed)?;
        let signed_in: SignedIn = serde_json::from_slice(opened.expose_secret())
            .map_err(|_| Refused::because(Reason::StateUnknown))?;
        let same = visitor.browser.as_ref().is_some_and(|browser| browser.is(&signed_in.browser));
        let app = app::find(&mut store.tenant(tenant.id), signed_in.app).await?;
        let refuse = |reason| Refused { app: app.clone(), ..Refused::about(reason) };
        if !same {
            return Err(refuse(Reason::BrowserChanged).into());
        }
        if !code::is_unused(store, tenant.id, signed_in.app, &signed_in.code.into()).await? {
            return Err(refuse(Reason::AlreadySignedIn).into());
        }
        Ok(Next::ToApp { location: signed_in.location, session: Some(signed_in.session.into()) })
    }
}

fn seal(store: &Store, tenant: TenantId, state: &str, value: &SignedIn) -> store::Result<Outcome> {
    let plain = serde_json::to_vec(value).unwrap_or_default();
    let sealed = store.keys.seal(&store.env, outcome_place(tenant, state), &plain)?;
    Ok(Outcome::SignedIn { sealed })
}
