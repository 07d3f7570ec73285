//! The pages on which missing values are authorised: on the computer, and on the phone outside the
//! WeCom client. What the phone shows inside it are pages with forms.

use askama::Template;

use super::qr::Drawing;
use super::{ActionView, CancelView, FormError, Frame};
use crate::texts::SupplementTexts;

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
    /// The link, which is shown as a code as well.
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

impl OnComputer {
    fn code(&self) -> Option<Drawing> {
        Drawing::of(&self.link)
    }
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
