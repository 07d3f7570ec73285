//! Whether a password may be chosen. What it is made of is the person's choice (NIST SP 800-63B
//! section 3.1.1.2): there are no classes of characters to be mixed, only guesses to be refused.

use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use crate::{common, text};

/// Personal data shorter than this is in many a good password by chance.
const MIN_ABOUT: usize = 4;
/// The digits of a telephone number that are compared: without country and area.
const PHONE_DIGITS: usize = 8;
/// The longest pattern that is seen as such when it is repeated.
const MAX_PATTERN: usize = 4;

/// Why a password may not be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Unacceptable {
    /// Fewer than [`crate::MIN_CHARS`] characters.
    #[error("the password is too short: it must have at least {} characters", text::MIN_CHARS)]
    TooShort,
    /// More than [`crate::MAX_CHARS`] characters.
    #[error("the password is too long: it must have at most {} characters", text::MAX_CHARS)]
    TooLong,
    /// Among the first that anybody tries.
    #[error("the password is a common one")]
    Common,
    /// One character or pattern again and again, or characters that follow one another.
    #[error("the password only repeats or counts")]
    Repetitive,
    /// It contains the name, address or telephone number of its owner.
    #[error("the password contains personal data")]
    Personal,
    /// A control character, an unseen one, or one that Unicode has not assigned.
    #[error("the password has a character that can't be used")]
    Characters,
}

impl Unacceptable {
    /// The stable code, for programs and translations.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooShort => "too_short",
            Self::TooLong => "too_long",
            Self::Common => "common",
            Self::Repetitive => "repetitive",
            Self::Personal => "personal",
            Self::Characters => "characters",
        }
    }
}

/// Whether `password` may be chosen by somebody of whom `about` is known: the user name, the e-mail
/// address or its local part, the telephone number in any form. What has fewer than 4 characters of
/// `about` is passed over.
pub fn check(password: &SecretString, about: &[&str]) -> Result<(), Unacceptable> {
    let normalised = text::normalise(password.expose_secret())?;
    if normalised.chars().count() < text::MIN_CHARS {
        return Err(Unacceptable::TooShort);
    }
    let folded = text::fold(&normalised);
    if is_repetitive(&folded) {
        return Err(Unacceptable::Repetitive);
    }
    if common::is_common(&folded) {
        return Err(Unacceptable::Common);
    }
    if about.iter().any(|known| is_about(&folded, known)) {
        return Err(Unacceptable::Personal);
    }
    Ok(())
}

/// Whether it is one pattern repeated, or one run of characters up or down.
fn is_repetitive(folded: &str) -> bool {
    let mut chars = Zeroizing::new(Vec::with_capacity(folded.len()));
    chars.extend(folded.chars());
    let repeats = |length: usize| {
        chars.len() >= 2 * length && chars[length..] == chars[..chars.len() - length]
    };
    let runs = |by: i64| chars.windows(2).all(|pair| step(pair[0], pair[1]) == by);
    (1..=MAX_PATTERN).any(repeats) || runs(1) || runs(-1)
}

/// How far it is from one character to the next; 0 follows 9, as on a keyboard.
fn step(from: char, to: char) -> i64 {
    match (from, to) {
        ('9', '0') => 1,
        ('0', '9') => -1,
        _ => i64::from(u32::from(to)) - i64::from(u32::from(from)),
    }
}

/// Whether the password contains what is known of its owner.
fn is_about(folded: &str, known: &str) -> bool {
    let known = text::fold_any(known.trim());
    let local = known.split('@').next().unwrap_or_default();
    let contains = |part: &str| part.chars().count() >= MIN_ABOUT && folded.contains(part);
    contains(local) || subscriber(local).is_some_and(|digits| contains(&digits))
}

/// The last digits of a telephone number, if it looks like one.
fn subscriber(known: &str) -> Option<String> {
    let digits: String = known.chars().filter(char::is_ascii_digit).collect();
    let is_phone = known.chars().all(|char| char.is_ascii_digit() || "+-./() ".contains(char));
    is_phone.then(|| digits[digits.len().saturating_sub(PHONE_DIGITS)..].to_owned())
}
