//! The pages on which missing values are authorised: on the computer, and on the phone outside the
//! WeCom client. What the phone shows inside it are pages with forms.

use askama::Template;
use qrcode::{Color, QrCode};

use super::{ActionView, CancelView, FormError, Frame};
use crate::texts::SupplementTexts;

/// Light modules around a QR code (ISO/IEC 18004, 9.1).
const QUIET: usize = 4;

/// A QR code as the path of a picture.
#[derive(Clone, Debug)]
pub struct QrView {
    /// The dark modules, one square each.
    pub path: String,
    /// Modules on a side, the quiet zone included.
    pub side: usize,
}

impl QrView {
    /// The code of a text; none for a text that is too long for any.
    pub fn of(text: &str) -> Option<Self> {
        let code = QrCode::new(text).ok()?;
        let width = code.width();
        let modules = code.to_colors();
        let dark = modules.iter().enumerate().filter(|(_, color)| **color == Color::Dark);
        let path = dark.fold(String::new(), |path, (at, _)| {
            format!("{path}M{} {}h1v1h-1z", at % width + QUIET, at / width + QUIET)
        });
        Some(Self { path, side: width + 2 * QUIET })
    }
}

/// On the computer: the code to scan, the number to type, and the way on.
#[derive(Clone, Debug, Template)]
#[template(path = "on_computer.html")]
pub struct OnComputer {
    /// Language, app, nonce.
    pub frame: Frame,
    /// Its words.
    pub texts: &'static SupplementTexts,
    /// Why it does not go on yet.
    pub error: Option<FormError>,
    /// What was found when the person went on.
    pub said: Option<&'static str>,
    /// The code of the link.
    pub qr: Option<QrView>,
    /// The link itself.
    pub link: String,
    /// The number.
    pub number: String,
    /// The way on: its hidden fields.
    pub hidden: Vec<(&'static str, String)>,
    /// Where script asks whether to go on.
    pub poll: String,
    /// Other ways.
    pub links: Vec<ActionView>,
    /// The way back to the app.
    pub cancel: Option<CancelView>,
    /// Its label.
    pub cancel_label: String,
}

/// Outside the WeCom client: how to get into it.
#[derive(Clone, Debug, Template)]
#[template(path = "open_in_wecom.html")]
pub struct OpenInWecom {
    /// Language, app, nonce.
    pub frame: Frame,
    /// Its words.
    pub texts: &'static SupplementTexts,
    /// This page's address.
    pub link: String,
}

#[cfg(test)]
mod tests {
    use super::QrView;

    #[test]
    fn a_code_has_its_finder_patterns_and_its_quiet_zone() {
        let view =
            QrView::of("https://login.acme.example/c/0123456789abcdefghijAB").expect("short");
        assert!(view.path.starts_with("M4 4h1v1h-1zM5 4h1v1h-1z"), "{}", &view.path[..40]);
        let last = view.side - 5;
        // Three corners are dark, and nothing is drawn in the quiet zone.
        assert!(view.path.contains(&format!("M{last} 4h")));
        assert!(view.path.contains(&format!("M4 {last}h")));
        assert!(!view.path.contains("M3 ") && !view.path.contains(" 3h"));
        assert!(!view.path.contains(&format!("M{} ", last + 1)));
        assert!(QrView::of(&"x".repeat(5000)).is_none());
    }
}
