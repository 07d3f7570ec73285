//! Nonces of DPoP proofs, and what a proof is worth after a restart (attacks H2 and H3).

use chrono::TimeDelta;
use e2e::{Answer, Backend, Client, Key, PUSH, Pkce, TOKEN, Tenant, USERINFO, on_every_backend};
use serde_json::json;

use crate::dpop::{bound, is_refused, public, requests};
use crate::steps::{is_oauth_error, signed_in, text};

/// An app that has to bring a nonce to the token endpoint.
async fn with_nonces(tenant: &Tenant) -> Client {
    let body = json!({ "profile": "fapi2", "id_token_signed_response_alg": "ES256" });
    Client::make(tenant, Some(Key::ec()), Some(Key::ec()), body).await
}

/// The nonce that comes with an answer.
fn nonce(answer: &Answer) -> String {
    answer.headers["dpop-nonce"].to_str().unwrap().to_owned()
}

on_every_backend! {
    /// Marks in this process die with it: what it may have seen has to come again with a nonce of the
    /// new one. Marks in Redis outlive every node.
    async fn h2_a_proof_from_before_a_restart_is_not_taken_again(world: World) {
        let (tenant, mut browser, app) = bound(&world).await;
        let nonced = with_nonces(&tenant).await;
        let tokens = app.tokens(&mut browser).await;
        let old = app.userinfo(text(&tokens, "access_token")).once();
        assert_eq!(old.clone().send().await.status, 200);
        // One with a nonce of before, which is still young enough.
        let with_nonce = nonced.tokens(&mut browser).await;
        let with_nonce = nonced.userinfo(text(&with_nonce, "access_token"));
        assert_eq!(with_nonce.clone().send().await.status, 200);
        let seen = with_nonce.proof(|proof| proof.claim("nonce", nonced.nonce(USERINFO).unwrap())).once();
        assert_eq!(seen.clone().proof(|proof| proof.claim("jti", "x")).send().await.status, 200);
        let seen = seen.proof(|proof| proof.claim("jti", "x"));
        let push = nonced.push(&Pkce::new());
        assert_eq!(push.clone().send().await.status, 201);
        world.clock().advance(TimeDelta::seconds(2));
        world.restart().await;
        let error = match world.backend() {
            Backend::Sqlite => "use_dpop_nonce",
            Backend::Postgres => "invalid_dpop_proof",
        };
        let answer = old.clone().send().await;
        is_refused(&answer, error, "an old proof");
        is_refused(&seen.send().await, error, "an old proof with an old nonce");
        is_oauth_error(&push.send().await, 401, "invalid_client", "an old assertion");
        // The app asks again with the nonce that it was given.
        let fresh = nonce(&answer);
        let again = old.proof(|proof| proof.claim("nonce", fresh).claim("jti", "y")).send().await;
        assert_eq!(again.status, 200, "{}", again.body);
        app.still_works(&mut browser).await;
        nonced.still_works(&mut browser).await;
    }

    async fn h3_a_nonce_is_ours_recent_and_of_this_endpoint(world: World) {
        let (tenant, mut browser, app) = bound(&world).await;
        let nonced = with_nonces(&tenant).await;
        let other = public(&world.tenant("other").await).await;
        other.push(&Pkce::new()).proven().send().await;
        // Nonces from here, one of each endpoint, and from the neighbour.
        for (_, request) in requests(&app, &mut browser).await {
            request.send().await;
        }
        let of = |client: &Client, path: &str| client.nonce(path).unwrap();
        let old: Vec<(&str, String)> =
            [TOKEN, PUSH, USERINFO].map(|path| (path, of(&app, path))).into();
        world.clock().advance(TimeDelta::seconds(301));
        for client in [app, nonced] {
            client.forget_nonces();
            let about = requests(&client, &mut browser).await;
            for (path, request) in &about {
                let elsewhere = if *path == PUSH { TOKEN } else { PUSH };
                if client.nonce(elsewhere).is_none() {
                    client.push(&Pkce::new()).proven().send().await;
                }
                let old = old.iter().find(|(known, _)| known == path).unwrap().1.clone();
                let foreign = match *path {
                    PUSH => of(&other, PUSH),
                    _ => e2e::base64url([7; 40]),
                };
                for (what, wrong) in [
                    ("old", old),
                    ("of another endpoint", of(&client, elsewhere)),
                    ("of another tenant, or nobody's", foreign),
                    ("no base64", "é".to_owned()),
                    ("empty", String::new()),
                    ("long", "A".repeat(2000)),
                ] {
                    let what = format!("{path}: {what}");
                    let request = request.clone().anew().proof(|proof| proof.claim("nonce", wrong));
                    let answer = request.once().send().await;
                    match *path {
                        USERINFO => is_refused(&answer, "use_dpop_nonce", &what),
                        _ => is_oauth_error(&answer, 400, "use_dpop_nonce", &what),
                    }
                    assert!(!nonce(&answer).is_empty(), "{what}");
                }
                let answer = request.clone().anew().send().await;
                assert!(answer.status.is_success(), "{path}: {}", answer.body);
            }
        }
    }

    async fn h3_who_needs_a_nonce_is_told_and_loses_nothing(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let app = with_nonces(&tenant).await;
        let code = app.code(&mut browser).await;
        let answer = app.redeem(&code).once().send().await;
        is_oauth_error(&answer, 400, "use_dpop_nonce", "no nonce");
        let first = nonce(&answer);
        let answer = app.redeem(&code).proof(|proof| proof.claim("nonce", first.clone())).send().await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        // The next one comes with the answer, and the one before is good for a while.
        let second = nonce(&answer);
        for good in [second, first] {
            let code = app.code(&mut browser).await;
            let redeem = app.redeem(&code).proof(|proof| proof.claim("nonce", good)).once();
            assert_eq!(redeem.send().await.status, 200);
        }
    }
}
