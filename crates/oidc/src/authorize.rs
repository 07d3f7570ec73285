//! The authorization request (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2): its checks in order, on
//! one screen. The first two decide whether there is an address that an error may be sent to; until
//! then every refusal is a page of ours (attack A1).

use serde::{Deserialize, Serialize};
use store::app::{self, App, AuthMethod};
use store::grant::Claims;
use store::id::{AppId, UserId};
use store::protocol::{GrantType, ResponseMode};
use store::source::Status;
use store::tenant::Tenant;

use crate::acr::Acr;
use crate::error::{Error, ErrorCode, OAuthError};
use crate::params::Params;
use crate::policy::Policy;
use crate::{Provider, claims, parameters, pkce, pushed};

/// An authorization request that is right in every respect. Only [`parse`] and PAR make one.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuthorizationRequest {
    /// The app that asks: `client_id`.
    pub app: AppId,
    /// Where the answer goes; registered, byte for byte.
    pub redirect_uri: String,
    /// How it gets there.
    pub response_mode: ResponseMode,
    /// What it asks for, without what we do not know or it may not have.
    pub scope: String,
    /// Claims that it asks for one by one.
    pub claims: Claims,
    /// Given back unchanged.
    pub state: Option<String>,
    /// Goes into the ID token unchanged.
    pub nonce: Option<String>,
    /// PKCE's challenge, S256.
    pub code_challenge: Option<String>,
    /// The key that the code is bound to: a thumbprint (RFC 9449 §10).
    pub dpop_jkt: Option<String>,
    /// What may or must be shown.
    pub prompt: Prompt,
    /// How old the sign-in may be at most, in seconds.
    pub max_age: Option<u64>,
    /// Who it may be, if the app says so: by an ID token of ours, or by a claim.
    pub expected: Option<Vec<UserId>>,
    /// What the sign-in shall prove.
    pub acr: Option<Demand>,
    /// The identifier of the source to go straight to.
    pub connection: Option<String>,
    /// Languages the person reads, in order of preference.
    pub ui_locales: Option<String>,
    /// What the person may be known by here.
    pub login_hint: Option<String>,
    /// Whether people are asked before this app learns who they are.
    pub consent_required: bool,
    /// How long what is granted outlives the session, in seconds; not at all without offline access.
    pub offline: Option<i64>,
    /// The name of the pushed request that it was (RFC 9126); good for one answer.
    pub pushed: Option<String>,
}

/// What a sign-in shall prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demand {
    /// At least this.
    pub acr: Acr,
    /// Whether less will not do (OpenID Connect Core §5.5.1.1).
    pub essential: bool,
}

/// What may or must be shown (OpenID Connect Core §3.1.2.1). Values can be combined, but not with
/// `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "independent words, each once")]
pub struct Prompt {
    /// Nothing may be shown.
    pub none: bool,
    /// The person has to sign in again.
    pub login: bool,
    /// The person has to choose, which is signing in again with us.
    pub select_account: bool,
    /// The person has to be asked for consent, even if they gave it before.
    pub consent: bool,
}

/// Why a request is not answered with a sign-in.
#[derive(Debug)]
pub enum Refusal {
    /// There is no address that can be trusted: a page of ours.
    Page(PageReason),
    /// The app is told, at its registered address.
    Redirect(Box<App>, Box<ErrorResponse>),
    /// We failed.
    Error(Error),
}

/// Why a request got a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageReason {
    /// The parameters cannot be read, or `client_id` stands twice or not at all.
    InvalidRequest,
    /// There is no such app in this tenant.
    UnknownClient,
    /// The app is switched off.
    AppDisabled,
    /// `redirect_uri` is missing, stands twice, or is not registered.
    RedirectUri,
    /// `request_uri` names no pushed request of this app, or one that is over.
    RequestUri,
}

/// An error response to an app (RFC 6749 §4.1.2.1).
#[derive(Debug, Clone)]
pub struct ErrorResponse {
    /// The app.
    pub app: AppId,
    /// Where it goes.
    pub redirect_uri: String,
    /// How it gets there.
    pub mode: ResponseMode,
    /// The request's state, if it could be read.
    pub state: Option<String>,
    /// What is wrong.
    pub error: OAuthError,
}

