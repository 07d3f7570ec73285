//! Keys: a JSON Web Key that verifies signatures (RFC 7517), and sets of them.

mod material;
mod set;
mod weak;

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::ParsedPublicKey;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::{Algorithm, Error, Result, json};

pub use set::{JwkSet, MAX_KEYS};

/// Length of the longest key or set that is looked at, in bytes.
pub const MAX_LENGTH: usize = 64 * 1024;

/// Members of private and symmetric keys (RFC 7518 §6.2.2, §6.3.2, §6.4.1, RFC 8037 §2).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A public key, ready for use. Parsing does all that does not depend on the message.
#[derive(Clone)]
pub struct PublicKey {
    kid: Option<String>,
    thumbprint: String,
    /// The key once for each algorithm that it is for: none other can be asked of it.
    verifiers: Vec<(Algorithm, ParsedPublicKey)>,
}

impl PublicKey {
    /// Reads a JWK (RFC 7517 §4).
    pub fn parse(json: &[u8]) -> Result<Self> {
        if json.len() > MAX_LENGTH {
            return Err(Error::TooLong);
        }
        Self::from_members(&json::object(json)?)
    }

    /// Reads a JWK that has been read as JSON already, by [`json::object`] or from our own store.
    /// Members that say nothing to us are ignored, certificates among them (RFC 7517 §4).
    pub fn from_members(jwk: &Map<String, Value>) -> Result<Self> {
        refuse_private(jwk)?;
        let kid = kid(jwk)?;
        check_purpose(jwk)?;
        let (verifiers, canonical) = material::prepare(jwk, algorithm(jwk)?)?;
        let thumbprint = URL_SAFE_NO_PAD.encode(digest(&SHA256, canonical.as_bytes()));
        Ok(Self { kid: kid.map(str::to_owned), thumbprint, verifiers })
    }

    /// `kid` (RFC 7517 §4.5).
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The SHA-256 thumbprint (RFC 7638 §3), as base64url: `jkt` of RFC 9449 §6.1.
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// Whether the key is for this algorithm: the one that the JWK names, or else each that its
    /// type allows.
    pub fn is_for(&self, alg: Algorithm) -> bool {
        self.verifiers.iter().any(|(own, _)| *own == alg)
    }

    /// Whether this key signed the message, with an algorithm that it is for.
    #[must_use]
    pub fn verify(&self, alg: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        self.verifiers
            .iter()
            .any(|(own, key)| *own == alg && key.verify_sig(message, signature).is_ok())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PublicKey").field(&self.thumbprint).finish()
    }
}

fn refuse_private(jwk: &Map<String, Value>) -> Result<()> {
    let symmetric = jwk.get("kty").is_some_and(|kty| kty == "oct");
    if symmetric || PRIVATE.iter().any(|name| jwk.contains_key(*name)) {
        return Err(Error::NotPublic);
    }
    Ok(())
}

fn kid(jwk: &Map<String, Value>) -> Result<Option<&str>> {
    jwk.get("kid").map(|kid| kid.as_str().ok_or(Error::Key("kid"))).transpose()
}

/// `use` and `key_ops`, if they are there, have to allow verifying (RFC 7517 §4.2, §4.3).
fn check_purpose(jwk: &Map<String, Value>) -> Result<()> {
    match jwk.get("use") {
        None => {}
        Some(Value::String(purpose)) if purpose == "sig" => {}
        Some(Value::String(_)) => return Err(Error::NotForUs("use")),
        Some(_) => return Err(Error::Key("use")),
    }
    match jwk.get("key_ops") {
        None => Ok(()),
        Some(Value::Array(operations)) if operations.iter().any(|name| name == "verify") => Ok(()),
        Some(Value::Array(_)) => Err(Error::NotForUs("key_ops")),
        Some(_) => Err(Error::Key("key_ops")),
    }
}

