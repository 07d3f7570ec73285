//! How a message leaves Hufu: mail by SMTP, SMS by a tenant's webhook.
//!
//! ```text
//! Message (what to say) ──mail / sms──▶ Mail, Sms (words in a language) ──Notifier──▶ relay, webhook
//!                                                                            │
//!                                     outgoing: no URL of a tenant leads into our own network
//! ```
//!
//! Knows nothing of tenants' settings and keeps nothing: whoever calls decides whether to try again.
//! Errors, logs and `Debug` hold no address, number, code or secret: [`Failure`] says what happened,
//! never about whom. An answer of the other side is never repeated, because a mail server likes to
//! quote the recipient and a webhook may quote anything.

mod clean;
mod error;
mod language;
mod mail;
mod message;
mod notifier;
mod sms;
mod smtp;
mod texts;
mod webhook;

pub use self::{
    error::{Error, Failure},
    language::Language,
    mail::{Mail, MailSettings, Mailer, Security},
    message::{MailParts, Message, mail, sms},
    notifier::Notifier,
    sms::{Sender, Sms},
    webhook::{Webhook, WebhookFlaw},
};
