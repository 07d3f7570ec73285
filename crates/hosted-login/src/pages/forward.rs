//! A page that goes on by itself, for where a redirect will not do.

use askama::Template;

use super::Frame;

/// Leads on: script presses the button, without script the person does.
#[derive(Clone, Debug, Template)]
#[template(path = "continue.html")]
pub struct Continue {
    /// Language, app, nonce.
    pub frame: Frame,
    /// Where to.
    pub target: Target,
}

/// How a [`Continue`] page leads on.
#[derive(Clone, Debug)]
pub enum Target {
    /// Opens an address.
    Link {
        /// The address.
        href: String,
    },
    /// Posts a form (OAuth 2.0 Form Post Response Mode). The address's origin must be among the
    /// `form_action` of [`content_security_policy`](super::content_security_policy).
    Post {
        /// The address.
        action: String,
        /// The form's fields: (name, value).
        fields: Vec<(String, String)>,
    },
    /// Tells the window that opened this one (draft-sakimura-oauth-wmrm). Without script, or when that
    /// window cannot be reached any more, it is an address like any other.
    Message {
        /// What it is told: JSON.
        message: String,
        /// The one web origin that may read it.
        origin: String,
        /// The address instead.
        href: String,
    },
}

impl Continue {
    fn heading(&self) -> String {
        let texts = self.frame.texts;
        self.frame.app_name().map_or_else(|| texts.continuing.to_owned(), texts.continuing_to)
    }
}
