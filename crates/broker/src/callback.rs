//! The callback: the browser comes back from upstream, once or more often. Whatever the first
//! delivery came to (`complete.rs`), a second one of the same URL to the same browser gets the same.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oidc::code;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use store::Store;
use store::app::{self, App};
use store::ephemeral::Slot;
use store::id::{AppId, TenantId};
use store::secret::Place;
use store::tenant::Tenant;

use crate::arrive::{Completed, To};
use crate::dispatch::Next;
use crate::error::{Error, Reason, Refused, Result};
use crate::interaction::{Browser, InteractionId, UPSTREAM_STATE, UpstreamState};
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
    /// It went on. Where to, with the session's secret and the code, is sealed.
    Done { sealed: String },
    /// The person was refused.
    Refused {
        browser: Browser,
        reason: Reason,
        trace: String,
        app: Option<AppId>,
        #[serde(default)]
        workbench: bool,
        retry: Option<InteractionId>,
    },
}

/// What a second delivery needs of a first one that went on.
#[derive(Serialize, Deserialize)]
struct Done {
    browser: Browser,
    app: Option<AppId>,
    to: To,
    session: Option<String>,
}

/// Long enough for a double click and a look back.
const OUTCOME: Slot<Outcome> = Slot::new("callback_outcome", Duration::from_mins(2));
/// How long a second delivery waits for the first one's outcome: longer than a token and two calls
/// to WeCom may take.
const WAIT: Duration = Duration::from_secs(30);

fn outcome_place(tenant: TenantId, state: &str) -> Place<'_> {
    Place { tenant: Some(tenant), column: "ephemeral.callback_outcome", row: state.as_bytes() }
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
            return Err(self.browser_changed(tenant, &known).await?);
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
        let outcome = self.complete(tenant, visitor, &known, &callback).await;
        self.remember(tenant, callback.state, &known, &outcome).await;
        outcome.map(Completed::next)
    }

    async fn browser_changed(&self, tenant: &Tenant, known: &UpstreamState) -> Result<Error> {
        let app = self.app_of(tenant, known.app).await?;
        let (trace, workbench) = (Some(known.trace.clone()), known.workbench);
        Ok(Refused { trace, app, workbench, ..Refused::about(Reason::BrowserChanged) }.into())
    }

    pub(crate) async fn app_of(&self, tenant: &Tenant, app: Option<AppId>) -> Result<Option<App>> {
        match app {
            Some(app) => Ok(app::find(&mut self.store().tenant(tenant.id), app).await?),
            None => Ok(None),
        }
    }

    /// Keeps the outcome for a second delivery. Failing to is logged: the second one is then told
    /// to begin anew.
    async fn remember(
        &self,
        tenant: &Tenant,
        state: &str,
        known: &UpstreamState,
        outcome: &Result<Completed>,
    ) {
        let store = self.store();
        let value = match outcome {
            Ok(completed) => seal(store, tenant.id, state, known, completed),
            Err(Error::Refused(refused)) => Ok(Outcome::Refused {
                browser: known.browser.clone(),
                reason: refused.reason,
                trace: refused.trace.clone().unwrap_or_default(),
                app: known.app,
                workbench: known.workbench,
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
            Outcome::Refused { browser, reason, trace, app, workbench, retry } => {
                let app = self.app_of(tenant, app).await?;
                if !visitor.browser.as_ref().is_some_and(|visitor| visitor.is(&browser)) {
                    let refused = Refused::about(Reason::BrowserChanged);
                    return Err(Refused { app, workbench, ..refused }.into());
                }
                let trace = Some(trace);
                Err(Refused { trace, recorded: true, app, retry, ..Refused::about(reason) }.into())
            }
            Outcome::Done { sealed } => self.again(tenant, visitor, state, &sealed).await,
        }
    }

    /// The same answer again, as long as the app has not used it. Later the browser is only going
    /// back in its history: it is signed in, and sent on by the page.
    async fn again(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        state: &str,
        sealed: &str,
    ) -> Result<Next> {
        let store = self.store();
        let sealed = URL_SAFE_NO_PAD.decode(sealed).unwrap_or_default();
        let opened = store.keys.open(outcome_place(tenant.id, state), &sealed)?;
        let done: Done = serde_json::from_slice(opened.expose_secret())
            .map_err(|_| Refused::because(Reason::StateUnknown))?;
        let same = visitor.browser.as_ref().is_some_and(|browser| browser.is(&done.browser));
        let app = self.app_of(tenant, done.app).await?;
        let workbench = matches!(done.to, To::AppHome(_));
        let refuse = |reason| Refused { app: app.clone(), workbench, ..Refused::about(reason) };
        if !same {
            return Err(refuse(Reason::BrowserChanged).into());
        }
        if let (To::App { code: Some(code), .. }, Some(app)) = (&done.to, done.app)
            && !code::is_unused(store, tenant.id, app, &code.clone().into()).await?
        {
            return Err(refuse(Reason::AlreadySignedIn).into());
        }
        Ok(Completed { to: done.to, session: done.session.map(Into::into) }.next())
    }
}

fn seal(
    store: &Store,
    tenant: TenantId,
    state: &str,
    known: &UpstreamState,
    completed: &Completed,
) -> store::Result<Outcome> {
    #[derive(Serialize)]
    struct Plain<'a> {
        browser: &'a Browser,
        app: Option<AppId>,
        to: &'a To,
        session: Option<&'a str>,
    }
    let value = Plain {
        browser: &known.browser,
        app: known.app,
        to: &completed.to,
        session: completed.session.as_ref().map(secrecy::ExposeSecret::expose_secret),
    };
    let plain = serde_json::to_vec(&value).unwrap_or_default();
    let sealed = store.keys.seal(&store.env, outcome_place(tenant, state), &plain)?;
    Ok(Outcome::Done { sealed: URL_SAFE_NO_PAD.encode(sealed) })
}
