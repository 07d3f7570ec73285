//! Authorization requests that are refused, and what stands beside a pushed one.

use e2e::{Code, Pkce, Request, request_uri};

use crate::side::{Side, claims, is_code, is_error, is_refused, text};

/// A request that cannot be pushed with this changed, and can without.
async fn cannot_be_pushed(side: &mut Side, error: &str, change: impl FnOnce(Request) -> Request) {
    let answer = change(side.one.push(&Pkce::new())).send().await;
    is_refused(&answer, 400, error, "pushed");
    side.one.still_works(&mut side.browser).await;
}

modules! {
    async fn ensure_unsigned_authorization_request_without_using_par_fails(side: Side) {
        let tenant = &side.one.tenant;
        let answer = side.browser.get(tenant.authorize_url(&Pkce::new(), &[])).await;
        is_error(&side.one, &answer, "invalid_request", Some("s"));
        side.one.still_works(&mut side.browser).await;
    }

    async fn ensure_redirect_uri_in_authorization_request(side: Side) {
        cannot_be_pushed(&mut side, "invalid_request", |push| push.without("redirect_uri")).await;
    }

    /// Request objects are for signed requests; in this plan it is the form that lacks it. We take no
    /// object at all.
    async fn ensure_request_object_without_redirect_uri_fails(side: Side) {
        cannot_be_pushed(&mut side, "invalid_request", |push| push.without("redirect_uri")).await;
        let object = side.one.assertion().claim("response_type", "code").signed();
        let with_object = |push: Request| push.with("request", &object);
        cannot_be_pushed(&mut side, "request_not_supported", with_object).await;
    }

    /// May be told at the PAR endpoint or at the redirect URI. We tell it at once.
    async fn ensure_response_type_code_idtoken_fails(side: Side) {
        let hybrid = |push: Request| push.with("response_type", "code id_token");
        cannot_be_pushed(&mut side, "unsupported_response_type", hybrid).await;
    }

    async fn ensure_response_type_token_fails(side: Side) {
        let implicit = |push: Request| push.with("response_type", "token");
        cannot_be_pushed(&mut side, "unsupported_response_type", implicit).await;
    }

    /// May be an error or ignored. We ignore what stands beside.
    async fn ensure_different_nonce_inside_and_outside_request_object(side: Side) {
        let pkce = Pkce::new();
        let request_uri = request_uri(&side.one.push(&pkce).send().await);
        let url = side.one.authorize_url(&request_uri, &[("nonce", "other")]);
        let code = is_code(&side.one, &side.browser.get(url).await, Some("s"));
        let tokens = side.one.redeem(&Code { code, pkce }).send().await.json();
        assert_eq!(claims(text(&tokens, "id_token"))["nonce"], "n");
    }

    /// May be an error or ignored. We ignore what stands beside.
    async fn ensure_different_state_inside_and_outside_request_object(side: Side) {
        let request_uri = request_uri(&side.one.push(&Pkce::new()).send().await);
        let url = side.one.authorize_url(&request_uri, &[("state", "other")]);
        is_code(&side.one, &side.browser.get(url).await, Some("s"));
    }

    async fn state_only_outside_request_object_not_used(side: Side) {
        let pushed = side.one.push(&Pkce::new()).without("state").send().await;
        let url = side.one.authorize_url(&request_uri(&pushed), &[("state", "other")]);
        is_code(&side.one, &side.browser.get(url).await, None);
    }

    /// RFC 9126 §2.4 lets a server take it. We do not.
    async fn plain_fapi_tolerate_unregistered_redirect_uri(side: Side) {
        for uri in ["https://app.example.com/callback/x7d", "https://app.example.com/callback?x"] {
            let with_uri = |push: Request| push.with("redirect_uri", uri);
            cannot_be_pushed(&mut side, "invalid_request", with_uri).await;
        }
    }
}
