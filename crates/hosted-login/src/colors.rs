//! Colours that can be read, whatever accent and background a tenant chooses (WCAG 2.2: 1.4.3 asks
//! for 4.5:1 of text, 1.4.11 for 3:1 of what shows where a button is).

use store::branding::Color;

/// Contrast of text with what is behind it (WCAG 2.2, 1.4.3, level AA).
pub const TEXT: f64 = 4.5;
/// Contrast of a button's edge, an icon or the focus with what is beside it (1.4.11, level AA).
pub const SHAPE: f64 = 3.0;

const BLACK: Color = Color([0; 3]);
const WHITE: Color = Color([255; 3]);

/// The colours of `hufu.css` that the others are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Scheme {
    /// What is behind the text of a page (`--card`).
    pub fn card(self) -> Color {
        match self {
            Self::Light => WHITE,
            Self::Dark => Color([0x18, 0x1e, 0x27]),
        }
    }

    /// What is behind the card (`--page`).
    pub fn page(self) -> Color {
        match self {
            Self::Light => Color([0xf3, 0xf5, 0xf9]),
            Self::Dark => Color([0x0e, 0x12, 0x18]),
        }
    }

    /// Text that does not stand out (`--soft`): the palest that is read.
    fn soft(self) -> Color {
        match self {
            Self::Light => Color([0x56, 0x62, 0x73]),
            Self::Dark => Color([0x9d, 0xab, 0xbd]),
        }
    }

    /// Where a colour goes to be read on the card.
    fn ink(self) -> Color {
        match self {
            Self::Light => BLACK,
            Self::Dark => WHITE,
        }
    }
}

/// What an accent becomes in a scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accent {
    /// A button.
    pub fill: Color,
    /// A button under the pointer.
    pub pressed: Color,
    /// Text on a button, pressed or not.
    pub text: Color,
    /// A button's edge, which shows on the card.
    pub edge: Color,
    /// Links, icons and the focus: on the card, on `tint` and on `hover`.
    pub link: Color,
    /// Behind an icon.
    pub tint: Color,
    /// A row under the pointer.
    pub hover: Color,
    /// Above the card, where nothing is written.
    pub glow: Color,
}

impl Accent {
    /// The colours that an accent becomes. The button keeps the accent as it was chosen.
    pub fn new(accent: Color, scheme: Scheme) -> Self {
        let card = scheme.card();
        let tinted = |share| {
            until(mix(card, accent, share), card, |tint| contrast(scheme.soft(), tint) >= TEXT)
        };
        let (tint, hover) = match scheme {
            Scheme::Light => (tinted(0.11), tinted(0.06)),
            Scheme::Dark => (tinted(0.24), tinted(0.08)),
        };
        let text = best_text(accent);
        Self {
            fill: accent,
            pressed: pressed(accent, text),
            text,
            edge: until(accent, scheme.ink(), |edge| contrast(edge, card) >= SHAPE),
            link: until(accent, scheme.ink(), |link| {
                [card, tint, hover].iter().all(|behind| contrast(link, *behind) >= TEXT)
            }),
            tint,
            hover,
            glow: mix(scheme.page(), accent, 0.1),
        }
    }
}

/// What a background becomes in a scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// The background.
    pub fill: Color,
    /// Text on it that stands out.
    pub ink: Color,
    /// Other text on it.
    pub soft: Color,
}

impl Page {
    /// The colours of a background. In the dark scheme none is brighter than the card.
    pub fn new(background: Color, scheme: Scheme) -> Self {
        let fill = match scheme {
            Scheme::Light => background,
            Scheme::Dark => {
                let card = luminance(scheme.card());
                until(background, scheme.page(), |fill| luminance(fill) <= card)
            }
        };
        let ink = best_text(fill);
        let soft = until(mix(fill, ink, 0.75), ink, |soft| contrast(soft, fill) >= TEXT);
        Self { fill, ink, soft }
    }
}

/// White where it can be read, or black: one of the two has at least 4.58:1 on any colour.
fn best_text(behind: Color) -> Color {
    if contrast(WHITE, behind) >= TEXT { WHITE } else { BLACK }
}

/// Moves away from the text, so that it can be read as well or better; a colour that has nowhere to
/// go comes a little nearer.
fn pressed(fill: Color, text: Color) -> Color {
    match text {
        WHITE if luminance(fill) < 0.01 => mix(fill, WHITE, 0.2),
        WHITE => mix(fill, BLACK, 0.16),
        _ if luminance(fill) > 0.7 => mix(fill, BLACK, 0.1),
        _ => mix(fill, WHITE, 0.2),
    }
}

