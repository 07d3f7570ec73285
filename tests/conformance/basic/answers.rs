//! Codes that come twice, and refreshing.

use serde_json::Value;

use crate::rp::Rp;
use crate::side::{is_refused, text};

/// A second use of a code, some seconds after the first.
async fn reuse(mut rp: Rp, after: i64) {
    let response = rp.ask(&[]).await;
    let tokens = rp.tokens(&response).await;
    let access = text(&tokens, "access_token");
    assert_eq!(rp.tenant.userinfo(access).await.status, 200);
    rp.pass(after).await;
    let again = rp.redeem(&rp.tenant.app, response.code()).await;
    is_refused(&again, 400, "invalid_grant", "a code for the second time");
    assert_eq!(rp.tenant.userinfo(access).await.status, 401, "what it gave is revoked");
    rp.flow(&[]).await;
}

pub(super) async fn oidcc_codereuse(rp: Rp) {
    reuse(rp, 0).await;
}

pub(super) async fn oidcc_codereuse_30seconds(rp: Rp) {
    reuse(rp, 31).await;
}

pub(crate) async fn oidcc_refresh_token(mut rp: Rp) {
    let extra = [("scope", "openid offline_access"), ("prompt", "consent")];
    let response = rp.ask(&extra).await;
    let tokens = rp.tokens(&response).await;
    let refresh = text(&tokens, "refresh_token").to_owned();
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
    rp.pass(2).await;
    let answer = rp.tenant.token(&rp.tenant.app, &form).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.headers["cache-control"], "no-store");
    let fresh = answer.json();
    assert_ne!(fresh["access_token"], tokens["access_token"]);
    assert_eq!(rp.tenant.userinfo(text(&fresh, "access_token")).await.status, 200);
    let claims = |tokens: &Value| crate::side::claims(text(tokens, "id_token"));
    let (before, after) = (claims(&tokens), claims(&fresh));
    for name in ["iss", "sub", "aud", "auth_time"] {
        assert_eq!(before[name], after[name], "{name}");
    }
    assert!(after["iat"].as_i64() > before["iat"].as_i64());
    // The other client cannot use it.
    let stolen = rp.tenant.token(&rp.other, &form).await;
    is_refused(&stolen, 400, "invalid_grant", "another client's");
    assert_eq!(rp.tenant.token(&rp.tenant.app, &form).await.status, 200);
}
