//! JWK Sets (RFC 7517 §5).

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::super::{Algorithm, Error, Result, json};
use super::{MAX_LENGTH, PublicKey, kid, refuse_private};

/// How many keys a set may have.
pub const MAX_KEYS: usize = 32;

/// The keys of a set that verify signatures with one of our algorithms. It may be empty.
#[derive(Debug, Clone, Default)]
pub struct JwkSet {
    keys: Vec<PublicKey>,
}

impl JwkSet {
    /// Reads a JWK Set.
    pub fn parse(json: &[u8]) -> Result<Self> {
        if json.len() > MAX_LENGTH {
            return Err(Error::TooLong);
        }
        Self::from_members(&json::object(json)?)
    }

    /// Reads a JWK Set that has been read as JSON already, by [`json::object`] or from our own
    /// store.
    ///
    /// Keys for something else (another `kty`, `crv` or `alg`, or for encryption) are skipped, as
    /// RFC 7517 §5 asks: people publish one set for all that they do. The whole set is refused if
    /// one key is private, weak or malformed, or if two have one `kid`, skipped ones included:
    /// whoever made it should hear of that.
    pub fn from_members(set: &Map<String, Value>) -> Result<Self> {
        let Some(Value::Array(members)) = set.get("keys") else { return Err(Error::Key("keys")) };
        if members.len() > MAX_KEYS {
            return Err(Error::TooManyKeys);
        }
        let mut kids = HashSet::new();
        let mut keys = Vec::with_capacity(members.len());
        for member in members {
            let Value::Object(jwk) = member else { return Err(Error::Key("keys")) };
            refuse_private(jwk)?;
            if kid(jwk)?.is_some_and(|kid| !kids.insert(kid)) {
                return Err(Error::DuplicateKid);
            }
            match PublicKey::from_members(jwk) {
                Ok(key) => keys.push(key),
                Err(Error::NotForUs(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Self { keys })
    }

    /// The keys, in the set's order.
    pub fn keys(&self) -> &[PublicKey] {
        &self.keys
    }

    /// The keys that may have signed a token with this header: those for its algorithm, and, if it
    /// names a `kid`, only the one that has it (RFC 7515 §4.1.4).
    pub fn candidates(
        &self,
        alg: Algorithm,
        kid: Option<&str>,
    ) -> impl Iterator<Item = &PublicKey> {
        self.keys.iter().filter(move |key| key.is_for(alg) && (kid.is_none() || key.kid() == kid))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(set: &Value) -> Result<JwkSet> {
        JwkSet::parse(set.to_string().as_bytes())
    }

    fn ed25519(kid: &str) -> Value {
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid })
    }

    #[test]
    fn keys_for_something_else_are_skipped() {
        let set = parse(&json!({ "keys": [
            { "kty": "EC", "crv": "P-521", "x": "", "y": "", "kid": "1" },
            { "kty": "OKP", "crv": "X25519", "x": "", "kid": "2" },
            { "kty": "AKP", "alg": "ML-DSA-44", "pub": "", "kid": "3" },
            { "kty": "RSA", "alg": "RS512", "n": "", "e": "AQAB", "kid": "4" },
            { "kty": "RSA", "use": "enc", "n": "", "e": "AQAB", "kid": "5" },
            ed25519("6"),
        ], "more": 1 }))
        .unwrap();
        assert_eq!(set.keys().len(), 1);
        let found = |kid| set.candidates(Algorithm::EdDsa, kid).count();
        assert_eq!((found(Some("6")), found(None), found(Some("1"))), (1, 1, 0));
        assert_eq!(set.candidates(Algorithm::Es256, Some("6")).count(), 0);
        assert!(parse(&json!({ "keys": [] })).unwrap().keys().is_empty());
    }

    #[test]
    fn a_set_with_one_key_that_should_not_be_there_is_refused() {
        let rsa_1024 = json!({ "kty": "RSA", "n": format!("{}w", "_".repeat(170)), "e": "AQAB" });
        let secret = json!({ "kty": "oct", "k": "AAAA" });
        let private = json!({ "kty": "AKP", "d": "AAAA", "use": "enc" });
        let off_curve =
            json!({ "kty": "EC", "crv": "P-256", "x": "A".repeat(43), "y": "A".repeat(43) });
        let elsewhere = json!({ "kty": "EC", "crv": "P-384", "kid": "a" });
        for (other, refused) in [
            (secret, Error::NotPublic),
            (private, Error::NotPublic),
            (off_curve, Error::Key("x or y")),
            (rsa_1024, Error::Weak("its modulus does not have 2048 to 4096 bits")),
            (ed25519("a"), Error::DuplicateKid),
            (elsewhere, Error::DuplicateKid),
            (json!({ "kty": "RSA" }), Error::Key("n")),
            (json!({}), Error::Key("kty")),
            (json!("a"), Error::Key("keys")),
        ] {
            assert_eq!(parse(&json!({ "keys": [ed25519("a"), other] })).unwrap_err(), refused);
        }
    }

    #[test]
    fn a_set_is_bounded() {
        let of = |count: usize| {
            let keys = (0..count).map(|n| ed25519(&n.to_string())).collect::<Vec<_>>();
            parse(&json!({ "keys": keys }))
        };
        assert_eq!(of(MAX_KEYS).unwrap().keys().len(), MAX_KEYS);
        assert_eq!(of(MAX_KEYS + 1).unwrap_err(), Error::TooManyKeys);
        let long = json!({ "keys": [], "padding": "a".repeat(MAX_LENGTH) });
        assert_eq!(parse(&long).unwrap_err(), Error::TooLong);
        assert_eq!(parse(&json!({ "keys": {} })).unwrap_err(), Error::Key("keys"));
        assert_eq!(parse(&json!([])).unwrap_err(), Error::NotJson);
        assert_eq!(parse(&ed25519("a")).unwrap_err(), Error::Key("keys"));
    }
}
