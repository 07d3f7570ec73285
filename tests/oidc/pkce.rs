//! Proof Key for Code Exchange (RFC 7636): nothing gets around it (attack C1).

use e2e::{Answer, App, Browser, Pkce, Tenant, on_every_backend};
use serde_json::json;

use crate::steps::{by, is_error, is_oauth_error, public_app, signed_in, silently};

/// What a token request brings as its verifier.
async fn redeem(tenant: &Tenant, app: &App, code: &str, verifier: Option<&str>) -> Answer {
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", app.redirect_uri.as_str()),
    ];
    form.extend(verifier.map(|verifier| ("code_verifier", verifier)));
    tenant.token(app, &form).await
}

async fn code_for(tenant: &Tenant, browser: &mut Browser, pkce: &Pkce) -> String {
    let answer = silently(tenant, browser, pkce, &[]).await;
    answer.parameter("code").unwrap_or_else(|| panic!("no code: {answer:?}"))
}

/// A challenge that stands in the request as it is.
fn with_challenge<'a>(challenge: &'a str, method: &'a str) -> [(&'a str, &'a str); 3] {
    [("code_challenge", challenge), ("code_challenge_method", method), ("prompt", "none")]
}

on_every_backend! {
    async fn c1_a_challenge_is_there_and_is_s256(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let public = public_app(&tenant).await;
        let good = Pkce::new().challenge;
        let (short, long) = (&good[..42], format!("{good}{}", "a".repeat(86)));
        for tenant in [&public, &tenant] {
            for (challenge, method) in [
                // (g) other methods.
                (good.as_str(), "plain"),
                (&good, ""),
                (&good, "s256"),
                (&good, "S512"),
                (&good, "S256 plain"),
                (&good, "none"),
                (&good, "S256\0"),
                // (h) what cannot be a SHA-256.
                (short, "S256"),
                (&long, "S256"),
                ("", "S256"),
                (&format!("{}=", &good[..42]), "S256"),
                (&format!("{}+", &good[..42]), "S256"),
                (&format!("{}/", &good[..42]), "S256"),
                (&format!("{}é", &good[..41]), "S256"),
                (&format!("{good}="), "S256"),
                (&format!("{} ", &good[..42]), "S256"),
                // A last character with bits that count for nothing: a second spelling.
                (&format!("{}B", "A".repeat(42)), "S256"),
            ] {
                let url = tenant.authorize_url(&Pkce::new(), &with_challenge(challenge, method));
                let answer = browser.get(url).await;
                is_error(tenant, &answer, "invalid_request", &format!("{challenge:?} {method:?}"));
                assert_eq!(answer.parameter("state").as_deref(), Some("s"));
            }
        }
        // (a) none at all, or an empty one, where it is needed.
        let without = [("code_challenge", ""), ("code_challenge_method", ""), ("prompt", "none")];
        let answer = browser.get(public.authorize_url(&Pkce::new(), &without)).await;
        is_error(&public, &answer, "invalid_request", "no challenge");
        for tenant in [&public, &tenant] {
            let url = tenant.authorize_url(&Pkce::new(), &without);
            let answer = browser.get(format!("{url}&code_challenge=")).await;
            is_error(tenant, &answer, "invalid_request", "an empty challenge");
        }
        for tenant in [&public, &tenant] {
            let pkce = Pkce::new();
            let code = code_for(tenant, &mut browser, &pkce).await;
            assert_eq!(redeem(tenant, &tenant.app, &code, Some(&pkce.verifier)).await.status, 200);
        }
    }

    async fn c1_a_wrong_verifier_burns_the_code(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let public = public_app(&tenant).await;
        let session = Pkce::new();
        code_for(&public, &mut browser, &session).await;
        for tenant in [&public, &tenant] {
            let makes: [fn(&Pkce, &Pkce) -> Option<String>; 11] = [
                // (b) omitted, (c) empty, (d) wrong, (e) of another request, the challenge itself.
                |_, _| None,
                |_, _| Some(String::new()),
                |_, _| Some(Pkce::new().verifier),
                |_, other| Some(other.verifier.clone()),
                |own, _| Some(own.challenge.clone()),
                // (i) too short, too long, another alphabet, other bytes around it.
                |own, _| Some(own.verifier[..42].to_owned()),
                |own, _| Some(format!("{}{}", own.verifier, "a".repeat(86))),
                |own, _| Some(format!("{}=", own.verifier)),
                |own, _| Some(format!("{} ", own.verifier)),
                |own, _| Some(format!("{}\0", own.verifier)),
                |own, _| Some(own.verifier.to_lowercase() + "A"),
            ];
            for make in makes {
                let pkce = Pkce::new();
                let verifier = make(&pkce, &session);
                let code = code_for(tenant, &mut browser, &pkce).await;
                let answer = redeem(tenant, &tenant.app, &code, verifier.as_deref()).await;
                is_oauth_error(&answer, 400, "invalid_grant", &format!("{verifier:?}"));
                let answer = redeem(tenant, &tenant.app, &code, Some(&pkce.verifier)).await;
                is_oauth_error(&answer, 400, "invalid_grant", "the code is burnt");
            }
            let pkce = Pkce::new();
            let code = code_for(tenant, &mut browser, &pkce).await;
            assert_eq!(redeem(tenant, &tenant.app, &code, Some(&pkce.verifier)).await.status, 200);
        }
    }

    async fn c1_a_verifier_of_an_impossible_length_is_refused_though_it_fits(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let fitting = |verifier: &str| {
            use base64::Engine as _;
            let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes());
            let challenge = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(hash);
            Pkce { verifier: verifier.to_owned(), challenge }
        };
        let cases = [(1, false), (42, false), (43, true), (128, true), (129, false), (4096, false)];
        for (length, right) in cases {
            let pkce = fitting(&"a".repeat(length));
            let code = code_for(&tenant, &mut browser, &pkce).await;
            let answer = redeem(&tenant, &tenant.app, &code, Some(&pkce.verifier)).await;
            assert_eq!(answer.status == 200, right, "{length}: {}", answer.body);
        }
        let pkce = fitting(&format!("{}é", "a".repeat(60)));
        let code = code_for(&tenant, &mut browser, &pkce).await;
        let answer = redeem(&tenant, &tenant.app, &code, Some(&pkce.verifier)).await;
        is_oauth_error(&answer, 400, "invalid_grant", "another alphabet");
    }

    async fn c1_a_verifier_without_a_challenge_is_a_downgrade(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let without = [("code_challenge", ""), ("code_challenge_method", "")];
        let wrong = silently(&tenant, &mut browser, &Pkce::new(), &without).await;
        is_error(&tenant, &wrong, "invalid_request", "PKCE is required");
        let basic = tenant.make_app(json!({ "profile": "oidc_basic" })).await;
        let tenant = by(&tenant, basic);
        let code =
            |answer: Answer| answer.parameter("code").unwrap_or_else(|| panic!("{answer:?}"));
        // (f) somebody took the challenge out of the app's request.
        let pkce = Pkce::new();
        let taken = code(silently(&tenant, &mut browser, &pkce, &without).await);
        let answer = redeem(&tenant, &tenant.app, &taken, Some(&pkce.verifier)).await;
        is_oauth_error(&answer, 400, "invalid_grant", "a downgrade");
        let answer = redeem(&tenant, &tenant.app, &taken, None).await;
        is_oauth_error(&answer, 400, "invalid_grant", "the code is burnt");
        // An app with a secret may do without.
        let own = code(silently(&tenant, &mut browser, &pkce, &without).await);
        assert_eq!(redeem(&tenant, &tenant.app, &own, None).await.status, 200);
    }

    async fn c1_one_challenge_in_two_requests_makes_two_codes_that_each_need_it(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let pkce = Pkce::new();
        // (l) the same challenge again.
        let first = code_for(&tenant, &mut browser, &pkce).await;
        let second = code_for(&tenant, &mut browser, &pkce).await;
        assert_ne!(first, second);
        assert_eq!(redeem(&tenant, &tenant.app, &first, Some(&pkce.verifier)).await.status, 200);
        let answer = redeem(&tenant, &tenant.app, &second, Some(&Pkce::new().verifier)).await;
        is_oauth_error(&answer, 400, "invalid_grant", "it still needs its verifier");
    }
}
