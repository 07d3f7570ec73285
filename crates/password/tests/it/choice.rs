//! Which passwords may be chosen.

use password::{Unacceptable, check};

use crate::secret;

const ZHANG: [&str; 4] = ["zhang.san", "SanZhang@example.com", "+86 138 1234 5678", "Xue"];

fn verdict(password: &str) -> &'static str {
    check(&secret(password), &ZHANG).map_or_else(Unacceptable::code, |()| "ok")
}

#[test]
fn good_ones() {
    for good in [
        "correct horse battery staple",
        "tr0ub4dor&3",
        "kX9#mQ2v",
        "白日依山尽黄河入海流",
        "夜来风雨声🌧️花落知多少",
        "password of the house on the hill",
        "xue likes tea and cake",
        "2718281828459045",
        &"ab cd ef gh ij kl mn op qr st uv wx yz ".repeat(3),
    ] {
        assert_eq!(verdict(good), "ok", "{good}");
    }
}

#[test]
fn length_is_counted_in_normalised_characters() {
    for (password, expected) in [
        ("", "too_short"),
        ("kX9#mQ2", "too_short"),
        ("春眠不觉晓处处", "too_short"),
        ("春眠不觉晓处处闻", "ok"),
        ("a\u{308}o\u{308}u\u{308}e\u{301}", "too_short"),
        ("🌧️", "too_short"),
    ] {
        assert_eq!(verdict(password), expected, "{password}");
    }
    let long =
        |count: usize| "春眠不觉晓处处闻啼鸟".chars().cycle().take(count).collect::<String>();
    assert_eq!(verdict(&long(128)), "ok");
    assert_eq!(verdict(&long(129)), "too_long");
    assert_eq!(verdict(&"x".repeat(10_000_000)), "too_long");
    // One character that normalises to eighteen
    assert_eq!(verdict(&"\u{fdfa}".repeat(8)), "too_long");
}

#[test]
fn common_ones() {
    for common in [
        "password",
        "PassWord",
        "password123!",
        "Password2026",
        "password1!!!",
        "iloveyou",
        "qwertyuiop",
        "1qaz2wsx",
        "woaini1314",
        "WoAiNi1314!",
        "woaini520",
        "5201314a",
        "a5201314",
        "5201314woaini",
        "qq123456",
        "QQ123456789",
        "a123456789",
        "Aa123456.",
        "Admin@123",
        "P@ssw0rd",
        "wodemima",
        "zhang123456",
        "ｑｑ１２３４５６",
    ] {
        assert_eq!(verdict(common), "common", "{common}");
    }
}

#[test]
fn repetitive_ones() {
    for repetitive in [
        "aaaaaaaa",
        "AaAaAaAa",
        "........",
        "我我我我我我我我",
        "12345678",
        "1234567890",
        "0987654321",
        "67890123",
        "abcdefghijk",
        "AbCdEfGh",
        "zyxwvuts",
        "121212121",
        "abcabcab",
        "qx7kqx7kqx7k",
    ] {
        assert_eq!(verdict(repetitive), "repetitive", "{repetitive}");
    }
}

#[test]
fn personal_ones() {
    for personal in [
        "zhang.san.is.me",
        "I am ZHANG.SAN today",
        "xxsanzhangxx",
        "13812345678!",
        "tel12345678x",
        "ｓａｎｚｈａｎｇ！！！",
    ] {
        assert_eq!(verdict(personal), "personal", "{personal}");
    }
    assert_eq!(check(&secret("kX9#mQ2v"), &["", "@", " ", "kX9", "+", "()"]), Ok(()));
    assert_eq!(check(&secret("zhang.san.is.me"), &[]), Ok(()));
}

#[test]
fn characters_that_cannot_be_used() {
    for bad in ["\u{0}", "\n", "\u{7f}", "\u{85}", "\u{200b}", "\u{202e}", "\u{feff}", "\u{e000}"] {
        assert_eq!(verdict(&format!("kX9#mQ2v{bad}")), "characters", "{bad:?}");
    }
    for unassigned in ["\u{378}", "\u{ffff}", "\u{10ffff}"] {
        assert_eq!(verdict(&format!("kX9#mQ2v{unassigned}")), "characters", "{unassigned:?}");
    }
}

#[test]
fn codes_are_stable_and_texts_name_the_rule() {
    let all = [
        (Unacceptable::TooShort, "too_short", "at least 8 characters"),
        (Unacceptable::TooLong, "too_long", "at most 128 characters"),
        (Unacceptable::Common, "common", "common"),
        (Unacceptable::Repetitive, "repetitive", "repeats"),
        (Unacceptable::Personal, "personal", "personal data"),
        (Unacceptable::Characters, "characters", "can't be used"),
    ];
    for (reason, code, text) in all {
        assert_eq!(reason.code(), code);
        assert!(reason.to_string().contains(text), "{reason}");
    }
}
