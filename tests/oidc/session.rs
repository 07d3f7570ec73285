//! What the session answers, and what makes the person sign in again (attacks B7, J1 to J4, J6).

use chrono::TimeDelta;
use e2e::{Answer, Browser, Pkce, Tenant, on_every_backend};
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use crate::steps::{
    SESSION, by, claims, is_error, is_oauth_error, is_signed_out, sets_session, sign_in, signed_in,
    silently, text, tokens,
};

/// The app's request, followed to a page or to the app.
async fn ask(tenant: &Tenant, browser: &mut Browser, extra: &[(&str, &str)]) -> Answer {
    browser.follow(tenant.authorize_url(&Pkce::new(), extra)).await
}

/// The login page came.
fn is_login(answer: &Answer, what: &str) {
    assert_eq!((answer.status.as_u16(), answer.url.path()), (200, "/login"), "{what}: {answer:?}");
}

/// Signs in with this request: the ID token's claims.
async fn id_token(
    tenant: &Tenant,
    browser: &mut Browser,
    member: &str,
    extra: &[(&str, &str)],
) -> Value {
    let pkce = Pkce::new();
    let answer = tenant.sign_in(browser, &tenant.authorize_url(&pkce, extra), member).await;
    let code = answer.parameter("code").unwrap_or_else(|| panic!("no code: {answer:?}"));
    claims(text(&tenant.redeem(&code, &pkce).await.json(), "id_token"))
}

/// The claims of an ID token that the session gives.
async fn again(tenant: &Tenant, browser: &mut Browser, extra: &[(&str, &str)]) -> Value {
    claims(text(&tokens(tenant, browser, extra).await, "id_token"))
}

