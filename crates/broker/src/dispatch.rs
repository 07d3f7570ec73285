//! What comes next: the only place that decides it. Steps return here, never to one another.

use chrono::{DateTime, TimeDelta, Utc};
use oidc::authorize::{AuthorizationRequest, ErrorResponse};
use oidc::{Acr, AuthorizationResponse, ErrorCode, OAuthError};
use secrecy::{ExposeSecret as _, SecretString};
use store::Scope;
use store::app::App;
use store::audit::{ActorKind, Event};
use store::id::{AppId, SourceId};
use store::secret::SecretHash;
use store::session::{self, Session, SignInMethod};
use store::source;
use store::tenant::Tenant;

use crate::answer::Asked;
use crate::error::{Reason, Refused, Result};
use crate::interaction::{Browser, Interaction, InteractionId, Passage};
use crate::pending::Pending;
use crate::{Broker, Visitor};

/// What the browser does next.
#[derive(Debug)]
pub enum Next {
    /// It goes back to the app, with a code or an error.
    ToApp {
        /// What the app is told.
        response: Box<AuthorizationResponse>,
        /// The session's new secret, if one began.
        session: Option<SecretString>,
    },
    /// It shows the page that asks whether an app may know who the person is.
    ToApproval {
        /// The passage.
        id: InteractionId,
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

/// A session, and how much its sign-in proves.
struct Known {
    session: Session,
    proves: Acr,
}

/// Decides (OpenID Connect Core §3.1.2.1, §3.1.2.3).
fn decide(request: &AuthorizationRequest, session: Option<&Known>, now: DateTime<Utc>) -> Decision {
    let asked = request.prompt.login || request.prompt.select_account;
    let Some(Known { session, proves }) = session else {
        return match request.prompt.none {
            true => Decision::LoginRequired,
            false => Decision::SignIn { fresh: asked },
        };
    };
    let age = (now - session.authenticated_at).max(TimeDelta::zero()).num_seconds();
    let too_old = request.max_age.is_some_and(|max| u64::try_from(age).unwrap_or(0) >= max);
    let somebody_else = !request.may_be(session.user_id);
    let too_weak = request.acr.is_some_and(|demand| demand.acr > *proves);
    match (asked || too_old || somebody_else || too_weak, request.prompt.none) {
        (false, _) => Decision::Answer,
        (true, true) => Decision::LoginRequired,
        (true, false) => Decision::SignIn { fresh: true },
    }
}

/// How much a sign-in proves.
pub(crate) async fn proves(
    scope: &mut impl Scope,
    method: SignInMethod,
    source: Option<SourceId>,
) -> Result<Acr> {
    let kind = match source {
        Some(id) => source::find(scope, id).await?.map(|source| source.kind),
        None => None,
    };
    Ok(Acr::of(method, kind))
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
        let known = self.known(tenant, app, &request, visitor).await?;
        let mut decision = decide(&request, known.as_ref(), store.env.now());
        if let (Decision::Answer, Some(known)) = (&decision, known) {
            let answer = self.answer_by_session(tenant, &request, &known.session, visitor, browser);
            if let Some(next) = answer.await? {
                return Ok(next);
            }
            // It was ended meanwhile.
            decision = decide(&request, None, store.env.now());
        }
        match decision {
            Decision::LoginRequired => {
                let error = OAuthError::new(ErrorCode::LoginRequired, "the person has to sign in");
                Ok(self.declined(tenant, &request, error).await?.next(None))
            }
            Decision::SignIn { fresh } => {
                let passage = Passage::App(Box::new(request));
                let begun = Interaction::begin(store, tenant.id, passage, browser, fresh).await?;
                Ok(Next::Login(Box::new(begun)))
            }
            // `decide` answers only with a session.
            Decision::Answer => {
                let error = OAuthError::new(ErrorCode::ServerError, "the session was lost");
                Ok(self.declined(tenant, &request, error).await?.next(None))
            }
        }
    }

    /// The visitor's session, if it is alive for the app.
    async fn known(
        &self,
        tenant: &Tenant,
        app: &App,
        request: &AuthorizationRequest,
        visitor: &Visitor,
    ) -> Result<Option<Known>> {
        let Some(token) = &visitor.session else { return Ok(None) };
        let store = self.store();
        let hash = SecretHash::of(token.expose_secret());
        let mut scope = store.tenant(tenant.id);
        let found = session::find_for_app(&mut scope, &store.env, &hash, app).await?;
        let Some(session) = found else { return Ok(None) };
        let proves = match request.acr {
            Some(_) => proves(&mut scope, session.method, session.source_id).await?,
            // Nobody asks.
            None => Acr::Silent,
        };
        Ok(Some(Known { session, proves }))
    }

    /// Single sign-on: the session answers for the person, unless it was ended since it was found.
    async fn answer_by_session(
        &self,
        tenant: &Tenant,
        request: &AuthorizationRequest,
        session: &Session,
        visitor: &Visitor,
        browser: &Browser,
    ) -> Result<Option<Next>> {
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
        if !session::touch(&mut tx, &self.store().env, session.id, self.sessions.idle).await? {
            return Ok(None);
        }
        let asked = Asked { request, browser, by: session };
        Ok(Some(self.answer(tx, tenant, asked, event).await?.next(None)))
    }

    /// An error that the app is told.
    pub fn to_app_with_error(&self, tenant: &Tenant, response: &ErrorResponse) -> Next {
        let response = AuthorizationResponse::error(&self.provider.issuer(tenant), response);
        Next::ToApp { response: Box::new(response), session: None }
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
            Passage::App(request) | Passage::Approval { request, .. } => {
                self.declined(tenant, request, error).await?.next(None)
            }
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
