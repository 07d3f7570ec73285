//! What people have done to verifiers of JOSE, done to ours (attacks E3, F6, H10). Here: algorithms,
//! signatures and keys.

mod header;
mod spelling;

use serde::Deserialize;
use serde_json::json;

use super::forge::{Pen, base64};
use super::{Algorithm, Error, Jws, NumericDate, PublicKey};

const HEADER: &str = r#"{"alg":"ES256","typ":"dpop+jwt","kid":"a"}"#;
const CLAIMS: &str = r#"{"iss":"a","exp":1785500000}"#;

/// The error of a token with this header and payload, rightly signed.
fn refusal(pen: &Pen, header: &str, payload: &str) -> Option<Error> {
    let token = pen.token(header, payload);
    let jws = Jws::parse(&token).and_then(|jws| jws.verify(&pen.key())?.claims().map(drop));
    jws.err()
}

fn is_accepted(token: &str, key: &PublicKey) -> bool {
    Jws::parse(token).is_ok_and(|jws| jws.verify(key).is_ok())
}

#[test]
fn every_algorithm_verifies_what_it_signed() {
    let rsa = Pen::rsa();
    for (pen, alg, name) in [
        (&Pen::ec(), Algorithm::Es256, "ES256"),
        (&Pen::ed(), Algorithm::EdDsa, "EdDSA"),
        (&Pen::ed(), Algorithm::EdDsa, "Ed25519"),
        (&rsa, Algorithm::Rs256, "RS256"),
        (&rsa, Algorithm::Ps256, "PS256"),
    ] {
        let input = format!("{}.{}", base64(format!(r#"{{"alg":"{name}"}}"#)), base64(CLAIMS));
        let token = format!("{input}.{}", base64(pen.sign(alg, input.as_bytes())));
        let jws = Jws::parse(&token).unwrap();
        assert_eq!(jws.header().alg, alg);
        assert_eq!(jws.verify(&pen.key()).unwrap().claims().unwrap()["iss"], "a");
        assert_eq!(jws.verify(&Pen::ec().key()).unwrap_err(), Error::Signature);
        for other in Algorithm::ALL.into_iter().filter(|other| *other != alg) {
            let signature = pen.sign(alg, b"message");
            assert!(!pen.key().verify(other, b"message", &signature), "{alg} as {other}");
        }
    }
}

#[test]
fn claims_are_read_into_a_type() {
    #[derive(Debug, Deserialize)]
    struct Claims {
        iss: String,
        exp: NumericDate,
    }
    let pen = Pen::ec();
    let read = |payload: &str| {
        let token = pen.token(HEADER, payload);
        Jws::parse(&token).unwrap().verify(&pen.key()).unwrap().claims_as::<Claims>()
    };
    let claims = read(CLAIMS).unwrap();
    assert_eq!((claims.iss.as_str(), claims.exp), ("a", NumericDate(1_785_500_000)));
    assert_eq!(read(r#"{"iss":"a"}"#).unwrap_err(), Error::Claims);
}

#[test]
fn f6_algorithm_none_is_refused() {
    for name in ["none", "None", "NONE", "nONe", "none ", ""] {
        let header = base64(json!({ "alg": name }).to_string());
        for signature in ["", "AA"] {
            let token = format!("{header}.{}.{signature}", base64(CLAIMS));
            assert_eq!(Jws::parse(&token).unwrap_err(), Error::Algorithm, "{name}");
        }
    }
    let pen = Pen::ec();
    for header in ["{}", r#"{"alg":null}"#, r#"{"alg":["ES256"]}"#, r#"{"ALG":"ES256"}"#] {
        assert_eq!(refusal(&pen, header, CLAIMS), Some(Error::Header("alg")), "{header}");
    }
    assert_eq!(refusal(&pen, HEADER, CLAIMS), None);
}

/// HS256 with the public key as the secret, and every other algorithm than the key's.
#[test]
fn f6_the_key_says_which_algorithm() {
    let pen = Pen::rsa();
    for name in ["HS256", "HS384", "HS512", "dir", "RSA1_5", "RS1", "ES256K"] {
        let header = json!({ "alg": name }).to_string();
        assert_eq!(refusal(&pen, &header, CLAIMS), Some(Error::Algorithm), "{name}");
    }
    let token = pen.token(r#"{"alg":"PS256"}"#, CLAIMS);
    assert!(!is_accepted(&token, &pen.key()), "RS256 under the name of PS256");

    // A key that names its algorithm is for no other.
    let mut jwk = pen.jwk();
    jwk["alg"] = json!("PS256");
    let only_ps256 = PublicKey::parse(jwk.to_string().as_bytes()).unwrap();
    let token = pen.token(r#"{"alg":"RS256"}"#, CLAIMS);
    assert!(!is_accepted(&token, &only_ps256));
    assert!(is_accepted(&token, &pen.key()));
}

/// CVE-2022-21449, and signatures of another length or form.
#[test]
fn f6_an_empty_signature_is_no_signature() {
    let pen = Pen::ec();
    let input = format!("{}.{}", base64(HEADER), base64(CLAIMS));
    let signature = pen.sign(Algorithm::Es256, input.as_bytes());
    let order = *b"\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xbc\xe6\xfa\xad\xa7\x17\x9e\x84\xf3\xb9\xca\xc2\xfc\x63\x25\x51";
    let (r, s) = signature.split_at(32);
    let der = [&[0x30, 68, 2, 32][..], r, &[2, 32], s].concat();
    for forged in [
        vec![],
        vec![0; 64],
        vec![1; 64],
        vec![0; 63],
        vec![0; 132],
        [order, order].concat(),
        [r, &[0; 32]].concat(),
        [&[0; 32], s].concat(),
        [s, r].concat(),
        [&signature[..], &[0]].concat(),
        [&[0][..], r, &[0], s].concat(),
        der,
    ] {
        assert!(!is_accepted(&format!("{input}.{}", base64(forged)), &pen.key()));
    }
    assert!(is_accepted(&format!("{input}.{}", base64(signature)), &pen.key()));
}

#[test]
fn h10_keys_that_are_too_large_or_not_public_are_refused() {
    let pen = Pen::ec();
    let ones = |bytes: usize| base64(vec![0xff; bytes]);
    let rsa = |n: String, e: String| json!({ "kty": "RSA", "n": n, "e": e });
    let weak_size = Error::Weak("its modulus does not have 2048 to 4096 bits");
    let weak_number = Error::Weak("its modulus or exponent is not one of RSA");
    let neutral = base64([&[1][..], &[0; 31]].concat());
    let mut private = pen.jwk();
    private["d"] = json!(ones(32));
    for (jwk, refused) in [
        (rsa(ones(2048), "AQAB".into()), weak_size),
        (rsa(ones(513), "AQAB".into()), weak_size),
        (rsa(ones(255), "AQAB".into()), weak_size),
        (rsa(ones(256), ones(256)), weak_number),
        (rsa(ones(256), base64([3, 0, 0, 0, 1])), weak_number),
        (rsa(ones(256), "AQ".into()), weak_number),
        (rsa(ones(256), "AQAA".into()), weak_number),
        (rsa(base64([0xfe; 256]), "AQAB".into()), weak_number),
        (rsa(ones(256), String::new()), Error::Key("e")),
        (rsa(ones(256), "AAEAAQ".into()), Error::Key("e")),
        (rsa(base64([&[0][..], &[0xff; 256]].concat()), "AQAB".into()), Error::Key("n")),
        (rsa(ones(256) + "=", "AQAB".into()), Error::Key("n")),
        (json!({ "kty": "oct", "k": ones(32) }), Error::NotPublic),
        (private, Error::NotPublic),
        (
            json!({ "kty": "EC", "crv": "P-256", "x": ones(33), "y": ones(32) }),
            Error::Key("x or y"),
        ),
        (
            json!({ "kty": "EC", "crv": "P-256", "x": ones(32), "y": ones(32) }),
            Error::Key("x or y"),
        ),
        (json!({ "kty": "EC", "crv": "secp256k1", "x": "", "y": "" }), Error::NotForUs("crv")),
        (json!({ "kty": "OKP", "crv": "Ed448", "x": "" }), Error::NotForUs("crv")),
        (json!({ "kty": "OKP", "crv": "Ed25519", "x": ones(44) }), Error::Key("x")),
        (
            json!({ "kty": "OKP", "crv": "Ed25519", "x": neutral }),
            Error::Weak("anybody can sign with its point"),
        ),
    ] {
        let header = json!({ "alg": "ES256", "jwk": jwk }).to_string();
        let token = pen.token(&header, CLAIMS);
        let embedded = Jws::parse(&token).unwrap().embedded_key();
        assert_eq!(embedded.unwrap_err(), refused, "{jwk}");
    }
    let header = json!({ "alg": "ES256", "jwk": pen.jwk() }).to_string();
    assert!(Jws::parse(&pen.token(&header, CLAIMS)).unwrap().embedded_key().is_ok());
}