on_every_backend! {
    async fn n3_what_other_hosts_of_the_domain_leave_in_the_browser_signs_nobody_out(world: World) {
        let (tenant, browser) = signed_in(&world).await;
        let own = format!("{SESSION}={}", browser.cookies[&tenant.host][SESSION]);
        let url = Url::parse(&tenant.authorize_url(&Pkce::new(), &[("prompt", "none")])).unwrap();
        let path = format!("{}?{}", url.path(), url.query().unwrap());
        for stray in ["consent", "=x", "=", "name=%C4%E3", "name=%", "a=\"b", ";", "name=你", "x\t=y"] {
            for line in [format!("{stray}; {own}"), format!("{own}; {stray}")] {
                let answer = tenant.send(Method::GET, &path, &[("cookie", &line)], None).await;
                assert!(answer.parameter("code").is_some(), "{line}: {answer:?}");
            }
        }
        // What only looks like it is none.
        for wrong in [format!("x{own}"), own.replace('=', " ="), own.to_lowercase(), format!("a={own}")] {
            let answer = tenant.send(Method::GET, &path, &[("cookie", &wrong)], None).await;
            is_error(&tenant, &answer, "login_required", &wrong);
        }
        let answer = tenant.send(Method::GET, &path, &[("cookie", &own)], None).await;
        assert!(answer.parameter("code").is_some(), "{answer:?}");
    }

    async fn j1_prompt_none_never_shows_anything(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let first = again(&tenant, &mut browser, &[]).await;
        world.clock().advance(TimeDelta::seconds(90));
        let second = again(&tenant, &mut browser, &[]).await;
        for name in ["sub", "auth_time", "sid"] {
            assert_eq!(first[name], second[name], "{name}");
        }
        assert_ne!(first["iat"], second["iat"]);
        // Nobody: told at once, without a page, an interaction or a call to WeCom.
        let before = world.wecom().journal().len();
        let mut nobody = world.browser();
        for extra in [vec![], vec![("max_age", "0")], vec![("connection", "qr")]] {
            let answer = silently(&tenant, &mut nobody, &Pkce::new(), &extra).await;
            is_error(&tenant, &answer, "login_required", "nobody");
            assert_eq!(answer.parameter("state").as_deref(), Some("s"));
            assert!(answer.headers.get("set-cookie").is_none(), "{answer:?}");
        }
        assert_eq!(world.wecom().journal().len(), before);
    }

    async fn j1_prompts_and_their_combinations(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        for prompt in
            ["login", "select_account", "login consent", "consent select_account", "login login"]
        {
            is_login(&ask(&tenant, &mut browser, &[("prompt", prompt)]).await, prompt);
        }
        for prompt in ["consent", "consent consent"] {
            let page = ask(&tenant, &mut browser, &[("prompt", prompt)]).await;
            assert_eq!((page.status.as_u16(), page.url.path()), (200, "/approve"), "{prompt}");
        }
        for prompt in [" ", "none none"] {
            let answer = ask(&tenant, &mut browser, &[("prompt", prompt)]).await;
            assert!(answer.parameter("code").is_some(), "{prompt}: {answer:?}");
        }
        for prompt in [
            "none login",
            "login none",
            "none consent",
            "none select_account",
            "None",
            "LOGIN",
            "create",
            "nonelogin",
            "none,login",
            "none\0",
            "none\tlogin",
            "x",
        ] {
            let answer = ask(&tenant, &mut browser, &[("prompt", prompt)]).await;
            is_error(&tenant, &answer, "invalid_request", prompt);
        }
    }

    async fn j1_prompt_login_makes_a_later_auth_time(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let first = again(&tenant, &mut browser, &[]).await;
        world.clock().advance(TimeDelta::seconds(30));
        let second = id_token(&tenant, &mut browser, "zhangsan", &[("prompt", "login")]).await;
        assert_eq!(second["sub"], first["sub"]);
        assert!(second["auth_time"].as_i64().unwrap() >= first["auth_time"].as_i64().unwrap() + 30);
        assert_eq!(again(&tenant, &mut browser, &[]).await["auth_time"], second["auth_time"]);
    }

    async fn j2_max_age_is_obeyed_whatever_it_says(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let first = again(&tenant, &mut browser, &[]).await;
        is_login(&ask(&tenant, &mut browser, &[("max_age", "0")]).await, "0");
        world.clock().advance(TimeDelta::seconds(5));
        is_login(&ask(&tenant, &mut browser, &[("max_age", "1")]).await, "1");
        let answer = silently(&tenant, &mut browser, &Pkce::new(), &[("max_age", "1")]).await;
        is_error(&tenant, &answer, "login_required", "too old, and nothing may be shown");
        for enough in
            ["10000", "18446744073709551615", "18446744073709551616", &"9".repeat(400), "0010000"]
        {
            let claims = again(&tenant, &mut browser, &[("max_age", enough)]).await;
            assert_eq!(claims["auth_time"], first["auth_time"], "{enough}");
        }
        for wrong in ["-1", "NaN", "1e3", "1.5", "+5", "0x10", "inf", "ten", "1 ", "１"] {
            let answer = silently(&tenant, &mut browser, &Pkce::new(), &[("max_age", wrong)]).await;
            is_error(&tenant, &answer, "invalid_request", wrong);
        }
        let later = id_token(&tenant, &mut browser, "zhangsan", &[("max_age", "1")]).await;
        assert!(later["auth_time"].as_i64().unwrap() >= first["auth_time"].as_i64().unwrap() + 5);
        assert_eq!(later["sub"], first["sub"]);
    }

    async fn j3_auth_time_is_when_the_person_signed_in(world: World) {
        let tenant = world.tenant("acme").await;
        let mut browser = world.browser();
        let now = || store::Clock::now(world.clock()).timestamp();
        let before = now();
        let first = id_token(&tenant, &mut browser, "zhangsan", &[]).await;
        let at = first["auth_time"].as_i64().unwrap();
        assert!((before..=now()).contains(&at), "{first}");
        world.clock().advance(TimeDelta::minutes(30));
        let later = again(&tenant, &mut browser, &[]).await;
        assert_eq!(later["auth_time"], at);
        assert!(later["iat"].as_i64().unwrap() >= at + 1800, "{later}");
        assert_eq!(later["exp"].as_i64().unwrap() - later["iat"].as_i64().unwrap(), 600);
    }

    async fn j4_the_nonce_comes_back_exactly_or_not_at_all(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        for nonce in ["n", "0", " n ", "é", &"n".repeat(384)] {
            let claims = again(&tenant, &mut browser, &[("nonce", nonce)]).await;
            assert_eq!(claims["nonce"], nonce);
        }
        let claims = again(&tenant, &mut browser, &[("nonce", "")]).await;
        assert!(claims.as_object().unwrap().get("nonce").is_none(), "{claims}");
    }

    async fn j6_sub_is_the_person_at_every_app_and_nothing_else(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let other = world.tenant("other").await;
        let neighbour = by(&tenant, tenant.make_app(json!({})).await);
        let sub = again(&tenant, &mut browser, &[]).await["sub"].clone();
        assert_eq!(again(&neighbour, &mut browser, &[]).await["sub"], sub);
        let elsewhere = id_token(&tenant, &mut world.browser(), "zhangsan", &[]).await;
        assert_eq!(elsewhere["sub"], sub);
        assert_ne!(elsewhere["sid"], again(&tenant, &mut browser, &[]).await["sid"]);
        let lisi = id_token(&tenant, &mut world.browser(), "LiSi", &[]).await;
        assert_ne!(lisi["sub"], sub);
        let namesake = id_token(&other, &mut world.browser(), "zhangsan", &[]).await;
        assert_ne!(namesake["sub"], sub);
        let user = tenant.users().await.into_iter().find(|user| user["id"] == sub).unwrap();
        assert_eq!(user["name"], "张三");
        let sub = sub.as_str().unwrap();
        assert!(sub.is_ascii() && sub.len() <= 255 && !sub.contains("zhangsan"), "{sub}");
    }

    async fn b7_nobody_gets_a_token_about_somebody_else_than_the_app_expects(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let mut lisi = world.browser();
        sign_in(&tenant, &mut lisi, "LiSi").await;
        let theirs = tokens(&tenant, &mut lisi, &[]).await;
        let own = tokens(&tenant, &mut browser, &[]).await;
        let hint = |tokens: &Value| text(tokens, "id_token").to_owned();
        let answer =
            silently(&tenant, &mut browser, &Pkce::new(), &[("id_token_hint", &hint(&theirs))])
                .await;
        is_error(&tenant, &answer, "login_required", "somebody else is signed in");
        let same = again(&tenant, &mut browser, &[("id_token_hint", &hint(&own))]).await;
        assert_eq!(same["sub"], claims(&hint(&own))["sub"]);
        is_login(
            &ask(&tenant, &mut browser, &[("id_token_hint", &hint(&theirs))]).await,
            "somebody else",
        );
        // An expired hint says the same.
        world.clock().advance(TimeDelta::hours(1));
        again(&tenant, &mut browser, &[("id_token_hint", &hint(&own))]).await;
        // What is no hint, and what is none for this app.
        let neighbour = by(&tenant, tenant.make_app(json!({})).await);
        let foreign = tokens(&neighbour, &mut browser, &[]).await;
        for wrong in [
            hint(&foreign),
            text(&own, "access_token").to_owned(),
            "x".to_owned(),
            format!("{}x", hint(&own)),
        ] {
            let answer =
                silently(&tenant, &mut browser, &Pkce::new(), &[("id_token_hint", &wrong)]).await;
            is_error(&tenant, &answer, "invalid_request", &wrong);
        }
        // The claims parameter says the same as a hint, and gives nobody another name.
        let victim = claims(&hint(&theirs))["sub"].clone();
        let own = same["sub"].clone();
        for (sub, gets_in) in [
            (json!({ "value": victim }), false),
            (json!({ "values": [victim] }), false),
            (json!({ "value": "nobody" }), false),
            (json!({ "values": [] }), false),
            (json!({ "value": own }), true),
            (json!({ "values": [victim, own] }), true),
            (json!({ "values": [own, victim] }), true),
            (json!(null), true),
            (json!({ "essential": true }), true),
        ] {
            for at in ["id_token", "userinfo"] {
                let asked = json!({ at: { "sub": sub } }).to_string();
                if gets_in {
                    let claims = again(&tenant, &mut browser, &[("claims", &asked)]).await;
                    assert_eq!(claims["sub"], own, "{asked}");
                    continue;
                }
                let extra = [("claims", asked.as_str())];
                let answer = silently(&tenant, &mut browser, &Pkce::new(), &extra).await;
                is_error(&tenant, &answer, "login_required", &asked);
            }
        }
    }

    async fn b7_signing_in_as_somebody_else_than_the_app_expects_gives_no_code(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let own = tokens(&tenant, &mut browser, &[]).await;
        let mut other = world.browser();
        let expected = [("id_token_hint", text(&own, "id_token"))];
        let answer = tenant
            .sign_in(&mut other, &tenant.authorize_url(&Pkce::new(), &expected), "LiSi")
            .await;
        is_error(&tenant, &answer, "login_required", "somebody else signed in");
        assert!(!sets_session(&answer), "{answer:?}");
        is_signed_out(&tenant, &mut other).await;
        assert_eq!(tenant.users().await.len(), 1, "nobody was made an account");
        let claims = id_token(&tenant, &mut world.browser(), "zhangsan", &expected).await;
        assert_eq!(claims["sub"], crate::steps::claims(text(&own, "id_token"))["sub"]);
    }

    async fn b6_a_scope_is_narrowed_and_never_widened(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        for (asked, granted) in [
            ("openid", "openid"),
            ("openid admin offline_access", "openid"),
            ("email openid", "openid email"),
            ("openid openid profile", "openid profile"),
            ("openid\tprofile email", ""),
            ("OPENID", ""),
            ("profile", ""),
            ("openid,profile", ""),
            ("offline_access", ""),
            ("", ""),
        ] {
            let pkce = Pkce::new();
            let answer = silently(&tenant, &mut browser, &pkce, &[("scope", asked)]).await;
            if granted.is_empty() {
                is_error(&tenant, &answer, "invalid_scope", asked);
                continue;
            }
            let code = answer.parameter("code").unwrap();
            // A scope at the token endpoint changes nothing.
            let form = [
                ("grant_type", "authorization_code"),
                ("code", &code),
                ("redirect_uri", &tenant.app.redirect_uri),
                ("code_verifier", &pkce.verifier),
                ("scope", "openid profile email phone admin"),
            ];
            let tokens = tenant.token(&tenant.app, &form).await.json();
            assert_eq!(tokens["scope"], granted, "{asked}");
            assert_eq!(claims(text(&tokens, "access_token"))["scope"], granted, "{asked}");
        }
        let answer = tenant
            .token(&tenant.app, &[("grant_type", "client_credentials"), ("scope", "openid")])
            .await;
        is_oauth_error(&answer, 400, "unauthorized_client", "no user, no token");
    }

    async fn a_connection_is_gone_straight_to(world: World) {
        let tenant = world.tenant("acme").await;
        let mut browser = world.browser();
        let login = browser.get(tenant.authorize_url(&Pkce::new(), &[("connection", "qr")])).await;
        let start = browser.get(login.location().unwrap().as_str()).await;
        assert_eq!(start.location().unwrap().path(), "/connections/social/qr");
        let wecom = browser.get(start.location().unwrap().as_str()).await.location().unwrap();
        assert!(wecom.as_str().starts_with(&world.wecom_base()), "{wecom}");
        // One that does not exist, or does not work here, leaves the choice to the person.
        for name in ["nothing", "mobile"] {
            is_login(&ask(&tenant, &mut browser, &[("connection", name)]).await, name);
        }
        for wrong in
            ["../qr", "QR", "q r", "qr/callback", &"a".repeat(32), "qr\0", "//evil.example"]
        {
            let answer =
                browser.get(tenant.authorize_url(&Pkce::new(), &[("connection", wrong)])).await;
            is_error(&tenant, &answer, "invalid_request", wrong);
        }
        // POST goes the same way.
        let form = crate::steps::query(&tenant, &Pkce::new(), &[("connection", "qr")]);
        let answer = crate::steps::authorize(&tenant, &mut browser, Method::POST, &form).await;
        assert_eq!(answer.location().unwrap().path(), "/login");
    }
}
