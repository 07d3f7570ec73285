//! A page that asks before it leads to an app that nobody vouches for (attack A4).

use askama::Template;

use super::{Frame, Target};
use crate::texts::RegisteredTexts;

/// Asks whether to go on (RFC 9700 §4.11.2). No script presses its button.
#[derive(Clone, Debug, Template)]
#[template(path = "leave.html")]
pub struct Leave {
    /// Language, app, nonce.
    pub frame: Frame,
    /// The host that it leads to.
    pub host: String,
    /// The address: a link or a form.
    pub target: Target,
}

impl Leave {
    fn words(&self) -> &'static RegisteredTexts {
        RegisteredTexts::of(self.frame.language)
    }

    fn heading(&self) -> String {
        (self.words().leave)(&self.host)
    }
}
