//! JSON Web Keys, and sets of them (RFC 7517).

use oidc::jose::jwk::MAX_KEYS;
use oidc::jose::{Algorithm, Error, JwkSet, PublicKey};
use serde_json::{Map, Value};

/// Members of keys that nobody should see, or that are shared (RFC 7518 §6).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Takes a key, or a set. A key that is taken is public, and is the same whatever stands beside it, alone
/// or in a set.
pub fn jwk(data: &[u8]) {
    if let Ok(set) = JwkSet::parse(data) {
        assert!(set.keys().len() <= MAX_KEYS);
    }
    let alone = PublicKey::parse(data);
    let Ok(members) = serde_json::from_slice::<Map<String, Value>>(data) else {
        assert!(alone.is_err(), "no object");
        return;
    };
    let set = JwkSet::parse(&[br#"{"keys":["#, data, b"]}"].concat());
    match &alone {
        Ok(key) => {
            is_public(&members, key);
            let mut more = members;
            more.insert("x-unknown".to_owned(), Value::Null);
            let same = PublicKey::from_members(&more).unwrap();
            assert_eq!(same.thumbprint(), key.thumbprint());
            assert_eq!(set.unwrap().keys()[0].thumbprint(), key.thumbprint());
        }
        // A set may be of keys for something else.
        Err(Error::NotForUs(_)) => assert!(set.unwrap().keys().is_empty()),
        Err(_) => assert!(set.is_err()),
    }
}

fn is_public(members: &Map<String, Value>, key: &PublicKey) {
    assert!(PRIVATE.iter().all(|name| !members.contains_key(*name)), "{members:?}");
    assert_eq!(key.thumbprint().len(), 43);
    assert_eq!(key.kid(), members.get("kid").and_then(Value::as_str));
    let own: Vec<Algorithm> = Algorithm::ALL.into_iter().filter(|alg| key.is_for(*alg)).collect();
    assert!(!own.is_empty());
    // Nobody has signed anything by it.
    for alg in Algorithm::ALL {
        for signature in [&[][..], &[0; 64], &[0; 256]] {
            assert!(!key.verify(alg, b"message", signature), "{alg}");
        }
    }
}
