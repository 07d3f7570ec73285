//! The crate's error. No variant holds a password or a stored hash.

use crate::Unacceptable;

/// Why a password was neither hashed nor verified. A wrong password is no error
/// ([`crate::Verdict`]).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting is out of its range.
    #[error("{setting} {remedy}")]
    Settings {
        /// The field of [`crate::Settings`].
        setting: &'static str,
        /// What it is, what it must be, and what to do.
        remedy: String,
    },
    /// As many hashes as may are being computed and waited for (attack R6). Try again in a second.
    #[error("too many passwords are being hashed")]
    Busy,
    /// The stored text is no Argon2 hash in PHC form.
    #[error("the stored password hash can't be read")]
    Unreadable,
    /// The stored hash asks for far more memory or work than the settings do.
    #[error("the stored password hash asks for too much memory or work")]
    Costly,
    /// The password can't be normalised: [`Unacceptable::Characters`] or
    /// [`Unacceptable::TooLong`]. Only of [`crate::Passwords::hash`].
    #[error(transparent)]
    Unacceptable(#[from] Unacceptable),
    /// Argon2 failed: there was not enough memory.
    #[error("the password could not be hashed")]
    Argon2(#[from] argon2::password_hash::Error),
    /// The program is stopping.
    #[error("hashing was stopped")]
    Stopped,
}

impl Error {
    /// Whether the pool was full: it will not be in a moment.
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::Busy)
    }
}
