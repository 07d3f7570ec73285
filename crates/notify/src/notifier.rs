//! Both ways out, as one value.

use std::sync::Arc;

use outgoing::Policy;

use crate::{Error, Mail, Mailer, Sender, Sms, Webhook};

/// Sends messages. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Notifier {
    mailer: Option<Arc<Mailer>>,
    sender: Sender,
}

impl Notifier {
    /// `mailer` is absent where there is no relay; webhooks may call what `policy` permits.
    pub fn new(mailer: Option<Mailer>, policy: &Policy) -> Result<Self, Error> {
        Ok(Self { mailer: mailer.map(Arc::new), sender: Sender::new(policy)? })
    }

    /// Whether mail can be sent at all: what needs it is not offered otherwise.
    pub fn has_mail(&self) -> bool {
        self.mailer.is_some()
    }

    /// Sends a mail; [`Error::NotConfigured`] without a relay.
    pub async fn mail(&self, mail: &Mail) -> Result<(), Error> {
        self.mailer.as_ref().ok_or(Error::NotConfigured)?.send(mail).await
    }

    /// Sends an SMS by the tenant's webhook; [`Error::NotConfigured`] if the tenant has none.
    pub async fn sms(
        &self,
        webhook: Option<&Webhook>,
        sms: &Sms,
        now_unix: i64,
    ) -> Result<(), Error> {
        self.sender.send(webhook.ok_or(Error::NotConfigured)?, sms, now_unix).await
    }
}
