//! Secrets at rest: which keys are accepted, what opens where, and changing keys.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails, fails its test")]

mod support;

#[path = "key_ring/database.rs"]
mod database;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use secrecy::{ExposeSecret as _, SecretString};
use store::id::TenantId;
use store::secret::{Place, SecretHash};
use store::{Env, Error, KeyRing};
use uuid::Uuid;

const T1: TenantId = TenantId(Uuid::from_u128(1));
const T2: TenantId = TenantId(Uuid::from_u128(2));
const COLUMN: &str = "identity_sources.secret";

fn here() -> Place<'static> {
    Place { tenant: Some(T1), column: COLUMN, row: b"row" }
}

pub(crate) fn random_key() -> String {
    STANDARD.encode(Env::system().bytes::<32>().unwrap())
}

pub(crate) fn ring(keys: &[(&str, &str)]) -> store::Result<KeyRing> {
    let owned = |(id, key): &(&str, &str)| ((*id).to_owned(), SecretString::from(*key));
    KeyRing::new(&keys.iter().map(owned).collect::<Vec<_>>())
}

#[test]
fn unusable_keys_are_refused_with_the_settings_name() {
    let (good, other) = (random_key(), random_key());
    let long_id = "a".repeat(33);
    let of_bytes = |bytes: &[u8]| STANDARD.encode(bytes);
    let random = STANDARD.decode(&good).unwrap();
    let unusable: Vec<(&str, Vec<(&str, String)>)> = vec![
        ("empty", vec![]),
        ("same id", vec![("a", good.clone()), ("a", other.clone())]),
        ("exactly 32 bytes", vec![("a", of_bytes(&random[..31]))]),
        ("exactly 32 bytes", vec![("a", of_bytes(&[random.clone(), vec![1]].concat()))]),
        ("exactly 32 bytes", vec![("a", String::new())]),
        ("exactly 32 bytes", vec![("a", of_bytes(&random[..16]))]),
        ("exactly 32 bytes", vec![("b", good.clone()), ("a", of_bytes(&random[..16]))]),
        ("not base64", vec![("a", "change me".to_owned())]),
        ("not base64", vec![("a", good.replace('=', "*"))]),
        ("placeholder", vec![("a", of_bytes(&[0; 32]))]),
        ("placeholder", vec![("a", of_bytes(&[255; 32]))]),
        ("placeholder", vec![("a", of_bytes(b"0123456789abcde0123456789abcde01"))]),
        ("placeholder", vec![("a", of_bytes(b"changemechangemechangemechangeme"))]),
        ("an id is", vec![("", good.clone())]),
        ("an id is", vec![("A", good.clone())]),
        ("an id is", vec![("a b", good.clone())]),
        ("an id is", vec![("虎", good.clone())]),
        ("an id is", vec![(&long_id, good.clone())]),
    ];
    for (reason, keys) in &unusable {
        let borrowed: Vec<(&str, &str)> =
            keys.iter().map(|(id, key)| (*id, key.as_str())).collect();
        let text = match ring(&borrowed) {
            Err(Error::Settings(text)) => text,
            outcome => panic!("{reason}: {outcome:?}"),
        };
        assert!(text.contains("secrets.keys") && text.contains(reason), "{reason}: {text}");
        for (_, key) in keys.iter().filter(|(_, key)| !key.is_empty()) {
            assert!(!text.contains(key.as_str()), "the text shows a key");
        }
    }
    ring(&[("2026-01", &good), ("old", &other), (&long_id[..32], &random_key())]).unwrap();
    // As `openssl` prints it.
    ring(&[("a", &format!("{good}\n"))]).unwrap();
}

#[test]
fn neither_ring_nor_hash_shows_what_it_keeps() {
    let key = random_key();
    let shown = format!("{:?}", ring(&[("2026-01", &key)]).unwrap());
    assert_eq!(shown, "[\"2026-01\"]");
    let hash = SecretHash::of("secret");
    assert_eq!(format!("{hash:?}"), "SecretHash");
    assert!(hash.matches("secret") && !hash.matches("Secret") && !hash.matches(""));
}

