//! Every vector of Wycheproof's JOSE files (`wycheproof/README.md`) against [`oidc::jose`].
//!
//! A valid vector is accepted, unless it needs something that is not offered; those are counted by
//! reason, so that none is left out by mistake. An invalid one is refused. The files have no vector
//! whose result is "acceptable"; one that appeared would stop the test, to be decided here.

#![expect(clippy::unwrap_used, reason = "a test: a vector of another shape has to stop it")]

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oidc::jose::{JwkSet, Jws, PublicKey, Result};
use serde_json::Value;

const SECRET: &str = "signed with a shared secret: clients prove themselves with keys of their own";
const OTHER_ALGORITHM: &str = "an algorithm beyond RS256, PS256, ES256 and EdDSA";
const ENCRYPTED: &str = "encrypted, not signed";

/// What a file came to.
#[derive(Debug, Default, PartialEq)]
struct Tally {
    /// Valid and accepted.
    accepted: usize,
    /// Valid and not offered, by reason.
    not_offered: BTreeMap<&'static str, usize>,
    /// Invalid and refused.
    refused: usize,
}

impl Tally {
    fn total(&self) -> usize {
        self.accepted + self.not_offered.values().sum::<usize>() + self.refused
    }
}

fn run(file: &str) -> Tally {
    let file: Value = serde_json::from_str(file).unwrap();
    let mut tally = Tally::default();
    for group in file["testGroups"].as_array().unwrap() {
        // The key of a shared secret, or for decrypting, has a private form only.
        let key = group.get("public").unwrap_or(&group["private"]);
        for vector in group["tests"].as_array().unwrap() {
            let name = format!("{} {} {}", vector["tcId"], group["comment"], vector["comment"]);
            let outcome = verify(key, &token(vector));
            match (vector["result"].as_str().unwrap(), not_offered(key, vector)) {
                ("valid", None) => {
                    assert_eq!(outcome, Ok(()), "{name}");
                    tally.accepted += 1;
                }
                ("valid", Some(reason)) => {
                    assert!(outcome.is_err(), "{name}");
                    *tally.not_offered.entry(reason).or_default() += 1;
                }
                ("invalid", _) => {
                    assert!(outcome.is_err(), "{name}");
                    tally.refused += 1;
                }
                (other, _) => panic!("{name} is {other}: decide what we do, and say why"),
            }
        }
    }
    assert_eq!(file["numberOfTests"], tally.total());
    tally
}

/// What a relying party does with the key and the token.
fn verify(key: &Value, token: &str) -> Result<()> {
    let json = key.to_string();
    if key.get("keys").is_some() {
        let keys = JwkSet::parse(json.as_bytes())?;
        Jws::parse(token)?.verify_with(&keys).map(drop)
    } else {
        let key = PublicKey::parse(json.as_bytes())?;
        Jws::parse(token)?.verify(&key).map(drop)
    }
}

/// The token as it would be sent. Some are an object: the JSON serialization.
fn token(vector: &Value) -> String {
    let token = vector.get("jws").or_else(|| vector.get("jwe")).unwrap();
    token.as_str().map_or_else(|| token.to_string(), str::to_owned)
}

/// Why a valid vector is refused all the same, from the vector alone.
fn not_offered(key: &Value, vector: &Value) -> Option<&'static str> {
    let first = key.pointer("/keys/0").unwrap_or(key);
    if vector.get("jwe").is_some() {
        return Some(ENCRYPTED);
    }
    if first["kty"] == "oct" {
        return Some(SECRET);
    }
    let alg = algorithm(&token(vector)).unwrap_or_default();
    let ours = ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"];
    (!ours.contains(&alg.as_str())).then_some(OTHER_ALGORITHM)
}

fn algorithm(token: &str) -> Option<String> {
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next()?).ok()?;
    let header: Value = serde_json::from_slice(&header).ok()?;
    header["alg"].as_str().map(str::to_owned)
}

#[test]
fn f6_wycheproof_json_web_signature() {
    let tally = run(include_str!("wycheproof/json_web_signature_test.json"));
    // Two of the shared secrets' vectors (372, 373) have a `?` in the middle of their base64url and
    // count as valid, for readers that skip what they do not know. Ours is none of those.
    // Other algorithms: RS384, RS512, PS384 and PS512 four times each, and four of RFC 7520: ES512 twice, and PS384
    // twice under a key that is for PS256.
    let not_offered = BTreeMap::from([(SECRET, 10), (OTHER_ALGORITHM, 20)]);
    assert_eq!(tally, Tally { accepted: 16, not_offered, refused: 355 });
    assert_eq!(tally.total(), 401);
}

#[test]
fn f6_wycheproof_json_web_key() {
    let tally = run(include_str!("wycheproof/json_web_key_test.json"));
    let not_offered = BTreeMap::from([(SECRET, 4)]);
    assert_eq!(tally, Tally { accepted: 1, not_offered, refused: 21 });
    assert_eq!(tally.total(), 26);
}

#[test]
fn f6_wycheproof_json_web_crypto() {
    let tally = run(include_str!("wycheproof/json_web_crypto_test.json"));
    let not_offered = BTreeMap::from([(SECRET, 2), (ENCRYPTED, 2)]);
    assert_eq!(tally, Tally { accepted: 2, not_offered, refused: 77 });
    assert_eq!(tally.total(), 83);
}
