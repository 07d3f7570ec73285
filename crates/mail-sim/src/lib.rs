//! Where messages go in tests and in the demo: a mail relay and an SMS gateway on loopback.
//!
//! ```text
//! sender ──SMTP──▶ MailSim ▶ Received (decoded)          ◀── test: messages, wait_for, inject
//! sender ──HTTP──▶ SmsSim  ▶ ReceivedSms (verified)      ◀── test: the same
//! ```
//!
//! Both stand for the outside world: they share no code with the sender, are strict where a relay
//! or a receiver may be, and misbehave as real ones do when a fault is injected.

mod lock;
mod mailbox;
mod message;
mod session;
mod shelf;
mod sms;

pub use mailbox::{Fault, MailSim, Settings};
pub use message::Received;
pub use sms::{ReceivedSms, SmsFault, SmsSim};
