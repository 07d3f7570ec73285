//! The words of the messages.

use notify::{Language, MailParts, Message, mail, sms};
use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};

const CODE: &str = "482913";

const CODES: [Message<'static>; 4] = [
    Message::SignInCode { code: CODE, minutes: 10 },
    Message::BindCode { code: CODE, minutes: 10 },
    Message::VerifyAddressCode { code: CODE, minutes: 10 },
    Message::ResetPasswordCode { code: CODE, minutes: 10 },
];

const NOTICES: [Message<'static>; 2] =
    [Message::PasswordChanged, Message::SourceLinked { source: "WeCom QR" }];

fn all() -> impl Iterator<Item = (Language, Message<'static>)> {
    let kinds = CODES.into_iter().chain(NOTICES);
    kinds.flat_map(|message| Language::ALL.map(|language| (language, message)))
}

#[test]
fn every_message_says_what_it_must_in_every_language() {
    for (language, message) in all() {
        let MailParts { subject, text, html } = mail(language, "Acme", &message);
        let name = format!("{} {}", language.tag(), message.purpose());
        for part in [&subject, &text, &html] {
            assert!(part.contains("Acme"), "{name}");
            assert!(!part.contains(['!', '！']) || part.starts_with("<!doctype"), "{name}");
        }
        assert!(!subject.contains('\n') && subject.chars().count() < 70, "{name}: {subject}");
        assert_eq!(text.contains("10"), message.code().is_some(), "{name}");
        for part in [&text, &html] {
            assert_eq!(
                part.matches(CODE).count(),
                usize::from(message.code().is_some())
                    + usize::from(part == &html && subject.contains(CODE)),
                "{name}"
            );
            assert_eq!(part.contains("WeCom QR"), message.purpose() == "source_linked", "{name}");
        }
    }
}

#[test]
fn the_subject_shows_no_code_that_could_take_an_account_over() {
    for (language, message) in all() {
        let subject = mail(language, "Acme", &message).subject;
        let shown = matches!(message.purpose(), "sign_in" | "verify_address");
        assert_eq!(subject.contains(CODE), shown, "{subject}");
    }
}

#[test]
fn an_sms_begins_with_its_code_and_is_short() {
    for (language, message) in all() {
        let text = sms(language, "Acme", &message);
        assert_eq!(text.starts_with("482913 "), message.code().is_some(), "{text}");
        assert!(text.contains("Acme") && !text.contains('\n'), "{text}");
        // Two parts at most: 67 units of UTF-16 each when they are joined
        assert!(text.encode_utf16().count() <= 134, "{text}");
    }
}

#[test]
fn the_html_loads_links_and_runs_nothing() {
    for (language, message) in all() {
        let html = mail(language, "Acme", &message).html;
        assert!(html.contains(&format!("<html lang=\"{}\">", language.tag())));
        for forbidden in [
            "http", "//", "<script", "<a ", "<img", "<link", "<form", "url(", "@import", "href",
            "src=",
        ] {
            assert!(!html.contains(forbidden), "{forbidden}");
        }
        assert!(html.contains("prefers-color-scheme: dark"));
    }
}

#[test]
fn numbers_of_minutes_read_well() {
    let text =
        |minutes| mail(Language::En, "Acme", &Message::SignInCode { code: CODE, minutes }).text;
    assert!(text(1).contains("valid for 1 minute and"));
    assert!(text(5).contains("valid for 5 minutes and"));
}

#[test]
fn chinese_sets_a_space_between_scripts_only() {
    let message = CODES[0];
    assert_eq!(mail(Language::ZhCn, "Acme", &message).subject, "482913 是你的 Acme 登录验证码");
    assert_eq!(mail(Language::ZhTw, "虎符", &message).subject, "482913 是你的虎符登入驗證碼");
    assert!(mail(Language::ZhCn, "Acme", &message).text.contains("你正在登录 Acme。"));
}

#[test]
fn a_plain_text_reads_as_a_letter() {
    let expected = "\
Acme

Your sign-in code

Enter this code on the page where you are signing in to Acme.

    482913

The code is valid for 10 minutes and works once. Don’t share it: we never ask for it by phone or in a message.

Not signing in? You can ignore this message. Nobody can sign in with this code unless you pass it on.

-- \nSent automatically by Acme. Replies are not read.";
    assert_eq!(mail(Language::En, "Acme", &CODES[0]).text, expected);
    let notice = mail(Language::En, "Acme", &Message::PasswordChanged).text;
    assert!(notice.contains("nothing to do.\n\nWasn’t you?"), "{notice}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Names are text in the HTML, one line in the subject, and never more markup.
    #[test]
    fn names_of_any_kind_stay_text(brand in any::<String>(), source in "[<>&\"'a-z{}%\\r\\n]{0,40}") {
        let message = Message::SourceLinked { source: &source };
        let plain = mail(Language::En, "x", &Message::SourceLinked { source: "x" });
        let parts = mail(Language::En, &brand, &message);
        prop_assert!(!parts.subject.contains(char::is_control));
        for mark in ["<", ">", "\""] {
            prop_assert_eq!(parts.html.matches(mark).count(), plain.html.matches(mark).count());
        }
        prop_assert_eq!(parts.text.lines().count(), plain.text.lines().count());
    }
}
