//! Revocation (RFC 7009): an app takes a token of its own back.

use chrono::DateTime;
use store::secret::SecretHash;
use store::tenant::Tenant;
use store::{grant, revoked_token};

use crate::client_auth::Client;
use crate::error::{OAuthError, Result};
use crate::params::Params;
use crate::{Provider, access_token, refresh};

/// Revokes a token. A refresh token takes its whole grant along; an access token goes alone. One
/// that is unknown, dead, or another app's is as good as revoked (RFC 7009 §2.2). Who is told that it
/// worked can rely on it: a store that fails is an error (attack F8).
pub async fn revoke(
    provider: &Provider,
    tenant: &Tenant,
    client: Client,
    params: &Params,
) -> Result<()> {
    let app = client.into_app();
    let token = params.get("token")?;
    let token = token.ok_or(OAuthError::invalid_request("token is missing"))?;
    let store = &provider.store;
    if token.starts_with(refresh::PREFIX) {
        let hash = SecretHash::of(token);
        let found =
            grant::of_refresh_token(&mut store.tenant(tenant.id), &store.env, &hash).await?;
        let Some(found) = found.filter(|found| found.grant.app_id == app.id) else {
            return Ok(());
        };
        let mut tx = store.begin(tenant.id).await?;
        grant::revoke(&mut tx, &store.env, found.grant.id).await?;
        return Ok(tx.commit().await?);
    }
    let claims = access_token::read(provider, tenant, token).await?;
    let Some(claims) = claims.filter(|claims| claims.client_id == app.id) else { return Ok(()) };
    let expires_at = DateTime::from_timestamp(claims.exp, 0).unwrap_or(store.env.now());
    let mut single = store.single(tenant.id);
    Ok(revoked_token::revoke(&mut single, claims.jti, expires_at).await?)
}
