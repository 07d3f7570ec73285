//! WeCom is slow, down, or refuses our credentials (attack M17).

use std::time::{Duration, Instant};

use e2e::{Pkce, Tenant, World, on_every_backend};
use reqwest::Method;
use serde_json::json;
use wecom_sim::{Fault, FaultKind, Invalidation};

use crate::steps::{
    GETTOKEN, GETUSERINFO, SESSION, USER_GET, calls, client, cookie, offers_a_way_back, parameter,
    refused, signs_in, sub, to_callback, try_again,
};

/// One call fails, the person gets a page, tries the same interaction again and succeeds.
async fn fails_then_succeeds(tenant: &Tenant, path: &str, kind: FaultKind, code: &str) {
    let (mut browser, pkce) = (tenant.world.browser(), Pkce::new());
    let callback = to_callback(tenant, &mut browser, &pkce, "zhangsan").await;
    let users = tenant.users().await.len();
    tenant.world.wecom().inject(Fault::once(path, kind.clone()));
    let page = browser.get(callback.as_str()).await;
    refused(tenant, &page, code).await;
    assert_eq!(page.status, 503, "{kind:?}");
    assert!(page.headers.contains_key("retry-after"), "{kind:?}");
    offers_a_way_back(&page);
    assert_eq!(cookie(tenant, &browser, SESSION), None);
    assert!(tenant.world.wecom().faults().is_empty(), "{kind:?} was met");
    assert_eq!(tenant.users().await.len(), users);
    let answer = try_again(tenant, &mut browser, &page, "zhangsan").await;
    assert_eq!(answer.parameter("state").as_deref(), Some("s"), "{kind:?}");
    sub(tenant, &pkce, &answer).await;
}

fn broken() -> Vec<FaultKind> {
    vec![
        FaultKind::HttpStatus(500),
        FaultKind::HttpStatus(502),
        FaultKind::HttpStatus(503),
        FaultKind::HttpStatus(404),
        FaultKind::DropConnection,
        FaultKind::LoseReply,
        FaultKind::HalfBody,
        FaultKind::MalformedJson,
        FaultKind::Redirect("https://evil.example/cgi-bin/auth/getuserinfo".to_owned()),
        FaultKind::Body("<html>busy</html>".to_owned()),
        FaultKind::Body(format!(
            r#"{{"errcode":0,"userid":"zhangsan","x":"{}"}}"#,
            "x".repeat(300_000)
        )),
        FaultKind::Errcode(-40),
    ]
}

/// What the console says about a source's credentials.
async fn mark(tenant: &Tenant, source: &str) -> serde_json::Value {
    let path = tenant.path(&format!("/identity-sources/{source}"));
    tenant.admin.get(&path).await["setup"]["misconfigured"].clone()
}

