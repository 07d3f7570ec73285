//! Codes and refresh tokens, once the client has proved itself.

use e2e::{Client, Code, Key};

use crate::side::{Side, claims, is_refused, text};

/// A refresh of a client, as the suite does it: with a new DPoP key, which a client that proves itself
/// may change. The access token works, and with the new key only.
async fn refresh_with_new_key(client: &Client, refresh: &str) {
    let renewed = client.with_dpop(Key::ec());
    let answer = renewed.refresh(refresh).with("scope", "openid email").send().await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let tokens = answer.json();
    assert_eq!(tokens["token_type"], "DPoP");
    assert_eq!(tokens["scope"], "openid email");
    // FAPI 2.0 §5.3.2.1 forbids rotation: the one that it has stays good.
    assert!(tokens.get("refresh_token").is_none(), "{tokens}");
    let access = text(&tokens, "access_token");
    assert_eq!(claims(access)["cnf"]["jkt"], renewed.dpop.as_ref().unwrap().thumbprint());
    assert_eq!(renewed.userinfo(access).send().await.status, 200);
    assert_eq!(client.userinfo(access).send().await.status, 401, "the key before");
}

modules! {
    async fn ensure_authorization_code_is_bound_to_client(side: Side) {
        let code = side.one.code(&mut side.browser).await;
        let own_uri = side.one.tenant.app.redirect_uri.clone();
        for redeem in
            [side.two.redeem(&code), side.two.redeem(&code).with("redirect_uri", &own_uri)]
        {
            is_refused(&redeem.send().await, 400, "invalid_grant", "another client");
        }
        let answer = side.one.redeem(&code).send().await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    /// `invalid_grant`, and the access token should be revoked. It is.
    async fn attempt_reuse_authorization_code_after_one_second(side: Side) {
        let code = side.one.code(&mut side.browser).await;
        let tokens = side.one.redeem(&code).send().await.json();
        let access = text(&tokens, "access_token");
        assert_eq!(side.one.userinfo(access).send().await.status, 200);
        side.pass(1).await;
        is_refused(&side.one.redeem(&code).send().await, 400, "invalid_grant", "again");
        assert_eq!(side.one.userinfo(access).send().await.status, 401);
        let refresh = side.one.refresh(text(&tokens, "refresh_token")).send().await;
        is_refused(&refresh, 400, "invalid_grant", "its refresh token");
        side.one.still_works(&mut side.browser).await;
    }

    /// A code lives for a minute by the clock, wherever it is kept.
    async fn ensure_token_endpoint_fails_with_expired_auth_code(side: Side) {
        let early = side.one.code(&mut side.browser).await;
        let late = side.one.code(&mut side.browser).await;
        side.pass(50).await;
        let answer = side.one.redeem(&early).send().await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        side.pass(12).await;
        is_refused(&side.one.redeem(&late).send().await, 400, "invalid_grant", "62 seconds");
        side.one.still_works(&mut side.browser).await;
    }

    async fn ensure_pkce_code_verifier_required(side: Side) {
        let code = side.one.code(&mut side.browser).await;
        let redeem = side.one.redeem(&code).without("code_verifier");
        is_refused(&redeem.send().await, 400, "invalid_grant", "no verifier");
        side.one.still_works(&mut side.browser).await;
    }

    async fn incorrect_pkce_code_verifier_rejected(side: Side) {
        let Code { code, .. } = side.one.code(&mut side.browser).await;
        let wrong = Code { code, pkce: e2e::Pkce::new() };
        is_refused(&side.one.redeem(&wrong).send().await, 400, "invalid_grant", "another's");
        side.one.still_works(&mut side.browser).await;
    }

    /// Bound to the client, and worth nothing without its proof of itself or of its DPoP key.
    async fn refresh_token(side: Side) {
        let first = side.one.tokens(&mut side.browser).await;
        let second = side.two.tokens(&mut side.browser).await;
        let (first, second) = (text(&first, "refresh_token"), text(&second, "refresh_token"));
        for (client, refresh) in [(&side.one, first), (&side.two, second)] {
            refresh_with_new_key(client, refresh).await;
            let answer = client.refresh(refresh).without_assertion().send().await;
            is_refused(&answer, 401, "invalid_client", "no client");
            let with_id = client.refresh(refresh).without_assertion();
            let answer = with_id.with("client_id", client.id()).send().await;
            is_refused(&answer, 401, "invalid_client", "a client that does not authenticate");
            let answer = client.refresh(refresh).without_proof().send().await;
            is_refused(&answer, 400, "invalid_dpop_proof", "no proof");
        }
        is_refused(&side.one.refresh(second).send().await, 400, "invalid_grant", "another's");
        is_refused(&side.two.refresh(first).send().await, 400, "invalid_grant", "another's");
        // What the thieves tried spoils nothing, and 30 seconds later it still works.
        side.pass(30).await;
        refresh_with_new_key(&side.one, first).await;
        refresh_with_new_key(&side.two, second).await;
    }
}
