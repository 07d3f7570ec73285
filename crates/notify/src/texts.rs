//! The words of the messages: one value per language, so that a missing text does not compile.
//!
//! Brands and sources come in as names that are safe on one line; escaping is the template's work.

mod en;
mod ja;
mod zh_cn;
mod zh_tw;

use crate::Language;

/// Every text of the messages in one language.
pub(crate) struct Texts {
    /// A code to sign in.
    pub(crate) sign_in: CodeTexts,
    /// A code to bind an account.
    pub(crate) bind: CodeTexts,
    /// A code to verify an address or number.
    pub(crate) verify_address: CodeTexts,
    /// A code to reset the password: never in the subject, which a locked screen shows.
    pub(crate) reset_password: CodeTexts,
    /// The password was changed.
    pub(crate) password_changed: NoticeTexts,
    /// An identity source was linked.
    pub(crate) source_linked: NoticeTexts,
    /// Below every code: its minutes, and that nobody else needs it.
    pub(crate) about_code: fn(u32) -> String,
    /// The last line; the brand.
    pub(crate) automatic: fn(&str) -> String,
}

/// The texts of a message with a code.
pub(crate) struct CodeTexts {
    /// Subject; the brand and the code.
    pub(crate) subject: fn(&str, &str) -> String,
    /// Heading.
    pub(crate) heading: &'static str,
    /// Where to type the code; the brand.
    pub(crate) lead: fn(&str) -> String,
    /// What to do for who did not ask for it.
    pub(crate) not_you: &'static str,
    /// The whole as an SMS; the brand, the code, its minutes.
    pub(crate) sms: fn(&str, &str, u32) -> String,
}

/// The texts of a message about what has happened.
pub(crate) struct NoticeTexts {
    /// Subject; the brand.
    pub(crate) subject: fn(&str) -> String,
    /// Heading.
    pub(crate) heading: &'static str,
    /// What happened; the brand and the source, which is empty where none is involved.
    pub(crate) lead: fn(&str, &str) -> String,
    /// What to do for who did not do it.
    pub(crate) not_you: &'static str,
    /// The whole as an SMS; the brand and the source.
    pub(crate) sms: fn(&str, &str) -> String,
}

impl Texts {
    /// The texts in this language.
    pub(crate) fn of(language: Language) -> &'static Self {
        match language {
            Language::ZhCn => &zh_cn::TEXTS,
            Language::ZhTw => &zh_tw::TEXTS,
            Language::En => &en::TEXTS,
            Language::Ja => &ja::TEXTS,
        }
    }
}

/// The name inside Chinese text: a space where a Latin letter or digit would touch a character.
fn spaced(name: &str) -> String {
    let latin = |c: Option<char>| c.is_some_and(|c| c.is_ascii());
    let before = if latin(name.chars().next()) { " " } else { "" };
    let after = if latin(name.chars().next_back()) { " " } else { "" };
    format!("{before}{name}{after}")
}

/// The same at the beginning of a line.
fn leading(name: &str) -> String {
    spaced(name).trim_start().to_owned()
}
