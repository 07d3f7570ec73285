//! Discovery (OpenID Connect Discovery 1.0 §3, RFC 8414 §2).

use serde_json::json;
use store::app::AuthMethod;
use store::signing_key::Algorithm;

use crate::Issuer;
use crate::authorize::SCOPES;

/// The metadata of an issuer, as JSON. Every URL is the tenant's own (attack I2).
pub fn document(issuer: &Issuer) -> Vec<u8> {
    let algorithms: Vec<&str> = Algorithm::ALL.iter().map(|algorithm| algorithm.as_str()).collect();
    let methods: Vec<&str> = AuthMethod::ALL.iter().map(|method| method.as_str()).collect();
    json!({
        "issuer": issuer.to_string(),
        "authorization_endpoint": issuer.at("/oidc/auth"),
        "token_endpoint": issuer.at("/oidc/token"),
        "userinfo_endpoint": issuer.at("/oidc/me"),
        "jwks_uri": issuer.at("/oidc/.well-known/jwks.json"),
        "end_session_endpoint": issuer.at("/oidc/session/end"),
        "scopes_supported": SCOPES,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": algorithms,
        "token_endpoint_auth_methods_supported": methods,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "claims_supported": [
            "iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "sid",
            "name", "picture", "updated_at", "email", "email_verified",
            "phone_number", "phone_number_verified",
        ],
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "ui_locales_supported": ["zh-CN", "zh-TW", "en", "ja"],
    })
    .to_string()
    .into_bytes()
}
