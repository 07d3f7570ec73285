//! The pages of a person's own account.

use askama::Template;

use super::{AppView, Frame, SourceView};
use crate::texts::account::AccountTexts;

/// A moment: as a browser puts it into the reader's own time, and as it stands without script.
#[derive(Clone, Debug)]
pub struct TimeView {
    /// RFC 3339.
    pub stamp: String,
    /// In UTC.
    pub text: String,
}

/// The account page.
#[derive(Clone, Debug, Template)]
#[template(path = "account.html")]
pub struct Account {
    /// Language, nonce.
    pub frame: Frame,
    /// The words of this page.
    pub texts: &'static AccountTexts,
    /// The token of its forms.
    pub csrf: String,
    /// What the addresses of further pages end with: the language, if the person chose one.
    pub query: String,
    /// The same as a field of the forms.
    pub ui_locales: Option<&'static str>,
    /// What was just done.
    pub done: Option<&'static str>,
    /// Name and picture.
    pub person: AppView,
    /// What else is known of the person.
    pub facts: Vec<FactView>,
    /// What signs the person in upstream.
    pub identities: Vec<IdentityView>,
    /// Whether another way in can be added.
    pub may_link: bool,
    /// The password, if there is one or could be.
    pub password: Option<PasswordView>,
    /// Where the person is signed in.
    pub sessions: Vec<SessionView>,
    /// What apps hold of the person.
    pub apps: Vec<GrantedView>,
    /// What happened lately.
    pub events: Vec<EventView>,
}

/// One thing that is known of a person.
#[derive(Clone, Debug)]
pub struct FactView {
    /// What it is.
    pub label: &'static str,
    /// Its value.
    pub value: String,
    /// Whether it is verified; none where that does not apply.
    pub verified: Option<bool>,
}

/// A linked identity.
#[derive(Clone, Debug)]
pub struct IdentityView {
    /// Its id.
    pub id: String,
    /// The corp's name.
    pub corp: String,
    /// The person's name there.
    pub name: String,
    /// When it was added.
    pub since: TimeView,
    /// When it last signed in.
    pub last: TimeView,
    /// Whether an administrator has switched it off.
    pub suspended: bool,
}

/// The password.
#[derive(Clone, Debug)]
pub struct PasswordView {
    /// When it was chosen; none if there is none yet.
    pub since: Option<TimeView>,
}

/// A session.
#[derive(Clone, Debug)]
pub struct SessionView {
    /// Its id.
    pub id: String,
    /// The browser, in plain words.
    pub device: String,
    /// Its network address.
    pub address: Option<String>,
    /// When it was last used.
    pub seen: TimeView,
    /// Whether it is the one that looks.
    pub is_this: bool,
}

/// What an app was given.
#[derive(Clone, Debug)]
pub struct GrantedView {
    /// The app's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it gets, in words.
    pub gets: Vec<String>,
    /// The words for access while nobody is signed in, if it has that.
    pub offline: Option<&'static str>,
    /// Since when.
    pub since: TimeView,
    /// When the person last signed in to it.
    pub last: TimeView,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub struct EventView {
    /// What.
    pub what: &'static str,
    /// Whether it was refused.
    pub refused: bool,
    /// When.
    pub at: TimeView,
    /// For which app.
    pub app: Option<String>,
    /// From which network address.
    pub address: Option<String>,
}

impl Account {
    fn has_others(&self) -> bool {
        self.sessions.iter().any(|session| !session.is_this)
    }
}

/// The page on which a person chooses the source that they add.
#[derive(Clone, Debug, Template)]
#[template(path = "account_add.html")]
pub struct AccountAdd {
    /// Language, nonce.
    pub frame: Frame,
    /// The words of this page.
    pub texts: &'static AccountTexts,
    /// What the address of the account page ends with.
    pub query: String,
    /// The account that the source is added to.
    pub person: AppView,
    /// The sources that work in this browser.
    pub sources: Vec<SourceView>,
    /// Whether there are some that work in other browsers only.
    pub elsewhere: bool,
}

/// The page that asks before an identity is removed.
#[derive(Clone, Debug, Template)]
#[template(path = "account_remove.html")]
pub struct AccountRemove {
    /// Language, nonce.
    pub frame: Frame,
    /// The words of this page.
    pub texts: &'static AccountTexts,
    /// The token of its form.
    pub csrf: String,
    /// What the address of the account page ends with.
    pub query: String,
    /// The language as a field of the form.
    pub ui_locales: Option<&'static str>,
    /// The identity's id.
    pub id: String,
    /// The corp's name.
    pub corp: String,
    /// The person's name there.
    pub name: String,
    /// Whether it is the last way in, which stays.
    pub is_last: bool,
}

/// The page on which a person chooses a password.
#[derive(Clone, Debug, Template)]
#[template(path = "account_password.html")]
pub struct AccountPassword {
    /// Language, nonce.
    pub frame: Frame,
    /// The words of this page.
    pub texts: &'static AccountTexts,
    /// The token of its form.
    pub csrf: String,
    /// What the address of the account page ends with.
    pub query: String,
    /// The language as a field of the form.
    pub ui_locales: Option<&'static str>,
    /// The name to sign in by, for the browser's store of passwords.
    pub username: Option<String>,
    /// Whether there is a password, which has to be given.
    pub has_password: bool,
    /// What was wrong with the last try.
    pub problem: Option<Problem>,
}

/// What is wrong with a password form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The current password is not the person's.
    WrongCurrent,
    /// The two new ones differ.
    Different,
    /// Too few characters.
    TooShort,
    /// Too many characters.
    TooLong,
    /// Among the first that anybody tries.
    Common,
    /// It only repeats or counts.
    Repetitive,
    /// It is about the person.
    Personal,
    /// It has a character that can't be used.
    Characters,
}

impl Problem {
    /// Every problem.
    pub const ALL: [Self; 8] = [
        Self::WrongCurrent,
        Self::Different,
        Self::TooShort,
        Self::TooLong,
        Self::Common,
        Self::Repetitive,
        Self::Personal,
        Self::Characters,
    ];

    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::WrongCurrent => "proof_failed",
            Self::Different => "different",
            Self::TooShort => "too_short",
            Self::TooLong => "too_long",
            Self::Common => "common",
            Self::Repetitive => "repetitive",
            Self::Personal => "personal",
            Self::Characters => "characters",
        }
    }
}

impl AccountPassword {
    fn heading(&self) -> &'static str {
        if self.has_password { self.texts.change_password } else { self.texts.set_password }
    }

    /// The problem's code and its words.
    fn said(&self) -> Option<(&'static str, &'static str)> {
        self.problem.map(|problem| (problem.code(), (self.texts.problem)(problem)))
    }

    fn is_current_wrong(&self) -> bool {
        self.problem == Some(Problem::WrongCurrent)
    }

    fn is_new_wrong(&self) -> bool {
        self.problem.is_some_and(|problem| problem != Problem::WrongCurrent)
    }
}
