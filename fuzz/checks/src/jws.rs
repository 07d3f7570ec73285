//! Signed tokens in compact form (RFC 7515 §3.1).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oidc::jose::{Algorithm, Jws, PublicKey, numeric_date};
use serde_json::{Map, Value};

/// Header parameters that say how the rest is to be believed.
const REFUSED: [&str; 7] = ["crit", "b64", "zip", "enc", "jku", "x5u", "x5c"];

/// Takes a token, or a header and claims that are divided by a line's end, with a signature that is none.
/// A token that is read has one spelling and one meaning; and nobody signed it.
pub fn jws(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    check(text);
    if let Some((header, claims)) = text.split_once('\n') {
        let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
        check(&format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode([1; 64])));
    }
}

fn check(token: &str) {
    let Ok(jws) = Jws::parse(token) else { return };
    let parts: Vec<&str> = token.split('.').collect();
    assert_eq!(parts.len(), 3);
    let decoded = parts.iter().map(|part| URL_SAFE_NO_PAD.decode(part).unwrap());
    let decoded: Vec<Vec<u8>> = decoded.collect();
    for (part, bytes) in parts.iter().zip(&decoded) {
        assert_eq!(URL_SAFE_NO_PAD.encode(bytes), *part, "one spelling");
    }
    let header: Map<String, Value> = serde_json::from_slice(&decoded[0]).unwrap();
    assert!(REFUSED.iter().all(|name| !header.contains_key(*name)), "{header:?}");
    let alg = header["alg"].as_str().and_then(Algorithm::from_name);
    assert_eq!(alg, Some(jws.header().alg));
    assert_eq!(jws.header().kid.as_deref(), header.get("kid").and_then(Value::as_str));
    assert_eq!(jws.header().typ.as_deref(), header.get("typ").and_then(Value::as_str));
    if let Ok(claims) = jws.unverified_claims() {
        let same: Value = serde_json::from_slice(&decoded[1]).unwrap();
        let times = claims.values().filter_map(numeric_date);
        assert!(times.into_iter().all(|seconds| seconds >= 0));
        assert_eq!(Value::Object(claims), same);
    }
    if let Ok(key) = jws.embedded_key() {
        let own = jws.header().jwk.as_ref().unwrap();
        assert_eq!(key.thumbprint(), PublicKey::from_members(own).unwrap().thumbprint());
    }
}
