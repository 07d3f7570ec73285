//! Redirect URIs and request objects.

use e2e::AppServer;
use serde_json::json;
use url::Url;

use super::{CALLBACK, refuses, register, unregister};
use crate::rp::Rp;

const WITH_QUERY: &str = "https://app.example.com/callback?foo=bar";

/// Page of ours, and nobody is sent anywhere. The right address still works.
async fn is_page(rp: &mut Rp, redirect_uri: &str) {
    let url = rp.url(&[("redirect_uri", redirect_uri)]);
    let page = rp.browser.get(url).await;
    assert_eq!(page.code().as_deref(), Some("redirect_uri_mismatch"), "{page:?}");
    assert!(page.location().is_none() && page.status == 400, "{page:?}");
}

pub(super) async fn oidcc_ensure_redirect_uri_in_authorization_request(mut rp: Rp) {
    let both = json!({ "redirect_uris": [CALLBACK, "https://app.example.com/another"] });
    register(&mut rp, both).await;
    is_page(&mut rp, "").await;
    rp.flow(&[]).await;
}

pub(super) async fn oidcc_redirect_uri_query_ok(mut rp: Rp) {
    let app = register(&mut rp, json!({ "redirect_uris": [WITH_QUERY] })).await;
    assert_eq!(app["redirect_uris"], json!([WITH_QUERY]));
    let url = rp.url(&[]);
    let answer = rp.browser.get(&url).await;
    let answer = rp.past_login(&url, answer).await;
    let location: Url = answer.location().unwrap();
    assert!(location.as_str().starts_with(&format!("{WITH_QUERY}&")), "{location}");
    let code = answer.parameter("code").unwrap();
    assert_eq!(answer.parameter("foo").as_deref(), Some("bar"));
    let tokens = rp.redeem(&rp.tenant.app, &code).await;
    assert_eq!(tokens.status, 200, "{}", tokens.body);
    unregister(&rp, &app).await;
}

pub(super) async fn oidcc_redirect_uri_query_mismatch(mut rp: Rp) {
    register(&mut rp, json!({ "redirect_uris": [WITH_QUERY, CALLBACK] })).await;
    is_page(&mut rp, "https://app.example.com/callback?bar=foo").await;
    CALLBACK.clone_into(&mut rp.tenant.app.redirect_uri);
    rp.flow(&[]).await;
}

pub(super) async fn oidcc_redirect_uri_query_added(mut rp: Rp) {
    register(&mut rp, json!({})).await;
    is_page(&mut rp, WITH_QUERY).await;
    rp.flow(&[]).await;
}

pub(super) async fn oidcc_redirect_uri_regfrag(mut rp: Rp) {
    let fragment = json!({ "redirect_uris": [format!("{CALLBACK}#foobar")] });
    refuses(&mut rp, fragment, "invalid_redirect_uri").await;
}

/// Not offered: refused when it is registered, and when it is sent; nobody is called.
async fn request_uri(mut rp: Rp, algorithm: &str) {
    let server = AppServer::start().await;
    let uri = server.url("/request.jwt");
    let uris = json!({ "request_uris": [uri], "request_object_signing_alg": algorithm });
    refuses(&mut rp, uris, "invalid_client_metadata").await;
    let response = rp.ask(&[("request_uri", &uri)]).await;
    assert_eq!(response.get("error"), Some("request_uri_not_supported"));
    assert_eq!(server.connections(), 0);
    rp.flow(&[]).await;
}

pub(super) async fn oidcc_request_uri_unsigned(rp: Rp) {
    request_uri(rp, "none").await;
}

pub(super) async fn oidcc_request_uri_signed_rs256(rp: Rp) {
    request_uri(rp, "RS256").await;
}

pub(super) async fn oidcc_ensure_request_object_with_redirect_uri(mut rp: Rp) {
    register(&mut rp, json!({})).await;
    crate::basic::requests::oidcc_ensure_request_object_with_redirect_uri(rp).await;
}
