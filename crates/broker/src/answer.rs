//! The answer to an app's request, once a session says who the person is: a code, a refusal, or the
//! question whether the app may know. The one place where grants are made.

use chrono::TimeDelta;
use oidc::authorize::AuthorizationRequest;
use oidc::{AuthorizationResponse, ErrorCode, OAuthError, code, pushed};
use secrecy::{ExposeSecret as _, SecretString};
use store::TenantWrite;
use store::audit::{self, Event};
use store::consent;
use store::grant::{self, NewGrant};
use store::id::UserId;
use store::secret::SecretHash;
use store::session::Session;
use store::tenant::Tenant;

use crate::Broker;
use crate::dispatch::Next;
use crate::error::Result;
use crate::interaction::{Browser, Interaction, InteractionId, Passage};

/// What comes of an app's request.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The app is told: the code too, if it is one, to see whether it was used.
    App { response: AuthorizationResponse, code: Option<SecretString> },
    /// The person is asked first.
    Approve(InteractionId),
}

impl Answer {
    /// What the browser does next.
    pub(crate) fn next(self, session: Option<SecretString>) -> Next {
        match self {
            Self::App { response, .. } => Next::ToApp { response: Box::new(response), session },
            Self::Approve(id) => Next::ToApproval { id, session },
        }
    }
}

/// What an app asked, and who answers.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) request: &'a AuthorizationRequest,
    pub(crate) browser: &'a Browser,
    /// The session that is good enough.
    pub(crate) by: &'a Session,
}

/// Whether the person has to be asked before the app gets its answer (OpenID Connect Core §3.1.2.4).
async fn must_ask(
    tx: &mut TenantWrite,
    request: &AuthorizationRequest,
    user: UserId,
) -> Result<bool> {
    if request.prompt.consent || !request.consent_required {
        return Ok(request.prompt.consent);
    }
    // Held: whoever withdraws it meanwhile finds the grant that rests on it (attack F2).
    let given = consent::hold(tx, user, request.app).await?;
    Ok(!given.is_some_and(|given| given.covers(&request.wanted())))
}

impl Broker {
    /// Answers by a session that is good enough, in the transaction that made it so, which is
    /// committed.
    pub(crate) async fn answer(
        &self,
        mut tx: TenantWrite,
        tenant: &Tenant,
        asked: Asked<'_>,
        event: Event,
    ) -> Result<Answer> {
        let Asked { request, browser, by } = asked;
        if !must_ask(&mut tx, request, by.user_id).await? {
            return self.grant(tx, tenant, request, by, event).await;
        }
        if request.prompt.none {
            let error =
                OAuthError::new(ErrorCode::ConsentRequired, "the person has to be asked first");
            return self.declined(tenant, request, error).await;
        }
        audit::record(&mut tx, &self.store().env, event).await?;
        tx.commit().await?;
        let passage = Passage::Approval { request: Box::new(request.clone()), session: by.id };
        let begun = Interaction::begin(self.store(), tenant.id, passage, browser, false).await?;
        Ok(Answer::Approve(begun.id))
    }

    /// Grants, records, commits, and issues the code: the end of every successful sign-in.
    pub(crate) async fn grant(
        &self,
        mut tx: TenantWrite,
        tenant: &Tenant,
        request: &AuthorizationRequest,
        session: &Session,
        event: Event,
    ) -> Result<Answer> {
        let store = self.store();
        if !pushed::use_up(&self.provider, tenant, request).await? {
            let wrong = "the pushed request has been answered already, or is too old";
            return self.declined(tenant, request, OAuthError::invalid_request(wrong)).await;
        }
        let code = code::new(store)?;
        let hash = SecretHash::of(code.expose_secret());
        let new = NewGrant {
            app: request.app,
            session,
            scope: &request.scope,
            claims: &request.claims,
            offline: request.offline.map(TimeDelta::seconds),
            code: &hash,
        };
        let grant = grant::create(&mut tx, &store.env, new).await?;
        audit::record(&mut tx, &store.env, event).await?;
        tx.commit().await?;
        code::issue(store, tenant.id, request, grant, &code).await?;
        let issuer = self.provider.issuer(tenant);
        let response = AuthorizationResponse::success(&issuer, request, &code);
        Ok(Answer::App { response, code: Some(code) })
    }

    /// An error that the app is told. It is an answer, too: a pushed request is used up by it (attack
    /// G3). Nothing else is written.
    pub(crate) async fn declined(
        &self,
        tenant: &Tenant,
        request: &AuthorizationRequest,
        error: OAuthError,
    ) -> Result<Answer> {
        pushed::use_up(&self.provider, tenant, request).await?;
        let issuer = self.provider.issuer(tenant);
        let response = AuthorizationResponse::error(&issuer, &request.error(error));
        Ok(Answer::App { response, code: None })
    }
}
