//! A QR code as a drawing of our own: one path, which a template puts into its `svg`.

use qrcode::{Color, EcLevel, QrCode};

/// Longest text that is still easy to scan from a screen.
const LONGEST: usize = 300;
/// The empty border that a reader needs, in modules (ISO/IEC 18004).
const BORDER: usize = 4;

/// A QR code to be drawn.
#[derive(Clone, Debug)]
pub(super) struct Drawing {
    /// Width and height, border included, in modules.
    pub(super) size: usize,
    /// The dark modules as an SVG path.
    pub(super) path: String,
}

impl Drawing {
    /// The code of a text; none if it is too long.
    pub(super) fn of(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
        let width = code.width();
        let dark = code.to_colors().into_iter().enumerate().filter(|(_, it)| *it == Color::Dark);
        let module = |(at, _)| format!("M{} {}h1v1h-1z", at % width + BORDER, at / width + BORDER);
        Some(Self { size: width + 2 * BORDER, path: dark.map(module).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::Drawing;

    #[test]
    fn a_code_is_drawn_within_its_border() {
        let drawing = Drawing::of("https://app.example.com/start").expect("drawn");
        assert_eq!(drawing.size, 25 + 4 * 2 + 4);
        // The corner of the first finder pattern is dark, what is inside of its edge is light.
        assert!(drawing.path.starts_with("M4 4h1v1h-1z"), "{}", drawing.path);
        assert!(!drawing.path.contains("M5 5h"), "{}", drawing.path);
        assert!(Drawing::of(&"a".repeat(301)).is_none());
    }
}