impl From<store::Error> for Refusal {
    fn from(error: store::Error) -> Self {
        Self::Error(error.into())
    }
}

/// Checks an authorization request, or finds the pushed one that it names. Returns the app with it.
pub async fn parse(
    provider: &Provider,
    tenant: &Tenant,
    params: &Params,
) -> Result<(App, AuthorizationRequest), Refusal> {
    let app = client(provider, tenant, params).await?;
    let pushed = params.get("request_uri").ok().flatten().and_then(pushed::name_of);
    if let Some(name) = pushed {
        let found = pushed::find(provider, tenant, &app, name).await?;
        // What stands beside it is nobody's word (RFC 9126 §4, attack G7).
        let found = found.filter(|request| is_registered(&app, &request.redirect_uri));
        return Ok((app, found.ok_or(Refusal::Page(PageReason::RequestUri))?));
    }
    let redirect_uri = redirect_uri(&app, params).map_err(Refusal::Page)?;
    // From here on the app can be told.
    let refuse = |error| match error {
        Error::OAuth(error) => {
            let response = ErrorResponse {
                app: app.id,
                mode: parameters::response_mode(&app, &redirect_uri, params)
                    .unwrap_or(ResponseMode::Query),
                redirect_uri: redirect_uri.clone(),
                state: parameters::state(params).ok().flatten(),
                error,
            };
            Refusal::Redirect(Box::new(app.clone()), Box::new(response))
        }
        other => Refusal::Error(other),
    };
    if Policy::of(&app).pushed_required {
        let wrong = "this app has to push its requests: use the PAR endpoint";
        return Err(refuse(OAuthError::invalid_request(wrong).into()));
    }
    let request = check(provider, tenant, &app, &redirect_uri, params).await.map_err(refuse)?;
    Ok((app, request))
}

/// Everything about a request but the app and the address.
pub(crate) async fn check(
    provider: &Provider,
    tenant: &Tenant,
    app: &App,
    redirect_uri: &str,
    params: &Params,
) -> Result<AuthorizationRequest, Error> {
    let mut request = read(app, redirect_uri, params)?;
    if let Some(hint) = params.get("id_token_hint")? {
        let hinted = hinted(provider, tenant, app, hint).await?;
        request.expected = parameters::expected(Some(hinted), request.expected)?;
    }
    Ok(request)
}

/// What a request of an app for a registered address says by itself, without looking anything up: all
/// but whose ID token `id_token_hint` is.
pub fn read(
    app: &App,
    redirect_uri: &str,
    params: &Params,
) -> Result<AuthorizationRequest, OAuthError> {
    parameters::rules(params)?;
    if !app.protocol.grants_by(GrantType::AuthorizationCode) {
        let wrong = "this app may not ask for codes";
        return Err(OAuthError::new(ErrorCode::UnauthorizedClient, wrong));
    }
    let policy = Policy::of(app);
    let response_mode = parameters::response_mode(app, redirect_uri, params)?;
    let asked = params.get("claims")?.map(|text| claims::parse(text, app)).transpose()?;
    let asked = asked.unwrap_or_default();
    let scope = parameters::scope(app, params)?;
    let offline = scope.split(' ').any(|word| word == "offline_access");
    let prompt = parameters::prompt(params)?;
    let prompt = Prompt { consent: prompt.consent || policy.consent_always, ..prompt };
    // Scripts have no other proof that the code was theirs (attack O4).
    let pkce = policy.pkce_required || response_mode == ResponseMode::WebMessage;
    Ok(AuthorizationRequest {
        app: app.id,
        redirect_uri: redirect_uri.to_owned(),
        response_mode,
        claims: asked.claims,
        state: parameters::state(params)?,
        nonce: parameters::opaque(params, "nonce")?,
        code_challenge: pkce::challenge(params, pkce)?,
        dpop_jkt: parameters::thumbprint(params)?,
        prompt,
        max_age: parameters::max_age(params)?,
        expected: parameters::expected(None, asked.users)?,
        acr: parameters::acr(params, asked.acr)?,
        connection: parameters::connection(params)?,
        ui_locales: parameters::opaque(params, "ui_locales")?,
        login_hint: parameters::login_hint(params)?,
        consent_required: policy.consent_required,
        offline: offline.then(|| policy.refresh_token_life.num_seconds()),
        pushed: None,
        scope,
    })
}

