//! What an app may do at the OpenID Provider, as an administrator writes and reads it. The names are
//! those of OAuth 2.0 Dynamic Client Registration (RFC 7591 §2), where it has one.

use serde_json::{Value, json};
use store::protocol::{GrantType, Profile, Protocol, ResponseMode};
use store::signing_key::Algorithm;
use utoipa::ToSchema;

use crate::schema;

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
    /// What UserInfo is signed with for it: then it comes as a JWT. Left out, it is plain JSON.
    #[schema(value_type = Option<schema::Algorithm>)]
    userinfo_signed_response_alg: Option<Algorithm>,
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
