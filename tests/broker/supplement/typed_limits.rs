//! How often somebody may type a value: WeCom counts wrong look-ups, too [D 90312].

use std::time::Duration;

use e2e::{Answer, Browser, Pkce, Tenant, on_every_backend};
use futures_util::future::join_all;
use serde_json::json;
use store::ephemeral::{Owner, Slot};
use wecom_sim::{Fault, FaultKind, Member};

use super::stage::{BY_MOBILE, HERS, account, asked, next, set_size, submit, tenant};
use crate::steps::{calls, sub};

/// Types a mobile number: the code that the page shows in place.
async fn told(tenant: &Tenant, mut browser: Browser, page: &Answer, phone: &str) -> String {
    let typed = [("phone", phone)];
    let answer = submit(tenant, &mut browser, page, "typed-mobile", &typed).await;
    let page = next(&mut browser, &answer).await;
    page.code().unwrap_or_else(|| panic!("no code: {}", page.body))
}

fn times(codes: &[String], code: &str) -> usize {
    codes.iter().filter(|told| *told == code).count()
}

/// So many members, each signed in in a browser of their own and asked.
async fn crowd(tenant: &Tenant, size: usize) -> Vec<(Browser, Answer)> {
    let wecom = tenant.world.wecom();
    let set = |app: &mut wecom_sim::App| app.visible.all = true;
    wecom.edit_app(&tenant.corp_id, tenant.agent_id, set).unwrap();
    let mut crowd = Vec::new();
    for number in 0..size {
        let userid = format!("member{number}");
        wecom.set_member(&tenant.corp_id, Member::new(&userid, &userid)).unwrap();
        let mut browser = tenant.world.browser();
        let page = asked(tenant, &mut browser, &Pkce::new(), &userid).await;
        crowd.push((browser, page));
    }
    crowd
}

/// Everybody types a number that nobody has, at once.
async fn all_type_wrong(tenant: &Tenant, crowd: &[(Browser, Answer)]) -> Vec<String> {
    let typing =
        crowd.iter().map(|(browser, page)| told(tenant, browser.clone(), page, "13900000009"));
    join_all(typing).await
}

