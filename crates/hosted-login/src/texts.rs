//! The words of the pages: one value per language, so that a missing text does not compile.

pub mod account;
mod approve;
mod bind;
mod en;
mod hand_over;
mod ja;
mod local;
mod places;
mod registered;
mod supplement;
mod zh_cn;
mod zh_tw;

pub use self::approve::ApproveTexts;
pub use self::bind::BindTexts;
pub use self::hand_over::HandOverTexts;
pub use self::local::LocalTexts;
pub use self::places::PlacesTexts;
pub use self::registered::RegisteredTexts;
pub use self::supplement::SupplementTexts;
use crate::language::Language;
use crate::pages::{Notice, NoticeText, Reason};

/// Every text of the pages in one language.
#[derive(Debug)]
pub struct Texts {
    /// Heading of the login page; the app's name.
    pub sign_in_to: fn(&str) -> String,
    /// The same when the app has no name to show.
    pub sign_in: &'static str,
    /// Below the heading, when there are several sources.
    pub choose_source: &'static str,
    /// Below the heading, when there is one.
    pub one_source: &'static str,
    /// Below the heading, when the panel shows a QR code.
    pub scan_panel: &'static str,
    /// Between the panel and the other sources.
    pub other_sources: &'static str,
    /// Name of the panel for screen readers; the source's name.
    pub panel_title: fn(&str) -> String,
    /// Link below the panel to the page of WeCom's own.
    pub panel_trouble: &'static str,
    /// Heading above the sources that can't work here, when others can.
    pub unavailable: &'static str,
    /// Heading of the login page when no source can work here.
    pub none_available: &'static str,
    /// Why a source can't work in this browser, and what to do.
    pub reason: fn(Reason) -> &'static str,
    /// Label of the field with the page's link.
    pub this_link: &'static str,
    /// Button that copies.
    pub copy: &'static str,
    /// The same button when it is done.
    pub copied: &'static str,
    /// Button that ends the sign-in; the app's name.
    pub cancel_to: fn(&str) -> String,
    /// The same when the app has no name to show.
    pub cancel: &'static str,
    /// What stands around the names of the tenant's agreements.
    pub agreements: AgreementWords,
    /// Name of the list of languages, for screen readers.
    pub language: &'static str,
    /// Before the stable code.
    pub code: &'static str,
    /// Before the trace code.
    pub trace: &'static str,
    /// Before the details for developers.
    pub details: &'static str,
    /// When to try again; seconds.
    pub retry_after: fn(u32) -> String,
    /// Action: the same step again.
    pub try_again: &'static str,
    /// Action: a fresh sign-in.
    pub sign_in_again: &'static str,
    /// Action: another source.
    pub other_source: &'static str,
    /// Action: to the app; its name.
    pub back_to: fn(&str) -> String,
    /// Heading after sign-out.
    pub signed_out: &'static str,
    /// Text after sign-out.
    pub signed_out_text: &'static str,
    /// Question before sign-out; the app's name.
    pub confirm_sign_out_of: fn(&str) -> String,
    /// The same when no app is known.
    pub confirm_sign_out: &'static str,
    /// Text of that question.
    pub confirm_sign_out_text: &'static str,
    /// Who is signed in; the user's name.
    pub signed_in_as: fn(&str) -> String,
    /// Button: sign out.
    pub sign_out: &'static str,
    /// Button: stay signed in.
    pub stay: &'static str,
    /// Heading of the page that goes on by itself; the app's name.
    pub continuing_to: fn(&str) -> String,
    /// The same when no app is known.
    pub continuing: &'static str,
    /// Its text.
    pub continuing_text: &'static str,
    /// Its button.
    pub go_on: &'static str,
    /// The words of a notice.
    pub notice: fn(Notice) -> NoticeText,
}

/// The words around a list of links: `before` first `between` second … `last` last `after`, each name
/// in its quotation marks.
#[derive(Debug)]
pub struct AgreementWords {
    /// Before the first.
    pub before: &'static str,
    /// Before a name.
    pub open: &'static str,
    /// After a name.
    pub close: &'static str,
    /// Between two, except the last two.
    pub between: &'static str,
    /// Between the last two.
    pub last: &'static str,
    /// After the last.
    pub after: &'static str,
}

impl Texts {
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

/// A table row of a language file.
const fn words(heading: &'static str, text: &'static str) -> NoticeText {
    NoticeText { heading, text }
}

/// The name with a space where a Latin letter or digit would touch a Chinese character.
fn spaced(name: &str) -> String {
    match name.chars().next() {
        Some(first) if first.is_ascii() => format!(" {name}"),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Language, Notice, Texts};

    #[test]
    fn chinese_sets_a_space_between_scripts_only() {
        let texts = Texts::of(Language::ZhCn);
        assert_eq!((texts.sign_in_to)("工单系统"), "登录工单系统");
        assert_eq!((texts.sign_in_to)("Wiki"), "登录 Wiki");
        assert_eq!((texts.back_to)("Wiki"), "返回 Wiki");
        let texts = Texts::of(Language::ZhTw);
        assert_eq!((texts.sign_in_to)("工單系統"), "登入工單系統");
        assert_eq!((texts.back_to)("Wiki"), "返回 Wiki");
    }

    #[test]
    fn japanese_sets_a_name_in_brackets() {
        let texts = Texts::of(Language::Ja);
        assert_eq!((texts.sign_in_to)("Wiki"), "「Wiki」にサインイン");
        assert_eq!((texts.retry_after)(61), "2分後にもう一度お試しください。");
    }

    #[test]
    fn taiwan_reads_its_own_words() {
        // Words of the mainland in traditional characters are no translation.
        for notice in Notice::ALL {
            let words = format!("{:?}", (Texts::of(Language::ZhTw).notice)(notice));
            for foreign in ["登錄請求", "賬號", "鏈接", "刷新", "屏幕", "二維碼", "你", "退出"]
            {
                assert!(!words.contains(foreign), "{foreign}: {words}");
            }
        }
    }

    #[test]
    fn english_counts_seconds_and_minutes() {
        let texts = Texts::of(Language::En);
        assert_eq!((texts.retry_after)(1), "Please try again in 1 second.");
        assert_eq!((texts.retry_after)(59), "Please try again in 59 seconds.");
        assert_eq!((texts.retry_after)(61), "Please try again in 2 minutes.");
        assert_eq!((texts.retry_after)(u32::MAX), "Please try again in 71582789 minutes.");
    }
}
