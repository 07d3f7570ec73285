//! Sign-ins that a third party begins (OpenID Connect Core §4), here the workbench.

use serde_json::json;

use super::{refuses, register, unregister};
use crate::rp::Rp;

const START: &str = "https://app.example.com/start?from=hufu";

pub(super) async fn oidcc_3rd_party_init_login(mut rp: Rp) {
    let app = register(&mut rp, json!({ "initiate_login_uri": START })).await;
    assert_eq!(app["initiate_login_uri"], START);
    let place = format!("/connections/social/mobile/workbench/{}", rp.tenant.app.id);
    let answer = rp.browser.get(rp.tenant.url(&place)).await;
    let location = answer.location().unwrap_or_else(|| panic!("{answer:?}"));
    assert!(location.as_str().starts_with(&format!("{START}&")), "{location}");
    assert_eq!(answer.parameter("iss"), Some(rp.tenant.issuer()));
    // The client begins, and the person gets in.
    rp.flow(&[]).await;
    unregister(&rp, &app).await;
}

pub(super) async fn oidcc_3rd_party_init_login_nohttps(mut rp: Rp) {
    let plain = json!({ "initiate_login_uri": "http://app.example.com/start" });
    refuses(&mut rp, plain, "invalid_client_metadata").await;
}
