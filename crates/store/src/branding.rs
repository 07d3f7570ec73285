//! How a tenant's or an app's pages look: values with a fixed meaning, never markup, script or style.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What an administrator decides about the look of the pages. Empty fields decide nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Branding {
    /// The picture above the heading, an https URL.
    pub logo_url: Option<String>,
    /// The colour of buttons; those of links and of the focus are made from it.
    pub accent: Option<Color>,
    /// What is behind the card.
    pub background: Option<Background>,
    /// The login page's heading by language tag, in place of ours.
    pub heading: BTreeMap<String, String>,
    /// A line below the card, by language tag.
    pub note: BTreeMap<String, String>,
    /// What a person agrees to by signing in, in the order in which it is named.
    pub agreements: Vec<Agreement>,
}

impl Branding {
    /// An app's branding over its tenant's: field by field, what the app leaves empty is the
    /// tenant's.
    #[must_use]
    pub fn over(self, tenant: &Self) -> Self {
        Self {
            logo_url: self.logo_url.or_else(|| tenant.logo_url.clone()),
            accent: self.accent.or(tenant.accent),
            background: self.background.or_else(|| tenant.background.clone()),
            heading: if self.heading.is_empty() { tenant.heading.clone() } else { self.heading },
            note: if self.note.is_empty() { tenant.note.clone() } else { self.note },
            agreements: if self.agreements.is_empty() {
                tenant.agreements.clone()
            } else {
                self.agreements
            },
        }
    }

    /// Whether nothing is decided.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A document that people agree to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    /// Its name by language tag, at least one.
    pub names: BTreeMap<String, String>,
    /// Where it can be read, an https URL.
    pub url: String,
}

/// A text that is no value of a branding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("neither #rrggbb nor, where a picture may be, an https URL")]
pub struct NoBranding;

/// An opaque colour in sRGB, written `#rrggbb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Color(
    /// Red, green, blue.
    pub [u8; 3],
);

impl FromStr for Color {
    type Err = NoBranding;

    fn from_str(text: &str) -> Result<Self, NoBranding> {
        let digits = text.strip_prefix('#').filter(|digits| {
            digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        });
        let number = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let [_, red, green, blue] = number.ok_or(NoBranding)?.to_be_bytes();
        Ok(Self([red, green, blue]))
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self([red, green, blue]) = self;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl TryFrom<String> for Color {
    type Error = NoBranding;

    fn try_from(text: String) -> Result<Self, NoBranding> {
        text.parse()
    }
}

impl From<Color> for String {
    fn from(color: Color) -> Self {
        color.to_string()
    }
}

/// What is behind the card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Background {
    /// One colour.
    Color(Color),
    /// A picture that fills the page: an https URL.
    Image(String),
}

impl TryFrom<String> for Background {
    type Error = NoBranding;

    fn try_from(text: String) -> Result<Self, NoBranding> {
        if text.starts_with("https://") {
            Ok(Self::Image(text))
        } else {
            text.parse().map(Self::Color)
        }
    }
}

impl From<Background> for String {
    fn from(background: Background) -> Self {
        match background {
            Background::Color(color) => color.to_string(),
            Background::Image(url) => url,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Agreement, Background, Branding, Color};

    fn texts(text: &str) -> BTreeMap<String, String> {
        [("en".to_owned(), text.to_owned())].into()
    }

    fn full(text: &str, color: u8) -> Branding {
        Branding {
            logo_url: Some(format!("https://{text}.example/logo.svg")),
            accent: Some(Color([color; 3])),
            background: Some(Background::Color(Color([color; 3]))),
            heading: texts(text),
            note: texts(text),
            agreements: vec![Agreement {
                names: texts(text),
                url: format!("https://{text}.example/terms"),
            }],
        }
    }

    #[test]
    fn an_apps_values_go_over_its_tenants_field_by_field() {
        let (app, tenant) = (full("app", 1), full("tenant", 2));
        assert_eq!(app.clone().over(&tenant), app);
        assert_eq!(app.clone().over(&Branding::default()), app);
        assert_eq!(Branding::default().over(&tenant), tenant);
        let one = |set: fn(&mut Branding, Branding)| {
            let mut one = Branding::default();
            set(&mut one, full("app", 1));
            let mut expected = full("tenant", 2);
            set(&mut expected, full("app", 1));
            assert_eq!(one.over(&full("tenant", 2)), expected);
        };
        one(|to, from| to.logo_url = from.logo_url);
        one(|to, from| to.accent = from.accent);
        one(|to, from| to.background = from.background);
        one(|to, from| to.heading = from.heading);
        one(|to, from| to.note = from.note);
        one(|to, from| to.agreements = from.agreements);
    }

    #[test]
    fn a_colour_is_six_hexadecimal_digits() {
        for (text, color) in [("#000000", [0; 3]), ("#1F64d2", [0x1f, 0x64, 0xd2])] {
            assert_eq!(text.parse(), Ok(Color(color)));
            assert_eq!(Color(color).to_string(), text.to_ascii_lowercase());
        }
        for text in [
            "",
            "#",
            "#fff",
            "#ffff",
            "1f64d2",
            "#1f64d2ff",
            "#+f64d2",
            "#1f64d",
            "#ｆｆｆｆｆｆ",
            " #1f64d2",
            "#1f64d2;",
            "red",
            "rgb(0,0,0)",
            "#é1f64",
            "var(--ink)",
        ] {
            assert!(text.parse::<Color>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn what_is_kept_comes_back() {
        let mut branding = full("tenant", 255);
        for background in [None, Some(Background::Image("https://cdn.example/海.jpg".to_owned()))]
        {
            branding.background = background;
            let kept = serde_json::to_string(&branding).unwrap();
            assert_eq!(serde_json::from_str::<Branding>(&kept).unwrap(), branding);
        }
        // A field that a later version adds is missing in what an earlier one kept.
        assert!(serde_json::from_str::<Branding>("{}").unwrap().is_empty());
        for bad in ["red", "http://cdn.example/a.jpg", "javascript:alert(1)", "data:image/png,x"] {
            let kept = format!("{{\"background\":\"{bad}\"}}");
            assert!(serde_json::from_str::<Branding>(&kept).is_err(), "{bad}");
        }
    }
}
