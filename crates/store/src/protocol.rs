//! What an app may do at the OpenID Provider, as its administrator or its registration decided.

use serde::{Deserialize, Serialize};

use crate::signing_key::Algorithm;

crate::text_enum! {
    /// Which rules the provider holds an app to.
    Profile {
        /// OAuth 2.1: PKCE is required. The default.
        Oauth21 = "oauth21",
        /// OpenID Connect Core's basic profile: PKCE is the client's choice, if it has a secret.
        OidcBasic = "oidc_basic",
        /// FAPI 2.0 Security Profile: pushed requests, sender-constrained tokens, keys for secrets.
        Fapi2 = "fapi2",
    }
}

crate::text_enum! {
    /// A way to tokens (RFC 6749 §1.3).
    GrantType {
        /// By a person who signs in.
        AuthorizationCode = "authorization_code",
        /// By a refresh token.
        RefreshToken = "refresh_token",
        /// By the app itself, for itself.
        ClientCredentials = "client_credentials",
    }
}

crate::text_enum! {
    /// How an authorization response comes to the app.
    ResponseMode {
        /// In the redirect URI's query (RFC 6749 §4.1.2).
        Query = "query",
        /// In a form that the browser posts (OAuth 2.0 Form Post Response Mode).
        FormPost = "form_post",
        /// In a message to the window that opened ours (draft-sakimura-oauth-wmrm).
        WebMessage = "web_message",
    }
}

/// An app's settings at the provider. What is not written has its default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Protocol {
    /// Which rules it is held to.
    pub profile: Profile,
    /// Its ways to tokens.
    pub grant_types: Vec<GrantType>,
    /// The scopes it may ask for; others are left out of what is granted.
    pub scopes: Vec<String>,
    /// How answers may come to it. Messages also need a web origin.
    pub response_modes: Vec<ResponseMode>,
    /// Web origins of its scripts: they may call the token endpoint and get messages. Exact.
    pub web_origins: Vec<String>,
    /// Whom its access tokens are for beside ourselves: ids of apps that are resource servers, which
    /// may then introspect them, or any name that one looks for.
    pub audiences: Vec<String>,
    /// Its public keys, a JWK Set (RFC 7517 §5), for `private_key_jwt`.
    pub jwks: Option<serde_json::Value>,
    /// Where its public keys are, instead.
    pub jwks_uri: Option<String>,
    /// Whether its access tokens are always bound to a key (RFC 9449 §5.2).
    pub dpop_bound_access_tokens: bool,
    /// Whether it may send authorization requests only by PAR (RFC 9126 §6).
    pub require_pushed_authorization_requests: bool,
    /// Whether people are asked before it learns who they are: it is not the tenant's own.
    pub consent_required: bool,
    /// What UserInfo is signed with for it (OpenID Connect Core §5.3.2); not at all, if nothing.
    pub userinfo_signed_response_alg: Option<Algorithm>,
    /// How long its access tokens are valid, in seconds.
    pub access_token_lifetime: u32,
    /// How long a refresh token lives that nobody uses, in seconds.
    pub refresh_token_idle_lifetime: u32,
    /// How long refreshing goes on at most, in seconds after the sign-in.
    pub refresh_token_lifetime: u32,
}

impl Protocol {
    /// The scopes that there are (OpenID Connect Core §5.4, §11).
    pub const SCOPES: [&'static str; 6] =
        ["openid", "profile", "email", "phone", "address", "offline_access"];

    /// Whether the app has this way to tokens.
    pub fn grants_by(&self, way: GrantType) -> bool {
        self.grant_types.contains(&way)
    }

    /// Whether the app may have this scope.
    pub fn allows(&self, scope: &str) -> bool {
        self.scopes.iter().any(|allowed| allowed == scope)
    }
}

impl Default for Protocol {
    fn default() -> Self {
        Self {
            profile: Profile::Oauth21,
            grant_types: vec![GrantType::AuthorizationCode],
            scopes: Self::SCOPES.map(str::to_owned).to_vec(),
            response_modes: ResponseMode::ALL.to_vec(),
            web_origins: Vec::new(),
            audiences: Vec::new(),
            jwks: None,
            jwks_uri: None,
            dpop_bound_access_tokens: false,
            require_pushed_authorization_requests: false,
            consent_required: false,
            userinfo_signed_response_alg: None,
            access_token_lifetime: 600,
            refresh_token_idle_lifetime: 14 * 24 * 3600,
            refresh_token_lifetime: 30 * 24 * 3600,
        }
    }
}
