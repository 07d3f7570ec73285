//! Signing in: `/login`, `/initiate`, `/callback`.

use std::sync::Arc;

use actix_web::web::{self, Bytes, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use openidconnect::core::CoreAuthPrompt;

use crate::cookie;
use crate::error::Error;
use crate::pages::{self, redirect};
use crate::params::{Params, link};
use crate::provider::{Provider, Wishes};
use crate::state::{Pending, Session, State};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/login", web::get().to(login))
        .route("/callback", web::get().to(callback))
        .route("/initiate", web::get().to(initiate))
        .route("/initiate", web::post().to(initiate));
}

async fn login(state: Data<State>, request: HttpRequest) -> HttpResponse {
    pages::or_message(&request, begin(&state, &request).await)
}

async fn begin(state: &State, request: &HttpRequest) -> Result<HttpResponse, Error> {
    let params = Params::parse(request.query_string().as_bytes());
    let wishes = Wishes {
        connection: params.one("connection")?,
        login_hint: params.one("login_hint")?,
        prompt: match params.one("prompt")? {
            Some("none") => Some(CoreAuthPrompt::None),
            Some("login") => Some(CoreAuthPrompt::Login),
            Some("consent") => Some(CoreAuthPrompt::Consent),
            Some("select_account") => Some(CoreAuthPrompt::SelectAccount),
            _ => None,
        },
    };
    let asked = state.provider().await?.ask(wishes);
    // One browser may have several sign-ins under way, one a tab.
    let browser = cookie::read(request, cookie::BROWSER).unwrap_or_else(cookie::secret);
    let pending =
        Pending { browser: browser.clone(), nonce: asked.nonce, verifier: asked.verifier };
    state.pending.put(asked.state.secret().clone(), pending);
    Ok(redirect(asked.url.as_str()).cookie(cookie::plant(cookie::BROWSER, browser)).finish())
}

/// Third-party initiated login (OpenID Connect Core §4). `target_link_uri` is not followed: the app
/// has one page only.
async fn initiate(state: Data<State>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let begin = || {
        let text = if body.is_empty() { request.query_string().as_bytes() } else { &body };
        let params = Params::parse(text);
        if params.one("iss")? != Some(state.registration.issuer.as_str()) {
            return Err(Error::Issuer);
        }
        let hint: Vec<_> =
            params.one("login_hint")?.map(|hint| ("login_hint", hint)).into_iter().collect();
        Ok(redirect(&link("/login", &hint)).finish())
    };
    pages::or_message(&request, begin())
}

async fn callback(state: Data<State>, request: HttpRequest) -> HttpResponse {
    pages::or_message(&request, finish(&state, &request).await)
}

async fn finish(state: &State, request: &HttpRequest) -> Result<HttpResponse, Error> {
    let params = Params::parse(request.query_string().as_bytes());
    let browser = cookie::read(request, cookie::BROWSER).ok_or(Error::NoBrowser)?;
    let key = params.one("state")?.ok_or(Error::State)?;
    let pending =
        state.pending.take_if(key, |pending| pending.browser == browser).ok_or(Error::State)?;
    let provider = state.provider().await?;
    check_issuer(state, &provider, &params)?;
    if let Some(code) = params.one("error")? {
        let description = params.one("error_description")?.map(str::to_owned);
        return Err(Error::Refused { code: code.to_owned(), description });
    }
    let code = params.one("code")?.ok_or(Error::Malformed)?.to_owned();
    let session = redeem(state, provider, code, pending).await?;
    // What the browser was signed in with before ends here.
    if let Some(old) = cookie::read(request, cookie::SESSION) {
        state.sessions.take_if(&old, |_| true);
    }
    let secret = cookie::secret();
    state.sessions.put(secret.clone(), Arc::new(session));
    Ok(redirect("/").cookie(cookie::plant(cookie::SESSION, secret)).finish())
}

/// RFC 9207 §2.4: a wrong `iss` is refused, and so is none from who promised one.
fn check_issuer(state: &State, provider: &Provider, params: &Params) -> Result<(), Error> {
    match params.one("iss")? {
        Some(issuer) if issuer == state.registration.issuer.as_str() => Ok(()),
        None if !provider.names_itself() => Ok(()),
        _ => Err(Error::Issuer),
    }
}

async fn redeem(
    state: &State,
    provider: Arc<Provider>,
    code: String,
    pending: Pending,
) -> Result<Session, Error> {
    let tokens = provider.exchange(&state.http, code, pending.verifier).await?;
    let (provider, claims) = match provider.check(&tokens, &pending.nonce) {
        // Keys change; who meets a new one asks once for it (Core §10.1.1).
        Err(error) if error.is_unknown_key() => {
            let provider = state.rediscover().await?;
            let claims = provider.check(&tokens, &pending.nonce)?;
            (provider, claims)
        }
        checked => (provider, checked?),
    };
    let told = provider.tell(&state.http, &tokens, claims).await?;
    Ok(Session { told, end_session: provider.end_session().cloned() })
}
