//! DPoP proofs of ordinary apps (attacks H1, H2, H4, H10 and H11). What the FAPI 2.0 plan asks is in `tests/conformance`.

use chrono::TimeDelta;
use e2e::{
    Answer, Browser, Client, Key, PUSH, Pkce, RIGHT_PROOFS, Request, TOKEN, Tenant, USERINFO,
    WRONG_PROOFS, World, on_every_backend,
};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::steps::{is_oauth_error, signed_in, text};

/// A public app with DPoP that refreshes.
pub(crate) async fn public(tenant: &Tenant) -> Client {
    let body = json!({
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
    });
    Client::make(tenant, None, Some(Key::ec()), body).await
}

/// A confidential app with DPoP; `body` goes over it.
pub(crate) async fn confidential(tenant: &Tenant, body: Value) -> Client {
    let mut full = json!({
        "token_endpoint_auth_method": "client_secret_post",
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
    });
    full.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
    Client::make(tenant, None, Some(Key::ed()), full).await
}

/// A tenant, somebody signed in, and a public app with DPoP.
pub(crate) async fn bound(world: &World) -> (Tenant, Browser, Client) {
    let (tenant, browser) = signed_in(world).await;
    let app = public(&tenant).await;
    (tenant, browser, app)
}

/// UserInfo refuses with this error.
pub(crate) fn is_refused(answer: &Answer, error: &str, what: &str) {
    assert_eq!(answer.status, 401, "{what}: {}", answer.body);
    let challenge = answer.headers["www-authenticate"].to_str().unwrap();
    assert!(challenge.contains(&format!("error=\"{error}\"")), "{what}: {challenge}");
}

/// The request once for each endpoint that takes proofs; made anew each time.
pub(crate) async fn requests(
    client: &Client,
    browser: &mut Browser,
) -> Vec<(&'static str, Request)> {
    let tokens = client.tokens(browser).await;
    let code = client.code(browser).await;
    vec![
        (TOKEN, client.redeem(&code)),
        (PUSH, client.push(&Pkce::new()).proven()),
        (USERINFO, client.userinfo(text(&tokens, "access_token"))),
    ]
}

