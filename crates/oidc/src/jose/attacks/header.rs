//! Headers and claims that say something else to the next reader (attack E3).

use serde_json::{Value, json};

use super::{CLAIMS, HEADER, refusal};
use crate::jose::forge::Pen;
use crate::jose::{Error, JwkSet, Jws};

#[test]
fn e3_headers_that_change_the_meaning_are_refused() {
    let pen = Pen::ec();
    for (name, value) in [
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("b64", json!(true)),
        ("zip", json!("DEF")),
        ("enc", json!("A128GCM")),
        ("jku", json!("https://attacker.example/jwks")),
        ("x5u", json!("http://169.254.169.254/")),
        ("x5c", json!(["MIIB"])),
    ] {
        let header = json!({ "alg": "ES256", name: value }).to_string();
        assert_eq!(refusal(&pen, &header, CLAIMS), Some(Error::Header(name)), "{header}");
    }
    for (name, value) in [("kid", json!(1)), ("kid", json!(null)), ("typ", json!(["JWT"]))] {
        let header = json!({ "alg": "ES256", name: value }).to_string();
        assert_eq!(refusal(&pen, &header, CLAIMS), Some(Error::Header(name)), "{header}");
    }
    assert_eq!(refusal(&pen, r#"{"alg":"ES256","x5t":"","cty":"a","z":{}}"#, CLAIMS), None);
}

#[test]
fn e3_a_kid_is_compared_and_nothing_else() {
    let (first, second) = (Pen::ec(), Pen::ec());
    let (mut a, mut b) = (first.jwk(), second.jwk());
    a["kid"] = json!("a");
    b["kid"] = json!("b");
    let set = JwkSet::parse(json!({ "keys": [a, b] }).to_string().as_bytes()).unwrap();
    let verify = |header: Value| {
        let token = second.token(&header.to_string(), CLAIMS);
        Jws::parse(&token).unwrap().verify_with(&set).map(drop).err()
    };
    for kid in ["../../dev/null", "b' OR '1'='1", "http://attacker.example/", "b\0", "B", ""] {
        assert_eq!(verify(json!({ "alg": "ES256", "kid": kid })), Some(Error::NoKey), "{kid}");
    }
    assert_eq!(verify(json!({ "alg": "ES256", "kid": "a" })), Some(Error::Signature));
    assert_eq!(verify(json!({ "alg": "EdDSA", "kid": "b" })), Some(Error::NoKey));
    assert_eq!(verify(json!({ "alg": "ES256", "kid": "b" })), None);
    assert_eq!(verify(json!({ "alg": "ES256" })), None, "each is tried");
}

#[test]
fn e3_members_named_twice_are_refused() {
    let pen = Pen::ec();
    for header in [
        r#"{"alg":"ES256","alg":"ES256"}"#,
        r#"{"alg":"none","\u0061lg":"ES256"}"#,
        r#"{"alg":"ES256","x":{"a":1,"a":2}}"#,
        r#"{"alg":"ES256"}{}"#,
        "[]",
        "",
    ] {
        assert_eq!(refusal(&pen, header, CLAIMS), Some(Error::NotJson), "{header}");
    }
    for payload in [
        r#"{"aud":"us","aud":"others"}"#,
        r#"{"cnf":{"jkt":"a","jkt":"b"}}"#,
        r#"{"exp":1e400}"#,
        "{\"exp\":١٧٨٥٥٠٠٠٠٠}",
        "foo",
        "",
        "{}x",
        "eyJhbGciOiJub25lIn0.e30.",
    ] {
        assert_eq!(refusal(&pen, HEADER, payload), Some(Error::NotJson), "{payload}");
    }
    assert_eq!(refusal(&pen, HEADER, r#"{"aud":["a","a"],"act":{"aud":1}}"#), None);
}

#[test]
fn f6_an_embedded_key_is_ignored_unless_asked_for() {
    let (registered, attacker) = (Pen::ec(), Pen::ec());
    let header = json!({ "alg": "ES256", "kid": "a", "jwk": attacker.jwk() }).to_string();
    let token = attacker.token(&header, CLAIMS);
    let jws = Jws::parse(&token).unwrap();
    assert_eq!(jws.verify(&registered.key()).unwrap_err(), Error::Signature);
    assert!(jws.verify(&jws.embedded_key().unwrap()).is_ok(), "a DPoP proof asks for it");

    let no_object = refusal(&registered, r#"{"alg":"ES256","jwk":"a"}"#, CLAIMS);
    assert_eq!(no_object, Some(Error::Header("jwk")));
    let token = registered.token(HEADER, CLAIMS);
    assert_eq!(Jws::parse(&token).unwrap().embedded_key().unwrap_err(), Error::Header("jwk"));
}

#[test]
fn a_typ_is_compared_as_a_media_type() {
    let has = |typ: &str| {
        let token = Pen::ec().token(&json!({ "alg": "ES256", "typ": typ }).to_string(), CLAIMS);
        Jws::parse(&token).unwrap().header().has_typ("dpop+jwt")
    };
    assert!(has("dpop+jwt") && has("DPoP+JWT") && has("application/dpop+jwt"));
    assert!(
        !has("jwt") && !has("at+jwt") && !has("text/dpop+jwt") && !has("a/application/dpop+jwt")
    );
}
