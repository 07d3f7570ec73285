//! The authorization request (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2): its checks in order, on
//! one screen. The first two decide whether there is an address that an error may be sent to; until
//! then every refusal is a page of ours (attack A1).

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use store::app::{self, App, AuthMethod};
use store::id::{AppId, UserId};
use store::source::Status;
use store::tenant::Tenant;

use crate::error::{Error, ErrorCode, OAuthError};
use crate::params::{Params, append};
use crate::{Issuer, Provider, pkce};

/// An authorization request that is right in every respect. Only [`parse`] makes one.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuthorizationRequest {
    /// The app that asks: `client_id`.
    pub app: AppId,
    /// Where the answer goes; registered, byte for byte.
    pub redirect_uri: String,
    /// What it asks for, without what we do not know.
    pub scope: String,
    /// Given back unchanged.
    pub state: Option<String>,
    /// Goes into the ID token unchanged.
    pub nonce: Option<String>,
    /// PKCE's challenge, S256.
    pub code_challenge: Option<String>,
    /// What may or must be shown.
    pub prompt: Prompt,
    /// How old the sign-in may be at most, in seconds.
    pub max_age: Option<u64>,
    /// Whom the app expects, proven by an ID token of ours.
    pub expected_user: Option<UserId>,
    /// The identifier of the source to go straight to.
    pub connection: Option<String>,
    /// Languages the person reads, in order of preference.
    pub ui_locales: Option<String>,
}

/// What may or must be shown (OpenID Connect Core §3.1.2.1). Values can be combined, but not with
/// `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Prompt {
    /// Nothing may be shown.
    pub none: bool,
    /// The person has to sign in again.
    pub login: bool,
    /// The person has to choose, which is signing in again with us.
    pub select_account: bool,
}

/// Why a request is not answered with a sign-in.
#[derive(Debug)]
pub enum Refusal {
    /// There is no address that can be trusted: a page of ours.
    Page(PageReason),
    /// The app is told, at its registered address.
    Redirect(Box<ErrorResponse>),
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
}

