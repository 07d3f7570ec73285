//! Pushed authorization requests (RFC 9126): the app sends its request itself, authenticated, and the
//! browser carries only its name.

use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use store::app::App;
use store::ephemeral::Slot;
use store::id::AppId;
use store::tenant::Tenant;

use crate::authorize::{self, AuthorizationRequest};
use crate::client_auth::{self, Client};
use crate::error::{OAuthError, Result};
use crate::params::Params;
use crate::{Caller, Provider, dpop};

/// What every name begins with (RFC 9126 §2.2).
const URN: &str = "urn:ietf:params:oauth:request_uri:";
/// How long the browser may take to come with the name, in seconds.
const LIFE: i64 = 90;

/// A request that was pushed. It lives as long as the interaction that it may begin: it is good for
/// one answer, however often its page is loaded until then.
#[derive(Debug, Serialize, Deserialize)]
struct Pushed {
    request: AuthorizationRequest,
    expires_at: DateTime<Utc>,
}

const PUSHED: Slot<Pushed> = Slot::new("pushed_request", Duration::from_mins(32));

/// The answer to a pushed request (RFC 9126 §2.2).
#[derive(Debug, Serialize)]
pub struct PushedResponse {
    request_uri: String,
    expires_in: i64,
}

/// The app is part of the key: nobody else finds it (attack G2).
fn key(app: AppId, name: &str) -> String {
    format!("{app}:{name}")
}

/// The name in a `request_uri`, if it is one of ours.
pub(crate) fn name_of(request_uri: &str) -> Option<&str> {
    request_uri.strip_prefix(URN).filter(|name| name.starts_with("hufu_par_"))
}

/// Takes in a pushed request.
pub async fn push(
    provider: &Provider,
    tenant: &Tenant,
    client: Client,
    caller: &Caller<'_>,
    params: &Params,
) -> Result<PushedResponse> {
    let app = client.into_app();
    let proof = dpop::proof(provider, tenant, &app, caller).await?;
    if params.has("request_uri") {
        return Err(OAuthError::invalid_request("request_uri cannot be pushed").into());
    }
    let redirect_uri = authorize::redirect_uri(&app, params)
        .map_err(|_| OAuthError::invalid_request("redirect_uri is missing or not registered"))?;
    let params = params.without(client_auth::PARAMETERS);
    let mut request = authorize::check(provider, tenant, &app, &redirect_uri, &params).await?;
    if let Some(proof) = proof {
        let jkt = request.dpop_jkt.get_or_insert_with(|| proof.jkt.clone());
        if *jkt != proof.jkt {
            let wrong = "dpop_jkt is not the key of the DPoP proof";
            return Err(OAuthError::invalid_request(wrong).into());
        }
    }
    let store = &provider.store;
    let name = store.env.secret("hufu_par_")?;
    request.pushed = Some(name.expose_secret().to_owned());
    let expires_at = store.env.now() + chrono::TimeDelta::seconds(LIFE);
    let pushed = Pushed { request, expires_at };
    let key = key(app.id, name.expose_secret());
    store.ephemeral.put(&PUSHED, tenant.id, key, &pushed).await?;
    let request_uri = format!("{URN}{}", name.expose_secret());
    Ok(PushedResponse { request_uri, expires_in: LIFE })
}

/// The request of this name, if the app pushed it, it has not expired, and nobody got its answer.
pub(crate) async fn find(
    provider: &Provider,
    tenant: &Tenant,
    app: &App,
    name: &str,
) -> store::Result<Option<AuthorizationRequest>> {
    let store = &provider.store;
    let found = store.ephemeral.get(&PUSHED, tenant.id, key(app.id, name)).await?;
    let found = found.filter(|pushed| pushed.expires_at > store.env.now());
    Ok(found.map(|pushed| pushed.request))
}

/// Uses a pushed request up, as its answer is about to be given. `false` if somebody was faster
/// (attack G3). A request that was not pushed can always be answered.
pub async fn use_up(
    provider: &Provider,
    tenant: &Tenant,
    request: &AuthorizationRequest,
) -> Result<bool> {
    let Some(name) = &request.pushed else { return Ok(true) };
    let key = key(request.app, name);
    Ok(provider.store.ephemeral.take(&PUSHED, tenant.id, key).await?.is_some())
}
