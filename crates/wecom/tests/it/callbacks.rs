//! What WeCom sends to an address of ours: against vectors that Tencent's own library has made.

use proptest::prelude::*;
use serde_json::Value;
use url::form_urlencoded::Serializer;
use wecom::{Callback, CallbackError, ContactChange, UserId};

const VECTORS: &str = include_str!("../callback-vectors.json");

fn vectors(which: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(VECTORS).unwrap();
    all[which].as_array().unwrap().clone()
}

fn text<'v>(vector: &'v Value, name: &str) -> &'v str {
    vector[name].as_str().unwrap_or_else(|| panic!("{name} of {}", vector["name"]))
}

fn callback(vector: &Value) -> Result<Callback, CallbackError> {
    let key = text(vector, "encoding_aes_key").into();
    Callback::new(text(vector, "token").into(), &key, text(vector, "receive_id"))
}

fn at(vector: &Value) -> i64 {
    text(vector, "timestamp").parse().unwrap()
}

#[test]
fn an_address_proves_itself() {
    let mut proved = 0;
    for vector in vectors("vectors").iter().filter(|vector| vector["kind"] == "get_echo") {
        let callback = callback(vector).unwrap();
        for query in ["request_query", "request_query_unescaped_plus"] {
            let Some(query) = vector[query].as_str() else { continue };
            let echo = callback.echo(query);
            assert_eq!(echo.as_deref(), Ok(text(vector, "expected_response_body")), "{vector}");
            proved += 1;
        }
    }
    assert!(proved >= 4, "{proved}");
}

#[test]
fn a_message_is_read() {
    let (mut read, mut left) = (0, Vec::new());
    for vector in vectors("vectors").iter().filter(|vector| vector["kind"] == "post_xml") {
        let (query, body) = (text(vector, "request_query"), text(vector, "request_body"));
        let event = callback(vector).unwrap().event(query, body.as_bytes(), at(vector));
        let event = event.unwrap_or_else(|error| panic!("{error}: {vector}"));
        read += 1;
        if let ContactChange::Left(userid) = event.change {
            left.push(userid.as_received().to_owned());
        }
    }
    assert_eq!(read, 12);
    assert_eq!(left, ["wangwu", "woTestOpenUserBBBBBBBBBBBBBBBBBB"]);
}

/// A message that is recorded is taken for ten minutes, and never for another address.
#[test]
fn k7_what_is_old_or_for_another_address_is_refused() {
    let all = vectors("vectors");
    let vector = all.iter().find(|v| v["name"] == "change-contact-delete-user").unwrap();
    let (query, body) = (text(vector, "request_query"), text(vector, "request_body").as_bytes());
    let own = callback(vector).unwrap();
    for (apart, outcome) in
        [(601, Err(CallbackError::Time)), (-601, Err(CallbackError::Time)), (600, Ok(()))]
    {
        assert_eq!(own.event(query, body, at(vector) + apart).map(drop), outcome, "{apart}");
    }
    let key = text(vector, "encoding_aes_key").into();
    let other = Callback::new(text(vector, "token").into(), &key, "ww00112233445566ab").unwrap();
    assert_eq!(other.event(query, body, at(vector)), Err(CallbackError::Receiver));
    let other = Callback::new("other".into(), &key, text(vector, "receive_id")).unwrap();
    assert_eq!(other.event(query, body, at(vector)), Err(CallbackError::Signature));
    // Positive control.
    let wangwu = UserId::parse("wangwu").unwrap();
    assert_eq!(own.event(query, body, at(vector)).unwrap().change, ContactChange::Left(wangwu));
}

#[test]
fn k7_what_is_broken_is_refused() {
    let negative = vectors("negative_vectors");
    for vector in &negative {
        let name = text(vector, "name");
        let Ok(callback) = callback(vector) else {
            assert!(name.starts_with("key-"), "{name}");
            continue;
        };
        assert!(!name.starts_with("key-"), "{name}");
        let mut query = Serializer::new(String::new());
        for name in ["msg_signature", "timestamp", "nonce"] {
            query.append_pair(name, text(vector, name));
        }
        let outcome = if vector["kind"] == "post_xml" {
            let body = text(vector, "request_body").as_bytes();
            callback.event(&query.finish(), body, at(vector)).map(drop)
        } else {
            let query = query.append_pair("echostr", text(vector, "ciphertext")).finish();
            callback.echo(&query).map(drop)
        };
        let expected = match name {
            "bad-signature" | "signature-upper-case" => CallbackError::Signature,
            "wrong-receive-id" => CallbackError::Receiver,
            "outer-xml-no-encrypt" => CallbackError::Body,
            _ => CallbackError::Cipher,
        };
        assert_eq!(outcome, Err(expected), "{name}");
    }
    assert_eq!(negative.len(), 12);
}

#[test]
fn what_is_sent_before_anybody_has_proved_who_they_are_is_not_expanded() {
    let all = vectors("vectors");
    let vector = all.iter().find(|v| v["name"] == "change-contact-delete-user").unwrap();
    let (own, query) = (callback(vector).unwrap(), text(vector, "request_query"));
    let whole = text(vector, "request_body");
    let entity = whole.replacen("<xml>", "<!DOCTYPE x [<!ENTITY e 'e'>]><xml>&e;", 1);
    let twice = whole.replacen("</xml>", "<Encrypt>x</Encrypt></xml>", 1);
    let deep = "<a>".repeat(20_000);
    for body in [entity.as_str(), &twice, &deep, "", "{\"encrypt\":\"x\"}", "<xml"] {
        let outcome = own.event(query, body.as_bytes(), at(vector));
        assert_eq!(outcome, Err(CallbackError::Body), "{}", &body[..body.len().min(60)]);
    }
    let doubled = format!("{query}&nonce=1");
    let outcome = own.event(&doubled, whole.as_bytes(), at(vector));
    assert_eq!(outcome, Err(CallbackError::Query));
    // Positive control.
    assert!(own.event(query, whole.as_bytes(), at(vector)).is_ok());
}

proptest! {
    #[test]
    fn nothing_that_is_sent_panics(query in ".{0,200}", body in prop::collection::vec(any::<u8>(), 0..400), xml in "<xml>.{0,200}</xml>") {
        let key = "ho0tnACskJZUYAwkrqWGE1IC3QkYeAXrMfs2osUgwMY".into();
        let callback = Callback::new("t".into(), &key, "ww").unwrap();
        prop_assert!(callback.echo(&query).is_err());
        prop_assert!(callback.event(&query, &body, 0).is_err());
        prop_assert!(callback.event(&query, xml.as_bytes(), 0).is_err());
    }
}
