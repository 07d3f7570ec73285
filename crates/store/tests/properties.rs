//! What holds for any randomness and any text: random strings, secrets and ids.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use secrecy::ExposeSecret as _;
use store::env::SystemClock;
use store::id::{AppId, IdError, UserId};
use store::{Env, Error, Random, Result};
use uuid::Uuid;

/// Gives the first of these bytes, or fails if more are wanted.
struct Given(Vec<u8>);

impl Random for Given {
    fn fill(&self, bytes: &mut [u8]) -> Result<()> {
        let given = self.0.get(..bytes.len()).ok_or(Error::Random)?;
        bytes.copy_from_slice(given);
        Ok(())
    }
}

fn env_of(bytes: Vec<u8>) -> Env {
    Env::new(Arc::new(SystemClock), Arc::new(Given(bytes)))
}

proptest! {
    #[test]
    fn alphanumeric_is_as_long_as_asked_and_letters_and_digits(length in 0_usize..300) {
        let text = Env::system().alphanumeric(length).unwrap();
        prop_assert_eq!(text.len(), length);
        prop_assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }

    #[test]
    fn a_secret_is_its_prefix_and_256_bits(bytes: [u8; 32], prefix in "[a-z_]{0,12}") {
        let secret = env_of(bytes.to_vec()).secret(&prefix).unwrap();
        let random = secret.expose_secret().strip_prefix(&prefix).unwrap();
        prop_assert_eq!(random.len(), 43);
        prop_assert!(random.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        let decode = base64::Engine::decode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, random);
        prop_assert_eq!(decode.unwrap(), bytes, "every bit is in it");
    }

    /// Attack S5: without random bytes nothing is made.
    #[test]
    fn s5_without_random_bytes_nothing_is_made(available in 0_usize..=64) {
        let env = env_of((0..64).take(available).collect());
        prop_assert_eq!(matches!(env.alphanumeric(22), Err(Error::Random)), available < 64);
        prop_assert_eq!(matches!(env.secret("p_"), Err(Error::Random)), available < 32);
        prop_assert_eq!(matches!(env.random_id(), Err(Error::Random)), available < 16);
        prop_assert_eq!(matches!(env.ordered_id(), Err(Error::Random)), available < 10);
    }

    #[test]
    fn an_id_has_one_spelling(bytes: [u8; 16]) {
        let id = UserId(Uuid::from_bytes(bytes));
        let text = id.to_string();
        prop_assert_eq!(text.parse(), Ok(id));
        let upper = text.to_uppercase();
        let respelt = [
            text.replace('-', ""),
            format!("{{{text}}}"),
            format!("urn:uuid:{text}"),
            format!(" {text}"),
            format!("{text}\n"),
            text.replace('-', "_"),
            text[1..].to_owned(),
        ];
        for other in respelt {
            prop_assert_eq!(other.parse::<UserId>(), Err(IdError), "{}", other);
        }
        prop_assert_eq!(upper.parse::<UserId>().is_ok(), upper == text);
    }

    #[test]
    fn no_text_is_an_id_but_a_canonical_one(text in "\\PC*|[0-9a-fA-F-]{30,40}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}") {
        let canonical = text.len() == 36
            && text.char_indices().all(|(at, c)| match at {
                8 | 13 | 18 | 23 => c == '-',
                _ => c.is_ascii_digit() || ('a'..='f').contains(&c),
            });
        match text.parse::<AppId>() {
            Ok(id) => prop_assert_eq!(id.to_string(), text),
            Err(error) => prop_assert_eq!((error, canonical), (IdError, false)),
        }
    }
}

#[test]
fn random_strings_have_no_order_and_do_not_repeat() {
    let env = Env::system();
    let texts: Vec<String> = (0..2000).map(|_| env.alphanumeric(22).unwrap()).collect();
    assert_eq!(texts.iter().collect::<BTreeSet<_>>().len(), texts.len());
    let secrets: Vec<String> =
        (0..2000).map(|_| env.secret("").unwrap().expose_secret().to_owned()).collect();
    assert_eq!(secrets.iter().collect::<BTreeSet<_>>().len(), secrets.len());
    let ids: Vec<String> = (0..2000).map(|_| env.random_id().unwrap().to_string()).collect();
    for made in [texts, secrets, ids] {
        // 2000 coins: outside of 800 to 1200 heads in less than one of 10^18 cases.
        let rises = made.chunks(2).filter(|pair| pair[0] < pair[1]).count();
        assert!((350..=650).contains(&rises), "{rises} of 1000 pairs rise");
    }
}

#[test]
fn every_letter_is_as_likely_as_any_other() {
    let text = Env::system().alphanumeric(620_000).unwrap();
    let mut counts = [0_u32; 128];
    text.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
    let seen: Vec<u32> = counts.into_iter().filter(|count| *count > 0).collect();
    assert_eq!(seen.len(), 62);
    // 10,000 each, with a deviation of 99; a modulo of 256 would give 8 of them 12,000.
    assert!(seen.iter().all(|count| (9_200..=10_800).contains(count)), "{seen:?}");
}

#[test]
fn ordered_ids_order_by_time() {
    struct At(i64);
    impl store::Clock for At {
        fn now(&self) -> chrono::DateTime<chrono::Utc> {
            chrono::DateTime::from_timestamp_micros(self.0).unwrap()
        }
    }
    let at = |micros: i64| {
        let random = Given(vec![u8::try_from(255 - micros.rem_euclid(256)).unwrap(); 16]);
        Env::new(Arc::new(At(micros)), Arc::new(random)).ordered_id().unwrap()
    };
    let ids: Vec<Uuid> = (1_899_999_999_998_500..1_900_000_000_001_500).map(at).collect();
    assert!(ids.is_sorted());
    let as_sent = |id: &Uuid| id.get_timestamp().unwrap().to_unix();
    assert_eq!(as_sent(&ids[2999]), (1_900_000_000, 1_000_000));
    // Before 1970 there is no such id, but no panic either.
    assert_eq!(at(-256).get_version_num(), 7);
}
