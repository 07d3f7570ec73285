//! A rotation of a tenant's keys by the console, at once: what its apps have not seen begins to sign.

use std::time::{Duration, Instant};

use e2e::{Browser, Pkce, Tenant};
use serde_json::json;

/// Makes a new key of an algorithm and lets it sign: its id, as soon as every node signs by it.
pub(crate) async fn rotate(tenant: &Tenant, algorithm: &str) -> String {
    let body = json!({ "algorithm": algorithm });
    let made = tenant.admin.post(&tenant.path("/signing-keys"), body).await;
    let kid = made["kid"].as_str().unwrap().to_owned();
    let path = tenant.path(&format!("/signing-keys/{kid}/activate"));
    tenant.admin.post(&path, json!({ "force": true })).await;
    let registration = json!({
        "token_endpoint_auth_method": "none", "id_token_signed_response_alg": algorithm,
    });
    let tenant = Tenant { app: tenant.make_app(registration).await, ..tenant.clone() };
    let mut browser = tenant.world.browser();
    let first = tenant.tokens(&mut browser, "zhangsan").await;
    let (mut tokens, began, mut in_a_row) = (first, Instant::now(), 0);
    while in_a_row < 4 {
        assert!(began.elapsed() < Duration::from_secs(20), "the old one still signs");
        in_a_row = if signed_by(&tokens["id_token"]) == kid { in_a_row + 1 } else { 0 };
        tokens = again(&tenant, &mut browser).await;
    }
    kid
}

/// The key that a token is signed by.
fn signed_by(token: &serde_json::Value) -> String {
    jsonwebtoken::decode_header(token.as_str().unwrap()).unwrap().kid.unwrap()
}

/// Fresh tokens from the browser's session.
async fn again(tenant: &Tenant, browser: &mut Browser) -> serde_json::Value {
    let pkce = Pkce::new();
    let answer = browser.get(tenant.authorize_url(&pkce, &[("prompt", "none")])).await;
    tenant.redeem(&answer.parameter("code").unwrap(), &pkce).await.json()
}