/// The first colour on the way to another for which a condition holds; the other one at the last.
fn until(from: Color, to: Color, holds: impl Fn(Color) -> bool) -> Color {
    const STEPS: u8 = 50;
    let on_the_way = (0..STEPS).map(|step| mix(from, to, f64::from(step) / f64::from(STEPS)));
    on_the_way.into_iter().find(|color| holds(*color)).unwrap_or(to)
}

/// Both colours together, as much of the second as `share` (0 to 1) says.
fn mix(one: Color, other: Color, share: f64) -> Color {
    let mut mixed = [0; 3];
    for ((mixed, one), other) in mixed.iter_mut().zip(one.0).zip(other.0) {
        let value = f64::from(one) + (f64::from(other) - f64::from(one)) * share;
        *mixed = nearest(value);
    }
    Color(mixed)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between two bytes, rounded"
)]
fn nearest(value: f64) -> u8 {
    value.round().clamp(0.0, 255.0) as u8
}

/// The contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio").
pub fn contrast(one: Color, other: Color) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// Relative luminance, 0 to 1 (WCAG 2.2, "relative luminance").
fn luminance(color: Color) -> f64 {
    let [red, green, blue] = color.0.map(|value| {
        let value = f64::from(value) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

#[cfg(test)]
mod tests {
    use store::branding::Color;

    use super::{Accent, BLACK, Page, SHAPE, Scheme, TEXT, WHITE, contrast, luminance, mix};

    const SCHEMES: [Scheme; 2] = [Scheme::Light, Scheme::Dark];

    /// 4096 colours, the corners of the cube among them, and those that are hard: near the point
    /// where black and white are equally good.
    fn colors() -> impl Iterator<Item = Color> {
        let steps = || (0..=255_u8).step_by(17);
        let cube = steps().flat_map(move |red| {
            steps().flat_map(move |green| steps().map(move |blue| Color([red, green, blue])))
        });
        cube.chain((0..=255).map(|grey| Color([grey; 3])))
    }

    #[test]
    fn contrast_is_the_standards() {
        assert!((contrast(BLACK, WHITE) - 21.0).abs() < 1e-9);
        assert!((contrast(WHITE, WHITE) - 1.0).abs() < 1e-9);
        // Known pairs: the darkest grey that passes on white is #767676.
        assert!(contrast(Color([0x76; 3]), WHITE) >= TEXT);
        assert!(contrast(Color([0x77; 3]), WHITE) < TEXT);
        assert!((luminance(Color([255, 0, 0])) - 0.2126).abs() < 1e-9);
    }

    #[test]
    fn every_accent_can_be_read() {
        for scheme in SCHEMES {
            for color in colors() {
                let accent = Accent::new(color, scheme);
                let check = |what: &str, one, other, least| {
                    let found = contrast(one, other);
                    assert!(found >= least, "{what} of {color} in {scheme:?}: {found:.2}");
                };
                assert_eq!(accent.fill, color, "the accent that was chosen");
                check("text", accent.text, accent.fill, TEXT);
                check("pressed text", accent.text, accent.pressed, TEXT);
                check("edge", accent.edge, scheme.card(), SHAPE);
                check("link", accent.link, scheme.card(), TEXT);
                check("letter", accent.link, accent.tint, TEXT);
                check("row", accent.link, accent.hover, TEXT);
                // An icon on a button lies on a lighter square: `.only .mark` in hufu.css.
                check("icon", accent.text, mix(accent.fill, WHITE, 46.0 / 255.0), SHAPE);
                check("note in a row", scheme.soft(), accent.hover, TEXT);
                check("note in a pressed row", scheme.soft(), accent.tint, TEXT);
            }
        }
    }

    #[test]
    fn an_accent_that_can_be_read_stays_as_it_is() {
        let blue = Color([0x1c, 0x5c, 0xc4]);
        let accent = Accent::new(blue, Scheme::Light);
        assert_eq!((accent.text, accent.link, accent.edge), (WHITE, blue, blue));
        for color in colors() {
            for scheme in SCHEMES {
                let accent = Accent::new(color, scheme);
                assert_ne!(accent.pressed, accent.fill, "{color} shows that it is pressed");
            }
        }
    }

    #[test]
    fn text_on_every_background_can_be_read() {
        for scheme in SCHEMES {
            for color in colors() {
                let page = Page::new(color, scheme);
                assert!(contrast(page.ink, page.fill) >= TEXT, "{color} {scheme:?}");
                assert!(contrast(page.soft, page.fill) >= TEXT, "{color} {scheme:?}");
                if scheme == Scheme::Light {
                    assert_eq!(page.fill, color);
                } else {
                    assert!(luminance(page.fill) <= luminance(scheme.card()), "{color} dazzles");
                }
            }
        }
    }
}
