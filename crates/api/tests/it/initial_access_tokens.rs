//! Initial access tokens: what an administrator says of the apps that register themselves.

use serde_json::json;

use crate::support::{Bed, initial_access_token, with};

#[actix_web::test]
async fn a_token_is_shown_once_and_withdrawn() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let source = tenant.source().await;
    let body = with(
        initial_access_token(),
        json!({
            "uses": 1000, "profile": "fapi2", "identity_sources": [source],
            "redirect_hosts": ["app.example.com", "127.0.0.1", "[::1]"],
        }),
    );
    let made = tenant.post("initial-access-tokens", body.clone()).await;
    let token = made.assert(201).body["token"].as_str().unwrap().to_owned();
    assert!(token.starts_with("hufu_initial_") && token.len() == 13 + 43, "{token}");
    assert_eq!(made.body["prefix"], token[..19]);
    let read = tenant.get(made.header("location")).await;
    assert!(!read.assert(200).text.contains(&token));
    for name in ["display_name", "uses", "profile", "identity_sources", "redirect_hosts"] {
        assert_eq!(read.body[name], body[name], "{name}");
    }
    assert_eq!(read.body["used"], 0);
    tenant.delete(made.header("location")).await.assert(204);
    tenant.get(made.header("location")).await.assert(404);
    tenant.delete(made.header("location")).await.assert(404);
}

#[actix_web::test]
async fn a_token_has_an_end_and_a_way_in_for_its_apps() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let foreign = bed.tenant("b.example").await.source().await;
    let late = bed.store.env.now() + chrono::TimeDelta::days(90) + chrono::TimeDelta::minutes(1);
    for (members, errors) in [
        (json!({ "expires_at": null }), vec![("/expires_at", "required")]),
        (json!({ "expires_at": "2020-01-01T00:00:00Z" }), vec![("/expires_at", "past")]),
        (json!({ "expires_at": late.to_rfc3339() }), vec![("/expires_at", "too_late")]),
        (json!({ "uses": null }), vec![("/uses", "required")]),
        (json!({ "uses": 0 }), vec![("/uses", "range")]),
        (json!({ "uses": 1001 }), vec![("/uses", "range")]),
        (json!({ "profile": "oidc" }), vec![("/profile", "choice")]),
        (json!({ "sign_in_methods": [] }), vec![("/identity_sources", "conflict")]),
        (json!({ "sign_in_methods": ["magic"] }), vec![("/sign_in_methods/0", "choice")]),
        (json!({ "identity_sources": [foreign] }), vec![("/identity_sources/0", "unknown")]),
        (json!({ "identity_sources": ["wecom"] }), vec![("/identity_sources/0", "format")]),
    ] {
        let body = with(initial_access_token(), members);
        tenant.post("initial-access-tokens", body).await.assert_errors(&errors);
    }
    for host in ["App.example", "a.example:8443", "https://a.example", "a/b", "a.example/", "*", ""]
    {
        let body = with(initial_access_token(), json!({ "redirect_hosts": [host] }));
        let refused = tenant.post("initial-access-tokens", body).await;
        refused.assert_errors(&[("/redirect_hosts/0", "format")]);
    }
    tenant.post("initial-access-tokens", initial_access_token()).await.assert(201);
}
