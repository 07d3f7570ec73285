//! The language of a page: what we speak, and which of it this person reads.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use fluent_langneg::{LanguageIdentifier, NegotiationStrategy, negotiate_languages};

/// A language in which the pages exist.
///
/// A further one is a variant here, its rows in [`AVAILABLE`], and a file in `texts/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// Simplified Chinese.
    ZhCn,
    /// Traditional Chinese, in the words of Taiwan.
    ZhTw,
    /// Japanese.
    Ja,
    /// English.
    En,
}

/// Which tags each language answers to, the likelier script first: a region that is not named here
/// reads simplified characters. Hong Kong and Macau read Taiwan's.
const AVAILABLE: [(&str, Language); 8] = [
    ("zh-CN", Language::ZhCn),
    ("zh-Hans", Language::ZhCn),
    ("zh-TW", Language::ZhTw),
    ("zh-HK", Language::ZhTw),
    ("zh-MO", Language::ZhTw),
    ("zh-Hant", Language::ZhTw),
    ("ja", Language::Ja),
    ("en", Language::En),
];

/// Tags looked at in one header or parameter; the rest of a longer list is ignored.
const MAX_TAGS: usize = 16;

impl Language {
    /// Every language, in the order in which a page offers them.
    pub const ALL: [Self; 4] = [Self::ZhCn, Self::ZhTw, Self::Ja, Self::En];

    /// The BCP 47 tag, as in `<html lang>` and `ui_locales`.
    pub fn tag(self) -> &'static str {
        match self {
            Self::ZhCn => "zh-CN",
            Self::ZhTw => "zh-TW",
            Self::Ja => "ja",
            Self::En => "en",
        }
    }

    /// The value of WeCom's `lang` parameter [D 98152]; WeCom knows these two only.
    pub fn wecom(self) -> &'static str {
        match self {
            Self::ZhCn | Self::ZhTw => "zh",
            Self::Ja | Self::En => "en",
        }
    }

    /// The same language in messages.
    pub fn notify(self) -> notify::Language {
        match self {
            Self::ZhCn => notify::Language::ZhCn,
            Self::ZhTw => notify::Language::ZhTw,
            Self::En => notify::Language::En,
            Self::Ja => notify::Language::Ja,
        }
    }

    /// The language's name in itself, for the link that switches to it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ZhCn => "简体中文",
            Self::ZhTw => "繁體中文",
            Self::Ja => "日本語",
            Self::En => "English",
        }
    }

    /// The language whose tag this is, exactly (for settings); for what people ask use
    /// [`negotiate`](Self::negotiate).
    pub fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(tag))
    }

    /// The text for a reader of this language among texts by tag: as [`understood`](Self::understood),
    /// or any.
    pub fn pick(self, texts: &BTreeMap<String, String>) -> Option<&str> {
        self.understood(texts).or_else(|| texts.values().next().map(String::as_str))
    }

    /// The text in this language, or in the next one that most of its readers understand.
    pub fn understood(self, texts: &BTreeMap<String, String>) -> Option<&str> {
        let understood: &[Self] = match self {
            Self::ZhCn => &[Self::ZhCn, Self::ZhTw, Self::En],
            Self::ZhTw => &[Self::ZhTw, Self::ZhCn, Self::En],
            Self::Ja => &[Self::Ja, Self::En],
            Self::En => &[Self::En],
        };
        understood.iter().find_map(|language| texts.get(language.tag())).map(String::as_str)
    }

    /// Chooses the language of a page.
    ///
    /// `ui_locales` is the app's wish (tags separated by spaces, best first; OpenID Connect Core
    /// 3.1.2.1) and wins; then the browser's `Accept-Language` (RFC 9110, 12.5.4); then `default`.
    pub fn negotiate(
        ui_locales: Option<&str>,
        accept_language: Option<&str>,
        default: Self,
    ) -> Self {
        ui_locales
            .and_then(|tags| lookup(tags.split_ascii_whitespace()))
            .or_else(|| accept_language.and_then(|header| lookup(preferred(header).into_iter())))
            .unwrap_or(default)
    }
}

/// The first of the wanted tags that we can serve, region and script loosened step by step.
fn lookup<'a>(tags: impl Iterator<Item = &'a str>) -> Option<Language> {
    let wanted: Vec<LanguageIdentifier> =
        tags.take(MAX_TAGS).filter_map(|tag| tag.parse().ok()).collect();
    let available: Vec<LanguageIdentifier> =
        AVAILABLE.iter().filter_map(|(tag, _)| tag.parse().ok()).collect();
    let hit = negotiate_languages(&wanted, &available, None, NegotiationStrategy::Lookup)
        .first()?
        .to_string();
    AVAILABLE.iter().find(|(tag, _)| *tag == hit).map(|(_, language)| *language)
}

