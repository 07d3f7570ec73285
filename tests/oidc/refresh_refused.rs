//! Refresh tokens that are nobody's any more, or somebody else's (attacks F2, F3).

use chrono::TimeDelta;
use e2e::{Browser, Pkce, Tenant, on_every_backend};
use reqwest::Method;
use serde_json::{Value, json};

use crate::steps::{
    by, change, claims, code, is_error, is_oauth_error, is_worthless, lives, refresh, refreshed,
    refreshing, sign_in, signed_in, silently, text, tokens,
};

fn token(tokens: &Value) -> &str {
    text(tokens, "refresh_token")
}

/// What a public app is given for a session, and for offline access.
struct Given {
    app: Tenant,
    browser: Browser,
    user: String,
    bound: Value,
    offline: Value,
}

impl Given {
    /// A member signs in anew, and a new app gets both.
    async fn to(tenant: &Tenant, member: &str) -> Self {
        let mut browser = tenant.world.browser();
        sign_in(tenant, &mut browser, member).await;
        let app = refreshing(tenant, json!({})).await;
        let bound = tokens(&app, &mut browser, &[("scope", "openid email")]).await;
        let scope = [("scope", "openid email offline_access")];
        let offline = tokens(&app, &mut browser, &scope).await;
        let user = claims(text(&bound, "id_token"))["sub"].as_str().unwrap().to_owned();
        Self { app, browser, user, bound, offline }
    }

    /// Neither gives anything any more.
    async fn is_dead(&self, what: &str) {
        for tokens in [&self.bound, &self.offline] {
            is_worthless(&self.app, token(tokens), what).await;
            assert!(!lives(&self.app, tokens).await, "{what}");
        }
    }

    /// Both go on.
    async fn goes_on(&mut self) {
        self.bound = refreshed(&self.app, token(&self.bound)).await;
        self.offline = refreshed(&self.app, token(&self.offline)).await;
    }

    fn path(&self, rest: &str) -> String {
        self.app.path(&format!("/users/{}{rest}", self.user))
    }
}

/// Signs the browser out, by its own wish.
async fn sign_out(given: &mut Given) {
    let hint = text(&given.bound, "id_token").to_owned();
    let url = given.app.url(&format!("/oidc/session/end?id_token_hint={hint}"));
    let answer = given.browser.get(url).await;
    assert!(answer.status.as_u16() < 400, "{answer:?}");
}

