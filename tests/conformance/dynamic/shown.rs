//! What a client tells of itself.

use e2e::{Answer, AppServer, Reply};
use serde_json::{Value, json};

use super::{CALLBACK, refuses, register, unregister};
use crate::rp::Rp;

/// The page that asks the person about the client.
async fn question(rp: &mut Rp) -> Answer {
    let url = rp.url(&[]);
    let answer = rp.tenant.sign_in(&mut rp.browser, &url, "zhangsan").await;
    let page = answer.location().filter(|url| url.path() == "/approve");
    rp.browser.get(page.unwrap_or_else(|| panic!("{answer:?}")).as_str()).await
}

/// A member is registered, and shown as a link of the page.
async fn is_linked(mut rp: Rp, name: &str) {
    let uri = format!("https://app.example.com/{name}");
    let app = register(&mut rp, json!({ name: uri })).await;
    assert_eq!(app[name], uri.as_str());
    let page = question(&mut rp).await;
    assert!(page.links().contains(&uri), "{}", page.body);
    rp.flow(&[]).await;
    unregister(&rp, &app).await;
}

/// Registered and, unlike what the suite wants to see, never shown: its server would learn who signs in.
pub(super) async fn oidcc_registration_logo_uri(mut rp: Rp) {
    let uri = "https://app.example.com/logo.png";
    let app = register(&mut rp, json!({ "logo_uri": uri })).await;
    assert_eq!(app["logo_uri"], uri);
    let page = question(&mut rp).await;
    assert!(!page.body.contains(uri) && page.body.contains("Suite"), "{}", page.body);
    rp.flow(&[]).await;
    unregister(&rp, &app).await;
}

pub(super) async fn oidcc_registration_policy_uri(rp: Rp) {
    is_linked(rp, "policy_uri").await;
}

pub(super) async fn oidcc_registration_tos_uri(rp: Rp) {
    is_linked(rp, "tos_uri").await;
}

/// A server whose document lists these redirect URIs.
async fn sector(listed: Value) -> (AppServer, Value) {
    let server = AppServer::start().await;
    server.reply(Reply::status(200).body(listed.to_string()));
    let metadata = json!({ "sector_identifier_uri": server.url("/sector.json") });
    (server, metadata)
}

pub(super) async fn oidcc_registration_sector_uri(mut rp: Rp) {
    let (server, metadata) = sector(json!(["https://other.example.com/", CALLBACK])).await;
    let app = register(&mut rp, metadata.clone()).await;
    assert_eq!(app["sector_identifier_uri"], metadata["sector_identifier_uri"]);
    assert_eq!(server.received().len(), 1);
    rp.flow(&[]).await;
    unregister(&rp, &app).await;
}

pub(super) async fn oidcc_registration_sector_bad(mut rp: Rp) {
    for listed in [json!(["https://other.example.com/"]), json!([]), json!({}), json!(CALLBACK)] {
        let (server, metadata) = sector(listed).await;
        refuses(&mut rp, metadata, "invalid_client_metadata").await;
        assert_eq!(server.received().len(), 1);
    }
}
