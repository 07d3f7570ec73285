//! What a person reads: languages, trace codes, and the way back when the ephemeral state is gone.

use e2e::{Pkce, Tenant, World, on_every_backend};

use crate::steps::{
    GETTOKEN, calls, events, lose_cookies_of, offers_a_way_back, refused, signs_in, sso, sub,
    to_callback, to_wecom,
};

async fn empty(world: &World) {
    world.store().ephemeral.flush_all().await.unwrap();
}

/// The language that a page says it is in.
fn language(body: &str) -> &str {
    body.split_once("<html lang=\"").unwrap().1.split_once('"').unwrap().0
}

async fn login_page(tenant: &Tenant, accept: &str, ui_locales: &str) -> String {
    let mut browser = tenant.world.browser();
    accept.clone_into(&mut browser.accept_language);
    let request = tenant.authorize_url(&Pkce::new(), &[("ui_locales", ui_locales)]);
    browser.follow(request).await.body
}

on_every_backend! {
    async fn an_emptied_ephemeral_state_costs_starting_again_and_no_more(world: World) {
        let tenant = world.tenant("acme").await;
        let user = signs_in(&tenant, "zhangsan").await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());

        // Before the login page.
        let login = browser.get(tenant.authorize_url(&pkce, &[])).await.location().unwrap();
        empty(&world).await;
        let page = browser.get(login.as_str()).await;
        refused(&tenant, &page, "interaction_expired").await;
        offers_a_way_back(&page);

        // Before the start.
        let page = browser.follow(tenant.authorize_url(&pkce, &[])).await;
        let link = page.links().into_iter().find(|link| link.contains("/social/qr")).unwrap();
        empty(&world).await;
        let page = browser.get(tenant.url(&link)).await;
        refused(&tenant, &page, "interaction_expired").await;
        offers_a_way_back(&page);

        // While at WeCom, and before the callback.
        let wecom = to_wecom(&tenant, &mut browser, &pkce).await;
        empty(&world).await;
        let callback = tenant.confirm(&mut browser, &wecom, "zhangsan").await.location().unwrap();
        let page = browser.get(callback.as_str()).await;
        refused(&tenant, &page, "state_unknown").await;
        offers_a_way_back(&page);

        // Between callback and token.
        let answer =
            tenant.sign_in(&mut browser, &tenant.authorize_url(&pkce, &[]), "zhangsan").await;
        empty(&world).await;
        let code = answer.parameter("code").unwrap();
        assert_eq!(tenant.redeem(&code, &pkce).await.json()["error"], "invalid_grant");
        // The session is durable, and so is the user.
        let answer = sso(&tenant, &mut browser, &pkce).await;
        assert_eq!(sub(&tenant, &pkce, &answer).await, user);
        empty(&world).await;
        let tokens = calls(&world, GETTOKEN);
        assert_eq!(signs_in(&tenant, "zhangsan").await, user);
        assert_eq!(calls(&world, GETTOKEN), tokens + 1);
        assert_eq!(tenant.users().await.len(), 1);
    }

    async fn pages_speak_the_persons_language(world: World) {
        let tenant = world.tenant("acme").await;
        let rows = [
            ("zh-CN,zh;q=0.9,en;q=0.8", "", "zh-CN"),
            ("en-GB,en;q=0.9", "", "en"),
            ("zh-TW", "", "zh-TW"),
            ("zh-HK,zh;q=0.9,en;q=0.8", "", "zh-TW"),
            ("ja,en;q=0.5", "", "ja"),
            ("en", "ja", "ja"),
            ("fr;q=1, en;q=0.5, zh;q=0.1", "", "en"),
            ("en", "zh-CN", "zh-CN"),
            ("zh-CN", "en", "en"),
            ("zh-CN", "fr en zh", "en"),
            ("en", "xx", "en"),
        ];
        for (accept, ui_locales, expected) in rows {
            let body = login_page(&tenant, accept, ui_locales).await;
            assert_eq!(language(&body), expected, "{accept} {ui_locales}");
            let name = if expected.starts_with("zh") { "企业微信 qr" } else { "WeCom qr" };
            assert!(body.contains(name), "{body}");
        }
    }

    async fn failures_and_wecoms_page_are_in_the_persons_language(world: World) {
        let tenant = world.tenant("acme").await;
        for (accept, page_language, wecom_language) in
            [("zh-CN", "zh-CN", "lang=zh"), ("zh-TW", "zh-TW", "lang=zh"), ("ja", "ja", "lang=en"), ("en", "en", "lang=en")]
        {
            let (mut browser, pkce) = (world.browser(), Pkce::new());
            accept.clone_into(&mut browser.accept_language);
            let wecom = to_wecom(&tenant, &mut browser, &pkce).await;
            assert!(wecom.as_str().contains(wecom_language), "{wecom}");
            let callback =
                tenant.confirm(&mut browser, &wecom, "zhangsan").await.location().unwrap();
            lose_cookies_of(&tenant, &mut browser);
            let page = browser.get(callback.as_str()).await;
            refused(&tenant, &page, "browser_changed").await;
            assert_eq!(language(&page.body), page_language);
            let unknown =
                world.browser().get(tenant.authorize_url(&pkce, &[("client_id", "nobody")])).await;
            refused(&tenant, &unknown, "unknown_client").await;
        }
    }

    async fn a_trace_code_leads_the_administrator_to_the_sign_in(world: World) {
        let tenant = world.tenant("acme").await;
        let other = world.tenant("other").await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let callback = to_callback(&tenant, &mut browser, &pkce, "zhangsan").await;
        world.wecom().inject(wecom_sim::Fault::once(
            "/cgi-bin/auth/getuserinfo",
            wecom_sim::FaultKind::Errcode(60020),
        ));
        let page = browser.get(callback.as_str()).await;
        refused(&tenant, &page, "source_misconfigured").await;
        let trace = page.trace().unwrap();
        assert!(page.body.contains(&format!("<code>{trace}</code>")));
        let found = events(&tenant, &format!("trace={trace}")).await;
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0]["action"], "sign_in");
        assert_eq!(found[0]["app"], tenant.app.id.as_str());
        assert_eq!(found[0]["source"], tenant.qr.as_str());
        assert_eq!(found[0]["detail"]["errcode"], 60020);
        assert!(found[0]["detail"]["hint"].is_string());
        assert!(found[0]["address"].is_string());
        assert!(events(&other, &format!("trace={trace}")).await.is_empty());
        // The same sign-in, tried again with success, has the same code.
        let answer = crate::steps::try_again(&tenant, &mut browser, &page, "zhangsan").await;
        sub(&tenant, &pkce, &answer).await;
        let found = events(&tenant, &format!("trace={trace}")).await;
        let done =
            |event: &serde_json::Value| event["action"] == "sign_in" && event["result"] == "ok";
        assert!(found.iter().any(done), "{found:?}");
    }

    async fn every_page_about_a_failure_has_a_trace_code_that_is_found(world: World) {
        let tenant = world.tenant("acme").await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let login = browser.get(tenant.authorize_url(&pkce, &[])).await.location().unwrap();
        // The interaction of another browser, by each of its URLs.
        let mut other = world.browser();
        refused(&tenant, &other.get(login.as_str()).await, "browser_changed").await;
        let start = login.as_str().replace("/login", "/connections/social/qr");
        refused(&tenant, &other.get(&start).await, "browser_changed").await;
        // Requests that are wrong in themselves.
        let long = "9".repeat(64);
        for path in [
            "/login",
            "/login?interaction=",
            &format!("/login?interaction={long}"),
            "/connections/social/qr?interaction=",
            "/connections/social/nobody",
        ] {
            refused(&tenant, &other.get(tenant.url(path)).await, "interaction_expired").await;
        }
        for path in ["/nowhere", "/oidc/nowhere", "/WW_verify_none.txt"] {
            refused(&tenant, &other.get(tenant.url(path)).await, "not_found").await;
        }
        let twice = format!("{login}&interaction=2");
        refused(&tenant, &browser.get(&twice).await, "invalid_request").await;
        let unlinked = login.as_str().replace("/login", "/connections/social/nobody");
        refused(&tenant, &browser.get(&unlinked).await, "source_disabled").await;
        let answer = tenant.sign_in(&mut browser, login.as_str(), "zhangsan").await;
        sub(&tenant, &pkce, &answer).await;
    }
}
