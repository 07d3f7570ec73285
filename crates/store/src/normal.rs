//! Normal forms: what people are found by, defined once and used on both sides of every comparison.
//!
//! Two texts that mean one thing have one key; two that may mean two people never do. So a letter
//! that only looks like another one, or that some mail server might fold into it, makes an address
//! unusable rather than equal (attack M11): what has no key matches nothing.

use std::fmt;

use unicode_normalization::UnicodeNormalization as _;

/// Why a text has no normal form. The text is a half sentence: what is wrong, and the remedy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// Nothing, or white space only.
    #[error("is empty: leave it out instead")]
    Empty,
    /// Longer than any real one.
    #[error("is too long: at most {0} characters")]
    TooLong(usize),
    /// Not of the form.
    #[error("{0}")]
    Form(&'static str),
}

macro_rules! text_with_key {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name { text: String, key: String }

        impl $name {
            /// As it is shown and sent to.
            pub fn as_str(&self) -> &str {
                &self.text
            }

            /// What it is compared by.
            pub fn key(&self) -> &str {
                &self.key
            }

            pub(crate) fn into_key(self) -> String {
                self.key
            }

            pub(crate) fn to_stored_key(&self) -> Vec<u8> {
                self.key.clone().into_bytes()
            }
        }

        /// Personal data stays out of logs.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    )*};
}

text_with_key! {
    /// A mail address (RFC 5321): compared without regard to the case of ASCII letters; the domain by
    /// IDNA (UTS 46). What stands behind a `+` counts: it is another address.
    Email;
    /// A phone number as E.164: `+` and 7 to 15 digits. Without a country it is one of mainland China.
    Phone;
    /// A user name, an external id or a userid: compared without regard to width and case (NFKC, lower
    /// case), because WeCom's userids are unique in that way [D 90195].
    Handle;
}

impl Email {
    /// Longest address (RFC 5321 §4.5.3.1.3), in bytes.
    pub const AT_MOST: usize = 254;

    /// Reads an address.
    pub fn parse(text: &str) -> Result<Self, Flaw> {
        const FORM: Flaw = Flaw::Form("has to be a mail address such as name@example.com");
        let text = text.trim();
        if text.is_empty() {
            return Err(Flaw::Empty);
        }
        if text.len() > Self::AT_MOST {
            return Err(Flaw::TooLong(Self::AT_MOST));
        }
        let (local, domain) = text.rsplit_once('@').ok_or(FORM)?;
        // A dot-atom (RFC 5322 §3.2.3): quoted forms and other scripts are not worth their risk.
        let atom = |part: &str| {
            let sign =
                |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
            !part.is_empty() && part.bytes().all(sign)
        };
        if local.len() > 64 || !local.split('.').all(atom) {
            return Err(FORM);
        }
        let host = match url::Host::parse(domain) {
            Ok(url::Host::Domain(host)) if host.contains('.') && !host.ends_with('.') => host,
            _ => return Err(FORM),
        };
        let key = format!("{}@{host}", local.to_ascii_lowercase());
        Ok(Self { text: format!("{local}@{host}"), key })
    }
}

impl Phone {
    /// Reads a number as people and WeCom write it: with spaces and hyphens, full-width digits, `00`
    /// for `+`; a mobile number of mainland China also without a country.
    pub fn parse(text: &str) -> Result<Self, Flaw> {
        const FORM: Flaw = Flaw::Form(
            "has to be a phone number with its country, such as +85221234567, or a mobile number of \
             mainland China",
        );
        let folded: String =
            text.nfkc().filter(|c| !c.is_whitespace() && !"-().\u{200b}".contains(*c)).collect();
        if folded.is_empty() {
            return Err(Flaw::Empty);
        }
        let (international, digits) = match (folded.strip_prefix('+'), folded.strip_prefix("00")) {
            (Some(rest), _) | (None, Some(rest)) => (true, rest),
            (None, None) => (false, folded.as_str()),
        };
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(FORM);
        }
        let is_mobile = |number: &str| {
            number.len() == 11
                && number.starts_with('1')
                && !matches!(number.as_bytes()[1], b'0'..=b'2')
        };
        let number = match digits.strip_prefix("86") {
            Some(national) if is_mobile(national) => format!("+86{national}"),
            // No number of mainland China is that short or long.
            Some(_) if international && !(10..=14).contains(&digits.len()) => return Err(FORM),
            _ if international => format!("+{digits}"),
            _ if is_mobile(digits) => format!("+86{digits}"),
            _ => return Err(FORM),
        };
        // E.164: at most 15 digits, and no country begins with 0.
        if !(8..=16).contains(&number.len()) || number.starts_with("+0") {
            return Err(FORM);
        }
        Ok(Self { key: number.clone(), text: number })
    }
}

impl Handle {
    /// Longest handle, in characters.
    pub const AT_MOST: usize = 64;

    /// Reads a user name or an external id.
    pub fn parse(text: &str) -> Result<Self, Flaw> {
        let text: String = text.trim().nfc().collect();
        if text.is_empty() {
            return Err(Flaw::Empty);
        }
        if text.chars().count() > Self::AT_MOST {
            return Err(Flaw::TooLong(Self::AT_MOST));
        }
        let key: String = text.nfkc().collect::<String>().to_lowercase().nfkc().collect();
        let proper = |c: char| c.is_alphanumeric() || "._-@+#/".contains(c);
        if !key.chars().all(proper) || key.chars().count() > Self::AT_MOST {
            return Err(Flaw::Form("may have letters, digits and . _ - @ + # / only"));
        }
        Ok(Self { text, key })
    }
}

