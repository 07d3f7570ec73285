//! What a branding puts on a page. Its colours are in a style sheet of their own; see
//! [`crate::brand`].

use store::branding::{Background, Branding};
use url::Url;

use super::Frame;
use crate::brand;

/// A document that people agree to, as a page names it.
#[derive(Clone, Debug)]
pub struct AgreementView {
    /// What stands before it: nothing before the first.
    pub joint: &'static str,
    /// Its name, chosen for the language.
    pub name: String,
    /// Where it can be read.
    pub href: String,
}

impl Frame {
    /// The style sheet of the branding, if it has more than a logo and a heading.
    pub(super) fn brand_sheet(&self) -> Option<String> {
        let Branding { accent, background, note, agreements, .. } = &self.branding;
        let styled =
            accent.is_some() || background.is_some() || !note.is_empty() || !agreements.is_empty();
        styled.then(|| brand::href(&self.branding))
    }

    /// The picture behind the card.
    pub(super) fn backdrop(&self) -> Option<&str> {
        match &self.branding.background {
            Some(Background::Image(address)) => https(address),
            _ => None,
        }
    }

    /// The line below the card.
    pub(super) fn note(&self) -> Option<&str> {
        self.language.pick(&self.branding.note)
    }

    /// The login page's heading, if there is one that this reader understands.
    pub(super) fn heading(&self) -> Option<&str> {
        self.language.understood(&self.branding.heading)
    }

    /// The documents that people agree to, ready to be written one after the other.
    pub(super) fn agreements(&self) -> Vec<AgreementView> {
        let words = &self.texts.agreements;
        let quotes = [words.open, words.close];
        let named = self.branding.agreements.iter().filter_map(|agreement| {
            // A name may come with the quotation marks that are put around it here.
            let name = self.language.pick(&agreement.names)?;
            let bare = name.strip_prefix(quotes[0]).and_then(|name| name.strip_suffix(quotes[1]));
            let href = https(&agreement.url)?;
            Some((bare.unwrap_or(name), href))
        });
        let named: Vec<_> = named.collect();
        let joint = |at: usize| match at {
            0 => "",
            at if at + 1 == named.len() => words.last,
            _ => words.between,
        };
        let view = |(at, (name, href)): (usize, &(&str, &str))| AgreementView {
            joint: joint(at),
            name: (*name).to_owned(),
            href: (*href).to_owned(),
        };
        named.iter().enumerate().map(view).collect()
    }
}

/// The address, if it is one of https.
fn https(address: &str) -> Option<&str> {
    Url::parse(address).ok().filter(|url| url.scheme() == "https").map(|_| address)
}
