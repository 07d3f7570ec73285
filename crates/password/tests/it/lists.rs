//! The shipped lists: each entry as it is looked up, and each one refused.

use std::collections::HashSet;

use password::{MIN_CHARS, Unacceptable, check};

use crate::secret;

const COMMON: &str = include_str!("../../lists/common.txt");
const COMMON_ZH: &str = include_str!("../../lists/common-zh.txt");

fn entries(list: &str) -> Vec<&str> {
    list.lines().filter(|line| !line.starts_with('#')).collect()
}

#[test]
fn entries_are_sorted_folded_and_once() {
    let mut seen = HashSet::new();
    for list in [COMMON, COMMON_ZH] {
        let entries = entries(list);
        assert!(entries.len() > 5000, "{}", entries.len());
        assert!(entries.is_sorted());
        for entry in entries {
            assert!(entry.len() >= MIN_CHARS, "{entry}");
            assert!(entry.bytes().all(|byte| byte.is_ascii_graphic()), "{entry}");
            assert!(!entry.bytes().any(|byte| byte.is_ascii_uppercase()), "{entry}");
            assert!(seen.insert(entry), "twice: {entry}");
        }
    }
}

#[test]
fn source_and_licence_are_named() {
    assert!(COMMON.starts_with("# ") && COMMON.contains("zxcvbn 4.4.2"));
    assert!(COMMON_ZH.starts_with("# ") && COMMON_ZH.contains("Apache-2.0"));
    assert!(include_str!("../../lists/LICENSE-zxcvbn.txt").contains("Dan Wheeler"));
}

#[test]
fn every_entry_is_refused_in_any_case_and_with_an_ending() {
    for entry in entries(COMMON).into_iter().chain(entries(COMMON_ZH)) {
        for variant in [entry.to_owned(), entry.to_uppercase(), format!("{entry}1!")] {
            let refused = check(&secret(&variant), &[]);
            assert!(
                matches!(refused, Err(Unacceptable::Common | Unacceptable::Repetitive)),
                "{variant}: {refused:?}"
            );
        }
    }
}
