//! Hashes: the reference implementation's vectors, what is outdated, and what is refused.

use password::{Error, Passwords, Settings, Unacceptable, Verdict};

use crate::{TINY, secret, tiny};

const RIGHT: Verdict = Verdict::Right { outdated: false };
const OUTDATED: Verdict = Verdict::Right { outdated: true };
/// 00 01 .. 0f, the salt of the vectors of [`OURS`].
const SALT: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
const STAPLE: &str = "correct horse battery staple";

/// Made by the reference implementation in C (through Python's argon2-cffi): memory, passes, lanes,
/// password, PHC string.
const OURS: [(u32, u32, u32, &str, &str); 3] = [
    (
        19456,
        2,
        1,
        STAPLE,
        "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$gYJZtjEAJqjg26xdLmknq8/bB7MiWPrE9hsYuA+SkIU",
    ),
    (
        64,
        3,
        2,
        STAPLE,
        "$argon2id$v=19$m=64,t=3,p=2$AAECAwQFBgcICQoLDA0ODw$x2DDBa4dWyRSftvI23cVjytjIZfYutSc7FqwcYCfPe8",
    ),
    (
        256,
        2,
        1,
        "密码 pässword",
        "$argon2id$v=19$m=256,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$ViVv88hQzBV1or5f6xJGNrp63DcHIFjnd4kDpmsUGok",
    ),
];

/// From `src/test.c` of the reference implementation, with salts of 8 bytes; the last, of Argon2i, made
/// by it like [`OURS`].
const REFERENCE: [(&str, &str); 7] = [
    (
        "password",
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
    ),
    (
        "password",
        "$argon2id$v=19$m=262144,t=2,p=1$c29tZXNhbHQ$eP4eyR+zqlZX1y5xCFTkw9m5GYx0L5YWwvCFvtlbLow",
    ),
    (
        "password",
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    ),
    (
        "password",
        "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
    ),
    (
        "differentpassword",
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$C4TWUs9rDEvq7w3+J4umqA32aWKB1+DSiRuBfYxFj94",
    ),
    (
        "password",
        "$argon2id$v=19$m=65536,t=2,p=1$ZGlmZnNhbHQ$vfMrBczELrFdWP0ZsfhWsRPaHppYdP3MVEMIVlqoFBw",
    ),
    (
        STAPLE,
        "$argon2i$v=19$m=256,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$yWNSXoQ+H3I6DvlC1lgn0yui2Cpro/apNSc2kNmH3OE",
    ),
];

fn of(memory_kib: u32, iterations: u32, parallelism: u32) -> Passwords {
    Passwords::new(Settings { memory_kib, iterations, parallelism, ..TINY }).unwrap()
}

#[tokio::test]
async fn hashes_are_the_reference_implementations() {
    for (memory, passes, lanes, password, expected) in OURS {
        let passwords = of(memory, passes, lanes);
        let hash = passwords.hash(secret(password), SALT).await.unwrap();
        assert_eq!(hash, expected);
        assert_eq!(passwords.verify(secret(password), Some(hash)).await, Ok(RIGHT));
    }
}

#[tokio::test]
async fn vectors_of_the_reference_implementation_verify() {
    for (password, stored) in REFERENCE {
        let verdict = tiny().verify(secret(password), Some(stored.to_owned())).await;
        assert_eq!(verdict, Ok(OUTDATED), "{stored}");
        let verdict = tiny().verify(secret("Password"), Some(stored.to_owned())).await;
        assert_eq!(verdict, Ok(Verdict::Wrong), "{stored}");
    }
}

#[tokio::test]
async fn a_hash_of_other_settings_is_outdated() {
    let stored = of(16, 2, 1).hash(secret(STAPLE), SALT).await.unwrap();
    for (passwords, expected) in [
        (of(16, 2, 1), RIGHT),
        (of(24, 2, 1), OUTDATED),
        (of(16, 3, 1), OUTDATED),
        (of(16, 2, 2), OUTDATED),
        (of(16, 1, 1), OUTDATED),
    ] {
        let verdict = passwords.verify(secret(STAPLE), Some(stored.clone())).await;
        assert_eq!(verdict, Ok(expected), "{passwords:?}");
        let verdict = passwords.verify(secret("another"), Some(stored.clone())).await;
        assert_eq!(verdict, Ok(Verdict::Wrong));
    }
}

#[tokio::test]
async fn nobodys_password_takes_the_same_path() {
    let passwords = tiny();
    let stored = passwords.hash(secret(STAPLE), SALT).await.unwrap();
    let before = passwords.load().computed;
    for guess in [STAPLE, "", "nobody's"] {
        assert_eq!(passwords.verify(secret(guess), None).await, Ok(Verdict::Wrong));
    }
    assert_eq!(passwords.load().computed, before + 3);
    assert_eq!(passwords.verify(secret("wrong"), Some(stored.clone())).await, Ok(Verdict::Wrong));
    assert_eq!(passwords.load().computed, before + 4);
    assert_eq!(passwords.verify(secret(STAPLE), Some(stored)).await, Ok(RIGHT));
    assert_eq!(passwords.load().computed, before + 5);
}

