//! The passwords that everybody tries first. Where the lists come from: `lists/README.md`.

use std::{collections::HashSet, sync::LazyLock};

use crate::MIN_CHARS;

const LISTS: [&str; 2] =
    [include_str!("../lists/common.txt"), include_str!("../lists/common-zh.txt")];

/// The longest ending that makes a listed password no better.
const MAX_ENDING: usize = 8;

static LISTED: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    LISTS.iter().flat_map(|list| list.lines()).filter(|line| !line.starts_with('#')).collect()
});

/// Whether a password, folded, is listed: as it is, or without some of the digits and signs at its
/// end (`password123!`).
pub(crate) fn is_common(folded: &str) -> bool {
    let mut rest = folded;
    for _ in 0..=MAX_ENDING {
        if LISTED.contains(rest) {
            return true;
        }
        let Some(last) = rest.chars().next_back().filter(|last| !last.is_alphabetic()) else {
            return false;
        };
        rest = &rest[..rest.len() - last.len_utf8()];
        if rest.len() < MIN_CHARS {
            return false;
        }
    }
    false
}
