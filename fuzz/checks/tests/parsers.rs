//! The parsers keep their word: for what fuzzing found, and for random bytes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use std::path::PathBuf;

use parser_checks::CHECKS;
use proptest::prelude::*;

fn fuzz() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The names in a folder, without what they end with.
fn names(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(fuzz().join(folder)).unwrap();
    entries
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_check_has_a_fuzz_target_and_a_corpus() {
    let checks: BTreeSet<String> = CHECKS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names("fuzz_targets"), checks);
    assert_eq!(names("corpus"), checks);
}

#[test]
fn the_corpora_hold() {
    for (name, check) in CHECKS {
        let files = fs::read_dir(fuzz().join("corpus").join(name)).unwrap();
        let files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
        assert!(files.len() >= 5, "{name}: {}", files.len());
        for file in files {
            let data = fs::read(&file).unwrap();
            assert!(catch_unwind(|| check(&data)).is_ok(), "{}", file.display());
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_hold(data in any::<Vec<u8>>()) {
        for (_, check) in CHECKS {
            check(&data);
        }
    }

    /// Nearly an address, nearly the same.
    #[test]
    fn nearly_loopback_addresses_hold(
        host in r"http://(127\.0\.0\.1|\[::1\]|localhost|127\.1|user@127\.0\.0\.1)",
        ports in prop::array::uniform2(r"|:[0-9]{0,6}|:80[@#?/\\.]|:0x50|:\+80|:-1"),
        paths in prop::array::uniform2("/cb|/cb/|/CB|/|//cb|/../cb|/cb\\?a|\\\\cb|"),
    ) {
        for asked in [&paths[0], &paths[1]] {
            let both = format!("{host}{}{}\n{host}{}{asked}", ports[0], paths[0], ports[1]);
            parser_checks::redirect_uri(both.as_bytes());
        }
    }

    /// Whatever stands in an id or a secret, what is encoded is read.
    #[test]
    fn any_credentials_hold(id in ".*", secret in ".*") {
        parser_checks::basic(format!("{id}\n{secret}").as_bytes());
    }

    /// Names that stand twice, however they are spelt.
    #[test]
    fn names_in_several_spellings_hold(pairs in prop::collection::vec("(a|%61|%41|A|\\+|%20| |)(=|)(b|%|%2|%ff|&|)", 0..6)) {
        parser_checks::params(pairs.join("&").as_bytes());
    }
}
