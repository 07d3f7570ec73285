//! What a message says: the kinds, and their words on paper.

use std::fmt;

use askama::Template;

use crate::{
    Language, clean,
    texts::{CodeTexts, NoticeTexts, Texts},
};

/// What there is to say.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Message<'a> {
    /// A one-time code to sign in.
    SignInCode {
        /// The code.
        code: &'a str,
        /// How long it is valid.
        minutes: u32,
    },
    /// A code that proves an account, to bind an identity to it.
    BindCode {
        /// The code.
        code: &'a str,
        /// How long it is valid.
        minutes: u32,
    },
    /// A code that proves that an address or number is one's own.
    VerifyAddressCode {
        /// The code.
        code: &'a str,
        /// How long it is valid.
        minutes: u32,
    },
    /// A code to choose a new password.
    ResetPasswordCode {
        /// The code.
        code: &'a str,
        /// How long it is valid.
        minutes: u32,
    },
    /// The password was changed.
    PasswordChanged,
    /// An identity of another source was linked to the account.
    SourceLinked {
        /// The source's display name.
        source: &'a str,
    },
}

impl Message<'_> {
    /// A stable name of the kind, for receivers of webhooks and for logs.
    pub fn purpose(&self) -> &'static str {
        match self {
            Self::SignInCode { .. } => "sign_in",
            Self::BindCode { .. } => "bind",
            Self::VerifyAddressCode { .. } => "verify_address",
            Self::ResetPasswordCode { .. } => "reset_password",
            Self::PasswordChanged => "password_changed",
            Self::SourceLinked { .. } => "source_linked",
        }
    }

    /// The code in it.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::SignInCode { code, .. }
            | Self::BindCode { code, .. }
            | Self::VerifyAddressCode { code, .. }
            | Self::ResetPasswordCode { code, .. } => Some(code),
            Self::PasswordChanged | Self::SourceLinked { .. } => None,
        }
    }
}

/// Names the kind and hides the code.
impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Message").field(&self.purpose()).finish()
    }
}

/// Subject and bodies of a mail.
#[derive(Clone, PartialEq, Eq)]
pub struct MailParts {
    /// One line.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

/// Says nothing: the text may hold a code.
impl fmt::Debug for MailParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailParts").finish_non_exhaustive()
    }
}

/// The message as a mail from `brand`, the name that the person knows the tenant by.
pub fn mail(language: Language, brand: &str, message: &Message<'_>) -> MailParts {
    let texts = Texts::of(language);
    let brand = &clean::name(brand);
    let common = |subject, heading, lead, not_you| Sheet {
        lang: language.tag(),
        brand,
        subject,
        heading,
        lead,
        code: None,
        about_code: String::new(),
        not_you,
        automatic: (texts.automatic)(brand),
    };
    let sheet = match content(texts, message) {
        Content::Code { texts: words, code, minutes } => Sheet {
            code: Some(code),
            about_code: (texts.about_code)(minutes),
            ..common(
                (words.subject)(brand, code),
                words.heading,
                (words.lead)(brand),
                words.not_you,
            )
        },
        Content::Notice { texts: words, source } => common(
            (words.subject)(brand),
            words.heading,
            (words.lead)(brand, &source),
            words.not_you,
        ),
    };
    sheet.print()
}

/// The message as a short text; a code comes first, where a phone's preview shows it.
pub fn sms(language: Language, brand: &str, message: &Message<'_>) -> String {
    let brand = clean::name(brand);
    match content(Texts::of(language), message) {
        Content::Code { texts, code, minutes } => (texts.sms)(&brand, code, minutes),
        Content::Notice { texts, source } => (texts.sms)(&brand, &source),
    }
}

/// A kind with its words.
enum Content<'a> {
    Code { texts: &'static CodeTexts, code: &'a str, minutes: u32 },
    Notice { texts: &'static NoticeTexts, source: String },
}

fn content<'a>(texts: &'static Texts, message: &Message<'a>) -> Content<'a> {
    let of = |texts, code, minutes| Content::Code { texts, code, minutes };
    match *message {
        Message::SignInCode { code, minutes } => of(&texts.sign_in, code, minutes),
        Message::BindCode { code, minutes } => of(&texts.bind, code, minutes),
        Message::VerifyAddressCode { code, minutes } => of(&texts.verify_address, code, minutes),
        Message::ResetPasswordCode { code, minutes } => of(&texts.reset_password, code, minutes),
        Message::PasswordChanged => {
            Content::Notice { texts: &texts.password_changed, source: String::new() }
        }
        Message::SourceLinked { source } => {
            Content::Notice { texts: &texts.source_linked, source: clean::name(source) }
        }
    }
}

/// Everything on a mail, as both templates show it.
struct Sheet<'a> {
    lang: &'static str,
    brand: &'a str,
    subject: String,
    heading: &'static str,
    lead: String,
    code: Option<&'a str>,
    about_code: String,
    not_you: &'static str,
    automatic: String,
}

#[derive(Template)]
#[template(path = "mail.html")]
struct Html<'a> {
    sheet: &'a Sheet<'a>,
}

#[derive(Template)]
#[template(path = "mail.txt")]
struct Text<'a> {
    sheet: &'a Sheet<'a>,
}

impl Sheet<'_> {
    fn print(self) -> MailParts {
        // Writing to a string can't fail: the templates call nothing that can
        let text = Text { sheet: &self }.render().unwrap_or_default();
        let html = Html { sheet: &self }.render().unwrap_or_default();
        MailParts { subject: self.subject, text, html }
    }
}