on_every_backend! {
    async fn h1_a_wrong_proof_is_refused_at_the_token_endpoint_and_at_par(world: World) {
        let (tenant, mut browser, app) = bound(&world).await;
        for client in [app, confidential(&tenant, json!({})).await] {
            // The code is not spent: the proof is looked at first.
            let code = client.code(&mut browser).await;
            let key = Key::ec();
            let client = client.with_dpop(key);
            for (what, change) in WRONG_PROOFS {
                let answer = client.redeem(&code).proof(change).send().await;
                is_oauth_error(&answer, 400, "invalid_dpop_proof", what);
                let push = client.push(&Pkce::new()).proven().proof(change);
                is_oauth_error(&push.send().await, 400, "invalid_dpop_proof", what);
            }
            for (what, change) in RIGHT_PROOFS {
                let answer = client.push(&Pkce::new()).proven().proof(change).send().await;
                assert_eq!(answer.status, 201, "{what}: {}", answer.body);
            }
            let second = client.proof(&Method::POST, TOKEN).signed();
            let two = client.redeem(&code).header("DPoP", &second).send().await;
            is_oauth_error(&two, 400, "invalid_dpop_proof", "two proofs");
            let empty = client.redeem(&code).without_proof().header("DPoP", "").send().await;
            is_oauth_error(&empty, 400, "invalid_dpop_proof", "an empty proof");
            let answer = client.redeem(&code).send().await;
            assert_eq!(answer.status, 200, "{}", answer.body);
        }
    }

    /// Each request goes to the other node.
    async fn h2_a_proof_is_good_for_one_request(world: World) {
        let (_, mut browser, app) = bound(&world).await;
        let refresh = app.tokens(&mut browser).await;
        for (path, request) in requests(&app, &mut browser).await {
            let first = request.clone().send().await;
            assert!(first.status.is_success(), "{path}: {}", first.body);
            for _ in 0..2 {
                let again = request.clone().send().await;
                match path {
                    USERINFO => is_refused(&again, "invalid_dpop_proof", "a second time"),
                    _ => is_oauth_error(&again, 400, "invalid_dpop_proof", "a second time"),
                }
            }
        }
        let request = app.userinfo(text(&refresh, "access_token"));
        let answers = join_all((0..20).map(|_| request.clone().send())).await;
        let good = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(good, 1, "exactly one of twenty at once");
        // At the edge of the window the mark is still there.
        let early = app.userinfo(text(&refresh, "access_token"));
        let early = early.proof(|proof| {
            let iat = proof.claims["iat"].as_i64().unwrap() + 25;
            proof.claim("iat", iat)
        });
        assert_eq!(early.clone().send().await.status, 200);
        world.clock().advance(TimeDelta::seconds(80));
        is_refused(&early.send().await, "invalid_dpop_proof", "80 seconds later");
        app.still_works(&mut browser).await;
    }

    async fn h4_a_proof_is_of_this_moment(world: World) {
        let (_, mut browser, app) = bound(&world).await;
        let tokens = app.tokens(&mut browser).await;
        let access = text(&tokens, "access_token");
        let at = |name: &'static str, by: i64| {
            app.userinfo(access).proof(|proof| {
                let time = proof.claims["iat"].as_i64().unwrap() + by;
                proof.claim(name, time)
            })
        };
        for (name, by) in
            [("iat", -63), ("iat", 33), ("iat", -86_400), ("nbf", 33), ("exp", -33), ("exp", -86_400)]
        {
            is_refused(&at(name, by).send().await, "invalid_dpop_proof", &format!("{name} {by}"));
        }
        for iat in [json!("1"), json!(-1), json!(true), json!(1e300), json!([1])] {
            let request = app.userinfo(access).proof(|proof| proof.claim("iat", iat.clone()));
            is_refused(&request.send().await, "invalid_dpop_proof", &iat.to_string());
        }
        for (name, by) in [("iat", -55), ("iat", 25), ("nbf", 25), ("exp", -25), ("exp", 86_400)] {
            assert_eq!(at(name, by).send().await.status, 200, "{name} {by}");
        }
    }

    async fn h10_a_key_that_is_no_key_is_refused(world: World) {
        let (_, mut browser, app) = bound(&world).await;
        let tokens = app.tokens(&mut browser).await;
        let access = text(&tokens, "access_token");
        let own = app.dpop.as_ref().unwrap();
        let with = |name: &str, value: Value| {
            let mut jwk = own.jwk();
            jwk[name] = value;
            jwk
        };
        let rsa = |bits: usize, e: &str| {
            json!({ "kty": "RSA", "n": e2e::base64url(vec![0xff; bits / 8]), "e": e })
        };
        let zero = e2e::base64url([0; 32]);
        for (what, jwk) in [
            ("a private one", own.private_jwk()),
            ("a shared secret", json!({ "kty": "oct", "k": "c2VjcmV0" })),
            ("RSA with 1024 bits", rsa(1024, "AQAB")),
            ("RSA with 16384 bits", rsa(16384, "AQAB")),
            ("RSA with exponent 1", rsa(2048, "AQ")),
            ("a point that is not on the curve", with("x", zero.into())),
            ("another curve", with("crv", "P-521".into())),
            ("12 KiB of text", with("x", "A".repeat(12_000).into())),
            ("12 KiB beside it", with("x5c", json!(["A".repeat(12_000)]))),
            ("for encryption", with("use", "enc".into())),
            ("no object", json!("x")),
            ("a list", json!([own.jwk()])),
            ("nothing", json!({})),
        ] {
            let answer = app.userinfo(access).proof(|proof| proof.header("jwk", jwk)).send().await;
            is_refused(&answer, "invalid_dpop_proof", what);
        }
        for (name, value) in [
            ("jku", json!("https://evil.example/jwks")),
            ("x5u", json!("https://evil.example/x5u")),
            ("crit", json!(["exp"])),
            ("b64", json!(false)),
        ] {
            let request = app.userinfo(access).proof(|proof| proof.header(name, value));
            is_refused(&request.send().await, "invalid_dpop_proof", name);
        }
        for jti in [String::new(), "x".repeat(257)] {
            let request = app.userinfo(access).proof(|proof| proof.claim("jti", jti));
            is_refused(&request.send().await, "invalid_dpop_proof", "jti");
        }
        assert_eq!(app.userinfo(access).send().await.status, 200);
    }

    async fn h11_the_target_is_the_tenants_own_address_whatever_a_header_says(world: World) {
        let (_, mut browser, app) = bound(&world).await;
        let other = world.tenant("other").await;
        let tokens = app.tokens(&mut browser).await;
        let access = text(&tokens, "access_token");
        let spoofed = [
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-port", "443"),
            ("forwarded", "host=evil.example;proto=https"),
            ("x-original-url", "/oidc/token"),
            ("x-http-method-override", "POST"),
        ];
        let add = |request: Request| {
            spoofed.iter().fold(request, |request, (name, value)| request.header(name, value))
        };
        for htu in [
            "https://evil.example/oidc/me".to_owned(),
            "http://evil.example/oidc/me".to_owned(),
            other.url(USERINFO),
            app.tenant.url(TOKEN),
            app.tenant.url("/oidc/me/"),
            app.tenant.url("/oidc/x/../me/x"),
            app.tenant.url(USERINFO).replace("http://", "https://"),
            app.tenant.url(USERINFO).replace("http://", "http://user@"),
            USERINFO.to_owned(),
        ] {
            let request = add(app.userinfo(access)).proof(|proof| proof.claim("htu", htu.clone()));
            is_refused(&request.send().await, "invalid_dpop_proof", &htu);
        }
        // Nor is a proof for this host good at the neighbour's, where the token is nobody's.
        let there = app.at(&other).userinfo(access);
        is_refused(&there.send().await, "invalid_token", "at the neighbour's");
        assert_eq!(add(app.userinfo(access)).send().await.status, 200);
    }
}
