//! The crate's error. No variant holds an address, a number, a code, a secret or a URL.

use outgoing::{ClientError, UrlFlaw};

/// Any source of an error.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a message was not handed over.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no mail relay, or the tenant has no webhook.
    #[error("this way of sending messages is not configured")]
    NotConfigured,
    /// The recipient is no mail address, or no number in the form of E.164.
    #[error("the recipient's address is none")]
    BadAddress,
    /// For good: the same message would be refused again.
    #[error("the message was refused")]
    Refused(#[source] Failure),
    /// For now: the same message may pass later. It may also have passed already, if the answer
    /// was lost; the receiver of an SMS knows by [`crate::Sms::id`].
    #[error("the message could not be handed over")]
    Unavailable(#[source] Failure),
    /// The settings can't be used.
    #[error("unusable settings: {0}")]
    Settings(&'static str),
    /// The HTTP client can't be built.
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// What happened on the way.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The mail relay answered with this code (RFC 5321, 4.2).
    #[error("SMTP code {0}")]
    Smtp(u16),
    /// The relay did not let us in: the account, or what we ask of it, is at fault, not the message.
    #[error("the relay refused to work for us (SMTP code {0})")]
    Relay(u16),
    /// The relay lacks what the settings or the message ask for: STARTTLS, a way to authenticate,
    /// or mail addresses beyond ASCII.
    #[error("the relay lacks a capability that is needed")]
    Capability,
    /// The relay's answer is not SMTP.
    #[error("the relay does not speak SMTP")]
    NotSmtp,
    /// The webhook answered with this HTTP status.
    #[error("HTTP status {0}")]
    Http(u16),
    /// Not done in time.
    #[error("timed out")]
    TimedOut,
    /// The webhook's name leads to no address that may be called ([`outgoing`]).
    #[error("the webhook's address may not be called")]
    NotPermitted,
    /// The webhook's URL may not be called.
    #[error("the webhook's URL may not be called")]
    Url(#[source] UrlFlaw),
    /// The webhook's secret is none.
    #[error("the webhook's secret is unusable")]
    Secret,
    /// The message can't be written down: this part of it holds what it must not.
    #[error("the message's {0} can't be sent")]
    Message(&'static str),
    /// No TLS: a certificate that is not trusted, or no common version.
    #[error("no TLS connection")]
    Tls(#[source] BoxError),
    /// No connection, or it broke.
    #[error("the connection failed")]
    Connection(#[source] BoxError),
}

impl Error {
    /// Whether the same message may pass when it is sent again later.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}
