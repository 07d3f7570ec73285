//! The authorization response: what the app is told, and by which way (RFC 6749 §4.1.2, RFC 9207).

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use store::protocol::ResponseMode;

use crate::Issuer;
use crate::authorize::{AuthorizationRequest, ErrorResponse};
use crate::params::append;

/// An authorization response, success or error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationResponse {
    /// The registered address that it is for.
    pub redirect_uri: String,
    /// How it gets there.
    pub mode: ResponseMode,
    /// What it says, with our `iss`.
    pub params: Vec<(String, String)>,
}

impl AuthorizationResponse {
    /// A successful one, with the code.
    pub fn success(issuer: &Issuer, request: &AuthorizationRequest, code: &SecretString) -> Self {
        let params = vec![("code".to_owned(), code.expose_secret().to_owned())];
        Self::new(
            issuer,
            &request.redirect_uri,
            request.response_mode,
            request.state.as_ref(),
            params,
        )
    }

    /// Whether it says what went wrong.
    pub fn is_error(&self) -> bool {
        self.params.iter().any(|(name, _)| name == "error")
    }

    /// One that says what went wrong.
    pub fn error(issuer: &Issuer, response: &ErrorResponse) -> Self {
        let params = vec![
            ("error".to_owned(), response.error.code.as_str().to_owned()),
            ("error_description".to_owned(), response.error.description.to_owned()),
        ];
        Self::new(issuer, &response.redirect_uri, response.mode, response.state.as_ref(), params)
    }

    fn new(
        issuer: &Issuer,
        redirect_uri: &str,
        mode: ResponseMode,
        state: Option<&String>,
        mut params: Vec<(String, String)>,
    ) -> Self {
        params.extend(state.map(|state| ("state".to_owned(), state.clone())));
        params.push(("iss".to_owned(), issuer.to_string()));
        Self { redirect_uri: redirect_uri.to_owned(), mode, params }
    }

    /// The address with the response in its query.
    pub fn location(&self) -> String {
        let params = self.params.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        append(&self.redirect_uri, params)
    }
}

/// The web origin of a redirect URI, if it has one: `https://app.example.com`.
pub fn origin_of(redirect_uri: &str) -> Option<String> {
    let url = url::Url::parse(redirect_uri).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.origin().ascii_serialization())
}
