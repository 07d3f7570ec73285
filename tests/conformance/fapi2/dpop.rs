//! DPoP (RFC 9449), with UserInfo as the protected resource.

use e2e::{
    Answer, Client, Code, Jwt, Key, Pkce, RIGHT_PROOFS, Request, USERINFO, WRONG_ATH, WRONG_PROOFS,
    request_uri, sha256,
};
use reqwest::Method;

use crate::side::{Side, is_refused, text};

/// The whole flow, with each proof at the token endpoint and at UserInfo changed.
async fn succeeds(side: &mut Side, change: impl Fn(Jwt) -> Jwt) {
    let code = side.one.code(&mut side.browser).await;
    let answer = side.one.redeem(&code).proof(&change).send().await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let tokens = answer.json();
    let answer = side.one.userinfo(text(&tokens, "access_token")).proof(&change).send().await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

/// The push is taken with this changed, and its code is good with the client's own key alone.
async fn binds_the_code(side: &mut Side, change: impl Fn(Request) -> Request) {
    for right in [true, false] {
        let pkce = Pkce::new();
        let push = change(side.one.push(&pkce));
        let answer = side.one.authorize(&mut side.browser, push).await;
        let code = Code { code: answer.parameter("code").unwrap(), pkce };
        if right {
            let answer = side.one.redeem(&code).send().await;
            assert_eq!(answer.status, 200, "{}", answer.body);
        } else {
            let answer = side.one.with_dpop(Key::ec()).redeem(&code).send().await;
            is_refused(&answer, 400, "invalid_grant", "another key");
        }
    }
}

/// UserInfo refuses, and says how DPoP is to be done (RFC 9449 §7.1).
fn is_refused_at_resource(answer: &Answer, error: &str, what: &str) {
    assert_eq!(answer.status, 401, "{what}: {}", answer.body);
    let challenge = answer.headers["www-authenticate"].to_str().unwrap();
    assert!(challenge.contains(&format!("error=\"{error}\"")), "{what}: {challenge}");
    assert!(challenge.starts_with("DPoP "), "{what}: {challenge}");
    assert!(challenge.contains("algs=\"ES256 EdDSA PS256\""), "{what}: {challenge}");
    assert!(answer.json().get("sub").is_none(), "{what}");
    assert!(answer.headers.contains_key("date"), "{what}");
}

/// The token is bound to its key: not without a proof, not as `Bearer`, not by another key.
async fn is_bound(client: &Client, access: &str) {
    let other = client.with_dpop(Key::ec()).userinfo(access).send().await;
    is_refused_at_resource(&other, "invalid_token", "another key");
    let foreign = client.userinfo(access).proof(|proof| proof.signed_by(&Key::ec()));
    is_refused_at_resource(&foreign.send().await, "invalid_dpop_proof", "the key of nobody");
    let none = client.userinfo(access).without_proof().send().await;
    is_refused_at_resource(&none, "invalid_dpop_proof", "no proof");
    let second = client.proof(&Method::GET, USERINFO).claim("ath", sha256(access)).signed();
    let two = client.userinfo(access).header("DPoP", &second);
    is_refused_at_resource(&two.send().await, "invalid_dpop_proof", "two proofs");
    let bearer = format!("Bearer {access}");
    let as_bearer = client.userinfo(access).without_header("authorization");
    let as_bearer = as_bearer.header("authorization", &bearer);
    for request in [as_bearer.clone(), as_bearer.without_proof()] {
        let answer = request.send().await;
        assert_eq!(answer.status, 401, "{}", answer.body);
        let challenge = answer.headers["www-authenticate"].to_str().unwrap();
        assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
    }
}

modules! {
    async fn access_token_type_header_case_sensitivity(side: Side) {
        let tokens = side.one.tokens(&mut side.browser).await;
        assert!(text(&tokens, "token_type").eq_ignore_ascii_case("dpop"));
        let access = text(&tokens, "access_token");
        for scheme in ["DPoP", "dpop", "DPOP", "dPoP"] {
            let request = side.one.userinfo(access).without_header("authorization");
            let request = request.header("authorization", &format!("{scheme} {access}"));
            assert_eq!(request.send().await.status, 200, "{scheme}");
        }
    }

    async fn check_dpop_proof_nbf_exp(side: Side) {
        let now = side.one.now();
        succeeds(&mut side, |proof| proof.claim("nbf", now).claim("exp", now + 300)).await;
    }

    async fn ensure_dpopproof_with_iat_10seconds_before_succeeds(side: Side) {
        let iat = side.one.now() - 10;
        succeeds(&mut side, |proof| proof.claim("iat", iat)).await;
    }

    async fn ensure_dpopproof_with_iat_10seconds_after_succeeds(side: Side) {
        let iat = side.one.now() + 10;
        succeeds(&mut side, |proof| proof.claim("iat", iat)).await;
    }

    async fn ensure_dpopproof_at_par_endpoint_binding_success(side: Side) {
        binds_the_code(&mut side, Request::proven).await;
    }

    /// `dpop_jkt` alone, and with the proof that it names.
    async fn ensure_dpop_auth_code_binding_success(side: Side) {
        let jkt = side.one.dpop.as_ref().unwrap().thumbprint();
        binds_the_code(&mut side, |push| push.with("dpop_jkt", &jkt)).await;
        binds_the_code(&mut side, |push| push.with("dpop_jkt", &jkt).proven()).await;
    }

    /// `invalid_request` or `invalid_dpop_proof`. The proof is good; the request contradicts it.
    async fn ensure_mismatched_dpop_jkt_fails(side: Side) {
        let other = Key::ec().thumbprint();
        let push = side.one.push(&Pkce::new()).with("dpop_jkt", &other).proven();
        is_refused(&push.send().await, 400, "invalid_request", "another key");
        side.one.still_works(&mut side.browser).await;
    }

    /// `invalid_request`, `invalid_grant` or `invalid_dpop_proof`. What is wrong is the code.
    async fn ensure_token_endpoint_fails_with_mismatched_dpop_jkt(side: Side) {
        let (pkce, other) = (Pkce::new(), Key::ec().thumbprint());
        let push = side.one.push(&pkce).with("dpop_jkt", &other);
        let answer = side.one.authorize(&mut side.browser, push).await;
        let code = Code { code: answer.parameter("code").unwrap(), pkce };
        is_refused(&side.one.redeem(&code).send().await, 400, "invalid_grant", "another key");
        side.one.still_works(&mut side.browser).await;
    }

    async fn ensure_token_endpoint_fails_with_mismatched_dpop_proof_jkt(side: Side) {
        let pkce = Pkce::new();
        let push = side.one.push(&pkce).proven();
        let answer = side.one.authorize(&mut side.browser, push).await;
        let code = Code { code: answer.parameter("code").unwrap(), pkce };
        let redeem = side.one.with_dpop(Key::ec()).redeem(&code);
        is_refused(&redeem.send().await, 400, "invalid_grant", "another key");
        side.one.still_works(&mut side.browser).await;
    }

    /// `invalid_request`, `invalid_grant` or `invalid_dpop_proof`. The code is not spent.
    async fn ensure_holder_of_key_required(side: Side) {
        let code = side.one.code(&mut side.browser).await;
        let answer = side.one.redeem(&code).without_proof().send().await;
        is_refused(&answer, 400, "invalid_dpop_proof", "no proof");
        let answer = side.one.redeem(&code).send().await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    async fn dpop_negative_tests(side: Side) {
        let client = &side.one;
        let tokens = client.tokens(&mut side.browser).await;
        let access = text(&tokens, "access_token");
        for (what, change) in WRONG_PROOFS.iter().chain(&WRONG_ATH) {
            let answer = client.userinfo(access).proof(change).send().await;
            is_refused_at_resource(&answer, "invalid_dpop_proof", what);
        }
        is_bound(client, access).await;
        let once = client.userinfo(access);
        assert_eq!(once.clone().send().await.status, 200, "the first use of a jti");
        is_refused_at_resource(&once.send().await, "invalid_dpop_proof", "the second");
        for (what, change) in RIGHT_PROOFS {
            let answer = client.userinfo(access).proof(change).send().await;
            assert_eq!(answer.status, 200, "{what}: {}", answer.body);
        }
        // RS256, by a key with which PS256 is right.
        let rsa = client.with_dpop(Key::rsa());
        let tokens = rsa.tokens(&mut side.browser).await;
        let bound = text(&tokens, "access_token");
        let answer = rsa.userinfo(bound).proof(|proof| proof.header("alg", "RS256")).send().await;
        is_refused_at_resource(&answer, "invalid_dpop_proof", "RS256");
        assert_eq!(rsa.userinfo(bound).send().await.status, 200, "PS256");
        let push = rsa.push(&Pkce::new()).proven().proof(|proof| proof.header("alg", "RS256"));
        is_refused(&push.send().await, 400, "invalid_dpop_proof", "RS256 at PAR");
        request_uri(&rsa.push(&Pkce::new()).proven().send().await);
        assert_eq!(client.userinfo(access).send().await.status, 200, "a correct proof still works");
    }
}
