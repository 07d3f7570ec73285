//! What a part of a request says.

use std::sync::Arc;

use e2e::{Client, garbage_like};
use reqwest::Method;

/// What a part says.
#[derive(Clone)]
pub(super) enum Value {
    /// Always the same.
    Fixed(String),
    /// Made anew for each request, because a server takes it once.
    Made(Arc<dyn Fn() -> String + Send + Sync>),
    /// A proof of this client's with this nonce.
    Nonce(Box<Client>, String),
}

impl Value {
    /// As it stands in a request.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Fixed(text) => text.clone(),
            Self::Made(make) => make(),
            Self::Nonce(client, nonce) => {
                client.proof(&Method::POST, e2e::TOKEN).claim("nonce", nonce.as_str()).signed()
            }
        }
    }

    /// The same artefact of another tenant, shown by whom this one is shown by.
    pub(super) fn foreign(&self, theirs: &Self) -> Self {
        match (self, theirs) {
            (Self::Nonce(client, _), Self::Nonce(_, nonce)) => {
                Self::Nonce(client.clone(), nonce.clone())
            }
            (_, theirs) => theirs.clone(),
        }
    }

    /// A text like it that is nobody's.
    pub(super) fn garbage(&self) -> Self {
        match self {
            Self::Nonce(client, nonce) => Self::Nonce(client.clone(), garbage_like(nonce)),
            other => Self::Fixed(garbage_like(&other.text())),
        }
    }

    /// The same with another text.
    pub(super) fn saying(&self, text: &str) -> Self {
        match self {
            Self::Nonce(client, _) => Self::Nonce(client.clone(), text.to_owned()),
            _ => Self::Fixed(text.to_owned()),
        }
    }

    /// The artefact alone.
    pub(super) fn artefact(&self) -> String {
        match self {
            Self::Nonce(_, nonce) => nonce.clone(),
            value => value.text(),
        }
    }
}
