//! Authorization codes (RFC 6749 §4.1.2): 256 random bits, one minute, one use.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use store::ephemeral::Slot;
use store::id::{AppId, GrantId, TenantId};
use store::secret::SecretHash;
use store::{Store, grant};

use crate::authorize::AuthorizationRequest;
use crate::error::{OAuthError, Result};
use crate::pkce;

/// What a code stands for.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Code {
    pub(crate) grant: GrantId,
    pub(crate) nonce: Option<String>,
    redirect_uri: String,
    code_challenge: Option<String>,
    #[serde(default)]
    dpop_jkt: Option<String>,
    /// By our clock, whatever the clock of the place does in which it is kept (attack D3).
    expires_at: DateTime<Utc>,
}

/// What a token request shows with a code.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown<'a> {
    pub(crate) redirect_uri: Option<&'a str>,
    pub(crate) verifier: Option<&'a str>,
    /// The key that it proved to have.
    pub(crate) jkt: Option<&'a str>,
}

/// How long a code is good: FAPI 2.0 §5.3.2.1 allows a minute.
const LIFE: TimeDelta = TimeDelta::minutes(1);

const CODE: Slot<Code> = Slot::new("code", Duration::from_mins(1));

const UNKNOWN: OAuthError = OAuthError::invalid_grant("the code is unknown, expired or used");

/// The app is part of the key: another client that got hold of a code does not even find it, and
/// cannot burn it either (attacks D2, D5).
fn key(app: AppId, code: &str) -> String {
    format!("{app}:{code}")
}

/// A new code, for a grant that is about to be made.
pub fn new(store: &Store) -> Result<SecretString> {
    Ok(store.env.secret("hufu_code_")?)
}

/// Issues a code for its grant.
pub async fn issue(
    store: &Store,
    tenant: TenantId,
    request: &AuthorizationRequest,
    grant: GrantId,
    code: &SecretString,
) -> Result<()> {
    let key = key(request.app, code.expose_secret());
    let value = Code {
        grant,
        nonce: request.nonce.clone(),
        redirect_uri: request.redirect_uri.clone(),
        code_challenge: request.code_challenge.clone(),
        dpop_jkt: request.dpop_jkt.clone(),
        expires_at: store.env.now() + LIFE,
    };
    Ok(store.ephemeral.put(&CODE, tenant, &key, &value).await?)
}

/// Whether a code was issued to the app and has not been used yet.
pub async fn is_unused(
    store: &Store,
    tenant: TenantId,
    app: AppId,
    code: &SecretString,
) -> Result<bool> {
    let key = key(app, code.expose_secret());
    let found = store.ephemeral.get(&CODE, tenant, &key).await?;
    Ok(found.is_some_and(|found| found.expires_at > store.env.now()))
}

/// The grant of a code that has not been used yet. Looking does not use it up.
pub(crate) async fn grant_of(
    store: &Store,
    tenant: TenantId,
    app: AppId,
    code: &str,
) -> Result<Option<GrantId>> {
    let found: Option<Code> = store.ephemeral.get(&CODE, tenant, key(app, code)).await?;
    Ok(found.map(|code| code.grant))
}

/// Redeems a code for the authenticated app. Whatever is wrong afterwards, the code is used up; a
/// second use revokes everything that the first one gave.
pub(crate) async fn redeem(
    store: &Store,
    tenant: TenantId,
    app: AppId,
    code: &str,
    shown: Shown<'_>,
) -> Result<Code> {
    let key = key(app, code);
    let Some(found) = store.ephemeral.take(&CODE, tenant, &key).await? else {
        // A code that is spent costs what it gave (RFC 6749 §4.1.2). Guesses cost a read.
        let hash = SecretHash::of(code);
        if let Some(grant) = grant::of_code(&mut store.tenant(tenant), app, &hash).await? {
            let mut tx = store.begin(tenant).await?;
            grant::revoke(&mut tx, &store.env, grant).await?;
            tx.commit().await?;
            tracing::warn!(%tenant, %app, %grant, "a code was used twice: its grant is revoked");
        }
        return Err(UNKNOWN.into());
    };
    if found.expires_at <= store.env.now() {
        return Err(UNKNOWN.into());
    }
    if shown.redirect_uri != Some(found.redirect_uri.as_str()) {
        return Err(
            OAuthError::invalid_grant("redirect_uri is not the authorization request's").into()
        );
    }
    if found.dpop_jkt.is_some() && found.dpop_jkt.as_deref() != shown.jkt {
        return Err(OAuthError::invalid_grant("the code is bound to another key").into());
    }
    if !pkce::verify(found.code_challenge.as_deref(), shown.verifier) {
        return Err(
            OAuthError::invalid_grant("code_verifier does not answer the code_challenge").into()
        );
    }
    Ok(found)
}
