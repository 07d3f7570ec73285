//! Opaque random text.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// Bytes behind a code, a ticket or a scan key: 64 characters of text.
pub(crate) const KEY_BYTES: usize = 48;

/// A key of a [`crate::shelf::Shelf`].
pub(crate) type Key = [u8; KEY_BYTES];

/// `N` random bytes.
#[expect(clippy::expect_used, reason = "the generator fails only when the system has none at all")]
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut out = [0; N];
    aws_lc_rs::rand::fill(&mut out).expect("system randomness");
    out
}

/// The text of a key.
pub(crate) fn text(key: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(key)
}

/// The key of a text, if it can be one.
pub(crate) fn key(text: &str) -> Option<Key> {
    if text.len() != KEY_BYTES / 3 * 4 {
        return None;
    }
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}
