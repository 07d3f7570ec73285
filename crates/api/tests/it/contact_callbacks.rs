//! Contact callbacks: made, shown once, replaced, taken away.

use actix_web::http::Method;
use serde_json::json;

use crate::support::Bed;

#[actix_web::test]
async fn a_contact_callback_is_shown_once_and_replaced() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let corp = tenant.corp().await;
    let path = format!("corps/{corp}/contact-callback");
    tenant.get(&path).await.assert(404);
    tenant.delete(&path).await.assert(404);
    let make = async || tenant.request(Method::POST, &path).send().await.assert(201).clone();
    let made = make().await;
    let (token, key) = (&made.body["token"], &made.body["encoding_aes_key"]);
    let letters = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    assert!(token.as_str().is_some_and(|text| text.len() == 32 && letters(text)));
    assert!(key.as_str().is_some_and(|text| text.len() == 43 && letters(text)));
    let url = made.body["url"].as_str().unwrap();
    let random = url.strip_prefix("https://a.example/wecom/contacts/").unwrap();
    assert!(random.len() == 32 && letters(random), "{url}");
    let read = tenant.get(&path).await;
    assert_eq!(read.assert(200).body["url"], url);
    assert_eq!(
        (&read.body["verified_at"], &read.body["last_event_at"]),
        (&json!(null), &json!(null))
    );
    for secret in [token, key] {
        assert!(!read.text.contains(secret.as_str().unwrap()), "{}", read.text);
    }
    // Another one, over it.
    let anew = make().await;
    for name in ["url", "token", "encoding_aes_key"] {
        assert_ne!(anew.body[name], made.body[name], "{name}");
    }
    assert_eq!(tenant.get(&path).await.body["url"], anew.body["url"]);
    tenant.delete(&path).await.assert(204);
    tenant.get(&path).await.assert(404);
    tenant.post(&path, json!({ "token": "mine" })).await.assert(422);
    let nowhere = "corps/00000000-0000-4000-8000-000000000000/contact-callback";
    tenant.request(Method::POST, nowhere).send().await.assert(404);
}
