//! The crate's error. No variant holds a URL, a token, a secret, a code, personal data or an
//! `errmsg`.

use std::net::IpAddr;

use crate::{Action, Refusal, UserIdError, errmsg};

/// Any source of an error.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a call gave no answer that can be used. `path` is the API's path without its query.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No reply, or none that is WeCom's. After `getuserinfo` the code may be used up.
    #[error("no usable reply from {path}")]
    Transport {
        /// The API.
        path: &'static str,
        /// What happened.
        source: TransportError,
    },
    /// WeCom refused.
    #[error("WeCom refused: {0}")]
    Api(ApiError),
    /// JSON, but not the documented one: a wrong type, a key twice, a missing field.
    #[error("malformed reply from {path}: {what}")]
    Malformed {
        /// The API.
        path: &'static str,
        /// What is wrong and where; never a value.
        what: String,
    },
    /// The `userid` in a reply is none.
    #[error("reply from {path}")]
    UnexpectedUserId {
        /// The API.
        path: &'static str,
        /// What is wrong with it.
        source: UserIdError,
    },
    /// The reply is about somebody or something else than the call asked for.
    #[error("reply from {path} is about another {field}")]
    Mismatch {
        /// The API.
        path: &'static str,
        /// `userid` or `agentid`.
        field: &'static str,
    },
    /// What to look up is blank, or shorter or longer than any is. Nothing was called: a wrong
    /// look-up counts [D 90312].
    #[error("{path} was not called: no {field} has that length")]
    Length {
        /// The API.
        path: &'static str,
        /// `mobile` or `email`.
        field: &'static str,
    },
    /// The token cache failed. Nothing was called: without it every call would fetch a token.
    #[error("the token cache failed")]
    Cache(#[source] BoxError),
    /// Somebody else was fetching the access token and did not finish within
    /// [`crate::Settings::token_wait`].
    #[error("the access token is being fetched elsewhere and did not arrive in time")]
    Busy,
    /// The credentials name an egress that the settings do not have. Calling directly instead
    /// would show WeCom an address that is not registered.
    #[error("there is no egress named {0:?}")]
    UnknownEgress(String),
    /// The settings can't be used.
    #[error("unusable settings: {0}")]
    Settings(&'static str, #[source] Option<BoxError>),
}

/// How a call failed on its way.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// Not done within the call's time, or not connected within the connection's.
    #[error("timed out")]
    TimedOut(#[source] BoxError),
    /// No connection: name, address, TLS or proxy. The call did not reach WeCom.
    #[error("could not connect")]
    Connect(#[source] BoxError),
    /// The connection broke, or what came was not HTTP.
    #[error("the connection broke")]
    Broken(#[source] BoxError),
    /// A redirect. None is followed: the token is in the query.
    #[error("refused to follow a redirect (HTTP status {0})")]
    Redirect(u16),
    /// Another HTTP status than 200.
    #[error("HTTP status {0}")]
    Status(u16),
    /// A longer body than any reply has.
    #[error("the body is too large")]
    TooLarge,
    /// No JSON.
    #[error("the body is not JSON")]
    NotJson,
}

/// A refusal: an `errcode` other than 0 [D 90313].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// The API, its path without the query.
    pub path: &'static str,
    /// WeCom's code; the only thing that decisions rest on.
    pub errcode: i64,
    /// The reference that WeCom's support asks for.
    pub hint: Option<String>,
    /// Our address as WeCom saw it: for administrators (60020), not for end users.
    pub from_ip: Option<IpAddr>,
    /// What to do about it.
    pub action: Action,
    /// The corp id or the secret was refused: nobody may call with them again until an
    /// administrator has saved or tested them, or WeCom bans our address [D 90312].
    pub misconfigured: bool,
}

impl ApiError {
    pub(crate) fn new(path: &'static str, errcode: i64, errmsg: &str) -> Self {
        let errmsg::Errmsg { hint, from_ip } = errmsg::parse(errmsg);
        Self::from_refusal(path, &Refusal { errcode, hint, from_ip })
    }

    pub(crate) fn from_refusal(path: &'static str, refusal: &Refusal) -> Self {
        let errcode = refusal.errcode;
        Self {
            path,
            errcode,
            hint: refusal.hint.clone(),
            from_ip: refusal.from_ip,
            action: Action::for_errcode(errcode),
            misconfigured: path == crate::refresh::GETTOKEN
                && matches!(errcode, 40001 | 40013 | 40091),
        }
    }

    /// Whether the access token was at fault: expired, or withdrawn early [D 91039].
    pub(crate) fn is_stale_token(&self) -> bool {
        matches!(self.errcode, 40014 | 42001)
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "errcode {} from {}", self.errcode, self.path)?;
        match &self.hint {
            Some(hint) => write!(f, " (hint {hint})"),
            None => Ok(()),
        }
    }
}

impl Error {
    pub(crate) fn transport(path: &'static str, source: TransportError) -> Self {
        Self::Transport { path, source }
    }

    pub(crate) fn cache(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Cache(Box::new(source))
    }

    /// The reply lacks `field`.
    pub(crate) fn lacks(path: &'static str, field: &'static str) -> Self {
        Self::Malformed { path, what: format!("no {field}") }
    }

    /// The refusal, if it is one.
    pub fn api(&self) -> Option<&ApiError> {
        match self {
            Self::Api(error) => Some(error),
            _ => None,
        }
    }

    /// What to do about it. `Retry` of anything but a refusal means: later, by the person; a code
    /// that was on its way is lost.
    pub fn action(&self) -> Action {
        match self {
            Self::Api(error) => error.action,
            Self::Transport { .. } | Self::Cache(_) | Self::Busy => Action::Retry,
            Self::Malformed { .. }
            | Self::UnexpectedUserId { .. }
            | Self::Mismatch { .. }
            | Self::Length { .. }
            | Self::UnknownEgress(_)
            | Self::Settings(..) => Action::GiveUp,
        }
    }

    /// Whether to mark the identity source until an administrator has saved or tested it
    /// ([`ApiError::misconfigured`]).
    pub fn is_misconfigured(&self) -> bool {
        self.api().is_some_and(|error| error.misconfigured)
    }
}
