//! What a person sees: one struct a page, filled by a handler and rendered with
//! [`askama::Template::render`].
//!
//! A page holds values only, never markup: escaping happens in the templates, and addresses that
//! come from settings pass [`safe`] and [`logo`] on their way out. Every page works without script.

mod account;
mod approve;
mod branding;
mod form;
mod forward;
mod hand_over;
mod leave;
mod login;
mod message;
mod notice;
mod policy;
mod qr;
mod sign_out;
mod supplement;

use store::branding::Branding;
use url::Url;

pub use self::account::{
    Account, AccountAdd, AccountPassword, AccountRemove, EventView, FactView, GrantedView,
    IdentityView, PasswordView, Problem, SessionView, TimeView,
};
pub use self::approve::{Approve, OriginView};
pub use self::branding::AgreementView;
pub use self::form::{FieldView, FormError, FormPage, FormView};
pub use self::forward::{Continue, Target};
pub use self::hand_over::{HandOverCode, HandOverConfirm, HandOverLink, HandOverOffer};
pub use self::leave::Leave;
pub use self::login::{
    CancelView, Login, PanelView, Reason, SourceKind, SourceView, UnavailableView,
};
pub use self::message::{ActionView, Message};
pub use self::notice::{Notice, NoticeText};
pub use self::policy::content_security_policy;
pub use self::sign_out::{ConfirmSignOut, SignedOut};
pub use self::supplement::{OnComputer, OpenInWecom};
use crate::language::Language;
use crate::texts::{LocalTexts, Texts};

/// What every page has around its content.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The language of the page.
    pub language: Language,
    /// Its texts.
    pub texts: &'static Texts,
    /// The nonce of this answer's `Content-Security-Policy`.
    pub nonce: String,
    /// The app that sent the person here, when it is known.
    pub app: Option<AppView>,
    /// Links to this page in other languages; none are shown when empty.
    pub languages: Vec<LanguageLink>,
    /// How the page looks: the app's branding over the tenant's.
    pub branding: Branding,
}

impl Frame {
    /// A frame without app, language links and branding.
    pub fn new(language: Language, nonce: impl Into<String>) -> Self {
        Self {
            language,
            texts: Texts::of(language),
            nonce: nonce.into(),
            app: None,
            languages: Vec::new(),
            branding: Branding::default(),
        }
    }

    /// The words of signing in without a source.
    fn local(&self) -> &'static LocalTexts {
        LocalTexts::of(self.language)
    }

    /// The label of the way back to the app.
    pub(crate) fn cancel_label(&self) -> String {
        let texts = self.texts;
        self.app_name().map_or_else(|| texts.cancel.to_owned(), texts.cancel_to)
    }

    /// The name of the app, unless it is empty.
    fn app_name(&self) -> Option<&str> {
        self.app.as_ref().map(|app| app.name.trim()).filter(|name| !name.is_empty())
    }
}

/// The app as a person knows it.
#[derive(Clone, Debug)]
pub struct AppView {
    /// Display name, chosen for the language.
    pub name: String,
    /// Logo as the tenant set it; a monogram stands in for none, or for one we don't show.
    pub logo_url: Option<String>,
}

impl AppView {
    fn logo(&self) -> Option<&str> {
        self.logo_url.as_deref().and_then(logo)
    }

    /// The name's first letter or digit, in capitals.
    fn monogram(&self) -> String {
        let first = self.name.chars().find(|letter| letter.is_alphanumeric());
        first.map_or_else(|| "·".to_owned(), |letter| letter.to_uppercase().collect())
    }
}

/// One choice of the list of languages.
#[derive(Clone, Debug)]
pub struct LanguageLink {
    /// The language it leads to.
    pub language: Language,
    /// This page with `ui_locales` set to that language.
    pub href: String,
}

/// The address for `href` or `action`, or `#` where a page must not link to it.
fn safe(address: &str) -> &str {
    link(address).unwrap_or("#")
}

/// The address if a page may link to it: a path or query of ours, or an absolute URL whose scheme
/// carries no content of its own (`javascript:`, `data:`). Schemes of native apps pass.
fn link(href: &str) -> Option<&str> {
    const REFUSED: [&str; 7] =
        ["javascript", "vbscript", "data", "blob", "file", "filesystem", "about"];
    if href.starts_with('?') {
        return Some(href);
    }
    if let Some(rest) = href.strip_prefix('/') {
        // `//host` and `/\host` lead to another host.
        return (!rest.starts_with(['/', '\\', '\t', '\n', '\r'])).then_some(href);
    }
    // The parser is the browsers' one (WHATWG): blanks and control characters don't hide a scheme.
    let scheme = Url::parse(href).ok()?.scheme().to_owned();
    (!REFUSED.contains(&scheme.as_str())).then_some(href)
}

/// The address if a page may show it as an image; what our own policy would block is left out.
fn logo(address: &str) -> Option<&str> {
    if address.starts_with('/') {
        return link(address);
    }
    let url = Url::parse(address).ok()?;
    let shown = match url.scheme() {
        "https" => true,
        "data" => url.path().starts_with("image/"),
        _ => false,
    };
    shown.then_some(address)
}

#[cfg(test)]
mod tests;