/// `alg` (RFC 7517 §4.4).
fn algorithm(jwk: &Map<String, Value>) -> Result<Option<Algorithm>> {
    let Some(alg) = jwk.get("alg") else { return Ok(None) };
    let name = alg.as_str().ok_or(Error::Key("alg"))?;
    Algorithm::from_name(name).map(Some).ok_or(Error::NotForUs("alg"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn parse(jwk: &Value) -> Result<PublicKey> {
        PublicKey::parse(jwk.to_string().as_bytes())
    }

    /// RFC 7517 §A.1, the public key on P-256.
    fn p256() -> Value {
        json!({
            "kty": "EC",
            "crv": "P-256",
            "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
            "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
        })
    }

    fn with(mut jwk: Value, name: &str, value: Value) -> Value {
        jwk[name] = value;
        jwk
    }

    #[test]
    fn thumbprints_are_those_of_the_rfcs() {
        // RFC 7638 §3.1, and RFC 8037 §A.3. What is beside the key does not count.
        let rsa = json!({
            "kty": "RSA",
            "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
            "e": "AQAB",
            "alg": "RS256",
            "kid": "2011-04-29",
        });
        let ed25519 = json!({
            "kty": "OKP",
            "crv": "Ed25519",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        });
        let rsa = parse(&rsa).unwrap();
        assert_eq!(rsa.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        assert_eq!(rsa.kid(), Some("2011-04-29"));
        let ed25519 = parse(&ed25519).unwrap();
        assert_eq!(ed25519.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        assert!(ed25519.is_for(Algorithm::EdDsa) && !ed25519.is_for(Algorithm::Es256));
    }

    #[test]
    fn a_key_says_what_it_is_for() {
        assert!(parse(&p256()).unwrap().is_for(Algorithm::Es256));
        for (name, value) in [
            ("use", json!("sig")),
            ("key_ops", json!(["sign", "verify"])),
            ("alg", json!("ES256")),
            ("x5u", json!("https://attacker.example/")),
        ] {
            assert!(parse(&with(p256(), name, value)).is_ok(), "{name}");
        }
        for (name, value, refused) in [
            ("use", json!("enc"), Error::NotForUs("use")),
            ("use", json!(["sig"]), Error::Key("use")),
            ("key_ops", json!(["encrypt"]), Error::NotForUs("key_ops")),
            ("key_ops", json!([]), Error::NotForUs("key_ops")),
            ("key_ops", json!("verify"), Error::Key("key_ops")),
            ("alg", json!("ES384"), Error::NotForUs("alg")),
            ("alg", json!("RS256"), Error::NotForUs("alg")),
            ("alg", json!("HS256"), Error::NotForUs("alg")),
            ("alg", json!("none"), Error::NotForUs("alg")),
            ("alg", json!(null), Error::Key("alg")),
            ("kid", json!(1), Error::Key("kid")),
            ("kty", json!("oct"), Error::NotPublic),
            ("d", json!(""), Error::NotPublic),
            ("k", json!(null), Error::NotPublic),
        ] {
            let jwk = with(p256(), name, value);
            assert_eq!(parse(&jwk).unwrap_err(), refused, "{jwk}");
        }
    }

    proptest! {
        #[test]
        fn bytes_are_no_reason_to_panic(bytes in any::<Vec<u8>>()) {
            let _ = PublicKey::parse(&bytes);
            let _ = JwkSet::parse(&bytes);
        }

        #[test]
        fn members_are_no_reason_to_panic(
            kty in "EC|RSA|OKP|oct|",
            crv in "P-256|Ed25519|X25519|",
            (x, y) in ("[A-Za-z0-9_-]{0,50}|[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]", ".{0,50}"),
            (n, e) in ("[A-Za-z0-9_-]{0,700}|[A-Za-z0-9_-]{341}[AQgw]", "[A-Za-z0-9_-]{0,8}"),
        ) {
            let _ = parse(&json!({ "kty": kty, "crv": crv, "x": x, "y": y, "n": n, "e": e }));
        }
    }
}