/// The tags of an `Accept-Language` header, best first; those with weight 0 are refused ones.
fn preferred(header: &str) -> Vec<&str> {
    let mut weighted: Vec<(u16, &str)> = header
        .split(',')
        .take(MAX_TAGS)
        .filter_map(|item| {
            let (tag, parameters) = item.split_once(';').unwrap_or((item, ""));
            let weight = match parameters.trim().strip_prefix("q=") {
                Some(value) => millis(value.trim())?,
                None => 1000,
            };
            (weight > 0).then_some((weight, tag.trim()))
        })
        .collect();
    weighted.sort_by_key(|(weight, _)| Reverse(*weight));
    weighted.into_iter().map(|(_, tag)| tag).collect()
}

/// A quality value (RFC 9110, 12.4.2: 0 to 1, three decimals) in thousandths.
fn millis(value: &str) -> Option<u16> {
    let (whole, decimals) = value.split_once('.').unwrap_or((value, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let fraction: u16 = format!("{decimals:0<3}").parse().ok()?;
    match (whole, fraction) {
        ("0", fraction) => Some(fraction),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Language::{self, En, Ja, ZhCn, ZhTw};

    fn from_header(header: &str) -> Language {
        // The default is the language that the header does not ask for.
        let [one, other] =
            [ZhCn, En].map(|default| Language::negotiate(None, Some(header), default));
        assert_eq!(one, other, "{header:?} fell back to the default");
        one
    }

    #[test]
    fn the_header_is_matched_by_language_script_and_weight() {
        for header in ["zh-CN,zh;q=0.9,en;q=0.8", "zh", "zh-Hans", "zh-hans-cn", "ZH-cn", "zh-SG"] {
            assert_eq!(from_header(header), ZhCn, "{header}");
        }
        for header in ["zh-TW", "zh-HK,en;q=0.5", "zh-MO", "zh-Hant-TW", "zh-Hant", "zh-hant-hk"] {
            assert_eq!(from_header(header), ZhTw, "{header}");
        }
        for header in ["ja", "ja-JP,ja;q=0.9,en;q=0.8", "JA-jp", "ja-Jpan"] {
            assert_eq!(from_header(header), Ja, "{header}");
        }
        for header in ["en", "en-GB,en;q=0.9", "fr-FR, de;q=0.9, en-US;q=0.1, *;q=0.05"] {
            assert_eq!(from_header(header), En, "{header}");
        }
        assert_eq!(from_header("zh;q=0.3, en;q=0.7"), En);
        assert_eq!(from_header("en;q=0, zh-CN;q=0.001"), ZhCn);
    }

    #[test]
    fn the_apps_wish_wins_over_the_browser() {
        assert_eq!(Language::negotiate(Some("en"), Some("zh-CN"), ZhCn), En);
        assert_eq!(Language::negotiate(Some("fr-CA zh-CN en"), Some("en"), En), ZhCn);
        assert_eq!(Language::negotiate(Some("fr ja"), Some("en-US"), ZhCn), Ja);
        assert_eq!(Language::negotiate(Some("fr de"), Some("en-US"), ZhCn), En);
    }

    #[test]
    fn nonsense_ends_at_the_default() {
        let long = "zz-".repeat(10_000);
        for wish in ["", " ", ",,;;", "*", "fr", "q=1", "en;q=2", "en;q=0.0001", "\u{0}", &long] {
            for default in Language::ALL {
                assert_eq!(Language::negotiate(Some(wish), Some(wish), default), default, "{wish}");
            }
        }
    }

    #[test]
    fn tags_name_their_language() {
        for language in Language::ALL {
            assert_eq!(Language::from_tag(language.tag()), Some(language));
            assert_eq!(Language::negotiate(Some(language.tag()), None, En), language);
        }
        assert_eq!(Language::ALL.map(Language::wecom), ["zh", "zh", "en", "en"]);
        assert_eq!(Language::from_tag("fr"), None);
    }

    #[test]
    fn a_text_is_picked_in_a_language_that_the_reader_understands() {
        let texts = |tags: &[&str]| -> BTreeMap<String, String> {
            tags.iter().map(|tag| ((*tag).to_owned(), (*tag).to_owned())).collect()
        };
        for language in Language::ALL {
            let all = texts(&["de", "en", "ja", "zh-CN", "zh-TW"]);
            assert_eq!(language.pick(&all), Some(language.tag()));
            assert_eq!(language.pick(&texts(&["fr"])), Some("fr"));
            assert_eq!(language.pick(&texts(&[])), None);
        }
        assert_eq!(ZhTw.pick(&texts(&["en", "ja", "zh-CN"])), Some("zh-CN"));
        assert_eq!(ZhCn.pick(&texts(&["en", "ja", "zh-TW"])), Some("zh-TW"));
        assert_eq!(Ja.pick(&texts(&["de", "en", "zh-CN"])), Some("en"));
        assert_eq!(En.pick(&texts(&["zh-CN", "zh-TW"])), Some("zh-CN"));
        assert_eq!(En.understood(&texts(&["zh-CN", "zh-TW"])), None);
    }
}