/// Runs the console's test of a source.
async fn run(tenant: &Tenant, test: &str) {
    let answer = tenant.admin.call(Method::POST, test, &[], None).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

/// WeCom kills the tokens, and knows another secret from now on.
fn change_secret(world: &World, tenant: &Tenant, secret: &str) {
    world.wecom().set_secret(&tenant.corp_id, tenant.agent_id, secret).unwrap();
    world.wecom().invalidate_tokens(Some(&tenant.corp_id), None, Invalidation::Invalid);
}

on_every_backend! {
    async fn m17_any_fault_of_the_redeeming_call_can_be_tried_again(world: World) {
        let tenant = world.tenant("acme").await;
        for kind in broken() {
            fails_then_succeeds(&tenant, GETUSERINFO, kind, "upstream_unavailable").await;
        }
        let busy = FaultKind::Errcode(45009);
        fails_then_succeeds(&tenant, GETUSERINFO, busy, "upstream_busy").await;
        assert_eq!(tenant.users().await.len(), 1);
    }

    async fn m17_any_fault_of_reading_the_member_can_be_tried_again(world: World) {
        let tenant = world.tenant("acme").await;
        for kind in [FaultKind::HttpStatus(500), FaultKind::DropConnection, FaultKind::HalfBody] {
            fails_then_succeeds(&tenant, USER_GET, kind, "upstream_unavailable").await;
        }
        fails_then_succeeds(&tenant, USER_GET, FaultKind::Errcode(45009), "upstream_busy").await;
    }

    async fn m17_no_access_token_can_be_tried_again(world: World) {
        for (number, kind) in
            [FaultKind::HttpStatus(500), FaultKind::DropConnection, FaultKind::HalfBody]
                .into_iter()
                .enumerate()
        {
            let tenant = world.tenant(&format!("acme{number}")).await;
            fails_then_succeeds(&tenant, GETTOKEN, kind, "upstream_unavailable").await;
        }
    }

    async fn m17_a_limit_is_not_hit_again_and_again(world: World) {
        let tenant = world.tenant("acme").await;
        let other = world.tenant("other").await;
        world.wecom().inject(Fault::once(GETTOKEN, FaultKind::Errcode(45009)));
        for _ in 0..3 {
            let (mut browser, pkce) = (world.browser(), Pkce::new());
            let callback = to_callback(&tenant, &mut browser, &pkce, "zhangsan").await;
            let page = browser.get(callback.as_str()).await;
            refused(&tenant, &page, "upstream_busy").await;
            offers_a_way_back(&page);
        }
        assert_eq!(calls(&world, GETTOKEN), 1, "a limit's window has to pass first");
        signs_in(&other, "zhangsan").await;
    }

    async fn m17_what_wecom_asks_to_repeat_is_repeated(world: World) {
        let tenant = world.tenant("acme").await;
        for (path, errcode) in [
            (GETTOKEN, -1),
            (GETUSERINFO, -1),
            (USER_GET, -1),
            (GETUSERINFO, 40014),
            (USER_GET, 42001),
        ] {
            world.wecom().inject(Fault::once(path, FaultKind::Errcode(errcode)));
            signs_in(&tenant, "zhangsan").await;
            assert!(world.wecom().faults().is_empty(), "{path} {errcode}");
        }
        assert_eq!(tenant.users().await.len(), 1);
    }

    async fn m17_a_hanging_wecom_is_given_up_and_nobody_else_notices(world: World) {
        let tenant = world.tenant("acme").await;
        let other = world.tenant("other").await;
        let user = signs_in(&tenant, "zhangsan").await;
        signs_in(&other, "zhangsan").await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let callback = to_callback(&tenant, &mut browser, &pkce, "zhangsan").await;
        world.wecom().inject(Fault::once(GETUSERINFO, FaultKind::Latency(30_000)));
        let began = Instant::now();
        let waiting = tokio::spawn(async move { (browser.get(callback.as_str()).await, browser) });
        while !world.wecom().faults().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let meanwhile = signs_in(&other, "LiSi").await;
        assert!(!waiting.is_finished(), "the other tenant did not wait for it");
        assert_ne!(meanwhile, user);
        let (page, mut browser) = waiting.await.unwrap();
        let took = began.elapsed();
        assert!(took > Duration::from_secs(2) && took < Duration::from_secs(8), "{took:?}");
        refused(&tenant, &page, "upstream_unavailable").await;
        offers_a_way_back(&page);
        let answer = try_again(&tenant, &mut browser, &page, "zhangsan").await;
        assert_eq!(sub(&tenant, &pkce, &answer).await, user);
    }

    async fn m17_a_code_that_wecom_knows_no_more_starts_anew(world: World) {
        let tenant = world.tenant("acme").await;
        for errcode in [40029, 42003, 42022] {
            let (mut browser, pkce) = (world.browser(), Pkce::new());
            let callback = to_callback(&tenant, &mut browser, &pkce, "zhangsan").await;
            world.wecom().inject(Fault::once(GETUSERINFO, FaultKind::Errcode(errcode)));
            let page = browser.get(callback.as_str()).await;
            refused(&tenant, &page, "state_unknown").await;
            let answer = try_again(&tenant, &mut browser, &page, "zhangsan").await;
            sub(&tenant, &pkce, &answer).await;
        }
    }

    async fn a_refused_secret_is_not_sent_again_until_somebody_saves(world: World) {
        let tenant = world.tenant("acme").await;
        let other = world.tenant("other").await;
        let user = signs_in(&tenant, "zhangsan").await;
        let mut waiting = Vec::new();
        for _ in 0..3 {
            let (mut browser, pkce) = (world.browser(), Pkce::new());
            let callback = to_callback(&tenant, &mut browser, &pkce, "zhangsan").await;
            waiting.push((browser, callback));
        }
        assert!(mark(&tenant, &tenant.qr).await.is_null());
        change_secret(&world, &tenant, "the-new-secret");
        let before = calls(&world, GETTOKEN);
        for (browser, callback) in &mut waiting {
            let page = browser.get(callback.as_str()).await;
            refused(&tenant, &page, "source_misconfigured").await;
            offers_a_way_back(&page);
        }
        assert_eq!(mark(&tenant, &tenant.qr).await["errcode"], 40001);
        // Whoever comes now is told before going to WeCom.
        for _ in 0..3 {
            let page = tenant
                .start_qr(&mut world.browser(), &tenant.authorize_url(&Pkce::new(), &[]))
                .await;
            refused(&tenant, &page, "source_misconfigured").await;
        }
        // The other source has the same secret.
        for _ in 0..3 {
            let mut phone = client(&tenant, "zhangsan");
            let page = phone.follow(tenant.authorize_url(&Pkce::new(), &[])).await;
            refused(&tenant, &page, "source_misconfigured").await;
        }
        assert_eq!(calls(&world, GETTOKEN) - before, 1, "one wrong secret, and no more");
        let log = crate::steps::events(&tenant, "").await;
        assert!(log.iter().any(|event| event["action"] == "source.misconfigured"));
        signs_in(&other, "zhangsan").await;

        let path = tenant.path(&format!("/identity-sources/{}", tenant.qr));
        tenant.admin.patch(&path, json!({ "secret": "the-new-secret" })).await;
        assert!(mark(&tenant, &tenant.qr).await.is_null());
        assert_eq!(signs_in(&tenant, "zhangsan").await, user);
    }

    async fn a_refused_secret_is_used_again_after_a_test(world: World) {
        let tenant = world.tenant("acme").await;
        let old = world.wecom().world().corps[0].apps[0].secret.clone();
        change_secret(&world, &tenant, "somebody-reset-it");
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let callback = to_callback(&tenant, &mut browser, &pkce, "zhangsan").await;
        let page = browser.get(callback.as_str()).await;
        refused(&tenant, &page, "source_misconfigured").await;
        let test = tenant.path(&format!("/identity-sources/{}/test", tenant.qr));
        run(&tenant, &test).await;
        assert_eq!(mark(&tenant, &tenant.qr).await["errcode"], 40001);
        change_secret(&world, &tenant, &old);
        assert_eq!(calls(&world, GETTOKEN), 2, "the sign-in's and the test's");
        run(&tenant, &test).await;
        assert!(mark(&tenant, &tenant.qr).await.is_null());
        let answer = try_again(&tenant, &mut browser, &page, "zhangsan").await;
        sub(&tenant, &pkce, &answer).await;
        assert!(parameter(&callback, "code").is_some());
    }

    /// Saving is how an administrator says that the credentials are right now, whatever was changed.
    async fn a_refused_secret_is_used_again_after_saving_it_unchanged(world: World) {
        let tenant = world.tenant("acme").await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let callback = to_callback(&tenant, &mut browser, &pkce, "zhangsan").await;
        world.wecom().set_closed(&tenant.corp_id, tenant.agent_id, true).unwrap();
        let page = browser.get(callback.as_str()).await;
        refused(&tenant, &page, "source_misconfigured").await;
        world.wecom().set_closed(&tenant.corp_id, tenant.agent_id, false).unwrap();
        let path = tenant.path(&format!("/identity-sources/{}", tenant.qr));
        tenant.admin.patch(&path, json!({ "display_names": { "en": "WeCom" } })).await;
        let answer = try_again(&tenant, &mut browser, &page, "zhangsan").await;
        sub(&tenant, &pkce, &answer).await;
    }
}
