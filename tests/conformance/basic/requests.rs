//! What requests ask for, and what they may not.

use serde_json::Value;

use crate::rp::Rp;
use crate::side::{is_page, text};

fn number(claims: &Value, name: &str) -> i64 {
    claims[name].as_i64().unwrap_or_else(|| panic!("{name}: {claims}"))
}

pub(super) async fn oidcc_response_type_missing(mut rp: Rp) {
    let response = rp.ask(&[("response_type", "")]).await;
    assert_eq!(response.get("error"), Some("invalid_request"));
    rp.flow(&[]).await;
}

pub(super) async fn oidcc_prompt_login(mut rp: Rp) {
    let (first, _) = rp.flow(&[]).await;
    rp.pass(2).await;
    let (second, _) = rp.flow(&[("prompt", "login")]).await;
    assert!(rp.saw_login, "the person signed in again");
    assert!(number(&second, "auth_time") > number(&first, "auth_time"));
    assert_eq!(second["sub"], first["sub"]);
}

pub(super) async fn oidcc_prompt_none_not_logged_in(mut rp: Rp) {
    let response = rp.ask(&[("prompt", "none")]).await;
    assert_eq!(response.get("error"), Some("login_required"));
    assert!(!rp.saw_login);
    rp.flow(&[]).await;
}

pub(super) async fn oidcc_prompt_none_logged_in(mut rp: Rp) {
    let (first, _) = rp.flow(&[]).await;
    rp.pass(2).await;
    let (second, _) = rp.flow(&[("prompt", "none")]).await;
    assert!(!rp.saw_login);
    assert_eq!((&second["sub"], &second["auth_time"]), (&first["sub"], &first["auth_time"]));
}

pub(super) async fn oidcc_max_age_1(mut rp: Rp) {
    let (first, _) = rp.flow(&[]).await;
    rp.pass(2).await;
    let (second, _) = rp.flow(&[("max_age", "1")]).await;
    assert!(rp.saw_login, "the session was too old");
    assert!(number(&second, "auth_time") > number(&first, "auth_time"));
    assert!(number(&second, "iat") - number(&second, "auth_time") <= 2, "it is recent");
}

pub(super) async fn oidcc_max_age_10000(mut rp: Rp) {
    let (first, _) = rp.flow(&[("max_age", "15000")]).await;
    rp.pass(2).await;
    let (second, _) = rp.flow(&[("max_age", "10000")]).await;
    assert!(!rp.saw_login);
    assert_eq!(number(&second, "auth_time"), number(&first, "auth_time"));
}

pub(super) async fn oidcc_id_token_hint(mut rp: Rp) {
    let response = rp.ask(&[]).await;
    let tokens = rp.tokens(&response).await;
    let hint = text(&tokens, "id_token");
    let (second, _) = rp.flow(&[("prompt", "none"), ("id_token_hint", hint)]).await;
    assert_eq!(second["sub"], crate::side::claims(hint)["sub"]);
}

pub(super) async fn oidcc_ensure_registered_redirect_uri(mut rp: Rp) {
    rp.flow(&[]).await;
    let wrong = format!("{}/foobar", rp.tenant.app.redirect_uri);
    let url = rp.url(&[("redirect_uri", &wrong)]);
    is_page(&rp.browser.get(url).await, "redirect_uri_mismatch");
}

pub(super) async fn oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported(
    mut rp: Rp,
) {
    // {"alg":"none"} and {"state":"other"}: we say that we do not take it.
    let object = "eyJhbGciOiJub25lIn0.eyJzdGF0ZSI6Im90aGVyIn0.";
    let response = rp.ask(&[("request", object)]).await;
    assert_eq!(response.get("error"), Some("request_not_supported"));
    rp.flow(&[]).await;
}

pub(crate) async fn oidcc_ensure_request_object_with_redirect_uri(mut rp: Rp) {
    // {"alg":"none"} and {"redirect_uri":"https://evil.example/"}, with a wrong one outside.
    let object = "eyJhbGciOiJub25lIn0.eyJyZWRpcmVjdF91cmkiOiJodHRwczovL2V2aWwuZXhhbXBsZS8ifQ.";
    let url = rp.url(&[("request", object), ("redirect_uri", "https://wrong.example/")]);
    is_page(&rp.browser.get(url).await, "redirect_uri_mismatch");
    let response = rp.ask(&[("request", object)]).await;
    assert_eq!(response.get("error"), Some("request_not_supported"));
}
