//! The pages of RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0).

use askama::Template;

use super::{ActionView, Frame};

/// Shown after sign-out when there is no address to return to.
#[derive(Clone, Debug, Template)]
#[template(path = "signed_out.html")]
pub struct SignedOut {
    /// Language, app, nonce.
    pub frame: Frame,
    /// What the person can do next.
    pub actions: Vec<ActionView>,
}

/// Asks before signing out, so that no other site can do it unseen (section 2).
///
/// The form posts `csrf`, `fields`, and `decision`, which is `sign_out` or `stay`.
#[derive(Clone, Debug, Template)]
#[template(path = "confirm_sign_out.html")]
pub struct ConfirmSignOut {
    /// Language, app, nonce.
    pub frame: Frame,
    /// Where the form is posted to.
    pub action: String,
    /// The form's token.
    pub csrf: String,
    /// Further hidden fields: (name, value).
    pub fields: Vec<(String, String)>,
    /// Display name of the user who is signed in.
    pub user: Option<String>,
}

impl ConfirmSignOut {
    fn heading(&self) -> String {
        let texts = self.frame.texts;
        let name = self.frame.app_name();
        name.map_or_else(|| texts.confirm_sign_out.to_owned(), texts.confirm_sign_out_of)
    }
}
