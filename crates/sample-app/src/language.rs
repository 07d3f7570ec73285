//! The language of a page.

use actix_web::HttpRequest;
use actix_web::http::header::{AcceptLanguage, Header as _};

/// A language in which the pages exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Chinese,
    English,
}

impl Language {
    /// The first of ours in `Accept-Language`; English if there is none.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        let Ok(wanted) = AcceptLanguage::parse(request) else { return Self::English };
        wanted
            .ranked()
            .iter()
            .find_map(|tag| match tag.item()?.primary_language() {
                "zh" => Some(Self::Chinese),
                "en" => Some(Self::English),
                _ => None,
            })
            .unwrap_or(Self::English)
    }

    /// The tag for `<html lang>`.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }
}
