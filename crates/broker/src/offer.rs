//! Which of an app's sources can work in a browser. A kind that can't is not offered but explained.

use store::source::{Source, SourceKind};
use wecom::UserAgent;

/// Why a source can't work here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// It works inside the WeCom client only.
    OnlyInWecom,
    /// It works on a desktop only: one cannot scan one's own screen.
    OnlyOnDesktop,
    /// Plain WeChat can't show either.
    PersonalWechat,
}

/// What can keep a kind of source from working in a browser [D 90315, D 98152].
pub fn obstacle(kind: SourceKind, browser: &UserAgent) -> Option<Obstacle> {
    match (kind, browser) {
        (SourceKind::WecomMobile, UserAgent::WeCom { .. })
        | (SourceKind::WecomQr, UserAgent::DesktopBrowser) => None,
        (_, UserAgent::WeChat) => Some(Obstacle::PersonalWechat),
        (SourceKind::WecomMobile, _) => Some(Obstacle::OnlyInWecom),
        // The client's own web view has a better way than a code that it would have to scan itself
        // [D 98151].
        (SourceKind::WecomQr, _) => Some(Obstacle::OnlyOnDesktop),
    }
}

/// An app's sources, sorted by what this browser can do.
#[derive(Debug)]
pub struct Offer {
    /// Those that work, in the app's order.
    pub usable: Vec<Source>,
    /// Those that don't, and why.
    pub unusable: Vec<(Source, Obstacle)>,
}

impl Offer {
    /// Sorts an app's sources.
    pub fn sort(sources: Vec<Source>, browser: &UserAgent) -> Self {
        let mut offer = Self { usable: Vec::new(), unusable: Vec::new() };
        for source in sources {
            match obstacle(source.kind, browser) {
                None => offer.usable.push(source),
                Some(obstacle) => offer.unusable.push((source, obstacle)),
            }
        }
        offer
    }

    /// The source that starts by itself: the only usable one, inside the WeCom client, where that
    /// is silent.
    pub fn silent(&self) -> Option<&Source> {
        match self.usable.as_slice() {
            [only] if only.kind == SourceKind::WecomMobile => Some(only),
            _ => None,
        }
    }
}
