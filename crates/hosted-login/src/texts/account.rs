//! The words of the pages of a person's own account.

mod en;
mod ja;
mod zh_cn;
mod zh_tw;

use crate::language::Language;
use crate::pages::Problem;

/// Every text of those pages in one language.
#[derive(Debug)]
pub struct AccountTexts {
    /// What the page is.
    pub heading: &'static str,
    /// Label of the mail address.
    pub email: &'static str,
    /// Label of the phone number.
    pub phone: &'static str,
    /// Label of the name to sign in by.
    pub username: &'static str,
    /// Mark of a value that is verified.
    pub verified: &'static str,
    /// Mark of one that isn't.
    pub unverified: &'static str,
    /// Heading of the ways in.
    pub ways: &'static str,
    /// Before the time when a way in was added.
    pub added: &'static str,
    /// Before the time when it was last used.
    pub last_used: &'static str,
    /// Mark of an identity that an administrator has switched off.
    pub suspended: &'static str,
    /// Button that removes a way in.
    pub remove: &'static str,
    /// The same for screen readers; the corp's name.
    pub remove_of: fn(&str) -> String,
    /// Button that adds one, and the heading of that page.
    pub add: &'static str,
    /// Below that heading; the person's name.
    pub add_text: fn(&str) -> String,
    /// Where there is nothing to add.
    pub add_none: &'static str,
    /// Where what could be added works in other browsers only.
    pub add_elsewhere: &'static str,
    /// Question before a way in is removed; the corp's name.
    pub remove_question: fn(&str) -> String,
    /// What follows from that.
    pub remove_text: &'static str,
    /// Why the last one stays.
    pub remove_last: &'static str,
    /// Button that keeps it.
    pub keep: &'static str,
    /// Name of the password among the ways in.
    pub password: &'static str,
    /// Before the time when it was chosen.
    pub changed: &'static str,
    /// Where there is none.
    pub no_password: &'static str,
    /// Button, and heading of the form.
    pub change_password: &'static str,
    /// The same where there is none yet.
    pub set_password: &'static str,
    /// Below that heading.
    pub password_text: &'static str,
    /// Label of a field.
    pub current_password: &'static str,
    /// Label of a field.
    pub new_password: &'static str,
    /// What a good one is.
    pub password_hint: &'static str,
    /// Label of a field.
    pub repeat_password: &'static str,
    /// Button of the form.
    pub save: &'static str,
    /// What is wrong with what was typed.
    pub problem: fn(Problem) -> &'static str,
    /// Heading of the sessions.
    pub sessions: &'static str,
    /// Mark of the session that looks.
    pub this_device: &'static str,
    /// Before the time when a session was last used.
    pub last_seen: &'static str,
    /// Button that ends a session, for screen readers; the device.
    pub sign_out_of: fn(&str) -> String,
    /// Button that ends all others.
    pub sign_out_others: &'static str,
    /// A browser on a system.
    pub device: fn(&str, &str) -> String,
    /// One that does not say what it is.
    pub unknown_device: &'static str,
    /// The WeCom client.
    pub wecom: &'static str,
    /// The WeChat client.
    pub wechat: &'static str,
    /// Heading of the apps that hold something of the person.
    pub apps: &'static str,
    /// Below it: what taking access away does.
    pub apps_text: &'static str,
    /// Before the time since when an app has access.
    pub since: &'static str,
    /// Button that takes an app's access away.
    pub withdraw: &'static str,
    /// The same for screen readers; the app's name.
    pub withdraw_of: fn(&str) -> String,
    /// Heading of what happened lately.
    pub activity: &'static str,
    /// Mark of what was refused.
    pub refused: &'static str,
    /// What happened.
    pub happening: fn(Happening) -> &'static str,
    /// What was just done.
    pub done: fn(Done) -> &'static str,
    /// Action: to the account page.
    pub back: &'static str,
}

/// What can have happened to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// A sign-in.
    SignIn,
    /// An app was opened by the session.
    SingleSignOn,
    /// A sign-out.
    SignOut,
    /// The account was made.
    Created,
    /// A way in was added.
    Linked,
    /// A way in was removed.
    Unlinked,
    /// The password was changed.
    Password,
    /// Another device was signed out.
    SessionEnded,
    /// All other devices were signed out.
    SessionsEnded,
    /// An app was allowed to know the person.
    Consented,
    /// An app's access was taken away.
    Withdrawn,
    /// Signed out because the corp does not know the person any more.
    EndedByCorp,
    /// An administrator changed something.
    Administrator,
    /// Anything else.
    Other,
}

/// What the person has just done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// Chosen a password.
    Password,
    /// Removed a way in.
    Unlinked,
    /// Signed out another device.
    SessionEnded,
    /// Signed out all other devices.
    SessionsEnded,
    /// Taken an app's access away.
    Withdrawn,
}

impl Done {
    /// Each of them.
    pub const ALL: [Self; 5] =
        [Self::Password, Self::Unlinked, Self::SessionEnded, Self::SessionsEnded, Self::Withdrawn];

    /// The word for it in an address.
    pub fn code(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Unlinked => "removed",
            Self::SessionEnded => "session",
            Self::SessionsEnded => "sessions",
            Self::Withdrawn => "withdrawn",
        }
    }
}

impl AccountTexts {
    /// The texts in this language.
    pub fn of(language: Language) -> &'static Self {
        match language {
            Language::ZhCn => &zh_cn::TEXTS,
            Language::ZhTw => &zh_tw::TEXTS,
            Language::Ja => &ja::TEXTS,
            Language::En => &en::TEXTS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AccountTexts, Done, Happening, Language, Problem};

    #[test]
    fn taiwan_reads_its_own_words() {
        let texts = AccountTexts::of(Language::ZhTw);
        let problems = Problem::ALL.map(texts.problem);
        let done = Done::ALL.map(texts.done);
        let happening = (texts.happening)(Happening::SingleSignOn);
        let words = format!("{texts:?} {problems:?} {done:?} {happening}");
        for foreign in ["賬號", "登錄", "設備", "屏幕", "郵箱", "保存", "字符", "你", "退出"]
        {
            assert!(!words.contains(foreign), "{foreign}: {words}");
        }
    }

    #[test]
    fn a_word_in_an_address_means_one_thing() {
        for (at, one) in Done::ALL.iter().enumerate() {
            assert!(Done::ALL[at + 1..].iter().all(|other| other.code() != one.code()));
        }
        for (at, one) in Problem::ALL.iter().enumerate() {
            assert!(Problem::ALL[at + 1..].iter().all(|other| other.code() != one.code()));
        }
    }
}
