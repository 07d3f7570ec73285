//! Pushed authorization requests of ordinary apps (attacks G1 to G12). What the FAPI 2.0 plan asks is in
//! `tests/conformance`.

use chrono::TimeDelta;
use e2e::{Browser, Client, Code, PUSH, Pkce, Tenant, World, on_every_backend, request_uri};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use tokio::net::TcpListener;

use crate::steps::{basic, claims, is_error, is_oauth_error, is_page, signed_in, text};

/// A tenant, somebody signed in, and a confidential and a public app that push.
async fn pushing(world: &World) -> (Tenant, Browser, Client, Client) {
    let (tenant, browser) = signed_in(world).await;
    let secret = json!({ "token_endpoint_auth_method": "client_secret_post" });
    let confidential = Client::make(&tenant, None, None, secret).await;
    let none = json!({ "token_endpoint_auth_method": "none" });
    let public = Client::make(&tenant, None, None, none).await;
    (tenant, browser, confidential, public)
}

on_every_backend! {
    async fn g1_whoever_pushes_proves_who_they_are(world: World) {
        let (tenant, mut browser, app, public) = pushing(&world).await;
        let other = world.tenant("other").await;
        let foreign = app.at(&other);
        let push = app.push(&Pkce::new());
        for (what, wrong) in [
            ("nobody", push.clone().without("client_id").without("client_secret")),
            ("no secret", push.clone().without("client_secret")),
            ("an empty secret", push.clone().with("client_secret", "")),
            ("another secret", push.clone().with("client_secret", "x")),
            ("an unknown app", push.clone().with("client_id", &tenant.id)),
            ("a method that is not the app's", {
                let secret = app.tenant.app.secret.as_deref().unwrap();
                let basic = basic(app.id(), secret);
                push.clone().without("client_secret").header("authorization", &basic)
            }),
            ("another's id", push.clone().with("client_id", public.id())),
            ("another tenant's app", {
                let push = push.clone().with("client_id", &other.app.id);
                push.with("client_secret", other.app.secret.as_deref().unwrap())
            }),
            ("the app at another tenant", foreign.push(&Pkce::new())),
            ("a public app with a secret", public.push(&Pkce::new()).with("client_secret", "x")),
        ] {
            is_oauth_error(&wrong.send().await, 401, "invalid_client", what);
        }
        app.still_works(&mut browser).await;
        public.still_works(&mut browser).await;
    }

    async fn g2_a_request_is_worth_nothing_at_another_tenant(world: World) {
        let (_, mut browser, app, public) = pushing(&world).await;
        let other = world.tenant("other").await;
        let pushed = request_uri(&app.push(&Pkce::new()).send().await);
        let there = |id: &str| {
            let query = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs([("client_id", id), ("request_uri", &pushed)])
                .finish();
            other.url(&format!("/oidc/auth?{query}"))
        };
        let theirs = there(&other.app.id);
        is_page(&browser.get(theirs).await, "request_uri_unknown", "their app");
        is_page(&browser.get(there(app.id())).await, "unknown_client", "our app");
        let answer = browser.get(public.authorize_url(&pushed, &[])).await;
        is_page(&answer, "request_uri_unknown", "the neighbour");
        let answer = browser.get(app.authorize_url(&pushed, &[])).await;
        assert!(answer.parameter("code").is_some(), "{answer:?}");
    }

    async fn g3_of_many_at_once_one_gets_the_answer(world: World) {
        let (tenant, browser, app, _) = pushing(&world).await;
        let pkce = Pkce::new();
        let url = app.authorize_url(&request_uri(&app.push(&pkce).send().await), &[]);
        let answers = join_all((0..20).map(|_| {
            let (mut window, url) = (browser.clone(), url.clone());
            async move { window.get(url).await }
        }))
        .await;
        let codes: Vec<String> =
            answers.iter().filter_map(|answer| answer.parameter("code")).collect();
        assert_eq!(codes.len(), 1, "exactly one code");
        for answer in answers.iter().filter(|answer| answer.parameter("code").is_none()) {
            match answer.location() {
                // It had found the request before somebody was faster.
                Some(_) => is_error(&app.tenant, answer, "invalid_request", "too late"),
                None => is_page(answer, "request_uri_unknown", "too late"),
            }
        }
        let code = Code { code: codes[0].clone(), pkce };
        assert_eq!(app.redeem(&code).send().await.status, 200);
        // Two windows with the login page: the first sign-in is the answer.
        let url = app.authorize_url(&request_uri(&app.push(&Pkce::new()).send().await), &[]);
        let (mut one, mut two) = (world.browser(), world.browser());
        let started = [tenant.start_qr(&mut one, &url).await, tenant.start_qr(&mut two, &url).await];
        let mut ends = Vec::new();
        for (window, started) in [&mut one, &mut two].into_iter().zip(&started) {
            let wecom = started.location().unwrap();
            let back = tenant.confirm(window, &wecom, "zhangsan").await.location().unwrap();
            ends.push(window.get(back.as_str()).await);
        }
        assert!(ends[0].parameter("code").is_some(), "{:?}", ends[0]);
        is_error(&app.tenant, &ends[1], "invalid_request", "the second window");
    }

    async fn g3_an_error_is_an_answer_too(world: World) {
        let (_, mut browser, app, _) = pushing(&world).await;
        let push = app.push(&Pkce::new()).with("prompt", "none");
        let url = app.authorize_url(&request_uri(&push.send().await), &[]);
        let mut stranger = world.browser();
        is_error(&app.tenant, &stranger.get(&url).await, "login_required", "a stranger");
        is_page(&browser.get(&url).await, "request_uri_unknown", "answered");
        app.still_works(&mut browser).await;
    }

    async fn g4_a_request_that_is_too_old_is_none(world: World) {
        let (_, mut browser, app, _) = pushing(&world).await;
        let pushed = app.push(&Pkce::new()).send().await;
        let life = pushed.json()["expires_in"].as_i64().unwrap();
        assert!((5..=600).contains(&life), "{}", pushed.body);
        let url = app.authorize_url(&request_uri(&pushed), &[]);
        world.clock().advance(TimeDelta::seconds(life));
        is_page(&browser.get(url).await, "request_uri_unknown", "too old");
        app.still_works(&mut browser).await;
    }

    async fn g5_g11_no_object_and_no_address_can_be_pushed(world: World) {
        let (_, mut browser, app, public) = pushing(&world).await;
        let own = request_uri(&app.push(&Pkce::new()).send().await);
        let object = |header: &str| {
            let parts = [header, r#"{"response_type":"code","request_uri":"urn:x"}"#];
            format!("{}.", parts.map(e2e::base64url).join("."))
        };
        for client in [&app, &public] {
            for uri in [own.as_str(), "https://app.example.com/request.jwt", ""] {
                let answer = client.push(&Pkce::new()).with("request_uri", uri).send().await;
                is_oauth_error(&answer, 400, "invalid_request", uri);
            }
            for request in
                [object(r#"{"alg":"none"}"#), object(r#"{"alg":"RS256"}"#), "x".to_owned(), String::new()]
            {
                let answer = client.push(&Pkce::new()).with("request", &request).send().await;
                is_oauth_error(&answer, 400, "request_not_supported", &request);
                // Nor beside a request in the URL.
                let extra = [("request", request.as_str()), ("prompt", "none")];
                let url = client.tenant.authorize_url(&Pkce::new(), &extra);
                if !request.is_empty() {
                    let answer = browser.get(url).await;
                    is_error(&client.tenant, &answer, "request_not_supported", &request);
                }
            }
            client.still_works(&mut browser).await;
        }
    }

    async fn g6_a_request_is_pushed_as_a_form_by_post(world: World) {
        let (tenant, mut browser, app, _) = pushing(&world).await;
        for method in [Method::GET, Method::PUT, Method::DELETE, Method::HEAD] {
            let answer = app.push(&Pkce::new()).method(method.clone()).send().await;
            assert_eq!(answer.status, 405, "{method}");
            assert_eq!(answer.headers["allow"], "POST", "{method}");
        }
        let json = [("content-type", "application/json")];
        let answer = tenant.send(Method::POST, PUSH, &json, Some(b"{}")).await;
        is_oauth_error(&answer, 400, "invalid_request", "JSON");
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let path = format!("{PUSH}?client_id={}", app.id());
        let answer = tenant.send(Method::POST, &path, &form, Some(b"response_type=code")).await;
        is_oauth_error(&answer, 400, "invalid_request", "parameters in the URL");
        let twice = app.push(&Pkce::new()).and("scope", "openid");
        is_oauth_error(&twice.send().await, 400, "invalid_request", "a parameter twice");
        app.still_works(&mut browser).await;
    }

    async fn g7_what_stands_beside_changes_nothing(world: World) {
        let (_, mut browser, app, _) = pushing(&world).await;
        let pkce = Pkce::new();
        let push = app.push(&pkce).with("scope", "openid email");
        let pushed = request_uri(&push.send().await);
        let jkt = e2e::Key::ec().thumbprint();
        let other = Pkce::new();
        let url = app.authorize_url(
            &pushed,
            &[
                ("redirect_uri", "https://evil.example/"),
                ("scope", "openid email profile phone offline_access"),
                ("state", "evil"),
                ("nonce", "evil"),
                ("response_mode", "form_post"),
                ("response_type", "token"),
                ("prompt", "login"),
                ("max_age", "0"),
                ("dpop_jkt", &jkt),
                ("code_challenge", &other.challenge),
                ("claims", r#"{"userinfo":{"phone_number":null}}"#),
            ],
        );
        let answer = browser.get(url).await;
        let location = answer.location().unwrap();
        assert!(location.as_str().starts_with("https://app.example.com/callback?"), "{location}");
        assert_eq!(answer.parameter("state").as_deref(), Some("s"));
        let code = Code { code: answer.parameter("code").unwrap(), pkce };
        let tokens = app.redeem(&code).send().await.json();
        assert_eq!(tokens["scope"], "openid email");
        assert_eq!(claims(text(&tokens, "id_token"))["nonce"], "n");
        let about = app.userinfo(text(&tokens, "access_token")).send().await.json();
        assert!(about.get("phone_number").is_none() && about.get("name").is_none(), "{about}");
    }

    async fn g8_an_app_that_has_to_push_cannot_do_without(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        for method in ["client_secret_post", "none"] {
            let body = json!({
                "require_pushed_authorization_requests": true, "token_endpoint_auth_method": method,
            });
            let app = Client::make(&tenant, None, None, body).await;
            for extra in [&[][..], &[("prompt", "none")], &[("request", "x")]] {
                let url = app.tenant.authorize_url(&Pkce::new(), extra);
                is_error(&app.tenant, &browser.get(&url).await, "invalid_request", method);
                let url = url::Url::parse(&url).unwrap();
                let form = url.query().unwrap().to_owned();
                let answer = browser.send(Method::POST, &url, Some(form)).await;
                assert!(answer.parameter("code").is_none(), "{answer:?}");
            }
            app.still_works(&mut browser).await;
        }
    }

    async fn g9_no_other_name_is_a_request_and_nothing_is_fetched(world: World) {
        let (_, mut browser, app, _) = pushing(&world).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/request.jwt", listener.local_addr().unwrap());
        let pushed = request_uri(&app.push(&Pkce::new()).send().await);
        let code = app.code(&mut browser).await.code;
        let urn = "urn:ietf:params:oauth:request_uri:";
        let guessed = format!("{urn}hufu_par_{}", "A".repeat(43));
        let as_request = format!("{urn}{code}");
        for name in [&guessed, &as_request, &format!("{pushed}x"), &pushed.to_uppercase()] {
            let answer = browser.get(app.authorize_url(name, &[])).await;
            assert!(answer.location().is_none() && answer.status == 400, "{name}: {answer:?}");
        }
        for name in [url.as_str(), "urn:x", "file:///etc/passwd", "hufu_par_"] {
            // Without an address of the app's there is a page, with one the app is told.
            let answer = browser.get(app.authorize_url(name, &[])).await;
            assert!(answer.location().is_none() && answer.status == 400, "{name}: {answer:?}");
            let plain = app.tenant.authorize_url(&Pkce::new(), &[("request_uri", name)]);
            let answer = browser.get(plain).await;
            is_error(&app.tenant, &answer, "request_uri_not_supported", name);
        }
        let fetched = tokio::time::timeout(std::time::Duration::from_millis(50), listener.accept());
        assert!(fetched.await.is_err(), "somebody came for it");
        let answer = browser.get(app.authorize_url(&pushed, &[])).await;
        assert!(answer.parameter("code").is_some(), "{answer:?}");
    }

    async fn g10_an_address_has_to_be_registered_however_the_app_proves_itself(world: World) {
        let (_, mut browser, app, public) = pushing(&world).await;
        for client in [&app, &public] {
            for uri in ["", "https://evil.example/", "https://app.example.com/callback/x"] {
                let answer = client.push(&Pkce::new()).with("redirect_uri", uri).send().await;
                is_oauth_error(&answer, 400, "invalid_request", uri);
            }
            client.still_works(&mut browser).await;
        }
    }

    async fn d6_a_pushed_requests_name_is_no_code_and_no_token(world: World) {
        let (_, mut browser, app, _) = pushing(&world).await;
        let pkce = Pkce::new();
        let pushed = request_uri(&app.push(&pkce).send().await);
        let name = pushed.rsplit_once(':').unwrap().1;
        for code in [pushed.as_str(), name] {
            let redeem = app.redeem(&Code { code: code.to_owned(), pkce: pkce.clone() });
            is_oauth_error(&redeem.send().await, 400, "invalid_grant", code);
            assert_eq!(app.userinfo(code).send().await.status, 401, "{code}");
        }
        let code = app.authorize(&mut browser, app.push(&pkce)).await.parameter("code").unwrap();
        assert_eq!(app.redeem(&Code { code, pkce }).send().await.status, 200);
        // Nothing of this spoilt the request.
        let answer = browser.get(app.authorize_url(&pushed, &[])).await;
        assert!(answer.parameter("code").is_some(), "{answer:?}");
    }

    async fn g12_what_was_pushed_does_not_travel_with_the_browser(world: World) {
        let (_, _, app, _) = pushing(&world).await;
        let canary = "canary7f3a";
        let push = app.push(&Pkce::new()).with("state", canary).with("nonce", canary);
        let push = push.with("login_hint", canary);
        let url = app.authorize_url(&request_uri(&push.send().await), &[]);
        let mut stranger = world.browser();
        let answer = stranger.get(&url).await;
        let page = stranger.follow(answer.location().unwrap()).await;
        for answer in [&answer, &page] {
            let headers = format!("{:?}", answer.headers);
            assert!(!headers.contains(canary) && !headers.contains("hufu_par_"), "{headers}");
        }
        assert!(!page.url.as_str().contains(canary), "{}", page.url);
        for (name, value) in stranger.cookies.values().flatten() {
            assert!(!value.contains(canary), "{name}");
            let plain = e2e::base64url(canary);
            assert!(!value.contains(&plain[..8]), "{name}");
        }
    }
}
