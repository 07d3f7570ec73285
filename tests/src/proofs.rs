//! DPoP proofs that a server has to refuse, and some that it has to take (RFC 9449 §4.3, attack H1): the
//! cases of the conformance suite's `dpop-negative-tests` that need no second request.

use serde_json::{Value, json};

use crate::forge::{Jwt, base64url, sha256};

/// What a test does to a proof.
pub type Change = fn(Jwt) -> Jwt;

/// Proofs that are refused at every endpoint.
pub const WRONG_PROOFS: [(&str, Change); 21] = [
    ("no JWT: two parts", |proof| {
        proof.spoilt(|token| token.rsplit_once('.').unwrap().0.to_owned())
    }),
    ("no JWT: a word", |proof| proof.spoilt(|_| "x".to_owned())),
    ("no typ", |proof| proof.header("typ", Value::Null)),
    ("no alg", |proof| proof.header("alg", Value::Null)),
    ("no jwk", |proof| proof.header("jwk", Value::Null)),
    ("no jti", |proof| proof.claim("jti", Value::Null)),
    ("no htm", |proof| proof.claim("htm", Value::Null)),
    ("no htu", |proof| proof.claim("htu", Value::Null)),
    ("no iat", |proof| proof.claim("iat", Value::Null)),
    ("another typ", |proof| proof.header("typ", "dpop+jwt+wrongyousee")),
    ("alg none", |proof| {
        let unsigned = |token: String| format!("{}.", token.rsplit_once('.').unwrap().0);
        proof.header("alg", "none").spoilt(unsigned)
    }),
    ("a symmetric alg", |proof| proof.header("alg", "HS256")),
    ("another alg than the key's", |proof| proof.header("alg", "PS256")),
    ("another signature", |proof| {
        proof.spoilt(|token| {
            let (rest, signature) = token.rsplit_once('.').unwrap();
            let first = if signature.starts_with('A') { "B" } else { "A" };
            format!("{rest}.{first}{}", &signature[1..])
        })
    }),
    ("the private key in jwk", |proof| {
        let jwk = proof.key.private_jwk();
        proof.header("jwk", jwk)
    }),
    ("another htm", |proof| proof.claim("htm", "PUT")),
    ("another htu", |proof| proof.claim("htu", "https://app.example.com/oidc/me")),
    ("a shared secret in jwk", |proof| {
        proof.header("jwk", json!({ "kty": "oct", "k": "c2VjcmV0" }))
    }),
    ("an RSA key of 16384 bits in jwk", |proof| {
        let modulus = base64url([0xff; 2048]);
        proof
            .header("alg", "PS256")
            .header("jwk", json!({ "kty": "RSA", "n": modulus, "e": "AQAB" }))
    }),
    ("iat in an hour", |proof| {
        let iat = proof.claims["iat"].as_i64().unwrap() + 3600;
        proof.claim("iat", iat)
    }),
    ("iat an hour ago", |proof| {
        let iat = proof.claims["iat"].as_i64().unwrap() - 3600;
        proof.claim("iat", iat)
    }),
];

/// Proofs that are refused where a token is shown: they are not about it.
pub const WRONG_ATH: [(&str, Change); 3] = [
    ("no ath", |proof| proof.claim("ath", Value::Null)),
    ("another token's ath", |proof| proof.claim("ath", sha256("x"))),
    ("ath of another kind", |proof| proof.claim("ath", 1)),
];

fn htu(proof: &Jwt) -> String {
    proof.claims["htu"].as_str().unwrap().to_owned()
}

/// Proofs that are right, though they look unusual.
pub const RIGHT_PROOFS: [(&str, Change); 4] = [
    ("query and fragment in htu", |proof| {
        let htu = htu(&proof) + "?allthedoors#programmed";
        proof.claim("htu", htu)
    }),
    ("upper-case scheme and host in htu", |proof| {
        let htu = htu(&proof);
        let (origin, path) = htu.split_once("/oidc").unwrap();
        let htu = format!("{}/oidc{path}", origin.to_uppercase());
        proof.claim("htu", htu)
    }),
    ("unknown claims", |proof| proof.claim("tx_id_key", 1).claim("htu2", "x")),
    ("unknown header parameters", |proof| proof.header("tx_id", 1)),
];
