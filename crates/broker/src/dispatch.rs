//! What comes next: the only place that decides it. Steps return here, never to one another.

use chrono::{DateTime, TimeDelta, Utc};
use oidc::authorize::{self, AuthorizationRequest, ErrorResponse};
use oidc::{ErrorCode, OAuthError, code};
use secrecy::{ExposeSecret as _, SecretString};
use store::TenantWrite;
use store::app::App;
use store::audit::{self, ActorKind, Event};
use store::id::AppId;
use store::secret::SecretHash;
use store::session::{self, Session};
use store::tenant::Tenant;
use store::{Scope as _, grant};

use crate::error::{Reason, Refused, Result};
use crate::interaction::{Browser, Interaction, InteractionId, Passage};
use crate::pending::Pending;
use crate::{Broker, Visitor};

/// What the browser does next.
#[derive(Debug)]
pub enum Next {
    /// It goes back to the app, with a code or an error.
    ToApp {
        /// Where to.
        location: String,
        /// The session's new secret, if one began.
        session: Option<SecretString>,
    },
    /// It shows the login page of an interaction.
    Login(Box<Interaction>),
    /// It goes to the account page, signed in.
    ToAccount {
        /// The session's new secret, if one began.
        session: Option<SecretString>,
    },
    /// It goes to an app's own address, signed in; the app then asks by itself.
    ToAppHome {
        /// The app.
        app: AppId,
        /// The session's new secret, if one began.
        session: Option<SecretString>,
    },
    /// It shows the page that asks who somebody is here.
    ToBind(InteractionId),
    /// It shows the page on which a person confirms a sign-in elsewhere.
    ToConsent(InteractionId),
}

/// What a request and the browser's session make of each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decision {
    /// The session answers.
    Answer,
    /// The person has to sign in; `fresh` if a silent way would not do.
    SignIn { fresh: bool },
    /// The person would have to, but nothing may be shown.
    LoginRequired,
}

/// Decides (OpenID Connect Core §3.1.2.1, §3.1.2.3).
fn decide(
    request: &AuthorizationRequest,
    session: Option<&Session>,
    now: DateTime<Utc>,
) -> Decision {
    let asked = request.prompt.login || request.prompt.select_account;
    let Some(session) = session else {
        return match request.prompt.none {
            true => Decision::LoginRequired,
            false => Decision::SignIn { fresh: asked },
        };
    };
    let age = (now - session.authenticated_at).max(TimeDelta::zero()).num_seconds();
    let too_old = request.max_age.is_some_and(|max| u64::try_from(age).unwrap_or(0) >= max);
    let somebody_else = request.expected_user.is_some_and(|user| user != session.user_id);
    match (asked || too_old || somebody_else, request.prompt.none) {
        (false, _) => Decision::Answer,
        (true, true) => Decision::LoginRequired,
        (true, false) => Decision::SignIn { fresh: true },
    }
}

impl Broker {
    /// Takes in an app's request. `browser` is the visitor's own, or a new one that the answer
    /// plants.
    pub async fn authorize(
        &self,
        tenant: &Tenant,
        app: &App,
        request: AuthorizationRequest,
        visitor: &Visitor,
        browser: &Browser,
    ) -> Result<Next> {
        let store = self.store();
        let session = match &visitor.session {
            None => None,
            Some(token) => {
                let hash = SecretHash::of(token.expose_secret());
                session::find_for_app(&mut store.tenant(tenant.id), &store.env, &hash, app).await?
            }
        };
        match (decide(&request, session.as_ref(), store.env.now()), session) {
            (Decision::Answer, Some(session)) => {
                self.answer_by_session(tenant, &request, &session, visitor).await
            }
            (Decision::LoginRequired, _) => {
                let error = OAuthError::new(ErrorCode::LoginRequired, "the person has to sign in");
                Ok(self.to_app_with_error(tenant, &request.error(error)))
            }
            (Decision::SignIn { fresh }, _) => {
                let passage = Passage::App(Box::new(request));
                let begun = Interaction::begin(store, tenant.id, passage, browser, fresh).await?;
                Ok(Next::Login(Box::new(begun)))
            }
            // `decide` answers only with a session.
            (Decision::Answer, None) => {
                let error = OAuthError::new(ErrorCode::ServerError, "the session was lost");
                Ok(self.to_app_with_error(tenant, &request.error(error)))
            }
        }
    }

