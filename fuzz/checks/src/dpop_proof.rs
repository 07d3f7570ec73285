//! DPoP proofs (RFC 9449 §4.2), rightly signed: bytes that are not would never get past the signature.

use std::sync::LazyLock;

use aws_lc_rs::encoding::{AsBigEndian as _, EcPublicKeyUncompressedBin};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oidc::dpop;
use oidc::jose::{PublicKey, json};
use serde_json::{Map, Value, json};

static KEY: LazyLock<EcdsaKeyPair> =
    LazyLock::new(|| EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap());

fn jwk() -> Value {
    let point: EcPublicKeyUncompressedBin<'_> = KEY.public_key().as_be_bytes().unwrap();
    let [x, y] = [&point.as_ref()[1..33], &point.as_ref()[33..]].map(|n| URL_SAFE_NO_PAD.encode(n));
    json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y })
}

fn signed(header: &[u8], claims: &[u8]) -> String {
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
    let input = format!("{header}.{claims}");
    let signature = KEY.sign(&SystemRandom::new(), input.as_bytes()).unwrap();
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
}

/// Takes a header's members that go over the right ones, and behind a line's end the claims as they are.
pub fn dpop_proof(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (header, claims) = (&data[..end], data.get(end + 1..).unwrap_or_default());
    let over = serde_json::from_slice::<Map<String, Value>>(header).unwrap_or_default();
    let mut full = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": jwk() });
    full.as_object_mut().unwrap().extend(over.clone());
    let token = signed(full.to_string().as_bytes(), claims);
    let read = dpop::read(&token);
    if let Some((read, jkt)) = &read {
        let key = PublicKey::parse(jwk().to_string().as_bytes()).unwrap();
        assert_eq!(jkt, key.thumbprint(), "the key that signed");
        let typ = full["typ"].as_str().unwrap().to_ascii_lowercase();
        assert!(["dpop+jwt", "application/dpop+jwt"].contains(&typ.as_str()), "{typ}");
        assert_eq!(full["alg"], "ES256");
        let said: Value = serde_json::from_slice(claims).unwrap();
        let text = |name: &str| said[name].as_str();
        assert_eq!(text("jti"), Some(read.jti.as_str()));
        assert_eq!(text("htm"), Some(read.htm.as_str()));
        assert_eq!(text("htu"), Some(read.htu.as_str()));
        assert_eq!((text("ath"), text("nonce")), (read.ath.as_deref(), read.nonce.as_deref()));
        assert!(read.iat.0 >= 0);
        // It is about these claims and no others.
        let (input, signature) = token.rsplit_once('.').unwrap();
        let (header, _) = input.split_once('.').unwrap();
        let other = URL_SAFE_NO_PAD.encode(b"{}");
        assert!(dpop::read(&format!("{header}.{other}.{signature}")).is_none());
    }
    // Nothing right is refused.
    let members = json::object(claims).unwrap_or_default();
    let texts =
        ["jti", "htm", "htu"].iter().all(|name| members.get(*name).is_some_and(Value::is_string));
    let only = members.len() == 4 && members.get("iat").is_some_and(Value::is_u64);
    let fits = members.get("iat").and_then(Value::as_i64).is_some() && token.len() <= 16 * 1024;
    assert!(read.is_some() || !(over.is_empty() && texts && only && fits), "{token}");
}