/// `client_id`: an active app of this tenant.
async fn client(provider: &Provider, tenant: &Tenant, params: &Params) -> Result<App, Refusal> {
    let id = params.get("client_id").ok().flatten();
    let id = id.ok_or(Refusal::Page(PageReason::InvalidRequest))?;
    let id: AppId = id.parse().map_err(|_| Refusal::Page(PageReason::UnknownClient))?;
    let app = app::find(&mut provider.store.tenant(tenant.id), id).await?;
    match app {
        None => Err(Refusal::Page(PageReason::UnknownClient)),
        Some(app) if app.status != Status::Active => Err(Refusal::Page(PageReason::AppDisabled)),
        Some(app) => Ok(app),
    }
}

/// `redirect_uri`: always required, registered, compared byte for byte. The one exception is the
/// port of a loopback address of a public client (RFC 8252 §7.3).
pub(crate) fn redirect_uri(app: &App, params: &Params) -> Result<String, PageReason> {
    let asked = params.get("redirect_uri").ok().flatten();
    let asked = asked.ok_or(PageReason::RedirectUri)?;
    match is_registered(app, asked) {
        true => Ok(asked.to_owned()),
        false => Err(PageReason::RedirectUri),
    }
}

/// Whether an app has this redirect URI. Asked again before a code is sent there: it may have been
/// taken away meanwhile.
pub fn is_registered(app: &App, redirect_uri: &str) -> bool {
    let native = app.token_endpoint_auth_method == AuthMethod::None;
    app.redirect_uris.values.iter().any(|known| is_same_address(known, redirect_uri, native))
}

/// Whether what an app asks for is this registered address: byte for byte, but for the port of a
/// loopback address of a public client (RFC 8252 §7.3).
pub fn is_same_address(registered: &str, asked: &str, public: bool) -> bool {
    registered == asked || (public && same_but_port(registered, asked))
}

/// Whether two URIs are of one loopback address and differ in nothing but the port.
fn same_but_port(known: &str, asked: &str) -> bool {
    fn split(uri: &str) -> Option<(&str, &str)> {
        let hosts = ["http://127.0.0.1", "http://[::1]"];
        let host = hosts.into_iter().find(|host| uri.starts_with(host))?;
        let rest = &uri[host.len()..];
        let rest = match rest.strip_prefix(':') {
            None => rest,
            Some(port) => {
                let digits = port.bytes().take_while(u8::is_ascii_digit).count();
                port[..digits].parse::<u16>().ok()?;
                &port[digits..]
            }
        };
        rest.starts_with('/').then_some((host, rest))
    }
    split(known).is_some() && split(known) == split(asked)
}

async fn hinted(
    provider: &Provider,
    tenant: &Tenant,
    app: &App,
    hint: &str,
) -> Result<UserId, Error> {
    let invalid =
        OAuthError::invalid_request("id_token_hint is not an ID token of ours for this app");
    let claims = crate::logout::open_hint(provider, tenant, hint).await?.ok_or(invalid)?;
    if claims.app == app.id { Ok(claims.user) } else { Err(invalid.into()) }
}

impl AuthorizationRequest {
    /// An error response to this request.
    pub fn error(&self, error: OAuthError) -> ErrorResponse {
        ErrorResponse {
            app: self.app,
            redirect_uri: self.redirect_uri.clone(),
            mode: self.response_mode,
            state: self.state.clone(),
            error,
        }
    }

    /// What a person is asked to allow: the scopes, and those that would give the claims that are asked
    /// for one by one. Separated by spaces.
    pub fn wanted(&self) -> String {
        claims::wanted(&self.scope, &self.claims)
    }

    /// Whether it may be this user.
    pub fn may_be(&self, user: UserId) -> bool {
        self.expected.as_ref().is_none_or(|expected| expected.contains(&user))
    }
}