/// An error response to an app (RFC 6749 §4.1.2.1).
#[derive(Debug, Clone)]
pub struct ErrorResponse {
    /// The app.
    pub app: AppId,
    /// Where it goes.
    pub redirect_uri: String,
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

/// Longest `state`, in bytes: ten times what libraries send. It is kept while the person signs in.
const STATE_AT_MOST: usize = 2048;
/// Longest `nonce` and `ui_locales`, in bytes.
const OPAQUE_AT_MOST: usize = 512;

/// Whether a value can be kept and given back: short enough, and without the control characters
/// that RFC 6749 §A.5 leaves out.
fn is_proper(value: &str, at_most: usize) -> bool {
    value.len() <= at_most && !value.chars().any(char::is_control)
}
/// Scopes that we know; others are left out of what is granted.
pub(crate) const SCOPES: [&str; 4] = ["openid", "profile", "email", "phone"];

/// Checks an authorization request. Returns the app with it.
pub async fn parse(
    provider: &Provider,
    tenant: &Tenant,
    params: &Params,
) -> Result<(App, AuthorizationRequest), Refusal> {
    let app = client(provider, tenant, params).await?;
    let redirect_uri = redirect_uri(&app, params)?;
    // From here on the app can be told.
    let state =
        params.only("state").filter(|state| is_proper(state, STATE_AT_MOST)).map(str::to_owned);
    let refuse = |error| {
        Refusal::Redirect(Box::new(ErrorResponse {
            app: app.id,
            redirect_uri: redirect_uri.clone(),
            state: state.clone(),
            error,
        }))
    };
    rules(params).map_err(refuse)?;
    let expected_user =
        match params.only("id_token_hint") {
            None => None,
            Some(hint) => Some(expected_user(provider, tenant, &app, hint).await.map_err(
                |error| match error {
                    Error::OAuth(error) => refuse(error),
                    other => Refusal::Error(other),
                },
            )?),
        };
    let request = AuthorizationRequest {
        app: app.id,
        scope: scope(params).map_err(refuse)?,
        nonce: opaque(params, "nonce").map_err(refuse)?,
        code_challenge: pkce::challenge(params, app.token_endpoint_auth_method == AuthMethod::None)
            .map_err(refuse)?,
        prompt: prompt(params).map_err(refuse)?,
        max_age: max_age(params).map_err(refuse)?,
        connection: connection(params).map_err(refuse)?,
        ui_locales: opaque(params, "ui_locales").map_err(refuse)?,
        expected_user,
        redirect_uri,
        state,
    };
    Ok((app, request))
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
fn redirect_uri(app: &App, params: &Params) -> Result<String, Refusal> {
    let asked = params.get("redirect_uri").ok().flatten();
    let asked = asked.ok_or(Refusal::Page(PageReason::RedirectUri))?;
    match is_registered(app, asked) {
        true => Ok(asked.to_owned()),
        false => Err(Refusal::Page(PageReason::RedirectUri)),
    }
}

/// Whether an app has this redirect URI. Asked again before a code is sent there: it may have been
/// taken away meanwhile.
pub fn is_registered(app: &App, redirect_uri: &str) -> bool {
    let native = app.token_endpoint_auth_method == AuthMethod::None;
    let mut registered = app.redirect_uris.values.iter();
    registered.any(|known| known == redirect_uri || (native && same_but_port(known, redirect_uri)))
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

/// What has to hold for the request as a whole.
fn rules(params: &Params) -> Result<(), OAuthError> {
    if params.has_duplicates() {
        return Err(OAuthError::invalid_request("a parameter stands more than once"));
    }
    if params.has("request") {
        return Err(OAuthError::new(
            ErrorCode::RequestNotSupported,
            "request objects are not supported",
        ));
    }
    if params.has("request_uri") {
        return Err(OAuthError::new(
            ErrorCode::RequestUriNotSupported,
            "request_uri is not supported",
        ));
    }
    if params.only("state").is_some_and(|state| !is_proper(state, STATE_AT_MOST)) {
        let wrong = "state is longer than 2048 bytes or has control characters";
        return Err(OAuthError::invalid_request(wrong));
    }
    match params.get("response_type")? {
        Some("code") => {}
        None => return Err(OAuthError::invalid_request("response_type is missing: use code")),
        Some(_) => {
            return Err(OAuthError::new(
                ErrorCode::UnsupportedResponseType,
                "only response_type=code is supported",
            ));
        }
    }
    match params.get("response_mode")? {
        None | Some("query") => Ok(()),
        Some(_) => Err(OAuthError::invalid_request("only response_mode=query is supported")),
    }
}

/// `scope`: has to hold `openid`; what we do not know is left out.
fn scope(params: &Params) -> Result<String, OAuthError> {
    let asked = params.get("scope")?.unwrap_or_default();
    let known: Vec<&str> =
        SCOPES.into_iter().filter(|known| asked.split(' ').any(|s| s == *known)).collect();
    if known.first() == Some(&"openid") {
        Ok(known.join(" "))
    } else {
        Err(OAuthError::new(ErrorCode::InvalidScope, "scope has to contain openid"))
    }
}

fn opaque(params: &Params, name: &str) -> Result<Option<String>, OAuthError> {
    match params.get(name)? {
        Some(value) if !is_proper(value, OPAQUE_AT_MOST) => {
            let wrong = "nonce or ui_locales is longer than 512 bytes or has control characters";
            Err(OAuthError::invalid_request(wrong))
        }
        value => Ok(value.map(str::to_owned)),
    }
}

fn prompt(params: &Params) -> Result<Prompt, OAuthError> {
    let mut prompt = Prompt::default();
    let mut several = false;
    for word in params.get("prompt")?.unwrap_or_default().split(' ').filter(|word| !word.is_empty())
    {
        match word {
            "none" => prompt.none = true,
            "login" => prompt.login = true,
            "select_account" => prompt.select_account = true,
            // The tenant's administrator consents for its people when linking the app.
            "consent" => several = true,
            _ => return Err(OAuthError::invalid_request("prompt has a value that does not exist")),
        }
    }
    if prompt.none && (prompt.login || prompt.select_account || several) {
        return Err(OAuthError::invalid_request("prompt=none cannot be combined"));
    }
    Ok(prompt)
}

fn max_age(params: &Params) -> Result<Option<u64>, OAuthError> {
    params
        .get("max_age")?
        .map(|text| match text.bytes().all(|byte| byte.is_ascii_digit()) {
            // More seconds than fit are as good as no limit.
            true => Ok(text.parse().unwrap_or(u64::MAX)),
            false => Err(OAuthError::invalid_request("max_age has to be a number of seconds")),
        })
        .transpose()
}

fn connection(params: &Params) -> Result<Option<String>, OAuthError> {
    match params.get("connection")? {
        Some(name) if !is_identifier(name) => {
            Err(OAuthError::invalid_request("connection is not an identifier of a source"))
        }
        name => Ok(name.map(str::to_owned)),
    }
}

/// Whether a text can be a source's identifier: `^[a-z0-9-]{1,31}$`.
pub fn is_identifier(text: &str) -> bool {
    (1..=31).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

async fn expected_user(
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

/// The address of an error response, with `iss` (RFC 9207).
pub fn error_location(issuer: &Issuer, response: &ErrorResponse) -> String {
    let issuer = issuer.to_string();
    let mut params = vec![
        ("error", response.error.code.as_str()),
        ("error_description", response.error.description),
    ];
    params.extend(response.state.as_deref().map(|state| ("state", state)));
    params.push(("iss", &issuer));
    append(&response.redirect_uri, params)
}

/// The address of a successful response, with `iss` (RFC 9207).
pub fn success_location(
    issuer: &Issuer,
    request: &AuthorizationRequest,
    code: &SecretString,
) -> String {
    use secrecy::ExposeSecret as _;
    let issuer = issuer.to_string();
    let mut params = vec![("code", code.expose_secret())];
    params.extend(request.state.as_deref().map(|state| ("state", state)));
    params.push(("iss", &issuer));
    append(&request.redirect_uri, params)
}

impl AuthorizationRequest {
    /// An error response to this request.
    pub fn error(&self, error: OAuthError) -> ErrorResponse {
        ErrorResponse {
            app: self.app,
            redirect_uri: self.redirect_uri.clone(),
            state: self.state.clone(),
            error,
        }
    }
}
