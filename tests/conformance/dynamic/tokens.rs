//! What is signed, and how.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};

use super::{refuses, register, unregister};
use crate::rp::Rp;
use crate::side::text;

pub(super) async fn oidcc_idtoken_rs256(mut rp: Rp) {
    let app = register(&mut rp, json!({ "id_token_signed_response_alg": "RS256" })).await;
    rp.flow(&[]).await;
    unregister(&rp, &app).await;
    // Who says nothing gets the same.
    let app = register(&mut rp, json!({})).await;
    assert_eq!(app["id_token_signed_response_alg"], "RS256");
    rp.flow(&[]).await;
}

/// Not offered: refused when it is asked for.
pub(super) async fn oidcc_idtoken_unsigned(mut rp: Rp) {
    let unsigned = json!({ "id_token_signed_response_alg": "none" });
    refuses(&mut rp, unsigned, "invalid_client_metadata").await;
}

pub(super) async fn oidcc_userinfo_rs256(mut rp: Rp) {
    let app = register(&mut rp, json!({ "userinfo_signed_response_alg": "RS256" })).await;
    assert_eq!(app["userinfo_signed_response_alg"], "RS256");
    let response = rp.ask(&[]).await;
    let tokens = rp.tokens(&response).await;
    let answer = rp.tenant.userinfo(text(&tokens, "access_token")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.headers["content-type"], "application/jwt");
    assert_eq!(answer.headers["cache-control"], "no-store");
    let keys = rp.browser.get(rp.tenant.url("/oidc/.well-known/jwks.json")).await.body;
    let keys: JwkSet = serde_json::from_str(&keys).unwrap();
    let header = jsonwebtoken::decode_header(&answer.body).unwrap();
    assert_eq!(header.alg, Algorithm::RS256);
    let key = DecodingKey::from_jwk(keys.find(&header.kid.unwrap()).unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_issuer(&[rp.tenant.issuer()]);
    validation.set_audience(&[&rp.tenant.app.id]);
    validation.set_required_spec_claims(&["iss", "sub", "aud"]);
    let claims: Value = jsonwebtoken::decode(&answer.body, &key, &validation).unwrap().claims;
    assert_eq!(claims["sub"], crate::side::claims(text(&tokens, "id_token"))["sub"]);
    assert!(claims.get("name").is_some(), "{claims}");
    // It is no ID token of ours.
    let hinted = rp.ask(&[("prompt", "none"), ("id_token_hint", answer.body.as_str())]).await;
    assert_eq!(hinted.get("error"), Some("invalid_request"));
    unregister(&rp, &app).await;
}

pub(super) async fn oidcc_server(mut rp: Rp) {
    register(&mut rp, json!({})).await;
    rp.other = rp.tenant.app.clone();
    register(&mut rp, json!({})).await;
    crate::basic::accepted::oidcc_server(rp).await;
}

pub(super) async fn oidcc_refresh_token(mut rp: Rp) {
    register(&mut rp, json!({})).await;
    rp.other = rp.tenant.app.clone();
    register(&mut rp, json!({})).await;
    crate::basic::answers::oidcc_refresh_token(rp).await;
}

pub(super) async fn oidcc_discovery_endpoint_verification(mut rp: Rp) {
    let url = rp.tenant.url("/oidc/.well-known/openid-configuration");
    let found = rp.browser.get(url).await.json();
    let has = |name: &str, value: &str| {
        found[name].as_array().unwrap_or_else(|| panic!("{name}")).contains(&json!(value))
    };
    assert_eq!(found["issuer"], rp.tenant.issuer());
    assert_eq!(found["registration_endpoint"], rp.tenant.url("/oidc/register"));
    assert!(has("id_token_signing_alg_values_supported", "RS256"));
    assert!(!has("id_token_signing_alg_values_supported", "none"));
    assert!(has("userinfo_signing_alg_values_supported", "RS256"));
    assert!(has("subject_types_supported", "public"));
    assert!(has("response_types_supported", "code"));
    assert!(has("scopes_supported", "openid"));
    assert!(has("claims_supported", "sub"));
    assert_eq!(found["request_uri_parameter_supported"], false);
    assert_eq!(found["request_parameter_supported"], false);
    for name in ["authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"] {
        assert!(text(&found, name).starts_with(&rp.tenant.url("/")), "{name}");
    }
}
