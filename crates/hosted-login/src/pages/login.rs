//! The login page: the app's sources, and what can't work in this browser.

use askama::Template;

use super::qr::Drawing;
use super::{ActionView, AgreementView, FormError, FormView, Frame, logo};
use crate::texts::PlacesTexts;

/// The page on which a person chooses a source.
#[derive(Clone, Debug, Template)]
#[template(path = "login.html")]
pub struct Login {
    /// Language, app, nonce.
    pub frame: Frame,
    /// Sources that work in this browser, in the app's order, without the one in `panel`.
    pub sources: Vec<SourceView>,
    /// Sources that can't work in this browser.
    pub unavailable: Vec<UnavailableView>,
    /// The QR source shown as WeCom's own panel.
    pub panel: Option<PanelView>,
    /// The password form, where the app allows it.
    pub forms: Vec<FormView>,
    /// Further ways: codes, a forgotten password.
    pub links: Vec<ActionView>,
    /// Why the last attempt did not work.
    pub error: Option<FormError>,
    /// What was done just before.
    pub said: Option<String>,
    /// Link that starts this sign-in anew elsewhere (absolute; the app's authorization request,
    /// not the interaction, which is bound to this browser). Shown to be copied.
    pub this_link: Option<String>,
    /// The way back to the app without signing in.
    pub cancel: Option<CancelView>,
}

/// A source on the login page.
#[derive(Clone, Debug)]
pub struct SourceView {
    /// Where it starts: `/connections/social/{identifier}?…`.
    pub href: String,
    /// Display name, chosen for the language.
    pub name: String,
    /// Logo as the tenant set it; without one an icon of the kind is drawn.
    pub logo_url: Option<String>,
    /// Decides the icon.
    pub kind: SourceKind,
    /// A line below the name.
    pub note: Option<String>,
}

impl SourceView {
    pub(crate) fn logo(&self) -> Option<&str> {
        self.logo_url.as_deref().and_then(logo)
    }

    pub(crate) fn is_qr(&self) -> bool {
        self.kind == SourceKind::WecomQr
    }
}

/// The kind of a source, as far as its icon is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// Scanned from a screen.
    WecomQr,
    /// Inside the WeCom client.
    WecomMobile,
}

/// A source that can't work in this browser.
#[derive(Clone, Debug)]
pub struct UnavailableView {
    /// Display name, chosen for the language.
    pub name: String,
    /// Why not.
    pub reason: Reason,
}

/// Why a source can't work in this browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A mobile source outside the WeCom client.
    OnlyInWecom,
    /// A QR source on a phone, which can't scan its own screen.
    OnlyOnDesktop,
    /// Any source in personal WeChat.
    PersonalWechat,
}

/// WeCom's QR panel, put into the page by script; without script the source is a link as others.
#[derive(Clone, Debug)]
pub struct PanelView {
    /// Absolute address of the panel, with a query and without `panel_size`, which the script adds
    /// (`middle` is 480 × 416 px, `small` 320 × 380 px).
    pub src: String,
    /// Where the source starts by redirect.
    pub fallback_href: String,
    /// Display name of the source.
    pub name: String,
}

/// The form that ends the sign-in and goes back to the app.
#[derive(Clone, Debug)]
pub struct CancelView {
    /// Where it is posted to.
    pub action: String,
    /// The form's token, sent as `csrf`.
    pub csrf: String,
}

/// The sources that share a reason.
struct Group<'a> {
    text: &'static str,
    names: Vec<&'a str>,
}

impl Login {
    fn heading(&self) -> String {
        let texts = self.frame.texts;
        let ours =
            || self.frame.app_name().map_or_else(|| texts.sign_in.to_owned(), texts.sign_in_to);
        self.frame.heading().map_or_else(ours, str::to_owned)
    }

    fn lead(&self) -> Option<&'static str> {
        let texts = self.frame.texts;
        match (&self.panel, self.sources.len()) {
            (Some(_), _) => Some(texts.scan_panel),
            (None, 0) if self.forms.is_empty() => None,
            (None, 0 | 1) => Some(texts.one_source),
            (None, _) => Some(texts.choose_source),
        }
    }

    fn unavailable_heading(&self) -> &'static str {
        let usable = self.panel.is_some() || !self.sources.is_empty() || !self.forms.is_empty();
        if usable { self.frame.texts.unavailable } else { self.frame.texts.none_available }
    }

    /// The sources that can't work, one group a reason, in the order in which reasons appear.
    fn groups(&self) -> Vec<Group<'_>> {
        let mut groups: Vec<Group<'_>> = Vec::new();
        for UnavailableView { name, reason } in &self.unavailable {
            let text = (self.frame.texts.reason)(*reason);
            match groups.iter_mut().find(|group| group.text == text) {
                Some(group) => group.names.push(name),
                None => groups.push(Group { text, names: vec![name] }),
            }
        }
        groups
    }

    /// The link is of use only where a source needs another place.
    fn shown_link(&self) -> Option<&str> {
        self.this_link.as_deref().filter(|_| !self.unavailable.is_empty())
    }

    /// What a person agrees to who goes on; nothing where nobody can.
    fn agreements(&self) -> Vec<AgreementView> {
        let usable = self.panel.is_some() || !self.sources.is_empty() || !self.forms.is_empty();
        if usable { self.frame.agreements() } else { Vec::new() }
    }

    /// The link as a code, where a source works inside WeCom: the code can't be scanned here.
    fn link_code(&self) -> Option<Drawing> {
        let works_there = |view: &UnavailableView| view.reason != Reason::OnlyOnDesktop;
        let is_web = |link: &&str| link.starts_with("https://") || link.starts_with("http://");
        let link = self.shown_link().filter(is_web)?;
        self.unavailable.iter().any(works_there).then(|| Drawing::of(link)).flatten()
    }

    fn places(&self) -> &'static PlacesTexts {
        PlacesTexts::of(self.frame.language)
    }

    fn cancel_label(&self) -> String {
        self.frame.cancel_label()
    }
}
