//! The settings: a refusal names the setting and what to do.

use password::{Error, Passwords, Settings};

use crate::TINY;

fn refusal(settings: Settings) -> String {
    match Passwords::new(settings) {
        Err(error @ Error::Settings { .. }) => error.to_string(),
        other => panic!("{settings:?}: {other:?}"),
    }
}

#[test]
fn the_default_is_owasps() {
    let settings = Settings::default();
    let Settings { memory_kib, iterations, parallelism, at_once, waiting } = settings;
    assert_eq!((memory_kib, iterations, parallelism), (19456, 2, 1));
    assert!(at_once >= 1 && waiting >= at_once);
    assert!(Passwords::new(settings).is_ok());
}

#[test]
fn what_is_out_of_range_is_refused_with_a_remedy() {
    assert_eq!(
        refusal(Settings { iterations: 0, ..TINY }),
        "iterations is 0; it must be from 1 to 1000: raise iterations"
    );
    assert_eq!(
        refusal(Settings { at_once: 513, ..TINY }),
        "at_once is 513; it must be from 1 to 512: lower at_once"
    );
    assert_eq!(
        refusal(Settings { memory_kib: 31, parallelism: 4, ..TINY }),
        "memory_kib is 31; it must be at least 32, 8 for each of parallelism: raise memory_kib \
         (19456 is recommended), or lower parallelism"
    );
    for (setting, settings) in [
        ("memory_kib", Settings { memory_kib: 0, ..TINY }),
        ("memory_kib", Settings { memory_kib: u32::MAX, ..TINY }),
        ("iterations", Settings { iterations: u32::MAX, ..TINY }),
        ("parallelism", Settings { parallelism: 0, ..TINY }),
        ("parallelism", Settings { parallelism: u32::MAX, ..TINY }),
        ("at_once", Settings { at_once: 0, ..TINY }),
        ("at_once", Settings { at_once: usize::MAX, ..TINY }),
        ("waiting", Settings { waiting: usize::MAX, ..TINY }),
    ] {
        assert!(refusal(settings).starts_with(setting), "{settings:?}");
    }
    assert!(Passwords::new(TINY).is_ok());
}

#[test]
fn debug_shows_the_settings() {
    let shown = format!("{:?}", Passwords::new(TINY).unwrap());
    assert!(shown.starts_with("Passwords { settings: Settings { memory_kib: 8,"), "{shown}");
}
