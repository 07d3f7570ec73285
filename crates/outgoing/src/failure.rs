//! Why a call came to nothing. No variant holds a URL, an address or anything of an answer's body.

use std::error::Error as _;

use crate::UrlFlaw;

/// Any source of an error.
type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The name leads to no permitted address. Says nothing of the addresses that there are.
#[derive(Debug, thiserror::Error)]
#[error("the name leads to no permitted address")]
pub(crate) struct NotPermitted;

/// Why no answer came.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The URL may not be called.
    #[error("the URL may not be called")]
    Url(#[from] UrlFlaw),
    /// The name leads to no address that may be called.
    #[error("the name leads to no permitted address")]
    NotPermitted,
    /// Not done in time.
    #[error("timed out")]
    TimedOut,
    /// No connection, or it broke.
    #[error("the connection failed")]
    Connection(#[source] BoxError),
}

/// Without the URL, which may hold a secret of the receiver's.
impl From<reqwest::Error> for CallError {
    fn from(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let mut source = error.source();
        while let Some(cause) = source {
            if cause.is::<NotPermitted>() {
                return Self::NotPermitted;
            }
            source = cause.source();
        }
        if error.is_timeout() { Self::TimedOut } else { Self::Connection(error.into()) }
    }
}

/// Why nothing was fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// No answer came.
    #[error(transparent)]
    Call(#[from] CallError),
    /// It was not 200: a redirect is not followed.
    #[error("HTTP status {0}")]
    Status(u16),
    /// It is longer than may be.
    #[error("the answer is too long")]
    TooLong,
}
