//! The languages of messages.

/// A language in which messages exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// Simplified Chinese.
    ZhCn,
    /// Traditional Chinese, in Taiwan's words.
    ZhTw,
    /// English.
    En,
    /// Japanese.
    Ja,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 4] = [Self::ZhCn, Self::ZhTw, Self::En, Self::Ja];

    /// The BCP 47 tag.
    pub fn tag(self) -> &'static str {
        match self {
            Self::ZhCn => "zh-CN",
            Self::ZhTw => "zh-TW",
            Self::En => "en",
            Self::Ja => "ja",
        }
    }

    /// The language that serves who asks for this BCP 47 tag; case and further subtags don't
    /// matter, Chinese is told apart by script, then by region.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let tag = tag.to_ascii_lowercase();
        let mut parts = tag.split('-');
        match parts.next()? {
            "en" => Some(Self::En),
            "ja" => Some(Self::Ja),
            "zh" => Some(parts.find_map(variant).unwrap_or(Self::ZhCn)),
            _ => None,
        }
    }
}

/// What a subtag says about the characters.
fn variant(subtag: &str) -> Option<Language> {
    match subtag {
        "hant" | "tw" | "hk" | "mo" => Some(Language::ZhTw),
        "hans" | "cn" | "sg" | "my" => Some(Language::ZhCn),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Language;

    #[test]
    fn tags_find_their_language() {
        for language in Language::ALL {
            assert_eq!(Language::from_tag(language.tag()), Some(language));
        }
        let cases = [
            ("zh", Some(Language::ZhCn)),
            ("zh-Hans-TW", Some(Language::ZhCn)),
            ("ZH-hant", Some(Language::ZhTw)),
            ("zh-HK", Some(Language::ZhTw)),
            ("en-GB", Some(Language::En)),
            ("ja-JP", Some(Language::Ja)),
            ("english", None),
            ("fr", None),
            ("", None),
        ];
        for (tag, language) in cases {
            assert_eq!(Language::from_tag(tag), language, "{tag}");
        }
    }
}