/// What a prefix of a user name or an external id is searched by: it may end anywhere.
pub(crate) fn handle_prefix(text: &str) -> String {
    text.trim().nfkc().collect::<String>().to_lowercase().nfkc().collect()
}

/// What a person's name is searched by: without regard to width, case and white space around it.
pub(crate) fn name_key(name: &str) -> Option<Vec<u8>> {
    let key: String =
        name.trim().nfkc().collect::<String>().to_lowercase().chars().take(128).collect();
    (!key.is_empty()).then(|| key.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn emails(text: &str) -> Option<String> {
        Email::parse(text).ok().map(|email| email.key().to_owned())
    }

    fn phones(text: &str) -> Option<String> {
        Phone::parse(text).ok().map(|phone| phone.key().to_owned())
    }

    fn handles(text: &str) -> Option<String> {
        Handle::parse(text).ok().map(|handle| handle.key().to_owned())
    }

    #[test]
    fn mail_addresses_that_are_one_have_one_key() {
        let one =
            [" San.Zhang@Example.COM ", "san.zhang@example.com", "SAN.ZHANG@ＥＸＡＭＰＬＥ.com"];
        for text in one {
            assert_eq!(emails(text).as_deref(), Some("san.zhang@example.com"), "{text}");
        }
        assert_eq!(emails("a@例子.中国"), emails("a@xn--fsqu00a.xn--fiqs8s"));
        // A tag, a dot and another letter make another address.
        for other in
            ["sanzhang@example.com", "san.zhang+1@example.com", "san.zhang@mail.example.com"]
        {
            assert!(emails(other).is_some_and(|key| key != "san.zhang@example.com"), "{other}");
        }
    }

    #[test]
    fn m11_a_look_alike_mail_address_has_no_key() {
        for text in [
            "",
            " ",
            "a",
            "@",
            "a@",
            "@b.cn",
            "a@b",
            "a@@b.cn",
            "a b@c.cn",
            ".a@b.cn",
            "a.@b.cn",
            "a..b@c.cn",
            "\"a\"@b.cn",
            "ｓan@example.com",
            "sаn@example.com",
            "san\u{200b}@example.com",
            "san@example.com\n",
            "a@b.cn,c@d.cn",
            "a@127.0.0.1",
            "a@[::1]",
            "ı@example.com",
            "ß@example.com",
        ] {
            let trimmed = text.trim() != text && Email::parse(text.trim()).is_ok();
            assert!(trimmed || emails(text).is_none(), "{text:?} {:?}", emails(text));
        }
    }

    #[test]
    fn phone_numbers_that_are_one_have_one_key() {
        for text in [
            "13800000001",
            "+8613800000001",
            "8613800000001",
            "008613800000001",
            "+86 138 0000 0001",
            "138-0000-0001",
            "１３８００００００01",
            "＋86 (138) 0000.0001",
            " 13800000001 ",
        ] {
            assert_eq!(phones(text).as_deref(), Some("+8613800000001"), "{text}");
        }
        assert_eq!(phones("+852 2123 4567").as_deref(), Some("+85221234567"));
        assert_eq!(phones("0085221234567").as_deref(), Some("+85221234567"));
        for text in [
            "",
            "0",
            "12345",
            "1380000000",
            "138000000011",
            "2123456",
            "021-12345678",
            "+",
            "+0123456789",
            "+123456",
            "+1234567890123456",
            "13800000001x",
            "1380000000a",
            "12800000001",
            "+86138",
            "٣٤٥٦٧٨٩٠١٢٣",
            "13800000001,13800000002",
        ] {
            assert_eq!(phones(text), None, "{text:?}");
        }
    }

    #[test]
    fn handles_are_compared_without_width_and_case() {
        for text in ["ZhangSan", "zhangsan", " ＺｈａｎｇＳａｎ ", "ZHANGSAN"] {
            assert_eq!(handles(text).as_deref(), Some("zhangsan"), "{text}");
        }
        assert_eq!(handles("张三").as_deref(), Some("张三"));
        assert_eq!(handles("A-001/7").as_deref(), Some("a-001/7"));
        for text in
            ["", "  ", "a b", "a\tb", "a\u{200b}b", "a\u{202e}b", "<b>", "a\"b", &"a".repeat(65)]
        {
            assert_eq!(handles(text), None, "{text:?}");
        }
        // Another script is another person.
        assert_ne!(handles("zhаngsan"), handles("zhangsan"));
    }

    #[test]
    fn a_key_is_its_own_normal_form() {
        for text in ["San@Example.COM", "a+b@例子.中国"] {
            let key = emails(text).unwrap();
            assert_eq!(emails(&key), Some(key.clone()));
        }
        for text in ["13800000001", "+85221234567"] {
            let key = phones(text).unwrap();
            assert_eq!(phones(&key), Some(key.clone()));
        }
        for text in ["ＺhangSan", "ǅ", "ﬀ", "Σς"] {
            let key = handles(text).unwrap();
            assert_eq!(handles(&key), Some(key.clone()), "{text}");
        }
    }
}
