//! The upstream `state`.

/// The `state` of a login URL: 1 to 128 letters and digits, the strictest rule of WeCom's pages
/// (errcode 84025) [D 91022, D 90313], kept for the web login as well.
#[derive(Clone, PartialEq, Eq)]
pub struct State(String);

/// Why a text is no [`State`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// Nothing in it, or more than 128 bytes.
    #[error("state must have 1 to 128 characters")]
    Length,
    /// Something other than `A-Z a-z 0-9`.
    #[error("state must be letters and digits only")]
    Characters,
}

impl State {
    /// The longest state WeCom takes, in bytes.
    pub const MAX_LEN: usize = 128;

    /// Checks `text` and takes it as it is.
    pub fn parse(text: &str) -> Result<Self, StateError> {
        if text.is_empty() || text.len() > Self::MAX_LEN {
            return Err(StateError::Length);
        }
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(StateError::Characters);
        }
        Ok(Self(text.to_owned()))
    }

    /// The text, as it stands in the URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Without the value: who reads a log must not be able to finish somebody's sign-in.
impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("State(..)")
    }
}
