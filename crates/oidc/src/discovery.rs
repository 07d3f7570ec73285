//! Discovery (OpenID Connect Discovery 1.0 §3, RFC 8414 §2).

use serde_json::json;
use store::app::AuthMethod;
use store::protocol::{GrantType, Protocol, ResponseMode};
use store::signing_key;

use crate::acr::Acr;
use crate::jose::Algorithm;
use crate::{Endpoint, Issuer, claims, dpop};

/// The metadata of an issuer, as JSON. Every URL is the tenant's own (attack I2).
pub fn document(issuer: &Issuer) -> Vec<u8> {
    let signing: Vec<_> = signing_key::Algorithm::ALL.iter().map(|alg| alg.as_str()).collect();
    let verifying = Algorithm::ALL.map(Algorithm::as_str);
    let methods: Vec<_> = AuthMethod::ALL.iter().map(|method| method.as_str()).collect();
    // Whoever cannot prove who they are learns nothing about tokens.
    let proving: Vec<_> = methods.iter().filter(|method| **method != "none").collect();
    let mut claims_supported = vec![
        "iss",
        "sub",
        "aud",
        "exp",
        "iat",
        "auth_time",
        "nonce",
        "acr",
        "amr",
        "at_hash",
        "sid",
    ];
    claims_supported.extend(claims::names());
    json!({
        "issuer": issuer.to_string(),
        "authorization_endpoint": issuer.at("/oidc/auth"),
        "token_endpoint": issuer.at(Endpoint::Token.path()),
        "userinfo_endpoint": issuer.at(Endpoint::UserInfo.path()),
        "jwks_uri": issuer.at("/oidc/.well-known/jwks.json"),
        "pushed_authorization_request_endpoint": issuer.at(Endpoint::PushedRequest.path()),
        "introspection_endpoint": issuer.at(Endpoint::Introspection.path()),
        "revocation_endpoint": issuer.at(Endpoint::Revocation.path()),
        "registration_endpoint": issuer.at(Endpoint::Registration.path()),
        "end_session_endpoint": issuer.at("/oidc/session/end"),
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
        "scopes_supported": Protocol::SCOPES,
        "response_types_supported": ["code"],
        "response_modes_supported": ResponseMode::ALL,
        "grant_types_supported": GrantType::ALL,
        "subject_types_supported": ["public"],
        "acr_values_supported": Acr::ALL.map(Acr::as_str),
        "id_token_signing_alg_values_supported": signing,
        "userinfo_signing_alg_values_supported": signing,
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": verifying,
        "introspection_endpoint_auth_methods_supported": proving,
        "introspection_endpoint_auth_signing_alg_values_supported": verifying,
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": verifying,
        "dpop_signing_alg_values_supported": dpop::ALGORITHMS.map(Algorithm::as_str),
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "claims_supported": claims_supported,
        "claims_parameter_supported": true,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "require_pushed_authorization_requests": false,
        "ui_locales_supported": ["zh-CN", "zh-TW", "en", "ja"],
    })
    .to_string()
    .into_bytes()
}
