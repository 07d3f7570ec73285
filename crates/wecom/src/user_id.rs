//! The `userid` and how two of them compare.

use std::borrow::Cow;

use crate::Mode;

/// A member's `userid`: 1 to 64 bytes of `A-Z a-z 0-9 _ . @ -`, the first a letter or a digit
/// [D 90195]. `==` compares it as received; [`UserId::subject_key`] is the key to store.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UserId(String);

/// Why a text is no [`UserId`]. The text itself is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UserIdError {
    /// Nothing in it, or more than 64 bytes.
    #[error("unexpected userid: it must have 1 to 64 bytes")]
    Length,
    /// A byte that WeCom allows in no `userid`, or one that may not stand first.
    #[error("unexpected userid: a character that may not stand there")]
    Characters,
}

impl UserId {
    /// The longest `userid`, in bytes.
    pub const MAX_LEN: usize = 64;

    /// Checks `text` and takes it as received.
    pub fn parse(text: &str) -> Result<Self, UserIdError> {
        if text.len() > Self::MAX_LEN {
            return Err(UserIdError::Length);
        }
        let first = text.bytes().next().ok_or(UserIdError::Length)?;
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.@-".contains(&byte);
        if !first.is_ascii_alphanumeric() || !text.bytes().all(allowed) {
            return Err(UserIdError::Characters);
        }
        Ok(Self(text.to_owned()))
    }

    /// The text as WeCom wrote it.
    pub fn as_received(&self) -> &str {
        &self.0
    }

    /// The text in lower case: a self-built app's userids are unique ignoring case [D 90195].
    pub fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }

    /// What identifies the member within the corp: folded for self-built apps; as received for
    /// agency apps, whose encrypted ids are case-sensitive [D 97106].
    pub fn subject_key(&self, mode: Mode) -> Cow<'_, str> {
        match mode {
            Mode::SelfBuilt => Cow::Owned(self.folded()),
            Mode::Agency => Cow::Borrowed(&self.0),
        }
    }

    /// Whether both name the same member of one corp.
    pub fn is_same(&self, other: &Self, mode: Mode) -> bool {
        match mode {
            Mode::SelfBuilt => self.0.eq_ignore_ascii_case(&other.0),
            Mode::Agency => self.0 == other.0,
        }
    }
}