on_every_backend! {
    async fn r2_a_person_has_three_tries_however_many_at_once(world: World) {
        let tenant = tenant(&world, json!({})).await;
        let account = account(&tenant, HERS, None).await;
        let mut browser = world.browser();
        let pkce = Pkce::new();
        let page = asked(&tenant, &mut browser, &pkce, "zhangsan").await;
        let numbers: Vec<String> = (0..20).map(|n| format!("139000001{n:02}")).collect();
        let typing = numbers.iter().map(|number| told(&tenant, browser.clone(), &page, number));
        let codes = join_all(typing).await;
        assert_eq!(times(&codes, "value_not_confirmed"), 3, "{codes:?}");
        assert_eq!(times(&codes, "too_many_requests"), 17, "{codes:?}");
        assert_eq!(calls(&world, BY_MOBILE), 3);
        // In another browser and another sign-in it is the same person; the right one is too late.
        let (mut other, pkce) = (world.browser(), Pkce::new());
        let page = asked(&tenant, &mut other, &pkce, "zhangsan").await;
        assert_eq!(told(&tenant, other.clone(), &page, HERS).await, "too_many_requests");
        assert_eq!(calls(&world, BY_MOBILE), 3);
        // The day is over.
        for number in 0..3 {
            forget(&world, "look_ups_person", &format!("{number}:{}:zhangsan", tenant.corp_id)).await;
        }
        let answer = submit(&tenant, &mut other, &page, "typed-mobile", &[("phone", HERS)]).await;
        assert_eq!(sub(&tenant, &pkce, &answer).await, account);
    }

    async fn r2_a_corp_has_ten_an_hour_and_thirty_a_day(world: World) {
        let tenant = tenant(&world, json!({})).await;
        let crowd = crowd(&tenant, 20).await;
        for round in 1..=3 {
            let codes = all_type_wrong(&tenant, &crowd).await;
            assert_eq!(times(&codes, "value_not_confirmed"), 10, "{codes:?}");
            assert_eq!(times(&codes, "upstream_busy"), 10, "{codes:?}");
            assert_eq!(calls(&world, BY_MOBILE), round * 10);
            // The hour is over.
            for number in 0..10 {
                let place = format!("{number}:{}", tenant.corp_id);
                forget(&world, "look_ups_corp_hour", &place).await;
            }
        }
        // Whoever was kept from asking for the corp's sake has lost no try of their own.
        let codes = all_type_wrong(&tenant, &crowd).await;
        assert!(times(&codes, "upstream_busy") >= 10, "{codes:?}");
        assert_eq!(times(&codes, "value_not_confirmed"), 0, "{codes:?}");
        assert_eq!(calls(&world, BY_MOBILE), 30);
    }

    async fn a_right_number_takes_nothing_from_the_corp(world: World) {
        let tenant = tenant(&world, json!({})).await;
        account(&tenant, HERS, None).await;
        for round in 1..=12 {
            let (mut browser, pkce) = (world.browser(), Pkce::new());
            let page = asked(&tenant, &mut browser, &pkce, "zhangsan").await;
            let answer = submit(&tenant, &mut browser, &page, "typed-mobile", &[("phone", HERS)]).await;
            let user = sub(&tenant, &pkce, &answer).await;
            assert_eq!(calls(&world, BY_MOBILE), round);
            // The account is there again for the next one.
            tenant.admin.delete(&tenant.path(&format!("/users/{user}"))).await;
            account(&tenant, HERS, None).await;
        }
        assert_eq!(world.wecom().wrong_lookups(&tenant.corp_id).unwrap().counted, 0);
    }

    async fn a_try_that_wecom_surely_did_not_count_is_given_back(world: World) {
        let tenant = tenant(&world, json!({})).await;
        let account = account(&tenant, HERS, None).await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let page = asked(&tenant, &mut browser, &pkce, "zhangsan").await;
        // Refused before anything was looked up: the app may not, or not from here.
        for errcode in [48_002, 60_020, 48_002, 60_020] {
            world.wecom().inject(Fault::once(BY_MOBILE, FaultKind::Errcode(errcode)));
            let told = told(&tenant, browser.clone(), &page, HERS).await;
            assert_eq!(told, "upstream_unavailable");
        }
        // An answer that got lost may have been counted: it counts here.
        for _ in 0..2 {
            world.wecom().inject(Fault::once(BY_MOBILE, FaultKind::LoseReply));
            let told = told(&tenant, browser.clone(), &page, HERS).await;
            assert_eq!(told, "upstream_unavailable");
        }
        let told = told(&tenant, browser.clone(), &page, "13900000009").await;
        assert_eq!(told, "value_not_confirmed", "the third try");
        let last = self::told(&tenant, browser.clone(), &page, HERS).await;
        assert_eq!(last, "too_many_requests");
        for number in 0..3 {
            forget(&world, "look_ups_person", &format!("{number}:{}:zhangsan", tenant.corp_id)).await;
        }
        let answer = submit(&tenant, &mut browser, &page, "typed-mobile", &[("phone", HERS)]).await;
        assert_eq!(sub(&tenant, &pkce, &answer).await, account);
    }

    async fn once_wecom_has_blocked_a_corp_nobody_of_it_asks(world: World) {
        let tenant = tenant(&world, json!({})).await;
        // A fifth of nine is one: the second wrong one blocks.
        set_size(&tenant, 9);
        let account = account(&tenant, HERS, None).await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let page = asked(&tenant, &mut browser, &pkce, "zhangsan").await;
        for _ in 0..2 {
            let told = told(&tenant, browser.clone(), &page, "13900000009").await;
            assert_eq!(told, "value_not_confirmed");
        }
        assert_eq!(told(&tenant, browser.clone(), &page, HERS).await, "upstream_busy");
        assert_eq!(calls(&world, BY_MOBILE), 3);
        // It is known now: neither this person nor another one asks, and no try is lost by it.
        for member in ["zhangsan", "wangwu"] {
            let mut browser = world.browser();
            let page = asked(&tenant, &mut browser, &Pkce::new(), member).await;
            for _ in 0..4 {
                let told = told(&tenant, browser.clone(), &page, HERS).await;
                assert_eq!(told, "upstream_busy");
            }
        }
        assert_eq!(calls(&world, BY_MOBILE), 3);
        // The window is over.
        world.wecom().forget_wrong_lookups();
        forget(&world, "look_ups_blocked", &tenant.corp_id).await;
        let answer = submit(&tenant, &mut browser, &page, "typed-mobile", &[("phone", HERS)]).await;
        assert_eq!(sub(&tenant, &pkce, &answer).await, account);
    }
}

/// A time is over: what was kept for it is forgotten.
async fn forget(world: &e2e::World, slot: &'static str, key: &str) {
    let kept: Slot<bool> = Slot::new(slot, Duration::from_hours(1));
    let taken = world.store().ephemeral.take(&kept, Owner::Deployment, key).await.unwrap();
    assert!(taken.is_some(), "there was no {key} of {slot} to forget");
}
