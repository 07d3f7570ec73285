//! Pushed requests: their names, and how long and how often these are good.

use e2e::{PUSH, Pkce, Request, request_uri};
use reqwest::Method;

use crate::side::{Side, is_code, is_page, is_refused, sign_in};

/// A request that cannot be pushed with this changed, and can without.
async fn cannot_be_pushed(side: &mut Side, change: impl FnOnce(Request) -> Request) {
    let answer = change(side.one.push(&Pkce::new())).send().await;
    is_refused(&answer, 400, "invalid_request", "pushed");
    side.one.still_works(&mut side.browser).await;
}

modules! {
    /// `client_id` and `request_uri` are all that the browser brings.
    async fn par_without_duplicate_parameters(side: Side) {
        let pushed = request_uri(&side.one.push(&Pkce::new()).send().await);
        let url = side.one.authorize_url(&pushed, &[]);
        assert_eq!(url.matches('=').count(), 2, "{url}");
        is_code(&side.one, &side.browser.get(url).await, Some("s"));
    }

    /// The login page can be loaded again until somebody has signed in. One answer, however many
    /// windows.
    async fn par_ensure_reused_request_uri_prior_to_auth_completion_succeeds(side: Side) {
        let tenant = &side.one.tenant;
        let url = request_uri(&side.one.push(&Pkce::new()).send().await);
        let url = side.one.authorize_url(&url, &[]);
        let mut browser = side.world.browser();
        for _ in 0..2 {
            let page = browser.follow(&url).await;
            assert_eq!(page.status, 200, "{}", page.body);
            assert!(page.url.path().starts_with("/login"), "{}", page.url);
        }
        let answer = sign_in(tenant, &mut browser, &url).await;
        is_code(&side.one, &answer, Some("s"));
        is_page(&browser.get(&url).await, "request_uri_unknown");
    }

    /// Should be refused once it is answered. We show a page: who brings a name that is over may be
    /// anybody.
    async fn par_attempt_reuse_request_uri(side: Side) {
        let url = request_uri(&side.one.push(&Pkce::new()).send().await);
        let url = side.one.authorize_url(&url, &[]);
        is_code(&side.one, &side.browser.get(&url).await, Some("s"));
        for _ in 0..2 {
            is_page(&side.browser.get(&url).await, "request_uri_unknown");
        }
        side.one.still_works(&mut side.browser).await;
    }

    async fn par_attempt_to_use_expired_request_uri(side: Side) {
        let (early, late) = (side.one.push(&Pkce::new()), side.one.push(&Pkce::new()));
        let (early, late) = (early.send().await, late.send().await);
        let expires_in = early.json()["expires_in"].as_i64().unwrap();
        side.pass(expires_in - 5).await;
        let url = side.one.authorize_url(&request_uri(&early), &[]);
        is_code(&side.one, &side.browser.get(url).await, Some("s"));
        side.pass(6).await;
        let url = side.one.authorize_url(&request_uri(&late), &[]);
        is_page(&side.browser.get(url).await, "request_uri_unknown");
        side.one.still_works(&mut side.browser).await;
    }

    async fn par_attempt_to_use_request_uri_for_different_client(side: Side) {
        let pushed = request_uri(&side.one.push(&Pkce::new()).send().await);
        let answer = side.browser.get(side.two.authorize_url(&pushed, &[])).await;
        is_page(&answer, "request_uri_unknown");
        let answer = side.browser.get(side.one.authorize_url(&pushed, &[])).await;
        is_code(&side.one, &answer, Some("s"));
    }

    async fn par_authorization_request_containing_request_uri_form_param(side: Side) {
        let own = request_uri(&side.one.push(&Pkce::new()).send().await);
        for name in [&own, "https://app.example.com/request.jwt", ""] {
            cannot_be_pushed(&mut side, |push| push.with("request_uri", name)).await;
        }
        // What was pushed rightly is not spoilt by the attempts.
        let answer = side.browser.get(side.one.authorize_url(&own, &[])).await;
        is_code(&side.one, &answer, Some("s"));
    }

    async fn par_attempt_invalid_http_method(side: Side) {
        for method in [Method::GET, Method::PUT, Method::DELETE, Method::PATCH] {
            let answer = side.one.push(&Pkce::new()).method(method.clone()).send().await;
            assert_eq!(answer.status, 405, "{method} {PUSH}: {}", answer.body);
            assert_eq!(answer.headers["allow"], "POST", "{method}");
            assert_eq!(answer.json()["error"], "invalid_request", "{method}");
        }
        side.one.still_works(&mut side.browser).await;
    }

    async fn par_ensure_pkce_required(side: Side) {
        let without = |push: Request| push.without("code_challenge").without("code_challenge_method");
        cannot_be_pushed(&mut side, without).await;
    }

    async fn par_plain_pkce_rejected(side: Side) {
        let verifier = Pkce::new().verifier;
        let plain = |push: Request| {
            push.with("code_challenge", &verifier).with("code_challenge_method", "plain")
        };
        cannot_be_pushed(&mut side, plain).await;
        cannot_be_pushed(&mut side, |push| push.without("code_challenge_method")).await;
    }
}
