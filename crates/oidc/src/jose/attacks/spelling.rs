//! Tokens that are written otherwise, cut, or too long (attack F6).

use std::collections::HashSet;

use proptest::prelude::*;
use serde_json::json;

use super::{CLAIMS, HEADER, is_accepted, refusal};
use crate::jose::forge::{Pen, base64};
use crate::jose::{Algorithm, Error, Jws, PublicKey, jws};

/// One token has one spelling, and nothing around it.
#[test]
fn f6_a_token_has_one_spelling() {
    let pen = Pen::ec();
    let key = pen.key();
    let token = pen.token(HEADER, CLAIMS);
    let (input, signature) = token.rsplit_once('.').unwrap();
    let (header, payload) = input.split_once('.').unwrap();
    for other in [
        format!("{token}."),
        format!("{token}.e30"),
        format!(".{token}"),
        format!("{token} "),
        format!(" {token}"),
        format!("{token}\n"),
        format!("{token}\0"),
        format!("{token}="),
        format!("{token}=="),
        format!("{token}A"),
        format!("{token}trailing"),
        format!("{header}..{signature}"),
        format!("{header}.{payload}"),
        format!("{header}.{signature}"),
        format!("{header}\u{ff0e}{payload}.{signature}"),
        token.replace('.', "%2E"),
        String::new(),
        ".".into(),
        "..".into(),
        "...".into(),
    ] {
        assert!(!is_accepted(&other, &key), "{other}");
    }
    for length in 0..token.len() {
        assert!(!is_accepted(&token[..length], &key), "truncated to {length}");
    }
    assert!(is_accepted(&token, &key));
}

/// Spellings that a lenient reader takes for the same bytes; signed as they stand.
#[test]
fn f6_base64url_is_canonical() {
    let pen = Pen::ec();
    let refused = |header: &str, payload: &str| {
        let token = pen.close(&format!("{header}.{payload}"));
        assert_eq!(Jws::parse(&token).unwrap_err(), Error::NotCompact, "{header}.{payload}");
    };
    let (header, payload) = (base64(HEADER), base64(r#"{"a":"??>>","b":1}"#));
    assert!(payload.contains('_') || payload.contains('-'), "{payload}");
    refused(&header, &payload.replace('_', "/").replace('-', "+"));
    for inserted in ["=", "==", " ", "\n", "\r\n", "%", "!", "\u{200b}", "\u{661}", "\u{ff21}"] {
        refused(&header, &format!("{payload}{inserted}"));
        refused(&format!("{}{inserted}{}", &header[..4], &header[4..]), &payload);
    }
    // "e30" is `{}`; the others have its bytes and bits set that say nothing.
    for unused_bits in ["e31", "e32", "e33"] {
        refused(&header, unused_bits);
    }
    refused(&header, "e30A=");
    assert!(is_accepted(&pen.close(&format!("{header}.e30")), &pen.key()));
}

/// The last character of a signature has four bits that say nothing: one of sixteen is right.
#[test]
fn f6_a_signature_has_one_spelling() {
    let pen = Pen::ec();
    let token = pen.token(HEADER, CLAIMS);
    let alphabet = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['-', '_']);
    let spellings: HashSet<String> = alphabet
        .map(|last| format!("{}{last}", &token[..token.len() - 1]))
        .filter(|spelling| is_accepted(spelling, &pen.key()))
        .collect();
    assert_eq!(spellings, HashSet::from([token]));
}

#[test]
fn f6_a_megabyte_is_not_looked_at() {
    let pen = Pen::ec();
    let header = |padding| json!({ "alg": "ES256", "x": "a".repeat(padding) }).to_string();
    let deep = format!(r#"{{"alg":"ES256","x":{}{}}}"#, "[".repeat(3000), "]".repeat(3000));
    assert_eq!(refusal(&pen, &header(1024 * 1024), CLAIMS), Some(Error::TooLong));
    assert_eq!(refusal(&pen, HEADER, &header(1024 * 1024)), Some(Error::TooLong));
    assert_eq!(refusal(&pen, &deep, CLAIMS), Some(Error::NotJson));
    assert!(Jws::parse(&".".repeat(jws::MAX_LENGTH)).is_err());
    assert_eq!(refusal(&pen, &header(8 * 1024), CLAIMS), None);
}

proptest! {
    #[test]
    fn f6_text_is_no_reason_to_panic(token in any::<String>()) {
        prop_assert!(Jws::parse(&token).is_err());
    }

    #[test]
    fn f6_a_token_of_anything_is_no_reason_to_panic(header in any::<Vec<u8>>(), payload: Vec<u8>, signature: Vec<u8>) {
        let (header, signature) = (base64(header), base64(signature));
        let _ = Jws::parse(&format!("{header}.{}.{signature}", base64(&payload)));
        let token = format!("{}.{}.{signature}", base64(HEADER), base64(&payload));
        let jws = Jws::parse(&token).unwrap();
        let _ = jws.unverified_claims();
        let jwk = json!({
            "kty": "OKP",
            "crv": "Ed25519",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        });
        let key = PublicKey::parse(jwk.to_string().as_bytes()).unwrap();
        prop_assert!(jws.verify(&key).is_err());
        for alg in Algorithm::ALL {
            prop_assert!(!key.verify(alg, &payload, signature.as_bytes()));
        }
    }
}
