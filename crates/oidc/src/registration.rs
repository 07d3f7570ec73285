//! Dynamic registration: an app registers itself with an initial access token of an administrator
//! (RFC 7591, OpenID Connect Dynamic Client Registration 1.0), and manages itself with a token of its
//! own (RFC 7592).
//!
//! ```text
//! token ─▶ what the tenant allows ─▶ metadata ─▶ the rules of every app ─▶ one transaction:
//!                                                a use of the token, app, sources, audit event
//! ```
//! What an administrator decided about an app, nothing that it says of itself changes.

mod metadata;
mod sector;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde_json::{Map, Value, json};
use store::app::{self, App, AppSettings};
use store::audit::{self, Event};
use store::id::AppId;
use store::initial_access_token::{self, InitialAccessToken};
use store::protocol::Protocol;
use store::registration::{self, Registered};
use store::secret::{self, SecretHash};
use store::source::{self, Status};
use store::tenant::Tenant;
use store::{Scope, Store, TenantWrite};

use self::metadata::{Given, Metadata};
use crate::{Endpoint, ErrorCode, Provider};

/// Before the random part of every registration access token.
const PREFIX: &str = "hufu_registration_";

/// Result of a registration.
pub type Result<T, E = Refusal> = std::result::Result<T, E>;

/// Why a registration is refused.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The token is unknown, used up, expired or another app's (RFC 7592 §2: told as 401).
    #[error("the token is unknown, used up or expired")]
    Token,
    /// An administrator disabled the app (RFC 7592 §2.1: told as 403).
    #[error("the app is disabled")]
    Disabled,
    /// The metadata cannot be taken.
    #[error("{}", .0.error_description)]
    Metadata(MetadataError),
    /// Something below failed.
    #[error(transparent)]
    Failed(#[from] crate::Error),
}

impl From<store::Error> for Refusal {
    fn from(error: store::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// What is wrong with the metadata (RFC 7591 §3.2.2).
#[derive(Debug, Serialize)]
pub struct MetadataError {
    error: ErrorCode,
    error_description: String,
}

impl MetadataError {
    /// `invalid_client_metadata`.
    pub fn new(error_description: impl Into<String>) -> Self {
        let error_description = error_description.into();
        Self { error: ErrorCode::InvalidClientMetadata, error_description }
    }
}

impl From<MetadataError> for Refusal {
    fn from(error: MetadataError) -> Self {
        Self::Metadata(error)
    }
}

/// Registers the apps of one tenant for a caller.
#[derive(Debug)]
pub struct Registrar<'a> {
    /// The provider.
    pub provider: &'a Provider,
    /// The tenant.
    pub tenant: &'a Tenant,
    /// The caller's network address, for the audit events.
    pub address: Option<String>,
}

impl Registrar<'_> {
    /// Registers an app (RFC 7591 §3). The answer is all that is registered, and its tokens.
    pub async fn register(&self, token: &str, body: &[u8]) -> Result<Value> {
        let Store { env, .. } = self.store();
        let mut scope = self.store().tenant(self.tenant.id);
        let by = initial_access_token::usable(&mut scope, env, &SecretHash::of(token)).await?;
        let by = by.ok_or(Refusal::Token)?;
        let limits = &by.limits;
        let given = Given {
            outgoing: self.provider.outgoing.policy(),
            profile: limits.profile,
            redirect_hosts: &limits.redirect_hosts,
            scopes: Protocol::SCOPES.to_vec(),
        };
        let asked = metadata::read(body, &given)?;
        sector::check(&self.provider.outgoing, &asked).await?;
        let registered = Registered {
            by: by.id,
            redirect_hosts: limits.redirect_hosts.clone(),
            about: asked.about,
        };
        let settings = AppSettings {
            sign_in_methods: limits.sign_in_methods.clone(),
            protocol: Protocol { consent_required: true, ..asked.settings.protocol },
            ..asked.settings
        };
        let mut tx = self.store().begin(self.tenant.id).await?;
        if !initial_access_token::take(&mut tx, env, by.id).await? {
            return Err(Refusal::Token);
        }
        let (settings, secret) = self.with_secret(settings, None)?;
        let app = app::create(&mut tx, env, settings).await?;
        link(&mut tx, self.store(), &app, &by).await?;
        let own = env.secret(PREFIX)?;
        registration::put(&mut tx, app.id, &registered, &SecretHash::of(own.expose_secret()))
            .await?;
        self.record(&mut tx, "app.register", app.id, json!({ "initial_access_token": by.id }))
            .await?;
        tx.commit().await?;
        Ok(self.answer(&app, &registered, own.expose_secret(), secret))
    }

    /// Reads an app (RFC 7592 §2.1).
    pub async fn read(&self, client: &str, token: &str) -> Result<Value> {
        let mut scope = self.store().tenant(self.tenant.id);
        let (app, registered) = own(&mut scope, client, token).await?;
        Ok(self.answer(&app, &registered, token, None))
    }

    /// Replaces what an app said of itself (RFC 7592 §2.2). What an administrator decided stays.
    pub async fn replace(&self, client: &str, token: &str, body: &[u8]) -> Result<Value> {
        let Store { env, .. } = self.store();
        let mut scope = self.store().tenant(self.tenant.id);
        let (before, registered) = own(&mut scope, client, token).await?;
        let given = Given {
            outgoing: self.provider.outgoing.policy(),
            profile: before.protocol.profile,
            redirect_hosts: &registered.redirect_hosts,
            // It may give some up, and get others from an administrator only.
            scopes: before.protocol.scopes.iter().map(String::as_str).collect(),
        };
        let asked = metadata::read_again(body, &given, &before)?;
        sector::check(&self.provider.outgoing, &asked).await?;
        let Metadata { settings, about } = asked;
        let mut tx = self.store().begin(self.tenant.id).await?;
        // Looked at again: what it was may have changed, and the right to it gone.
        let (old, registered) = own(&mut tx, client, token).await?;
        let registered = Registered { about, ..registered };
        let kept = old.secret_hash().filter(|_| old.token_endpoint_auth_method.has_secret());
        let (settings, secret) = self.with_secret(decided(settings, &old), kept)?;
        let app = app::update(&mut tx, env, old.id, before.version, settings).await?;
        registration::put(&mut tx, app.id, &registered, &SecretHash::of(token)).await?;
        self.record(&mut tx, "app.registration.update", app.id, json!({})).await?;
        tx.commit().await?;
        Ok(self.answer(&app, &registered, token, secret))
    }

