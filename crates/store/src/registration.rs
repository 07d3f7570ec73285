//! Apps that registered themselves (RFC 7591), and how they change themselves (RFC 7592).

use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use sqlx::types::Json;

use crate::app::{self, App};
use crate::error::Result;
use crate::id::{AppId, InitialAccessTokenId};
use crate::scope::{Scope, TenantWrite};
use crate::secret::SecretHash;
use crate::sql;

/// What is kept of a registration beside the app itself. The names are those of RFC 7591 §2 and of
/// OpenID Connect Dynamic Client Registration 1.0 §2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// The initial access token that it came with; it may be gone by now.
    pub by: InitialAccessTokenId,
    /// The hosts that browsers may be sent to; any, if there is none. They outlive the token.
    pub redirect_hosts: Vec<String>,
    /// What the app tells of itself.
    pub about: About,
}

/// What a registered app tells of itself that is nothing to an app that an administrator made.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct About {
    /// Whether it runs on people's devices: `native` rather than `web`.
    pub native: bool,
    /// Its picture. It is kept, and never shown: its server would learn who signs in.
    pub logo_uri: Option<String>,
    /// How it uses what it learns.
    pub policy_uri: Option<String>,
    /// On which terms.
    pub tos_uri: Option<String>,
    /// Mail addresses of those responsible.
    pub contacts: Vec<String>,
    /// A document that lists its redirect URIs.
    pub sector_identifier_uri: Option<String>,
    /// Which program it is.
    pub software_id: Option<String>,
    /// Of which version.
    pub software_version: Option<String>,
}

impl App {
    /// Whether it registered itself, and no administrator said where it may send browsers.
    pub fn is_stranger(&self) -> bool {
        self.registered.as_ref().is_some_and(|registered| registered.redirect_hosts.is_empty())
    }
}

/// Keeps what an app told of itself, and the token that it may change itself with.
pub async fn put(
    tx: &mut TenantWrite,
    app: AppId,
    registered: &Registered,
    token: &SecretHash,
) -> Result<()> {
    tx.query(sql!(
        "UPDATE apps SET registered = $3, registration_token_hash = $4
         WHERE tenant_id = $1 AND id = $2"
    ))
    .bind(app)
    .bind(Json(registered.clone()))
    .bind(token.to_stored())
    .execute()
    .await?;
    Ok(())
}

/// The app that shows its registration access token (RFC 7592 §1.2).
pub async fn find(
    scope: &mut impl Scope,
    app: AppId,
    token: &SecretHash,
) -> Result<Option<(App, Registered)>> {
    #[derive(FromRow)]
    struct Found {
        id: AppId,
    }
    let found: Option<Found> = scope
        .query(sql!(
            "SELECT id FROM apps WHERE tenant_id = $1 AND id = $2 AND registration_token_hash = $3"
        ))
        .bind(app)
        .bind(token.to_stored())
        .optional()
        .await?;
    let Some(Found { id }) = found else { return Ok(None) };
    let app = app::find(scope, id).await?;
    Ok(app.and_then(|app| Some((app.clone(), *app.registered?))))
}

/// Takes the right to change itself away from an app.
pub async fn take_away(tx: &mut TenantWrite, app: AppId) -> Result<()> {
    tx.query(sql!(
        "UPDATE apps SET registration_token_hash = NULL WHERE tenant_id = $1 AND id = $2"
    ))
    .bind(app)
    .execute()
    .await?;
    Ok(())
}
