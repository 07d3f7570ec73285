//! Mail: settings, what is sent, and who sends it.

use std::{fmt, net::IpAddr, time::Duration};

use lettre::{
    Address,
    address::Envelope,
    message::{
        Mailbox, Message, MultiPart,
        header::{Header, HeaderName, HeaderValue},
    },
};
use secrecy::SecretString;

use crate::{Error, Failure, MailParts, smtp::Relay};

/// How the connection to the relay is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// Not at all: for a relay on the same machine, and for tests.
    None,
    /// By STARTTLS before anything else is said; a relay without it gets nothing (port 587).
    StartTls,
    /// From the first byte on (port 465).
    Tls,
}

/// Where mail goes, and from whom.
#[derive(Debug, Clone)]
pub struct MailSettings {
    /// The relay's name or address. Its certificate must be for this name.
    pub host: String,
    /// The relay's port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// A certificate authority (PEM) that is trusted besides the system's.
    pub authority: Option<String>,
    /// The account at the relay; with the password, or neither.
    pub username: Option<String>,
    /// The account's password.
    pub password: Option<SecretString>,
    /// The sender: `no-reply@example.com` or `Example <no-reply@example.com>`.
    pub from: String,
    /// The longest that a mail may take, waiting for a connection included.
    pub timeout: Duration,
}

/// A mail to one person.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// The bare address.
    pub to: String,
    /// One line.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

impl MailParts {
    /// The mail with these parts to this address.
    pub fn to(self, to: impl Into<String>) -> Mail {
        let Self { subject, text, html } = self;
        Mail { to: to.into(), subject, text, html }
    }
}

/// Says nothing: the address is personal, the text may hold a code.
impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").finish_non_exhaustive()
    }
}

/// Sends mail through one relay, over a few connections that are kept.
#[derive(Debug)]
pub struct Mailer {
    from: Mailbox,
    relay: Relay,
}

impl Mailer {
    /// Checks the settings; connects only when there is something to send.
    ///
    /// # Errors
    /// [`Error::Settings`].
    pub fn new(settings: MailSettings) -> Result<Self, Error> {
        let from: Mailbox = settings
            .from
            .parse()
            .map_err(|_| Error::Settings("the mail's sender is not an address"))?;
        if settings.host.is_empty() || settings.port == 0 {
            return Err(Error::Settings("the mail relay needs a host and a port"));
        }
        if settings.username.is_some() != settings.password.is_some() {
            return Err(Error::Settings("the mail relay's account needs a name and a password"));
        }
        let clear = settings.security == Security::None && settings.password.is_some();
        if clear && !is_loopback(&settings.host) {
            return Err(Error::Settings("a password goes to a mail relay elsewhere by TLS only"));
        }
        let relay = Relay::new(settings, from.email.domain())?;
        Ok(Self { from, relay })
    }

    /// Hands the mail to the relay: plain text and HTML as alternatives, marked as automatic.
    pub async fn send(&self, mail: &Mail) -> Result<(), Error> {
        let to = address(&mail.to)?;
        let envelope = Envelope::new(Some(self.from.email.clone()), vec![to.clone()])
            .map_err(|_| Error::BadAddress)?;
        let message = self.message(to, mail)?.formatted();
        self.relay.send(&envelope, &message).await
    }

    fn message(&self, to: Address, mail: &Mail) -> Result<Message, Error> {
        // An encoded word (RFC 2047) would be decoded into what was never checked
        if mail.subject.contains(char::is_control) || mail.subject.contains("=?") {
            return Err(Error::Refused(Failure::Message("subject")));
        }
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(mail.subject.as_str())
            .date_now()
            .message_id(Some(self.message_id()?))
            .header(AutoSubmitted)
            .multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()))
            .map_err(|_| Error::Refused(Failure::Message("content")))
    }

    /// Unique without telling anything, under the sender's own domain (RFC 5322, 3.6.4).
    fn message_id(&self) -> Result<String, Error> {
        let mut bytes = [0_u8; 16];
        aws_lc_rs::rand::fill(&mut bytes)
            .map_err(|_| Error::Unavailable(Failure::Message("identifier")))?;
        Ok(format!("<{:032x}@{}>", u128::from_be_bytes(bytes), self.from.email.domain()))
    }
}

/// A bare address: parsed, never pasted into a header. The length is SMTP's (RFC 5321, 4.5.3.1).
fn address(text: &str) -> Result<Address, Error> {
    let strange = |c: char| c.is_control() || c.is_whitespace();
    if text.len() > 254 || text.contains(strange) {
        return Err(Error::BadAddress);
    }
    text.parse().map_err(|_| Error::BadAddress)
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// `Auto-Submitted: auto-generated` (RFC 3834, 5): keeps absence notes from answering.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