#[test]
fn what_is_sealed_opens_and_is_not_in_the_open() {
    let (env, ring) = (Env::system(), ring(&[("k1", &random_key())]).unwrap());
    for plain in [&b""[..], b"x", "密钥".as_bytes(), &[0xff; 5000]] {
        let sealed = ring.seal(&env, here(), plain).unwrap();
        assert_eq!(ring.open(here(), &sealed).unwrap().expose_secret(), plain);
        assert!(plain.len() < 2 || !sealed.windows(plain.len()).any(|part| part == plain));
        assert_ne!(sealed, ring.seal(&env, here(), plain).unwrap(), "the nonce is new each time");
        assert!(ring.is_current(&sealed));
    }
    let text = ring.seal(&env, here(), "密钥".as_bytes()).unwrap();
    assert_eq!(ring.open_text(here(), &text).unwrap().expose_secret(), "密钥");
    let bytes = ring.seal(&env, here(), &[0xff]).unwrap();
    assert!(matches!(ring.open_text(here(), &bytes), Err(Error::Sealed { column: COLUMN, .. })));
}

#[test]
fn n7_what_was_moved_does_not_open() {
    let (env, ring) = (Env::system(), ring(&[("k1", &random_key())]).unwrap());
    let elsewhere = [
        Place { tenant: Some(T2), ..here() },
        Place { tenant: None, ..here() },
        Place { column: "signing_keys.private_key", ..here() },
        Place { column: "identity_sources.secre", row: b"trow", ..here() },
        Place { row: b"another row", ..here() },
        Place { row: b"", ..here() },
    ];
    for from in elsewhere {
        for (from, to) in [(from, here()), (here(), from)] {
            let sealed = ring.seal(&env, from, b"secret").unwrap();
            let outcome = ring.open(to, &sealed);
            assert!(matches!(outcome, Err(Error::Sealed { .. })), "{from:?} opens at {to:?}");
            assert_eq!(ring.open(from, &sealed).unwrap().expose_secret(), b"secret");
        }
    }
}

#[test]
fn only_its_own_key_opens() {
    let (env, old, new) = (Env::system(), random_key(), random_key());
    let sealed = ring(&[("old", &old)]).unwrap().seal(&env, here(), b"secret").unwrap();
    let both = ring(&[("new", &new), ("old", &old)]).unwrap();
    assert_eq!(both.open(here(), &sealed).unwrap().expose_secret(), b"secret");
    assert!(!both.is_current(&sealed));
    assert!(both.is_current(&both.seal(&env, here(), b"secret").unwrap()));
    // Gone from the ring, or another key under its id.
    for wrong in [ring(&[("new", &new)]), ring(&[("old", &new)])] {
        let error = wrong.unwrap().open(here(), &sealed).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, Error::Sealed { column: COLUMN, .. }));
        assert!(
            text.contains(COLUMN) && !text.contains(&old) && !text.contains("secret\""),
            "{text}"
        );
    }
}

proptest! {
    #[test]
    fn changed_bytes_never_open(
        plain in proptest::collection::vec(any::<u8>(), 0..80),
        at: prop::sample::Index,
        flip in 1_u8..=255,
        cut: prop::sample::Index,
        more in proptest::collection::vec(any::<u8>(), 1..8),
    ) {
        let ring = ring(&[("k1", &random_key())]).unwrap();
        let sealed = ring.seal(&Env::system(), here(), &plain).unwrap();
        let mut flipped = sealed.clone();
        flipped[at.index(sealed.len())] ^= flip;
        let truncated = &sealed[..cut.index(sealed.len())];
        let longer = [&sealed[..], &more].concat();
        for changed in [&flipped, truncated, &longer] {
            let refused = matches!(ring.open(here(), changed), Err(Error::Sealed { .. }));
            prop_assert!(refused);
            prop_assert!(ring.open_text(here(), changed).is_err());
        }
        let opened = ring.open(here(), &sealed).unwrap();
        prop_assert_eq!(opened.expose_secret(), &plain[..]);
    }

    #[test]
    fn any_bytes_are_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let ring = ring(&[("k1", &random_key())]).unwrap();
        prop_assert!(ring.open(here(), &bytes).is_err());
        // The same behind a head that is right.
        let headed = [&[1, 2][..], b"k1", &bytes].concat();
        prop_assert!(ring.open(here(), &headed).is_err());
        prop_assert!(ring.is_current(&headed));
    }
}