on_every_backend! {
    async fn f2_a_refresh_token_is_worth_nothing_to_others(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let other = world.tenant("other").await;
        let confidential = json!({ "token_endpoint_auth_method": "client_secret_basic" });
        for fields in [json!({}), confidential] {
            let app = refreshing(&tenant, fields.clone()).await;
            let issued = tokens(&app, &mut browser, &[]).await;
            let thieves = [
                ("a neighbour", refreshing(&tenant, json!({})).await),
                ("one with a secret", refreshing(&tenant, json!({
                    "token_endpoint_auth_method": "client_secret_basic"
                })).await),
                ("another tenant's", refreshing(&other, fields).await),
            ];
            for (what, thief) in &thieves {
                is_worthless(thief, token(&issued), what).await;
            }
            // Here with a name that exists only elsewhere, there with one that exists only here.
            let stranger = by(&tenant, thieves[2].1.app.clone());
            let answer = refresh(&stranger, token(&issued), &[]).await;
            is_oauth_error(&answer, 401, "invalid_client", "another tenant's app, here");
            let elsewhere = by(&other, app.app.clone());
            let answer = refresh(&elsewhere, token(&issued), &[]).await;
            is_oauth_error(&answer, 401, "invalid_client", "the app, at another tenant's");
            let form = [("grant_type", "refresh_token"), ("refresh_token", token(&issued))];
            let answer = tenant.post("/oidc/token", &form, None).await;
            is_oauth_error(&answer, 401, "invalid_client", "nobody");
            if app.app.secret.is_some() {
                let named = [form[0], form[1], ("client_id", app.app.id.as_str())];
                let answer = tenant.post("/oidc/token", &named, None).await;
                is_oauth_error(&answer, 401, "invalid_client", "without its secret");
            }
            // Nobody of them burnt it or cost the family anything.
            assert!(lives(&app, &issued).await);
            refreshed(&app, token(&issued)).await;
        }
    }

    async fn f2_nothing_else_passes_for_a_refresh_token(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let app = refreshing(&tenant, json!({})).await;
        let issued = tokens(&app, &mut browser, &[]).await;
        let (unused, _) = code(&app, &mut browser).await;
        let session = browser.cookies[&tenant.host][crate::steps::SESSION].clone();
        let right = token(&issued);
        for (what, wrong) in [
            ("an access token", text(&issued, "access_token").to_owned()),
            ("an ID token", text(&issued, "id_token").to_owned()),
            ("a code", unused),
            ("a session", session),
            ("a guess", "hufu_refresh_".to_owned()),
            ("a guess", "x".to_owned()),
            ("NUL", "\0".to_owned()),
            ("cut", right[..right.len() - 1].to_owned()),
            ("lengthened", format!("{right}A")),
            ("another case", right.to_uppercase()),
            ("with a space", format!("{right} ")),
            ("without its prefix", right.trim_start_matches("hufu_refresh_").to_owned()),
            ("long", "a".repeat(60_000)),
        ] {
            is_worthless(&app, &wrong, what).await;
        }
        refreshed(&app, right).await;
    }

    async fn f2_an_app_refreshes_only_what_it_still_may(world: World) {
        let (tenant, _) = signed_in(&world).await;
        let mut given = Given::to(&tenant, "zhangsan").await;
        let app = given.app.clone();
        // A scope that was taken away is given to nobody any more.
        change(&app, json!({ "scopes": ["openid", "profile", "offline_access"] })).await;
        given.goes_on().await;
        for tokens in [&given.bound, &given.offline] {
            assert!(!text(tokens, "scope").contains("email"), "{tokens}");
            let about = app.userinfo(text(tokens, "access_token")).await.json();
            assert!(about["email"].is_null(), "{about}");
        }
        let asked = refresh(&app, token(&given.bound), &[("scope", "openid email")]).await;
        is_oauth_error(&asked, 400, "invalid_scope", "it may not have it any more");
        // Nor is it when it was asked for by one claim.
        let single = r#"{"userinfo":{"name":null},"id_token":{"name":null}}"#;
        let claim = [("scope", "openid"), ("claims", single)];
        let named = tokens(&app, &mut given.browser, &claim).await;
        assert_eq!(claims(text(&named, "id_token"))["name"], "张三");
        change(&app, json!({ "scopes": ["openid", "offline_access"] })).await;
        let named = refreshed(&app, token(&named)).await;
        assert!(claims(text(&named, "id_token"))["name"].is_null());
        assert!(app.userinfo(text(&named, "access_token")).await.json()["name"].is_null());
        // Without offline access what was given for it ends; without openid everything does.
        change(&app, json!({ "scopes": ["openid"] })).await;
        is_worthless(&app, token(&given.offline), "offline_access was taken away").await;
        given.bound = refreshed(&app, token(&given.bound)).await;
        change(&app, json!({ "scopes": ["profile"] })).await;
        is_worthless(&app, token(&given.bound), "openid was taken away").await;
        change(&app, json!({ "scopes": ["openid", "email", "offline_access"] })).await;
        given.goes_on().await;
        change(&app, json!({ "grant_types": ["authorization_code"] })).await;
        let answer = refresh(&app, token(&given.bound), &[]).await;
        is_oauth_error(&answer, 400, "unauthorized_client", "the grant type was taken away");
        change(&app, json!({ "grant_types": ["authorization_code", "refresh_token"] })).await;
        given.goes_on().await;
    }

    async fn f2_a_scope_that_is_taken_away_before_the_code_is_redeemed(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let app = refreshing(&tenant, json!({})).await;
        let (code, pkce) = code(&app, &mut browser).await;
        change(&app, json!({ "scopes": ["openid", "phone"] })).await;
        let issued = app.redeem(&code, &pkce).await.json();
        assert_eq!(issued["scope"], "openid phone");
        assert_eq!(claims(text(&issued, "access_token"))["scope"], "openid phone");
        refreshed(&app, token(&issued)).await;
    }

    async fn f2_what_it_hangs_on_is_switched_off_and_on(world: World) {
        let (tenant, _) = signed_in(&world).await;
        let mut given = Given::to(&tenant, "zhangsan").await;
        let app = given.app.clone();
        let source = app.path(&format!("/identity-sources/{}", app.qr));
        app.admin.patch(&source, json!({ "status": "disabled" })).await;
        given.is_dead("the source is off").await;
        app.admin.patch(&source, json!({ "status": "active" })).await;
        given.goes_on().await;
        let link = app.path(&format!("/apps/{}/identity-sources/{}", app.app.id, app.qr));
        app.admin.delete(&link).await;
        given.is_dead("the app does not take the source any more").await;
        app.admin.put(&link, json!({ "position": 0 })).await;
        given.goes_on().await;
        change(&app, json!({ "status": "disabled" })).await;
        for tokens in [&given.bound, &given.offline] {
            let answer = refresh(&app, token(tokens), &[]).await;
            is_oauth_error(&answer, 401, "invalid_client", "the app is off");
            assert!(!lives(&app, tokens).await);
        }
        change(&app, json!({ "status": "active" })).await;
        given.goes_on().await;
        let operator = world.operator();
        operator.patch(&app.path(""), json!({ "status": "suspended" })).await;
        for tokens in [&given.bound, &given.offline] {
            let answer = refresh(&app, token(tokens), &[]).await;
            assert!(answer.status.is_client_error(), "{answer:?}");
            assert!(!answer.body.contains("token\":"), "{answer:?}");
        }
        operator.patch(&app.path(""), json!({ "status": "active" })).await;
        given.goes_on().await;
        app.admin.delete(&app.path(&format!("/apps/{}", app.app.id))).await;
        let answer = refresh(&app, token(&given.bound), &[]).await;
        is_oauth_error(&answer, 401, "invalid_client", "the app is gone");
    }

    async fn f2_who_is_put_out_stays_out(world: World) {
        let (tenant, _) = signed_in(&world).await;
        let active = json!({ "status": "active" });
        let suspended = json!({ "status": "suspended" });
        for what in ["user", "link", "sign-out", "password", "user deleted", "source deleted"] {
            let mut given = Given::to(&tenant, "zhangsan").await;
            given.goes_on().await;
            let mut bystander = Given::to(&tenant, "LiSi").await;
            let admin = &tenant.admin;
            match what {
                "user" => {
                    admin.patch(&given.path(""), suspended.clone()).await;
                    given.is_dead(what).await;
                    admin.patch(&given.path(""), active.clone()).await;
                }
                "link" => {
                    let links = admin.get(&given.path("/identities")).await;
                    let link = links["items"][0]["id"].as_str().unwrap();
                    let path = given.path(&format!("/identities/{link}/status"));
                    admin.put(&path, suspended.clone()).await;
                    given.is_dead(what).await;
                    admin.put(&path, active.clone()).await;
                }
                "sign-out" => {
                    let path = given.path("/sign-out");
                    let answer = admin.call(Method::POST, &path, &[], None).await;
                    assert!(answer.status.is_success(), "{answer:?}");
                }
                "password" => {
                    let body = json!({ "password": "correct horse battery" });
                    admin.put(&given.path("/password"), body).await;
                }
                "source deleted" => {
                    admin.delete(&tenant.path(&format!("/identity-sources/{}", tenant.qr))).await;
                    given.is_dead(what).await;
                    continue;
                }
                _ => admin.delete(&given.path("")).await,
            }
            given.is_dead(what).await;
            bystander.goes_on().await;
            if what != "user deleted" {
                Given::to(&tenant, "zhangsan").await.goes_on().await;
            }
        }
    }

    async fn f2_offline_access_outlives_the_sign_out_and_nothing_else(world: World) {
        let (tenant, _) = signed_in(&world).await;
        let mut given = Given::to(&tenant, "zhangsan").await;
        sign_out(&mut given).await;
        let app = given.app.clone();
        let nobody = silently(&app, &mut given.browser, &Pkce::new(), &[]).await;
        is_error(&app, &nobody, "login_required", "signed out");
        is_worthless(&app, token(&given.bound), "it hung on the session").await;
        assert!(!lives(&app, &given.bound).await);
        given.offline = refreshed(&app, token(&given.offline)).await;
        assert!(lives(&app, &given.offline).await);
        // Signing in as somebody else in the same browser is no more than signing out.
        let mut shared = Given::to(&tenant, "zhangsan").await;
        let anew = tenant.authorize_url(&Pkce::new(), &[("prompt", "login")]);
        let answer = tenant.sign_in(&mut shared.browser, &anew, "LiSi").await;
        assert!(answer.parameter("code").is_some(), "{answer:?}");
        is_worthless(&shared.app, token(&shared.bound), "another person's session").await;
        shared.offline = refreshed(&shared.app, token(&shared.offline)).await;
        // An administrator ends both.
        tenant.admin.call(Method::POST, &given.path("/sign-out"), &[], None).await;
        is_worthless(&app, token(&given.offline), "all sessions were ended").await;
        is_worthless(&shared.app, token(&shared.offline), "all sessions were ended").await;
        Given::to(&tenant, "zhangsan").await.goes_on().await;
    }

    async fn f3_a_refresh_token_that_nobody_uses_dies(world: World) {
        let tenant = world.tenant("acme").await;
        let lives = json!({ "refresh_token_idle_lifetime": 3600, "refresh_token_lifetime": 14_400 });
        let mut confidential = lives.clone();
        confidential["token_endpoint_auth_method"] = json!("client_secret_basic");
        for fields in [lives, confidential] {
            let mut browser = world.browser();
            sign_in(&tenant, &mut browser, "zhangsan").await;
            let app = refreshing(&tenant, fields).await;
            let scope = [("scope", "openid offline_access")];
            let idle = tokens(&app, &mut browser, &scope).await;
            let mut used = tokens(&app, &mut browser, &scope).await;
            for turn in 1..=4 {
                world.clock().advance(TimeDelta::minutes(50));
                let next = refreshed(&app, token(&used)).await;
                if next.get("refresh_token").is_some() {
                    used = next;
                }
                // Nothing of it is kept where it may get lost.
                world.store().ephemeral.flush_all().await.unwrap();
                if turn == 2 {
                    is_worthless(&app, token(&idle), "nobody used it for an hour").await;
                }
            }
            // Used within the hour, but four hours after the sign-in all is over.
            world.clock().advance(TimeDelta::minutes(41));
            is_worthless(&app, token(&used), "its time is over").await;
            let mut browser = world.browser();
            sign_in(&tenant, &mut browser, "zhangsan").await;
            let anew = tokens(&app, &mut browser, &scope).await;
            refreshed(&app, token(&anew)).await;
        }
    }

    /// Eight hours without a sign-in to an app, and without an app that refreshes (attack Q5).
    async fn f3_q5_without_offline_access_refreshing_ends_when_the_session_is_idle(world: World) {
        let (tenant, _) = signed_in(&world).await;
        let mut idle = Given::to(&tenant, "zhangsan").await;
        let mut used = Given::to(&tenant, "LiSi").await;
        world.clock().advance(TimeDelta::minutes(300));
        used.goes_on().await;
        world.clock().advance(TimeDelta::minutes(181));
        is_worthless(&idle.app, token(&idle.bound), "nobody used the session").await;
        let nobody = silently(&idle.app, &mut idle.browser, &Pkce::new(), &[]).await;
        is_error(&idle.app, &nobody, "login_required", "nor does it sign anybody in");
        // Offline access needs no session; refreshing in one is use of it.
        idle.offline = refreshed(&idle.app, token(&idle.offline)).await;
        used.goes_on().await;
        tokens(&used.app, &mut used.browser, &[]).await;
        assert!(lives(&used.app, &used.bound).await);
    }

    async fn f3_without_offline_access_refreshing_ends_with_the_session(world: World) {
        let (tenant, _) = signed_in(&world).await;
        let mut given = Given::to(&tenant, "zhangsan").await;
        // Twelve hours, however often it is used.
        for _ in 0..3 {
            world.clock().advance(TimeDelta::minutes(235));
            given.goes_on().await;
        }
        world.clock().advance(TimeDelta::minutes(16));
        is_worthless(&given.app, token(&given.bound), "the session is over").await;
        world.store().ephemeral.flush_all().await.unwrap();
        is_worthless(&given.app, token(&given.bound), "and stays so").await;
        given.offline = refreshed(&given.app, token(&given.offline)).await;
        assert!(lives(&given.app, &given.offline).await);
    }
}
