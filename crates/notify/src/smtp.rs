//! The connections to the mail relay.
//!
//! lettre has a pool of its own, which takes a connection back even when the sender gave up in the
//! middle of a command: the next mail would read the answers of the one before. Here a connection
//! is kept only after a mail that went through to its end, and dropped in every other case.

use std::{error::Error as _, io, time::Duration};

use lettre::{
    address::Envelope,
    transport::smtp::{
        Error as SmtpError,
        authentication::{Credentials, Mechanism},
        client::{AsyncSmtpConnection, Certificate, TlsParameters},
        extension::ClientId,
    },
};
use secrecy::ExposeSecret;
use tokio::{
    sync::{Mutex, Semaphore},
    time::{Instant, timeout},
};

use crate::{Error, Failure, MailSettings, Security};

/// Most relays allow ten from one address or more.
const MAX_CONNECTIONS: usize = 4;

/// Relays close idle connections after a minute or later.
const MAX_IDLE: Duration = Duration::from_secs(30);

/// The relay and the connections to it.
pub(crate) struct Relay {
    settings: MailSettings,
    tls: Option<TlsParameters>,
    hello: ClientId,
    permits: Semaphore,
    idle: Mutex<Vec<Idle>>,
}

/// A connection that waits for the next mail.
struct Idle {
    connection: AsyncSmtpConnection,
    since: Instant,
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Relay").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Relay {
    /// `domain` is the sender's: we introduce ourselves by it, not by the machine's name.
    pub(crate) fn new(settings: MailSettings, domain: &str) -> Result<Self, Error> {
        let tls = match settings.security {
            Security::None => None,
            Security::StartTls | Security::Tls => Some(tls(&settings)?),
        };
        Ok(Self {
            settings,
            tls,
            hello: ClientId::Domain(domain.to_owned()),
            permits: Semaphore::new(MAX_CONNECTIONS),
            idle: Mutex::new(Vec::new()),
        })
    }

    /// Sends one mail within the settings' time.
    pub(crate) async fn send(&self, envelope: &Envelope, message: &[u8]) -> Result<(), Error> {
        let began = Instant::now();
        let result = timeout(self.settings.timeout, self.deliver(envelope, message))
            .await
            .unwrap_or(Err(Error::Unavailable(Failure::TimedOut)));
        let elapsed_ms = began.elapsed().as_millis();
        match &result {
            Ok(()) => tracing::debug!(elapsed_ms, "mail handed to the relay"),
            Err(Error::Refused(cause) | Error::Unavailable(cause)) => {
                tracing::warn!(elapsed_ms, %cause, "mail not handed to the relay");
            }
            Err(error) => tracing::warn!(elapsed_ms, %error, "mail not handed to the relay"),
        }
        result
    }

    async fn deliver(&self, envelope: &Envelope, message: &[u8]) -> Result<(), Error> {
        let lost = |_| Error::Unavailable(Failure::TimedOut);
        let _permit = self.permits.acquire().await.map_err(lost)?;
        let mut connection = match self.waiting().await {
            Some(connection) => connection,
            None => self.connect().await.map_err(|error| Error::Unavailable(relay(error)))?,
        };
        connection.send(envelope, message).await.map_err(refusal)?;
        self.idle.lock().await.push(Idle { connection, since: Instant::now() });
        Ok(())
    }

    /// A kept connection that still works.
    async fn waiting(&self) -> Option<AsyncSmtpConnection> {
        loop {
            let Idle { mut connection, since } = self.idle.lock().await.pop()?;
            if since.elapsed() < MAX_IDLE && connection.test_connected().await {
                return Some(connection);
            }
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, SmtpError> {
        let settings = &self.settings;
        let at_once = self.tls.clone().filter(|_| settings.security == Security::Tls);
        let mut connection = AsyncSmtpConnection::connect_tokio1(
            (settings.host.as_str(), settings.port),
            Some(settings.timeout),
            &self.hello,
            at_once,
            None,
        )
        .await?;
        if let (Security::StartTls, Some(tls)) = (settings.security, &self.tls) {
            connection.starttls(tls.clone(), &self.hello).await?;
        }
        if let (Some(name), Some(password)) = (&settings.username, &settings.password) {
            let account = Credentials::new(name.clone(), password.expose_secret().to_owned());
            connection.auth(&[Mechanism::Plain, Mechanism::Login], &account).await?;
        }
        Ok(connection)
    }
}

fn tls(settings: &MailSettings) -> Result<TlsParameters, Error> {
    let mut builder = TlsParameters::builder(settings.host.clone());
    if let Some(pem) = &settings.authority {
        let authority = Certificate::from_pem(pem.as_bytes())
            .map_err(|_| Error::Settings("the mail relay's authority is not a PEM certificate"))?;
        builder = builder.add_root_certificate(authority);
    }
    builder.build_rustls().map_err(|_| Error::Settings("TLS to the mail relay can't be set up"))
}

/// Before there is a mail, the relay or our account is at fault, whatever the code.
fn relay(error: SmtpError) -> Failure {
    match error.status() {
        Some(code) => Failure::Relay(code.into()),
        None => failure(error),
    }
}

/// With a mail on its way, 5xx is about this mail (RFC 5321, 4.2.1).
fn refusal(error: SmtpError) -> Error {
    match error.status() {
        Some(code) if error.is_permanent() => Error::Refused(Failure::Smtp(code.into())),
        Some(code) => Error::Unavailable(Failure::Smtp(code.into())),
        // An address that this relay can't take
        None if error.is_client() => Error::Refused(Failure::Capability),
        None => Error::Unavailable(failure(error)),
    }
}

/// Without the text of an answer: relays quote the recipient.
fn failure(error: SmtpError) -> Failure {
    if error.is_timeout() {
        Failure::TimedOut
    } else if error.is_tls() || is_handshake(&error) {
        Failure::Tls(error.into())
    } else if error.is_client() {
        Failure::Capability
    } else if error.is_response() {
        Failure::NotSmtp
    } else {
        Failure::Connection(error.into())
    }
}

/// A handshake that fails comes as an I/O error of the connection, of the kind that rustls gives it.
fn is_handshake(error: &SmtpError) -> bool {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<io::Error>() {
            return io.kind() == io::ErrorKind::InvalidData;
        }
        source = cause.source();
    }
    false
}
