//! How a message leaves Hufu: what it says, in the reader's language.

mod clean;
pub mod guard;
mod language;
mod message;
mod texts;

pub use self::{
    language::Language,
    message::{MailParts, Message, mail, sms},
};