    /// Single sign-on: the session answers for the person.
    async fn answer_by_session(
        &self,
        tenant: &Tenant,
        request: &AuthorizationRequest,
        session: &Session,
        visitor: &Visitor,
    ) -> Result<Next> {
        let event = Event {
            actor_kind: ActorKind::User,
            actor_id: Some(session.user_id.0),
            app_id: Some(request.app),
            trace: Some(crate::trace(self.store())?),
            source_id: session.source_id,
            user_id: Some(session.user_id),
            address: visitor.address.map(|address| address.to_string()),
            ..Event::system("single_sign_on", "ok")
        };
        let mut tx = self.store().begin(tenant.id).await?;
        session::touch(&mut tx, &self.store().env, session.id, self.sessions.idle).await?;
        let code = self.grant(tx, request, session, event).await?;
        let location = authorize::success_location(&self.provider.issuer(tenant), request, &code);
        Ok(Next::ToApp { location, session: None })
    }

    /// Grants, records, commits, and issues the code: the end of every successful sign-in.
    pub(crate) async fn grant(
        &self,
        mut tx: TenantWrite,
        request: &AuthorizationRequest,
        session: &Session,
        event: Event,
    ) -> Result<SecretString> {
        let store = self.store();
        let tenant = tx.tenant();
        let code = code::new(store)?;
        let hash = SecretHash::of(code.expose_secret());
        let (app, scope) = (request.app, &request.scope);
        let grant = grant::create(&mut tx, &store.env, app, session, scope, &hash).await?;
        audit::record(&mut tx, &store.env, event).await?;
        tx.commit().await?;
        code::issue(store, tenant, request, grant, &code).await?;
        Ok(code)
    }

    /// An error that the app is told.
    pub fn to_app_with_error(&self, tenant: &Tenant, response: &ErrorResponse) -> Next {
        let location = authorize::error_location(&self.provider.issuer(tenant), response);
        Next::ToApp { location, session: None }
    }

    /// The interaction of this name, if the visitor's browser began it. Any other is told which app
    /// it can go to.
    pub async fn interaction(
        &self,
        tenant: &Tenant,
        id: &crate::InteractionId,
        visitor: &Visitor,
    ) -> Result<Interaction> {
        let found = Interaction::get(self.store(), tenant.id, id).await?;
        if visitor.browser.as_ref().is_some_and(|browser| found.is_of(browser)) {
            return Ok(found);
        }
        let app = self.app_of(tenant, found.app()).await?;
        Err(Refused { app, ..Refused::within(Reason::BrowserChanged, &found) }.into())
    }

    /// The person gives up: the app is told `access_denied`, or the browser goes back to where the
    /// passage leads.
    pub async fn cancel(
        &self,
        tenant: &Tenant,
        id: &crate::InteractionId,
        visitor: &Visitor,
    ) -> Result<Next> {
        let interaction = self.interaction(tenant, id, visitor).await?;
        let error = OAuthError::new(ErrorCode::AccessDenied, "the person cancelled the sign-in");
        let next = match &interaction.passage {
            Passage::App(request) => self.to_app_with_error(tenant, &request.error(error)),
            Passage::Workbench(app) => Next::ToAppHome { app: *app, session: None },
            Passage::Account | Passage::Link { .. } | Passage::Consent { .. } => {
                Next::ToAccount { session: None }
            }
        };
        let event = crate::journal::event("sign_in", "cancelled", &interaction, visitor);
        let known = Some(interaction.trace.clone());
        Pending::forget(self.store(), tenant.id, &interaction.id).await;
        interaction.finish(self.store(), tenant.id).await?;
        self.record_public(tenant.id, visitor, known, event).await;
        Ok(next)
    }
}