    /// Deletes an app, and with it all that was granted to it (RFC 7592 §2.3).
    pub async fn delete(&self, client: &str, token: &str) -> Result<()> {
        let mut tx = self.store().begin(self.tenant.id).await?;
        let (app, _) = own(&mut tx, client, token).await?;
        app::delete(&mut tx, app.id, app.version).await?;
        let detail = json!({ "display_name": app.display_name });
        self.record(&mut tx, "app.registration.delete", app.id, detail).await?;
        Ok(tx.commit().await?)
    }

    fn store(&self) -> &Store {
        &self.provider.store
    }

    /// The settings with the secret that the app has already, or a new one if it needs one.
    fn with_secret(
        &self,
        settings: AppSettings,
        known: Option<SecretHash>,
    ) -> Result<(AppSettings, Option<SecretString>)> {
        if !settings.token_endpoint_auth_method.has_secret() {
            return Ok((AppSettings { secret_hash: None, ..settings }, None));
        }
        if known.is_some() {
            return Ok((AppSettings { secret_hash: known, ..settings }, None));
        }
        let secret = secret::client_secret(&self.store().env)?;
        let secret_hash = Some(SecretHash::of(secret.expose_secret()));
        Ok((AppSettings { secret_hash, ..settings }, Some(secret)))
    }

    async fn record(
        &self,
        tx: &mut TenantWrite,
        action: &'static str,
        app: AppId,
        detail: Value,
    ) -> Result<()> {
        let address = self.address.clone();
        let event = Event { app_id: Some(app), address, detail, ..Event::system(action, "ok") };
        Ok(audit::record(tx, &self.store().env, event).await?)
    }

    /// The client information response (RFC 7591 §3.2.1, RFC 7592 §3). A secret is in it once.
    fn answer(
        &self,
        app: &App,
        registered: &Registered,
        token: &str,
        secret: Option<SecretString>,
    ) -> Value {
        let mut all = metadata::written(app, &registered.about);
        let mut add = |name: &str, value: Value| drop(all.insert(name.to_owned(), value));
        let path = format!("{}/{}", Endpoint::Registration.path(), app.id);
        add("registration_client_uri", self.provider.issuer(self.tenant).at(&path).into());
        add("registration_access_token", token.into());
        if let Some(secret) = secret {
            add("client_secret", secret.expose_secret().into());
        }
        if app.secret_hash().is_some() {
            add("client_secret_expires_at", 0.into());
        }
        Value::Object(all)
    }
}

/// The app that shows its own token. A name that is none and a token that is none look alike.
async fn own(scope: &mut impl Scope, client: &str, token: &str) -> Result<(App, Registered)> {
    let id: AppId = client.parse().map_err(|_| Refusal::Token)?;
    let found = registration::find(scope, id, &SecretHash::of(token)).await?;
    let (app, registered) = found.ok_or(Refusal::Token)?;
    match app.status {
        Status::Active => Ok((app, registered)),
        Status::Disabled => Err(Refusal::Disabled),
    }
}

/// Links the sources that the administrator chose, as far as they are still there.
async fn link(
    tx: &mut TenantWrite,
    store: &Store,
    app: &App,
    by: &InitialAccessToken,
) -> Result<()> {
    for (position, id) in (0..).zip(&by.limits.sources) {
        if source::find(tx, *id).await?.is_some() {
            app::link(tx, &store.env, app.id, *id, position).await?;
        }
    }
    Ok(())
}

/// What an app asks for, with all that is an administrator's to decide as it was.
fn decided(asked: AppSettings, old: &App) -> AppSettings {
    let was = old.settings();
    AppSettings {
        logo_url: was.logo_url,
        registration: was.registration,
        sign_in_methods: was.sign_in_methods,
        status: was.status,
        branding: was.branding,
        protocol: Protocol {
            grant_types: asked.protocol.grant_types,
            scopes: asked.protocol.scopes,
            jwks: asked.protocol.jwks,
            jwks_uri: asked.protocol.jwks_uri,
            dpop_bound_access_tokens: asked.protocol.dpop_bound_access_tokens,
            userinfo_signed_response_alg: asked.protocol.userinfo_signed_response_alg,
            require_pushed_authorization_requests: asked
                .protocol
                .require_pushed_authorization_requests,
            ..was.protocol
        },
        ..asked
    }
}

/// A text as RFC 6749 §5.2 lets an error's description be.
fn described(text: &str) -> String {
    let legal = |c: char| (' '..='~').contains(&c) && c != '\\';
    text.chars().filter(|c| legal(*c)).map(|c| if c == '"' { '\'' } else { c }).take(1000).collect()
}

/// An object of the caller's.
fn object(body: &[u8]) -> Result<Map<String, Value>, MetadataError> {
    match strict_json::read(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) | Err(strict_json::Malformed::Syntax { .. }) => {
            Err(MetadataError::new("the body has to be a JSON object"))
        }
        Err(strict_json::Malformed::Twice(_)) => {
            Err(MetadataError::new("a name stands twice in the body"))
        }
    }
}
