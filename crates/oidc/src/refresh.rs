//! Refreshing (RFC 6749 §6). An app that proves itself keeps its refresh token; one that cannot gets
//! another with each use, and a token that comes a second time costs the whole grant (RFC 9700
//! §4.14.2, attack F1).

use chrono::TimeDelta;
use secrecy::{ExposeSecret as _, SecretString};
use store::app::App;
use store::refresh_token::{self, RefreshToken};
use store::secret::SecretHash;
use store::{grant, session};

use crate::error::{ErrorCode, OAuthError, Result};
use crate::policy::Policy;
use crate::token::{TokenRequest, Tokens};

/// What every refresh token begins with.
pub(crate) const PREFIX: &str = "hufu_refresh_";
/// How long an exchanged token gets its successor again: the app may not have got the answer
/// (attack F4). Public: app developers rely on it.
const GRACE: TimeDelta = TimeDelta::seconds(10);
/// Use is noted when this much has passed, not each time: a write less.
const NOTED_AFTER: TimeDelta = TimeDelta::hours(1);

const UNKNOWN: OAuthError =
    OAuthError::invalid_grant("the refresh token is unknown, expired or revoked");

/// Answers a request with `grant_type=refresh_token`.
pub(crate) async fn exchange(request: &TokenRequest<'_>) -> Result<Tokens> {
    let TokenRequest { app, params, proof, .. } = request;
    let token = params.get("refresh_token")?;
    let token = token.ok_or(OAuthError::invalid_request("refresh_token is missing"))?;
    let hash = SecretHash::of(token);
    let found = find(request, &hash).await?;
    let scope = narrowed(request, &found.grant.scope)?;
    if let Some(bound) = &found.grant.dpop_jkt
        && proof.as_ref().map(|proof| &proof.jkt) != Some(bound)
    {
        return Err(OAuthError::invalid_grant("the refresh token is bound to another key").into());
    }
    let policy = Policy::of(app);
    // One that is bound to a key needs no exchange, nor does one of an app that proves itself. What
    // was exchanged once stays exchanged, even if the app proves itself by now.
    let unbound = policy.rotates_refresh_tokens && found.grant.dpop_jkt.is_none();
    let next = if unbound || found.rotated_at.is_some() {
        Some(rotated(request, &hash, &found).await?)
    } else {
        note_use(request, &hash, &found).await?;
        None
    };
    note_use_of_session(request, &found).await?;
    request.tokens(&found.grant, &scope, None, next).await
}

/// The refresh token, if it is this app's and alive. Another app's stays as it is (attack F2). One
/// that was exchanged is found however old it is: whoever shows it now has been waiting.
async fn find(request: &TokenRequest<'_>, hash: &SecretHash) -> Result<RefreshToken> {
    let store = &request.provider.store;
    let mut scope = store.tenant(request.tenant.id);
    let found = grant::of_refresh_token(&mut scope, &store.env, hash).await?;
    let found = found.filter(|found| found.grant.app_id == request.app.id);
    let found = found.filter(|found| {
        found.rotated_at.is_some() || found.idle_until > store.env.now() && goes_on(request, found)
    });
    Ok(found.ok_or(UNKNOWN)?)
}

/// Whether the app may still have what the grant is nothing without (attack F2).
fn goes_on(request: &TokenRequest<'_>, found: &RefreshToken) -> bool {
    let protocol = &request.app.protocol;
    protocol.allows("openid") && (!found.grant.offline || protocol.allows("offline_access"))
}

/// What was granted and the app still may have.
pub(crate) fn allowed<'a>(app: &App, granted: &'a str) -> Vec<&'a str> {
    granted.split(' ').filter(|scope| app.protocol.allows(scope)).collect()
}

/// What is asked for, out of what was granted and the app still may have (attacks B6, F2).
fn narrowed(request: &TokenRequest<'_>, granted: &str) -> Result<String> {
    let granted = allowed(&request.app, granted);
    let Some(asked) = request.params.get("scope")? else { return Ok(granted.join(" ")) };
    let asked: Vec<&str> = asked.split(' ').filter(|scope| !scope.is_empty()).collect();
    if asked.iter().any(|scope| !granted.contains(scope)) {
        let wrong = "scope asks for more than was granted";
        return Err(OAuthError::new(ErrorCode::InvalidScope, wrong).into());
    }
    Ok(asked.join(" "))
}

/// The successor of a refresh token: a new one, or within the grace the one that it has.
async fn rotated(
    request: &TokenRequest<'_>,
    hash: &SecretHash,
    found: &RefreshToken,
) -> Result<SecretString> {
    let store = &request.provider.store;
    if found.rotated_at.is_none() {
        let successor = store.env.secret(PREFIX)?;
        let mut tx = store.begin(request.tenant.id).await?;
        if refresh_token::rotate(&mut tx, &store.env, &store.keys, hash, &successor).await? {
            let idle = Policy::of(&request.app).refresh_token_idle;
            let next = SecretHash::of(successor.expose_secret());
            refresh_token::create(&mut tx, &store.env, found.grant.id, &next, idle).await?;
            tx.commit().await?;
            return Ok(successor);
        }
        drop(tx);
        // Somebody else was faster: what follows is a second use.
        let again = find(request, hash).await?;
        return second_use(request, hash, &again).await;
    }
    second_use(request, hash, found).await
}

async fn second_use(
    request: &TokenRequest<'_>,
    hash: &SecretHash,
    found: &RefreshToken,
) -> Result<SecretString> {
    let store = &request.provider.store;
    let tenant = request.tenant.id;
    let recent = found.rotated_at.is_some_and(|at| store.env.now() - at <= GRACE);
    if recent && let Some(successor) = found.successor(&store.keys, tenant, hash)? {
        let next = SecretHash::of(successor.expose_secret());
        let next = grant::of_refresh_token(&mut store.tenant(tenant), &store.env, &next).await?;
        // Whoever has used the successor did get the answer.
        if next.is_some_and(|next| next.rotated_at.is_none()) {
            return Ok(successor);
        }
    }
    let mut tx = store.begin(tenant).await?;
    grant::revoke(&mut tx, &store.env, found.grant.id).await?;
    tx.commit().await?;
    tracing::warn!(
        %tenant, app = %request.app.id, grant = %found.grant.id,
        "a refresh token was used twice: its grant is revoked"
    );
    Err(UNKNOWN.into())
}

async fn note_use(
    request: &TokenRequest<'_>,
    hash: &SecretHash,
    found: &RefreshToken,
) -> Result<()> {
    let store = &request.provider.store;
    let idle = Policy::of(&request.app).refresh_token_idle;
    if store.env.now() + idle - found.idle_until < NOTED_AFTER.min(idle / 4) {
        return Ok(());
    }
    let mut single = store.single(request.tenant.id);
    Ok(refresh_token::touch(&mut single, &store.env, hash, idle).await?)
}

/// Whose app refreshes is at work with it: the session that such a grant lives in is not idle.
async fn note_use_of_session(request: &TokenRequest<'_>, found: &RefreshToken) -> Result<()> {
    let store = &request.provider.store;
    let (now, idle) = (store.env.now(), request.provider.session_idle);
    let noted = NOTED_AFTER.min(idle / 4);
    if found.grant.offline || found.session_seen_at.is_none_or(|seen| now - seen < noted) {
        return Ok(());
    }
    let mut single = store.single(request.tenant.id);
    session::touch(&mut single, &store.env, found.grant.session_id, idle).await?;
    Ok(())
}
