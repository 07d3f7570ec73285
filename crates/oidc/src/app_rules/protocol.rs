//! What an app may do at the provider: the fields with the names of OAuth 2.0 Dynamic Client
//! Registration (RFC 7591 §2), where it has one.

use outgoing::Policy;
use serde_json::{Map, Value};
use store::app::AuthMethod;
use store::protocol::{GrantType, Profile, Protocol};
use store::signing_key::Algorithm;
use strict_json::{Fields, Flaw, Flaws, rules};

use super::uris;
use crate::jose::JwkSet;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// Reads the fields of an app that are about the provider.
pub(super) fn read(fields: &mut Fields, outgoing: &Policy) -> Option<Protocol> {
    let Protocol { grant_types, scopes, response_modes, .. } = Protocol::default();
    let profile = rules::word(&["oauth21", "oidc_basic", "fapi2"]);
    let profile = fields.defaulted("profile", Profile::Oauth21, profile);
    let way = rules::word(&["authorization_code", "refresh_token", "client_credentials"]);
    let grant_types = fields.defaulted("grant_types", grant_types, rules::list(1, 3, way));
    let scopes = fields.defaulted("scopes", scopes, rules::list(1, 50, scope));
    let mode = rules::word(&["query", "form_post", "web_message"]);
    let response_modes =
        fields.defaulted("response_modes", response_modes, rules::list(1, 3, mode));
    let origins = rules::list(0, 50, uris::web_origin);
    let web_origins = fields.defaulted("web_origins", Vec::new(), origins);
    let names = rules::list(0, 20, rules::visible_ascii(200));
    let audiences = fields.defaulted("audiences", Vec::new(), names);
    let jwks = fields.optional("jwks", jwks);
    let jwks_uri = fields.optional("jwks_uri", uris::called(outgoing));
    let flag = |fields: &mut Fields, name| fields.defaulted(name, false, rules::boolean);
    let dpop_bound_access_tokens = flag(fields, "dpop_bound_access_tokens");
    let pushed = flag(fields, "require_pushed_authorization_requests");
    let consent_required = flag(fields, "consent_required");
    let userinfo = fields.optional("userinfo_signed_response_alg", super::algorithm);
    let access = fields.defaulted("access_token_lifetime", 600, seconds(60, DAY));
    let idle = fields.defaulted("refresh_token_idle_lifetime", 14 * 86400, seconds(300, 365 * DAY));
    let refresh = fields.defaulted("refresh_token_lifetime", 30 * 86400, seconds(300, 365 * DAY));
    Some(Protocol {
        profile: profile?,
        grant_types: grant_types?,
        scopes: scopes?,
        response_modes: response_modes?,
        web_origins: web_origins?,
        audiences: audiences?,
        jwks: jwks?,
        jwks_uri: jwks_uri?,
        dpop_bound_access_tokens: dpop_bound_access_tokens?,
        require_pushed_authorization_requests: pushed?,
        consent_required: consent_required?,
        userinfo_signed_response_alg: userinfo?,
        access_token_lifetime: access?,
        refresh_token_idle_lifetime: idle?,
        refresh_token_lifetime: refresh?,
    })
}

/// Notes what does not go together.
pub(super) fn check(
    protocol: &Protocol,
    fields: &mut Fields,
    method: AuthMethod,
    id_token: Algorithm,
) {
    let mut flaw = |name: &str, text: &str| fields.flaw(name, &Flaw::new("conflict", text));
    match (&protocol.jwks, &protocol.jwks_uri) {
        (None, None) if method == AuthMethod::PrivateKeyJwt => {
            flaw("jwks", "is missing: private_key_jwt needs the app's public keys, or jwks_uri");
        }
        (Some(_), Some(_)) => {
            flaw("jwks_uri", "is there beside jwks: take one of them away (null)");
        }
        _ => {}
    }
    if protocol.profile == Profile::Fapi2 && method != AuthMethod::PrivateKeyJwt {
        flaw("token_endpoint_auth_method", "has to be private_key_jwt in the profile fapi2");
    }
    if protocol.profile == Profile::Fapi2 && id_token == Algorithm::Rs256 {
        let text = "is RS256, which the profile fapi2 forbids: use ES256, PS256 or EdDSA";
        flaw("id_token_signed_response_alg", text);
    }
    let for_itself = protocol.grant_types.contains(&GrantType::ClientCredentials);
    if for_itself && method == AuthMethod::None {
        flaw("grant_types", "has client_credentials, but a public app has no credentials");
    }
}

/// A scope (RFC 6749 §3.3).
fn scope(value: &Value) -> Result<String, Flaws> {
    let text = rules::visible_ascii(100)(value)?;
    if text.contains(['"', '\\']) {
        return Err(vec![Flaw::new("character", "may not have quotation marks or backslashes")]);
    }
    Ok(text)
}

fn seconds(min: i64, max: i64) -> impl Fn(&Value) -> Result<u32, Flaws> {
    move |value| rules::integer(min, max)(value).map(|seconds| u32::try_from(seconds).unwrap_or(0))
}

/// A JWK Set with a key that can be used.
fn jwks(value: &Value) -> Result<Value, Flaws> {
    let wrong = |text: String| vec![Flaw::new("jwks", text)];
    let empty = Map::new();
    let set = JwkSet::from_members(value.as_object().unwrap_or(&empty));
    match set {
        Ok(set) if !set.keys().is_empty() => Ok(value.clone()),
        Ok(_) => Err(wrong("has no key for RS256, PS256, ES256 or EdDSA: add one".to_owned())),
        Err(error) => Err(wrong(format!("is no JWK Set of public keys: {error}"))),
    }
}
