//! UserInfo (OpenID Connect Core §5.3): who the bearer of an access token may know about.

use serde::Serialize;
use store::grant;
use store::id::UserId;
use store::tenant::Tenant;

use crate::Provider;
use crate::error::{ErrorCode, OAuthError, Result};
use crate::jwt::{self, Kind};
use crate::token::AccessClaims;

/// Claims about a user, as far as the scope allows (OpenID Connect Core §5.4). What we do not know
/// is left out.
#[derive(Debug, Serialize)]
pub struct UserInfo {
    sub: UserId,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    picture: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_verified: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_number_verified: Option<bool>,
}

const INVALID: OAuthError =
    OAuthError::new(ErrorCode::InvalidToken, "the access token is unknown, expired or revoked");

/// The claims that an access token gives. The token has to be of this tenant, and everything that
/// it hangs on alive: grant, session, user, app and source.
pub async fn claims(provider: &Provider, tenant: &Tenant, token: &str) -> Result<UserInfo> {
    let keys = provider.keys.of(tenant.id).await?;
    let token: AccessClaims = jwt::open(&keys, Kind::AccessToken, token).ok_or(INVALID)?;
    let issuer = provider.issuer(tenant);
    let env = &provider.store.env;
    if !issuer.is(&token.iss) || !issuer.is(&token.aud) || token.exp <= env.now().timestamp() {
        return Err(INVALID.into());
    }
    let grant =
        grant::find_live(&mut provider.store.tenant(tenant.id), env, token.grant_id).await?;
    let grant = grant
        .filter(|grant| grant.user_id == token.sub && grant.app_id == token.client_id)
        .ok_or(INVALID)?;
    let has = |scope: &str| token.scope.split(' ').any(|granted| granted == scope);
    let (profile, email, phone) = (has("profile"), has("email"), has("phone"));
    Ok(UserInfo {
        sub: grant.user_id,
        updated_at: profile.then(|| grant.updated_at.timestamp()),
        name: grant.name.filter(|_| profile),
        picture: grant.picture.filter(|_| profile),
        // What WeCom gives is not: it does not say that it checked them [D 95833].
        email_verified: grant.email.as_ref().filter(|_| email).map(|_| grant.email_verified),
        email: grant.email.filter(|_| email),
        phone_number_verified: grant
            .phone_number
            .as_ref()
            .filter(|_| phone)
            .map(|_| grant.phone_number_verified),
        phone_number: grant.phone_number.filter(|_| phone),
    })
}
