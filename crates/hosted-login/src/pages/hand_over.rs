//! The pages of going on in another browser.

use askama::Template;

use super::Frame;
use crate::texts::HandOverTexts;

/// Inside the client on a computer: here, or in the browser.
///
/// The form posts `csrf` and `app`.
#[derive(Clone, Debug, Template)]
#[template(path = "hand_over_offer.html")]
pub struct HandOverOffer {
    /// Language, app, nonce.
    pub frame: Frame,
    /// The app's own address.
    pub here: String,
    /// The app's id.
    pub app: String,
    /// The form's token.
    pub csrf: String,
}

/// The link and the code for the other browser.
///
/// The form, for another link, posts `csrf` and `app`.
#[derive(Clone, Debug, Template)]
#[template(path = "hand_over_link.html")]
pub struct HandOverLink {
    /// Language, app, nonce.
    pub frame: Frame,
    /// The link.
    pub link: String,
    /// Where the code is typed.
    pub address: String,
    /// The code.
    pub code: String,
    /// The app's own address.
    pub here: String,
    /// The app's id.
    pub app: String,
    /// The form's token.
    pub csrf: String,
}

/// In the other browser: a code is typed.
///
/// The form posts `csrf` and `code`.
#[derive(Clone, Debug, Template)]
#[template(path = "hand_over_code.html")]
pub struct HandOverCode {
    /// Language, nonce.
    pub frame: Frame,
    /// The form's token.
    pub csrf: String,
}

/// In the other browser: says whose sign-in it is, and asks.
///
/// The form posts `csrf`.
#[derive(Clone, Debug, Template)]
#[template(path = "hand_over_confirm.html")]
pub struct HandOverConfirm {
    /// Language, app, nonce.
    pub frame: Frame,
    /// Where the form is posted to.
    pub action: String,
    /// The form's token.
    pub csrf: String,
    /// Who will be signed in.
    pub user: String,
    /// Who will be signed out.
    pub ends: Option<String>,
    /// Where to go without signing in.
    pub without: String,
}

/// The words of each of them.
macro_rules! worded {
    ($($page:ident)*) => {$(
        impl $page {
            fn words(&self) -> &'static HandOverTexts {
                HandOverTexts::of(self.frame.language)
            }
        }
    )*};
}

worded! { HandOverOffer HandOverLink HandOverCode HandOverConfirm }

impl HandOverOffer {
    fn heading(&self) -> String {
        (self.words().choose)(self.frame.app_name().unwrap_or_default())
    }
}

impl HandOverLink {
    /// The code in two halves, which are easier to read; typing the space is allowed.
    fn halves(&self) -> String {
        let (first, second) = self.code.split_at_checked(5).unwrap_or((&self.code, ""));
        format!("{first} {second}")
    }
}

impl HandOverConfirm {
    fn heading(&self) -> String {
        (self.words().confirm)(self.frame.app_name().unwrap_or_default())
    }

    fn ending(&self) -> Option<String> {
        self.ends.as_deref().map(self.words().confirm_ends)
    }
}
