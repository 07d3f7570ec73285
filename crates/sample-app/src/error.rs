//! Everything that can go wrong, at the start and in a sign-in.

use std::error::Error as StdError;
use std::io;

use openidconnect::{ClaimsVerificationError, SignatureVerificationError};

/// An error of some part of the protocol's library.
type Source = Box<dyn StdError + Send + Sync>;

/// Why the app can't start, or a sign-in can't go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The port can't be bound.
    #[error("port {0} cannot be bound")]
    Bind(u16, #[source] io::Error),
    /// An address in the settings is no URL that can be used.
    #[error("{0} is not a usable URL")]
    Address(&'static str, #[source] url::ParseError),
    /// The public address is not `http(s)://host[:port]`.
    #[error("the public address is not an origin")]
    PublicBase,
    /// The HTTP client can't be built.
    #[error("the HTTP client cannot be built")]
    HttpClient(#[source] reqwest::Error),
    /// The answer has not the cookie of a browser in which a sign-in began.
    #[error("this browser began no sign-in")]
    NoBrowser,
    /// `state` is missing, used up, too old, or of another browser.
    #[error("the state is not one of this browser's")]
    State,
    /// `iss` is missing or another one's (RFC 9207 §2.4).
    #[error("the answer is from another issuer")]
    Issuer,
    /// A parameter stands twice, or the answer holds neither a code nor an error.
    #[error("the request cannot be read")]
    Malformed,
    /// The provider refused with an OAuth error (RFC 6749 §4.1.2.1).
    #[error("the provider answered with an error")]
    Refused {
        /// `error`.
        code: String,
        /// `error_description`.
        description: Option<String>,
    },
    /// The provider can't be discovered.
    #[error("the provider cannot be discovered")]
    Discovery(#[source] Source),
    /// The provider lacks an endpoint that the app needs.
    #[error("the provider has no such endpoint")]
    Endpoint(#[source] openidconnect::ConfigurationError),
    /// The code can't be exchanged.
    #[error("the code cannot be exchanged")]
    Exchange(#[source] Source),
    /// The token response holds no ID token.
    #[error("the provider sent no ID token")]
    NoIdToken,
    /// The ID token is not valid.
    #[error("the ID token is not valid")]
    IdToken(#[source] ClaimsVerificationError),
    /// `at_hash` can't be computed: the signing key or algorithm is not fit for it.
    #[error("the hash of the access token cannot be checked")]
    Hash(#[source] Source),
    /// `at_hash` is of another access token.
    #[error("the ID token belongs to another access token")]
    AccessToken,
    /// UserInfo failed or is about somebody else.
    #[error("UserInfo cannot be used")]
    UserInfo(#[source] Source),
    /// Claims that can't be written as JSON.
    #[error("the claims cannot be written")]
    Claims(#[source] serde_json::Error),
}

impl Error {
    /// True if the signing key is not among those that the app knows: it may be a new one.
    pub(crate) fn is_unknown_key(&self) -> bool {
        use ClaimsVerificationError::SignatureVerification;
        matches!(
            self,
            Self::IdToken(SignatureVerification(SignatureVerificationError::NoMatchingKey))
        )
    }

    /// The error and its cause. No deeper: what a parser says may quote a token.
    pub(crate) fn describe(&self) -> String {
        match self.source() {
            Some(source) => format!("{self}: {source}"),
            None => self.to_string(),
        }
    }
}
