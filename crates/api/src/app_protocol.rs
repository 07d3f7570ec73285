//! What an app may do at the OpenID Provider, as an administrator writes and reads it. The names are
//! those of OAuth 2.0 Dynamic Client Registration (RFC 7591 §2), where it has one.

use oidc::jose::JwkSet;
use serde_json::{Map, Value, json};
use store::app::AuthMethod;
use store::protocol::{GrantType, Profile, Protocol, ResponseMode};
use store::signing_key::Algorithm;
use utoipa::ToSchema;

use crate::fields::{Context, Fields, Flaw, Flaws};
use crate::{rules, schema, uris};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// What an app may do at the OpenID Provider: stands for [`Protocol`] in the API document, field by
/// field.
#[derive(ToSchema)]
#[expect(dead_code, reason = "nobody makes one: the store's is read and written")]
pub(crate) struct AppProtocol {
    /// Which rules the provider holds it to.
    #[schema(value_type = schema::Profile, required = false, default = "oauth21")]
    profile: Profile,
    /// Its ways to tokens. With `refresh_token` it gets one at every sign-in.
    #[schema(value_type = Vec<schema::GrantType>, required = false, default = json!(["authorization_code"]))]
    grant_types: Vec<GrantType>,
    /// The scopes it may ask for; others are left out of what it is granted. Names of your own are for
    /// your resource servers.
    #[schema(max_items = 50, required = false, example = json!(["openid", "profile", "email"]))]
    scopes: Vec<String>,
    /// How answers may come to it. Messages also need the origin of the redirect URI among
    /// `web_origins`.
    #[schema(value_type = Vec<schema::ResponseMode>, required = false)]
    response_modes: Vec<ResponseMode>,
    /// Web origins of its scripts: they may call the token endpoint, and get answers as messages.
    #[schema(max_items = 50, required = false, example = json!(["https://wiki.acme.example"]))]
    web_origins: Vec<String>,
    /// Whom its access tokens are for beside the provider: client ids of resource servers, which may
    /// then introspect them, or any name that one looks for in `aud`.
    #[schema(max_items = 20, required = false)]
    audiences: Vec<String>,
    /// Its public keys for `private_key_jwt`, a JWK Set.
    #[schema(value_type = Option<Object>)]
    jwks: Option<Value>,
    /// Where it publishes them instead: an https URL on the public internet, or in a network that the
    /// operator allows.
    #[schema(max_length = 2048, example = "https://wiki.acme.example/jwks.json")]
    jwks_uri: Option<String>,
    /// Whether its access tokens are always bound to a key of its own (DPoP).
    #[schema(required = false, default = false)]
    dpop_bound_access_tokens: bool,
    /// Whether it may send authorization requests only by pushing them (PAR).
    #[schema(required = false, default = false)]
    require_pushed_authorization_requests: bool,
    /// Whether people are asked before it learns who they are. For apps that are not your own.
    #[schema(required = false, default = false)]
    consent_required: bool,
    /// How long its access tokens are valid, in seconds.
    #[schema(minimum = 60, maximum = 86_400, required = false, default = 600)]
    access_token_lifetime: u32,
    /// How long a refresh token lives that nobody uses, in seconds.
    #[schema(minimum = 300, maximum = 31_536_000, required = false, default = 1_209_600)]
    refresh_token_idle_lifetime: u32,
    /// How long refreshing goes on with `offline_access`, in seconds after the sign-in.
    #[schema(minimum = 300, maximum = 31_536_000, required = false, default = 2_592_000)]
    refresh_token_lifetime: u32,
}

/// Reads the fields of an app that are about the provider.
pub(crate) fn read(fields: &mut Fields, context: Context<'_>) -> Option<Protocol> {
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
    let jwks_uri = fields.optional("jwks_uri", uris::called(&context.console.outgoing));
    let flag = |fields: &mut Fields, name| fields.defaulted(name, false, rules::boolean);
    let dpop_bound_access_tokens = flag(fields, "dpop_bound_access_tokens");
    let pushed = flag(fields, "require_pushed_authorization_requests");
    let consent_required = flag(fields, "consent_required");
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
        access_token_lifetime: access?,
        refresh_token_idle_lifetime: idle?,
        refresh_token_lifetime: refresh?,
    })
}

/// Notes what does not go together.
pub(crate) fn check(
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

/// The fields, as they would be written.
pub(crate) fn written(protocol: &Protocol) -> Value {
    serde_json::to_value(protocol).unwrap_or_else(|_| json!({}))
}

#[cfg(test)]
mod tests {
    use utoipa::PartialSchema as _;

    use super::*;

    #[test]
    fn the_document_has_the_fields_that_there_are() {
        let document = serde_json::to_value(AppProtocol::schema()).unwrap();
        let mut described: Vec<&String> =
            document["properties"].as_object().unwrap().keys().collect();
        let kept = written(&Protocol::default());
        let mut kept: Vec<&String> = kept.as_object().unwrap().keys().collect();
        described.sort();
        kept.sort();
        assert_eq!(described, kept);
    }
}
