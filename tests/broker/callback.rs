//! The callback: whose it is, and how often it acts.

use std::time::Duration;

use e2e::{DESKTOP, Pkce, on_every_backend};
use reqwest::Method;
use serde_json::json;
use wecom_sim::{Fault, FaultKind};

use crate::steps::{
    GETUSERINFO, HOME, SESSION, calls, choose, cookie, lose_cookies_of, offers_a_way_back,
    parameter, redemptions, refused, sets, sso, sub, to_callback, to_wecom, with,
};

on_every_backend! {
    async fn m1_login_csrf_at_the_callback(world: World) {
        let tenant = world.tenant("acme").await;
        let (mut attacker, theirs) = (world.browser(), Pkce::new());
        let trap = to_callback(&tenant, &mut attacker, &theirs, "zhangsan").await;

        // A victim without any cookie.
        let mut victim = world.browser();
        let page = victim.get(trap.as_str()).await;
        refused(&tenant, &page, "browser_changed").await;
        assert_eq!(page.status, 400);
        assert_eq!(cookie(&tenant, &victim, SESSION), None);

        // One with a sign-in of their own under way, which goes on unharmed.
        let (mut victim, own) = (world.browser(), Pkce::new());
        let wecom = to_wecom(&tenant, &mut victim, &own).await;
        refused(&tenant, &victim.get(trap.as_str()).await, "browser_changed").await;
        let back = tenant.confirm(&mut victim, &wecom, "LiSi").await.location().unwrap();
        let answer = victim.get(back.as_str()).await;
        let lisi = sub(&tenant, &own, &answer).await;

        // One who is signed in: still as themselves.
        let session = cookie(&tenant, &victim, SESSION);
        let page = victim.get(trap.as_str()).await;
        refused(&tenant, &page, "browser_changed").await;
        assert_eq!(cookie(&tenant, &victim, SESSION), session);
        let answer = sso(&tenant, &mut victim, &own).await;
        assert_eq!(sub(&tenant, &own, &answer).await, lisi);

        // By other methods, with and without a body.
        for method in [Method::POST, Method::PUT, Method::DELETE] {
            let answer = victim.send(method, &trap, Some(String::new())).await;
            assert_eq!(answer.status, 405);
        }
        let mut bare = trap.clone();
        bare.set_query(None);
        let form = [
            ("code", parameter(&trap, "code").unwrap()),
            ("state", parameter(&trap, "state").unwrap()),
        ];
        let form: Vec<(&str, &str)> =
            form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(victim.post(bare.as_str(), &form).await.status, 405);

        assert_eq!(redemptions(&world, &trap), 0, "the attacker's code is not redeemed");
        let users = tenant.users().await;
        assert!(users.iter().all(|user| user["name"] == "李四"), "{users:?}");

        // The browser that it belongs to may still come.
        let answer = attacker.get(trap.as_str()).await;
        assert_ne!(sub(&tenant, &theirs, &answer).await, lisi);
        assert_eq!(redemptions(&world, &trap), 1);
    }

    async fn m3_a_callback_that_comes_again_gets_the_same_answer_and_redeems_nothing(world: World) {
        let tenant = world.tenant("acme").await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let callback = to_callback(&tenant, &mut browser, &pkce, "zhangsan").await;
        let first = browser.get(callback.as_str()).await;
        assert!(sets(&first, SESSION));
        let second = browser.get(callback.as_str()).await;
        assert_eq!(second.location(), first.location());
        // With another code, the state has its answer already.
        let forged = with(&callback, "code", Some("another"));
        assert_eq!(browser.get(forged.as_str()).await.location(), first.location());
        // In another browser it is nobody's.
        let mut other = world.browser();
        refused(&tenant, &other.get(callback.as_str()).await, "browser_changed").await;
        assert_eq!(calls(&world, GETUSERINFO), 1);
        sub(&tenant, &pkce, &first).await;
        // The back button after the app has got its tokens leads into the app.
        for _ in 0..2 {
            let answer = browser.get(callback.as_str()).await;
            assert_eq!(answer.location().unwrap().as_str(), format!("{HOME}#"), "{answer:?}");
            assert!(!sets(&answer, SESSION));
        }
        assert_eq!(calls(&world, GETUSERINFO), 1);
        let answer = sso(&tenant, &mut browser, &pkce).await;
        sub(&tenant, &pkce, &answer).await;
    }

    async fn m3_a_state_is_good_for_its_source_and_its_tenant_only(world: World) {
        let tenant = world.tenant("acme").await;
        let other = world.tenant("other").await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let callback = to_callback(&tenant, &mut browser, &pkce, "zhangsan").await;
        let foreign = other.url(&format!("{}?{}", callback.path(), callback.query().unwrap()));
        refused(&other, &browser.get(&foreign).await, "state_unknown").await;
        assert_eq!(redemptions(&world, &callback), 0);
        assert!(browser.get(callback.as_str()).await.parameter("code").is_some());

        let callback = to_callback(&tenant, &mut world.browser(), &pkce, "zhangsan").await;
        let mut crossed = callback.clone();
        crossed.set_path("/connections/social/mobile/callback");
        refused(&tenant, &world.browser().get(crossed.as_str()).await, "browser_changed").await;
        let mut browser = world.browser();
        let callback = to_callback(&tenant, &mut browser, &pkce, "zhangsan").await;
        crossed.set_query(callback.query());
        let page = browser.get(crossed.as_str()).await;
        refused(&tenant, &page, "state_unknown").await;
        offers_a_way_back(&page);
        assert_eq!(redemptions(&world, &callback), 0);
        assert!(other.users().await.is_empty());
    }

    async fn m3_a_tampered_state_is_unknown_and_the_true_one_still_works(world: World) {
        let tenant = world.tenant("acme").await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let callback = to_callback(&tenant, &mut browser, &pkce, "zhangsan").await;
        let state = parameter(&callback, "state").unwrap();
        let last = if state.ends_with('a') { "b" } else { "a" };
        let changed = format!("{}{last}", &state[..state.len() - 1]);
        let long = "a".repeat(129);
        let wrong = [
            changed.as_str(),
            &state[..42],
            "",
            "a b",
            "état",
            &long,
            "../../callback",
            "%00",
            "0",
        ];
        for wrong in wrong {
            let page = browser.get(with(&callback, "state", Some(wrong)).as_str()).await;
            refused(&tenant, &page, "state_unknown").await;
            offers_a_way_back(&page);
        }
        refused(
            &tenant,
            &browser.get(with(&callback, "state", None).as_str()).await,
            "state_unknown",
        )
        .await;
        for doubled in ["state", "code"] {
            let mut twice = callback.clone();
            let value = parameter(&callback, doubled).unwrap();
            twice.query_pairs_mut().append_pair(doubled, &value);
            let page = browser.get(twice.as_str()).await;
            assert_eq!(page.status, 400, "{}", page.body);
            assert!(page.location().is_none() && !sets(&page, SESSION));
        }
        assert_eq!(calls(&world, GETUSERINFO), 0);
        let answer = browser.get(callback.as_str()).await;
        sub(&tenant, &pkce, &answer).await;
    }

    async fn m3_two_callbacks_of_one_state_at_once_redeem_once(world: World) {
        let tenant = world.tenant("acme").await;
        for member in ["zhangsan", "LiSi", "wangwu"] {
            let (mut browser, pkce) = (world.browser(), Pkce::new());
            let callback = to_callback(&tenant, &mut browser, &pkce, member).await;
            let (mut one, mut two) = (browser.clone(), browser);
            let (a, b) = tokio::join!(one.get(callback.as_str()), two.get(callback.as_str()));
            assert!(a.parameter("code").is_some(), "{a:?}");
            assert_eq!(a.location(), b.location());
            assert_eq!(redemptions(&world, &callback), 1);
            // Both got one session.
            assert_eq!(cookie(&tenant, &one, SESSION), cookie(&tenant, &two, SESSION));
            sub(&tenant, &pkce, &a).await;
            let answer = sso(&tenant, &mut two, &pkce).await;
            sub(&tenant, &pkce, &answer).await;
        }
        assert_eq!(tenant.users().await.len(), 3);
    }

    /// A double click: the browser hangs up on the first request and sends another one.
    async fn m3_a_callback_whose_browser_hung_up_answers_the_next_delivery(world: World) {
        let tenant = world.tenant("acme").await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let callback = to_callback(&tenant, &mut browser, &pkce, "zhangsan").await;
        world.wecom().inject(Fault::once(GETUSERINFO, FaultKind::Latency(1000)));
        let patience = Duration::from_millis(300);
        tokio::time::timeout(patience, browser.get(callback.as_str())).await.unwrap_err();
        let answer = browser.get(callback.as_str()).await;
        sub(&tenant, &pkce, &answer).await;
        assert_eq!(redemptions(&world, &callback), 1);
        let answer = sso(&tenant, &mut browser, &pkce).await;
        sub(&tenant, &pkce, &answer).await;
    }

    async fn a_person_who_declines_at_wecom_can_try_again_or_cancel(world: World) {
        let tenant = world.tenant("acme").await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let wecom = to_wecom(&tenant, &mut browser, &pkce).await;
        let callback = choose(&mut browser, &wecom, "deny", "1").await.location().unwrap();
        assert_eq!(parameter(&callback, "code"), None);
        let page = browser.get(callback.as_str()).await;
        refused(&tenant, &page, "denied_upstream").await;
        // A second delivery says the same.
        let again = browser.get(callback.as_str()).await;
        refused(&tenant, &again, "denied_upstream").await;
        assert_eq!(again.trace(), page.trace());
        let login = page.links().into_iter().find(|link| link.starts_with("/login?")).unwrap();
        let login = browser.get(tenant.url(&login)).await;
        let (_, rest) = login.body.split_once("name=\"csrf\" value=\"").unwrap();
        let csrf = rest.split_once('"').unwrap().0.to_owned();
        let (_, rest) = login.body.split_once("action=\"").unwrap();
        let action = tenant.url(rest.split_once('"').unwrap().0);
        // Not without the page's token.
        for form in [vec![], vec![("csrf", "")], vec![("csrf", "0")]] {
            let page = browser.post(&action, &form).await;
            refused(&tenant, &page, "csrf").await;
        }
        let answer = browser.post(&action, &[("csrf", &csrf)]).await;
        assert!(answer.location().unwrap().as_str().starts_with(&tenant.app.redirect_uri));
        assert_eq!(answer.parameter("error").as_deref(), Some("access_denied"));
        assert_eq!(answer.parameter("state").as_deref(), Some("s"));
        assert_eq!(answer.parameter("iss"), Some(tenant.issuer()));
        assert_eq!(answer.parameter("code"), None);
        refused(&tenant, &browser.post(&action, &[("csrf", &csrf)]).await, "interaction_expired")
            .await;
        assert_eq!(calls(&world, GETUSERINFO), 0);
    }

    async fn after_declining_the_same_interaction_can_succeed(world: World) {
        let tenant = world.tenant("acme").await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let wecom = to_wecom(&tenant, &mut browser, &pkce).await;
        let callback = choose(&mut browser, &wecom, "deny", "1").await.location().unwrap();
        let page = browser.get(callback.as_str()).await;
        let answer = crate::steps::try_again(&tenant, &mut browser, &page, "zhangsan").await;
        assert_eq!(answer.parameter("state").as_deref(), Some("s"));
        sub(&tenant, &pkce, &answer).await;
    }

    async fn a_lost_cookie_in_a_normal_browser_shows_a_page_with_a_way_back(world: World) {
        let tenant = world.tenant("acme").await;
        let path = tenant.path(&format!("/apps/{}", tenant.app.id));
        let uri = "https://app.example.com/start";
        for initiate in [json!(null), json!(uri)] {
            tenant.admin.patch(&path, json!({ "initiate_login_uri": initiate })).await;
            let (mut browser, pkce) = (world.browser().saying(DESKTOP), Pkce::new());
            let callback = to_callback(&tenant, &mut browser, &pkce, "zhangsan").await;
            let mut without = browser.clone();
            lose_cookies_of(&tenant, &mut without);
            let page = without.get(callback.as_str()).await;
            refused(&tenant, &page, "browser_changed").await;
            let start = if initiate.is_null() { HOME } else { uri };
            assert!(page.links().iter().any(|link| link.starts_with(start)), "{}", page.body);
            assert_eq!(redemptions(&world, &callback), 0);
            assert!(browser.get(callback.as_str()).await.parameter("code").is_some());
        }
    }
}
