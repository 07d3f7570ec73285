//! The page that asks whether an app may know who the person is.

use askama::Template;

use super::{CancelView, Frame};
use crate::texts::{ApproveTexts, RegisteredTexts};

/// Asks for consent (OpenID Connect Core §3.1.2.4).
#[derive(Clone, Debug, Template)]
#[template(path = "approve.html")]
pub struct Approve {
    /// Language, app, nonce.
    pub frame: Frame,
    /// Who is signed in; empty for somebody without a name.
    pub user: String,
    /// What the app gets, in words.
    pub gives: Vec<String>,
    /// Where the app is from, if it registered itself.
    pub origin: Option<OriginView>,
    /// Where the form is posted to.
    pub action: String,
    /// The form's token.
    pub csrf: String,
    /// The way back to the app without.
    pub cancel: Option<CancelView>,
}

/// Where an app is from that nobody of the tenant made. Its own picture is not shown: its server would
/// learn who looks.
#[derive(Clone, Debug)]
pub struct OriginView {
    /// The host, or the scheme, that the answer goes to.
    pub host: String,
    /// How it uses what it learns.
    pub policy: Option<String>,
    /// On which terms.
    pub terms: Option<String>,
}

impl Approve {
    fn words(&self) -> &'static ApproveTexts {
        ApproveTexts::of(self.frame.language)
    }

    fn about(&self) -> &'static RegisteredTexts {
        RegisteredTexts::of(self.frame.language)
    }

    fn heading(&self) -> String {
        let name = self.frame.app_name().unwrap_or_default();
        (self.words().heading)(name)
    }
}