#[tokio::test]
async fn a_password_that_cannot_be_hashed_is_wrong_whoever_is_asked_about() {
    let passwords = tiny();
    let stored = passwords.hash(secret(STAPLE), SALT).await.unwrap();
    let before = passwords.load();
    for guess in ["a\u{0}bcdefghi", &"x".repeat(129), &"x".repeat(5_000_000)] {
        for stored in [None, Some(stored.clone())] {
            assert_eq!(passwords.verify(secret(guess), stored).await, Ok(Verdict::Wrong));
        }
    }
    assert_eq!(passwords.load(), before);
    let hashed = passwords.hash(secret("a\u{0}bcdefghi"), SALT).await;
    assert_eq!(hashed, Err(Error::Unacceptable(Unacceptable::Characters)));
    let hashed = passwords.hash(secret(&"x".repeat(129)), SALT).await;
    assert_eq!(hashed, Err(Error::Unacceptable(Unacceptable::TooLong)));
    assert!(passwords.hash(secret(&"x".repeat(128)), SALT).await.is_ok());
}

#[tokio::test]
async fn what_is_no_argon2_hash_is_unreadable() {
    let passwords = tiny();
    for stored in [
        "",
        "$",
        "plain text",
        "$2b$12$EXRkfkdmXn2gzds2SSitu.MW9.gAVqa9eLS1//RYtYCmB1eLHg.9q",
        "$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E",
        "$argon2id$v=19$m=8,t=1,p=1",
        "$argon2id$v=19$m=8,t=1,p=1$AAECAwQFBgcICQoLDA0ODw",
        "$argon2id$v=20$m=8,t=1,p=1$AAECAwQFBgcICQoLDA0ODw$yWNSXoQ+H3I6DvlC1lgn0yui2Cpro/apNSc2kNmH3OE",
        "$argon2id$v=19$m=7,t=1,p=1$AAECAwQFBgcICQoLDA0ODw$yWNSXoQ+H3I6DvlC1lgn0yui2Cpro/apNSc2kNmH3OE",
        "$argon2id$v=19$m=8,t=0,p=1$AAECAwQFBgcICQoLDA0ODw$yWNSXoQ+H3I6DvlC1lgn0yui2Cpro/apNSc2kNmH3OE",
        "$argon2id$v=19$m=8,t=1,p=0$AAECAwQFBgcICQoLDA0ODw$yWNSXoQ+H3I6DvlC1lgn0yui2Cpro/apNSc2kNmH3OE",
        "$argon2id$v=19$m=8,t=1,p=2$AAECAwQFBgcICQoLDA0ODw$yWNSXoQ+H3I6DvlC1lgn0yui2Cpro/apNSc2kNmH3OE",
        "$argon2id$v=19$m=99999999999,t=1,p=1$AAECAwQFBgcICQoLDA0ODw$yWNSXoQ+H3I6DvlC1lgn0yui2Cpro/apNSc2kNmH3OE",
        "$argon2id$v=19$m=8,t=1,p=1$AA$yWNSXoQ+H3I6DvlC1lgn0yui2Cpro/apNSc2kNmH3OE",
    ] {
        let verdict = passwords.verify(secret(STAPLE), Some(stored.to_owned())).await;
        assert_eq!(verdict, Err(Error::Unreadable), "{stored}");
    }
    assert_eq!(passwords.load().computed, 0);
}

#[tokio::test]
async fn r6_huge_parameters_of_a_stored_hash_are_refused_not_computed() {
    let passwords = tiny();
    let end = "$AAECAwQFBgcICQoLDA0ODw$yWNSXoQ+H3I6DvlC1lgn0yui2Cpro/apNSc2kNmH3OE";
    for huge in [
        "m=4294967295,t=1,p=1",
        "m=262145,t=1,p=1",
        "m=65536,t=17,p=1",
        "m=8,t=4294967295,p=1",
        "m=262144,t=1,p=17",
    ] {
        let stored = format!("$argon2id$v=19${huge}{end}");
        let verdict = passwords.verify(secret(STAPLE), Some(stored)).await;
        assert_eq!(verdict, Err(Error::Costly), "{huge}");
    }
    assert_eq!(passwords.load().computed, 0);
    let stored = format!("$argon2id$v=19$m=65536,t=3,p=4{end}");
    assert_eq!(passwords.verify(secret(STAPLE), Some(stored)).await, Ok(Verdict::Wrong));
    assert_eq!(passwords.load().computed, 1);
}

#[tokio::test]
async fn the_same_password_from_another_keyboard_verifies() {
    let passwords = tiny();
    for (hashed, typed) in [
        ("pa\u{308}ssword", "pässword"),
        ("ｑｗｅｒｔｙ１２３！", "qwerty123!"),
        ("two\u{3000}words", "two words"),
        ("two\u{1680}words", "two\u{a0}words"),
        ("각각각각각각각각", &"\u{1100}\u{1161}\u{11a8}".repeat(8)),
    ] {
        let stored = passwords.hash(secret(hashed), SALT).await.unwrap();
        assert_eq!(passwords.verify(secret(typed), Some(stored)).await, Ok(RIGHT), "{hashed}");
    }
    let stored = passwords.hash(secret("Case matters"), SALT).await.unwrap();
    assert_eq!(passwords.verify(secret("case matters"), Some(stored)).await, Ok(Verdict::Wrong));
}
