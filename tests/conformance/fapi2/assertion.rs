//! Client assertions: the only legal audience is the issuer as a text, the answer to CVE-2025-27370
//! and CVE-2025-27371.

use e2e::{Client, Jwt, Key, PUSH, Pkce, Request, TOKEN, request_uri};
use serde_json::{Value, json};

use crate::side::{Side, fapi2, is_refused};

/// A code cannot be redeemed with this changed; it is not spent by the attempt.
async fn cannot_redeem(
    client: &Client,
    browser: &mut e2e::Browser,
    change: impl FnOnce(Request) -> Request,
) {
    let code = client.code(browser).await;
    let answer = change(client.redeem(&code)).send().await;
    is_refused(&answer, 401, "invalid_client", "redeemed");
    let answer = client.redeem(&code).send().await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

/// A request cannot be pushed with an assertion that is changed so; and can with a right one.
async fn cannot_push(side: &mut Side, change: impl FnOnce(Jwt) -> Jwt) {
    let answer = side.one.push(&Pkce::new()).assertion(change).send().await;
    is_refused(&answer, 401, "invalid_client", "pushed");
    side.one.still_works(&mut side.browser).await;
}

modules! {
    /// The id of the second client, with the first one's key: `invalid_client` or `invalid_grant`. The
    /// client is checked first here.
    async fn ensure_client_id_in_token_endpoint(side: Side) {
        let other = side.two.id();
        cannot_redeem(&side.one, &mut side.browser, |redeem| {
            redeem
                .with("client_id", other)
                .assertion(|jwt| jwt.claim("iss", other).claim("sub", other))
        })
        .await;
        cannot_redeem(&side.one, &mut side.browser, |redeem| redeem.with("client_id", other)).await;
    }

    /// `invalid_client` or `invalid_request`. To us it is a client that does not authenticate.
    async fn ensure_client_assertion_in_token_endpoint(side: Side) {
        let id = side.one.id();
        for client_id in ["", id] {
            cannot_redeem(&side.one, &mut side.browser, |redeem| {
                redeem.without_assertion().with("client_id", client_id)
            })
            .await;
        }
    }

    async fn ensure_client_assertion_with_exp_is_5_minutes_in_past_fails(side: Side) {
        let past = side.one.now() - 300;
        cannot_redeem(&side.one, &mut side.browser, |redeem| {
            redeem.assertion(|jwt| jwt.claim("exp", past))
        })
        .await;
    }

    async fn ensure_client_assertion_with_wrong_aud_fails(side: Side) {
        let issuer = side.one.tenant.issuer();
        let wrong = [
            json!("https://wrong.example.com/"),
            json!(format!("{issuer}/")),
            json!(issuer.to_uppercase()),
            json!(side.one.tenant.url(TOKEN)),
            json!([issuer]),
            Value::Null,
        ];
        for aud in wrong {
            cannot_redeem(&side.one, &mut side.browser, |redeem| {
                redeem.assertion(|jwt| jwt.claim("aud", aud))
            })
            .await;
        }
    }

    async fn ensure_client_assertion_with_no_sub_fails(side: Side) {
        cannot_redeem(&side.one, &mut side.browser, |redeem| {
            redeem.assertion(|jwt| jwt.claim("sub", Value::Null))
        })
        .await;
    }

    /// By a key for which PS256 is right.
    async fn ensure_signed_client_assertion_with_rs256_fails(side: Side) {
        let key = Some(Key::rsa());
        let client = Client::make(&side.one.tenant, key, Some(Key::ec()), fapi2()).await;
        cannot_redeem(&client, &mut side.browser, |redeem| {
            redeem.assertion(|jwt| jwt.header("alg", "RS256"))
        })
        .await;
        client.still_works(&mut side.browser).await;
    }

    async fn par_test_array_as_audience_fails(side: Side) {
        let (issuer, push) = (side.one.tenant.issuer(), side.one.tenant.url(PUSH));
        for aud in [json!([issuer]), json!([issuer, push]), json!([])] {
            cannot_push(&mut side, |jwt| jwt.claim("aud", aud)).await;
        }
    }

    async fn par_test_par_endpoint_url_as_audience_fails(side: Side) {
        let aud = side.one.tenant.url(PUSH);
        cannot_push(&mut side, |jwt| jwt.claim("aud", aud)).await;
    }

    async fn par_test_token_endpoint_url_as_audience_fails(side: Side) {
        let aud = side.one.tenant.url(TOKEN);
        cannot_push(&mut side, |jwt| jwt.claim("aud", aud)).await;
    }

    async fn par_ensure_jwt_client_assertions_nbf_8_seconds_in_the_future_is_accepted(side: Side) {
        let soon = side.one.now() + 8;
        let push = side.one.push(&Pkce::new());
        let push = push.assertion(|jwt| jwt.claim("nbf", soon).claim("iat", soon));
        request_uri(&push.send().await);
    }

    async fn par_ensure_jwt_client_assertions_nbf_over_60_seconds_in_the_future_fails(side: Side) {
        let later = side.one.now() + 65;
        for claims in [&["nbf"][..], &["iat"], &["iat", "nbf"]] {
            cannot_push(&mut side, |jwt| {
                let later_still = jwt.claim("exp", later + 60);
                claims.iter().fold(later_still, |jwt, claim| jwt.claim(claim, later))
            })
            .await;
        }
    }
}
