//! The page of every error, refusal and notice.

use askama::Template;

use super::{Frame, Notice};

/// One message, what to do about it, and the codes by which an administrator finds it.
#[derive(Clone, Debug, Template)]
#[template(path = "message.html")]
pub struct Message {
    /// Language, app, nonce.
    pub frame: Frame,
    /// What happened.
    pub heading: String,
    /// Why, and what the person can do.
    pub text: String,
    /// A line for developers, in the protocol's own words.
    pub details: Option<String>,
    /// Stable code, such as `login_only`.
    pub code: String,
    /// Whom the person can ask, in the tenant's own words; only where an administrator can help.
    pub contact: Option<String>,
    /// Trace code, which the console can look up. Empty: the line is left out.
    pub trace: String,
    /// What the person can do here, best first.
    pub actions: Vec<ActionView>,
    /// Seconds until it makes sense to try again.
    pub retry_after: Option<u32>,
}

/// A link shown as a button.
#[derive(Clone, Debug)]
pub struct ActionView {
    /// Where it leads.
    pub href: String,
    /// Its text: see the actions in [`Texts`](crate::texts::Texts).
    pub label: String,
    /// Whether it stands out.
    pub primary: bool,
}

impl Message {
    /// The page of a notice; details, actions and the rest are fields to be set.
    pub fn new(frame: Frame, notice: Notice, trace: impl Into<String>) -> Self {
        let words = (frame.texts.notice)(notice);
        Self {
            frame,
            heading: words.heading.to_owned(),
            text: words.text.to_owned(),
            details: None,
            contact: None,
            code: notice.code().to_owned(),
            trace: trace.into(),
            actions: Vec::new(),
            retry_after: None,
        }
    }

    fn when(&self) -> Option<String> {
        self.retry_after.map(self.frame.texts.retry_after)
    }

    /// What the copy button copies: all that an administrator asks for.
    fn codes(&self) -> String {
        format!("{} {}", self.code, self.trace).trim().to_owned()
    }
}
