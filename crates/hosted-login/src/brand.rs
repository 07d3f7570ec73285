//! The style sheet of a branding. It is made of two colours, and these stand in its path, so that it
//! is served as the other files are: by a name that changes with the content, to be kept for ever.
//!
//! A page could carry it within itself, but then its policy would have to allow styles in pages. So
//! nothing that a tenant writes comes into a style sheet, and `style-src` stays `'self'`: colours
//! are six digits here, and pictures and texts stand in the page, escaped (attack N4).

use store::branding::{Background, Branding, Color};

use crate::assets::{Asset, PREFIX, hash};
use crate::colors::{Accent, Page, Scheme};

/// What does not depend on the colours.
const RULES: &str = include_str!("../assets/brand.css");

/// The colours that a sheet is made of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sheet {
    accent: Option<Color>,
    background: Option<Color>,
}

/// The path of a branding's sheet: `/assets/brand.{accent}.{background}.{hash}.css`, `none` standing
/// for a colour that was not chosen.
pub(crate) fn href(branding: &Branding) -> String {
    let background = match branding.background {
        Some(Background::Color(color)) => Some(color),
        _ => None,
    };
    let sheet = Sheet { accent: branding.accent, background };
    sheet.path(&hash(sheet.content().as_bytes()))
}

/// The sheet served under this path, whole path, exact.
pub(crate) fn find(path: &str) -> Option<Asset> {
    let mut colors = path.strip_prefix(PREFIX)?.strip_prefix("brand.")?.split('.');
    let mut color = || match colors.next()? {
        "none" => Some(None),
        digits => format!("#{digits}").parse().ok().map(Some),
    };
    let sheet = Sheet { accent: color()?, background: color()? };
    let content = sheet.content();
    let hash = hash(content.as_bytes());
    (sheet.path(&hash) == path).then(|| Asset {
        bytes: content.into(),
        mime: "text/css; charset=utf-8",
        etag: format!("\"{hash}\""),
    })
}

impl Sheet {
    fn path(self, hash: &str) -> String {
        let name = |color: Option<Color>| {
            color.map_or_else(|| "none".to_owned(), |color| color.to_string().replace('#', ""))
        };
        format!("{PREFIX}brand.{}.{}.{hash}.css", name(self.accent), name(self.background))
    }

    fn content(self) -> String {
        format!(
            ":root {{ {} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {} }} }}\n{RULES}",
            self.variables(Scheme::Light),
            self.variables(Scheme::Dark),
        )
    }

    /// The variables of `hufu.css` that change, and those of [`RULES`].
    fn variables(self, scheme: Scheme) -> String {
        let accent = match self.accent.map(|accent| Accent::new(accent, scheme)) {
            Some(accent) => format!(
                "--accent: {}; --pressed: {}; --on-accent: {}; --edge: {}; --text-link: {}; \
                 --tint: {}; --hover: {}; --glow: {};",
                accent.fill,
                accent.pressed,
                accent.text,
                accent.edge,
                accent.link,
                accent.tint,
                accent.hover,
                accent.glow
            ),
            None => "--on-accent: #fff; --edge: var(--accent);".to_owned(),
        };
        let page = match self.background.map(|background| Page::new(background, scheme)) {
            Some(Page { fill, ink, soft }) => {
                format!("--page: {fill}; --glow: {fill}; --page-ink: {ink}; --page-soft: {soft};")
            }
            None => "--page-ink: var(--ink); --page-soft: var(--soft);".to_owned(),
        };
        format!("{accent} {page}")
    }
}

#[cfg(test)]
mod tests {
    use store::branding::{Background, Branding, Color};

    use super::{Sheet, find, href};

    fn branding(accent: Option<Color>, background: Option<Background>) -> Branding {
        Branding { accent, background, ..Branding::default() }
    }

    #[test]
    fn a_sheet_is_found_under_its_own_path_only() {
        let (green, black) = (Color([0x0b, 0x7a, 0x5c]), Color([0; 3]));
        for (branding, name) in [
            (branding(Some(green), None), "brand.0b7a5c.none."),
            (branding(Some(green), Some(Background::Color(black))), "brand.0b7a5c.000000."),
            (
                branding(None, Some(Background::Image("https://a.example".into()))),
                "brand.none.none.",
            ),
        ] {
            let path = href(&branding);
            assert!(path.starts_with(&format!("/assets/{name}")), "{path}");
            let sheet = find(&path).expect("a sheet that is referred to is served");
            assert_eq!(sheet.mime, "text/css; charset=utf-8");
            assert!(path.contains(sheet.etag.trim_matches('"')), "{path}: {}", sheet.etag);
            for other in [
                path.replace("brand.", "brand.#"),
                path.replace(".css", ".css?"),
                path.replace(".css", ""),
                path.replace("none", "ffffff"),
                path.replace("0b7a5c", "0B7A5C"),
                path.replace("brand.", "brand.none."),
            ] {
                assert!(other == path || find(&other).is_none(), "{other}");
            }
        }
    }

    #[test]
    fn n4_a_path_brings_nothing_but_colours_into_a_sheet() {
        for path in [
            "/assets/brand.}*{display:none}.none.0123456789abcdef.css",
            "/assets/brand.0b7a5c;x:y.none.0123456789abcdef.css",
            "/assets/brand.none.url(x).0123456789abcdef.css",
            "/assets/brand.none.none.0123456789abcdef.css",
            "/assets/brand...css",
            "/assets/brand.",
        ] {
            assert!(find(path).is_none(), "{path}");
        }
        // Control: the same name with the right hash.
        assert!(find(&href(&Branding::default())).is_some());
    }

    #[test]
    fn a_sheet_sets_what_it_uses_and_stays_small() {
        for (accent, background) in
            [(None, None), (Some(Color([255; 3])), None), (None, Some(Color([1, 2, 3])))]
        {
            let sheet = Sheet { accent, background }.content();
            for name in ["--on-accent", "--edge", "--page-ink", "--page-soft"] {
                assert_eq!(sheet.matches(&format!("{name}:")).count(), 2, "{name}: {sheet}");
            }
            assert_eq!(sheet.matches('{').count(), sheet.matches('}').count());
            assert!(sheet.len() < 2560, "{} bytes", sheet.len());
        }
    }
}
