//! Checking tokens with a library that Hufu does not sign with.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, TokenData, Validation};
use serde_json::Value;

use crate::browser::Browser;
use crate::tenant::{App, Tenant};

/// The claims of a token.
pub type Claims = Value;

/// Verifies a logout token as an app would (OpenID Connect Back-Channel Logout 1.0 §2.6): signature by
/// the published key, issuer, audience, times.
pub async fn verify_logout_token(
    tenant: &Tenant,
    browser: &mut Browser,
    app: &App,
    token: &str,
) -> TokenData<Claims> {
    verify(tenant, browser, app, token).await
}

/// Verifies an ID token as an app would: signature by the published key, issuer, audience, times,
/// nonce `n`.
pub async fn verify_id_token(
    tenant: &Tenant,
    browser: &mut Browser,
    token: &str,
) -> TokenData<Claims> {
    let data = verify(tenant, browser, &tenant.app, token).await;
    assert_eq!(data.claims["nonce"], "n");
    data
}

async fn verify(
    tenant: &Tenant,
    browser: &mut Browser,
    app: &App,
    token: &str,
) -> TokenData<Claims> {
    let metadata = browser.get(tenant.url("/oidc/.well-known/openid-configuration")).await.json();
    let keys = browser.get(metadata["jwks_uri"].as_str().unwrap()).await.body;
    let keys: JwkSet = serde_json::from_str(&keys).unwrap();
    let header = jsonwebtoken::decode_header(token).unwrap();
    let key = keys.find(header.kid.as_deref().unwrap()).expect("the key is published");
    let mut validation = Validation::new(header.alg);
    validation.set_issuer(&[metadata["issuer"].as_str().unwrap()]);
    validation.set_audience(&[&app.id]);
    validation.set_required_spec_claims(&["iss", "sub", "aud", "exp"]);
    jsonwebtoken::decode(token, &DecodingKey::from_jwk(key).unwrap(), &validation).unwrap()
}
