//! The one form of a password that is measured, compared and hashed.

use unicode_normalization::{UnicodeNormalization as _, char::is_public_assigned};
use zeroize::Zeroizing;

use crate::Unacceptable;

/// The fewest characters of a password, after normalisation.
pub const MIN_CHARS: usize = 8;
/// The most characters of a password, after normalisation.
pub const MAX_CHARS: usize = 128;

/// No text that normalises to [`MAX_CHARS`] is longer, in bytes.
const MAX_RAW: usize = 4096;

/// The normal form, of at most [`MAX_CHARS`]: the same keys on another keyboard or system give the
/// same bytes.
///
/// As RFC 8265 section 4.2 (OpaqueString) has it: spaces become U+0020, case is kept, control and
/// unassigned characters are refused. Two things differ. NFKC takes the place of NFC, as NIST SP
/// 800-63B asks, since Chinese and Japanese input methods write full-width letters and digits. And
/// joiners and variation selectors are let through, without which emoji can't be typed.
pub(crate) fn normalise(raw: &str) -> Result<Zeroizing<String>, Unacceptable> {
    if raw.len() > MAX_RAW {
        return Err(Unacceptable::TooLong);
    }
    if !raw.chars().all(is_allowed) {
        return Err(Unacceptable::Characters);
    }
    // All that may be needed: growing would leave copies behind
    let mut text = Zeroizing::new(String::with_capacity(4 * MAX_CHARS));
    for (count, char) in raw.nfkc().map(plain_space).enumerate() {
        if count == MAX_CHARS {
            return Err(Unacceptable::TooLong);
        }
        text.push(char);
    }
    Ok(text)
}

/// A normalised text without regard to case.
pub(crate) fn fold(normalised: &str) -> Zeroizing<String> {
    // A character's lower case has at most three characters
    let mut text = Zeroizing::new(String::with_capacity(3 * normalised.len()));
    text.extend(normalised.chars().flat_map(char::to_lowercase));
    text
}

/// [`fold`] of a text that is no password: it may have any characters and any length.
pub(crate) fn fold_any(raw: &str) -> String {
    raw.nfkc().map(plain_space).flat_map(char::to_lowercase).collect()
}

/// Whether a password may have the character: one that Unicode has assigned, so that its normal
/// form never changes, and none that comes unseen with a copied text.
fn is_allowed(char: char) -> bool {
    let unseen = matches!(
        char,
        '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'
            ..='\u{206f}' | '\u{feff}'
    );
    is_public_assigned(char) && !char.is_control() && !unseen
}

/// NFKC makes U+0020 of every space but U+1680.
fn plain_space(char: char) -> char {
    if char.is_whitespace() { ' ' } else { char }
}
