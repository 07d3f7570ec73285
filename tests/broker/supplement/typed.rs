//! Typing a mobile number or a mail address, which WeCom confirms.

use e2e::{Answer, Browser, Pkce, Tenant, on_every_backend};
use serde_json::json;
use wecom_sim::{Fault, FaultKind};

use super::stage::{
    BY_EMAIL, BY_MOBILE, HERS, HIS, account, asked, form, has_form, next, prepare, submit, tenant,
};
use crate::steps::{calls, events, refused, signs_in, sub};

/// A number that nobody has.
const NOBODYS: &str = "13900000009";

/// Types a mobile number: what the browser is answered.
async fn types(tenant: &Tenant, browser: &mut Browser, page: &Answer, phone: &str) -> Answer {
    submit(tenant, browser, page, "typed-mobile", &[("phone", phone)]).await
}

/// Types a mobile number: the code that the page shows in place.
async fn told(tenant: &Tenant, browser: &mut Browser, page: &Answer, phone: &str) -> String {
    let answer = types(tenant, browser, page, phone).await;
    let page = next(browser, &answer).await;
    assert_eq!(page.url.path(), "/bind", "{}", page.url);
    assert!(has_form(&page, "typed-mobile"), "it can be typed again");
    page.code().unwrap_or_else(|| panic!("no code: {}", page.body))
}

on_every_backend! {
    async fn a_number_that_wecom_confirms_leads_to_the_account(world: World) {
        let tenant = tenant(&world, json!({})).await;
        let account = account(&tenant, HERS, None).await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let page = asked(&tenant, &mut browser, &pkce, "zhangsan").await;
        let answer = types(&tenant, &mut browser, &page, "+86 138-0000-0001").await;
        assert_eq!(sub(&tenant, &pkce, &answer).await, account);
        assert_eq!(calls(&world, BY_MOBILE), 1);
        assert_eq!(signs_in(&tenant, "zhangsan").await, account);
        assert_eq!(calls(&world, BY_MOBILE), 1, "the link decides now");
        let all = events(&tenant, "action=supplement.typed").await;
        assert_eq!((all.len(), &all[0]["result"]), (1, &json!("ok")));
        assert_eq!(all[0]["detail"]["field"], "mobile");
        assert!(!events(&tenant, "").await.iter().any(|event| event.to_string().contains(HERS)));
    }

    async fn each_kind_of_address_is_looked_up_as_its_kind(world: World) {
        for (field, address, other) in [
            ("biz_mail", "zhangsan@acme.example", "zhangsan@mail.example"),
            ("email", "Zhangsan@mail.example", "zhangsan@acme.example"),
        ] {
            let rules = json!([{ "field": field, "trusted": true }]);
            let tenant = match field {
                "email" => {
                    let tenant = world.tenant("second").await;
                    prepare(&tenant, json!({ "rules": rules })).await;
                    tenant
                }
                _ => tenant(&world, json!({ "rules": rules })).await,
            };
            let account = account(&tenant, "13700000000", Some(address)).await;
            let (mut browser, pkce) = (world.browser(), Pkce::new());
            let page = asked(&tenant, &mut browser, &pkce, "zhangsan").await;
            let typed = format!("typed-{}", field.replace('_', "-"));
            assert!(has_form(&page, &typed) && !has_form(&page, "typed-mobile"));
            let before = calls(&world, BY_EMAIL);
            let answer = submit(&tenant, &mut browser, &page, &typed, &[("email", other)]).await;
            let shown = next(&mut browser, &answer).await;
            assert_eq!(shown.code().as_deref(), Some("value_not_confirmed"));
            let answer = submit(&tenant, &mut browser, &page, &typed, &[("email", address)]).await;
            assert_eq!(sub(&tenant, &pkce, &answer).await, account);
            assert_eq!(calls(&world, BY_EMAIL) - before, 2, "one look-up for each");
        }
    }

    async fn r1_nobodys_and_somebody_elses_number_are_answered_alike(world: World) {
        let tenant = tenant(&world, json!({})).await;
        let hers = account(&tenant, HERS, None).await;
        account(&tenant, HIS, None).await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let page = asked(&tenant, &mut browser, &pkce, "zhangsan").await;
        let mut pages = Vec::new();
        for number in [NOBODYS, HIS] {
            let answer = types(&tenant, &mut browser, &page, number).await;
            let shown = next(&mut browser, &answer).await;
            assert_eq!(shown.code().as_deref(), Some("value_not_confirmed"));
            let nonce = shown.body.split_once("nonce=\"").unwrap().1.split_once('"').unwrap().0;
            pages.push(shown.body.replace(nonce, ""));
        }
        assert_eq!(pages[0], pages[1], "the pages tell them apart");
        assert_eq!(calls(&world, BY_MOBILE), 2);
        // What cannot be a number is not looked up, and is no try.
        assert_eq!(told(&tenant, &mut browser, &page, "12").await, "invalid_input");
        assert_eq!(calls(&world, BY_MOBILE), 2);
        let answer = types(&tenant, &mut browser, &page, HERS).await;
        assert_eq!(sub(&tenant, &pkce, &answer).await, hers);
        let all = events(&tenant, "action=supplement.typed").await;
        let results: Vec<&str> = all.iter().filter_map(|event| event["result"].as_str()).collect();
        assert_eq!(results, ["value_not_confirmed", "value_not_confirmed", "ok"]);
        assert_eq!(all[0]["detail"], all[1]["detail"]);
    }

    async fn a_confirmed_number_still_needs_a_trusted_rule_and_a_verified_account(world: World) {
        let rules = json!([{ "field": "mobile", "trusted": false }, { "field": "biz_mail", "trusted": true }]);
        let tenant = tenant(&world, json!({ "rules": rules })).await;
        account(&tenant, HERS, None).await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let page = asked(&tenant, &mut browser, &pkce, "zhangsan").await;
        assert!(!has_form(&page, "typed-mobile"), "an untrusted value leads nowhere");
        let (_, mut hidden) = form(&page, "typed-biz-mail");
        for field in &mut hidden {
            if field.0 == "field" {
                "mobile".clone_into(&mut field.1);
            }
        }
        let mut fields: Vec<(&str, &str)> =
            hidden.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        fields.push(("phone", HERS));
        let answer = browser.post(tenant.url("/bind/typed"), &fields).await;
        refused(&tenant, &answer, "not_offered").await;
        assert_eq!(calls(&world, BY_MOBILE), 0);
        // A field and a value of another kind.
        fields.retain(|(name, _)| *name != "phone");
        fields.push(("email", "zhangsan@acme.example"));
        let answer = browser.post(tenant.url("/bind/typed"), &fields).await;
        let shown = next(&mut browser, &answer).await;
        assert_eq!(shown.code().as_deref(), Some("invalid_input"));
    }

    async fn login_only_binds_and_never_creates(world: World) {
        let tenant = tenant(&world, json!({})).await;
        let path = tenant.path(&format!("/identity-sources/{}", tenant.qr));
        tenant.admin.patch(&path, json!({ "login_only": true })).await;
        let account = account(&tenant, HERS, None).await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let page = asked(&tenant, &mut browser, &pkce, "zhangsan").await;
        assert!(!has_form(&page, "create"));
        let answer = types(&tenant, &mut browser, &page, HERS).await;
        assert_eq!(sub(&tenant, &pkce, &answer).await, account);
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let page = asked(&tenant, &mut browser, &pkce, "wangwu").await;
        let answer = types(&tenant, &mut browser, &page, HIS).await;
        refused(&tenant, &answer, "login_only").await;
        assert_eq!(tenant.users().await.len(), 1);
    }

    async fn who_goes_on_without_gets_an_account_of_their_own(world: World) {
        let tenant = tenant(&world, json!({})).await;
        let account = account(&tenant, HERS, None).await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let page = asked(&tenant, &mut browser, &pkce, "zhangsan").await;
        let answer = submit(&tenant, &mut browser, &page, "create", &[]).await;
        assert_ne!(sub(&tenant, &pkce, &answer).await, account);
        assert_eq!(calls(&world, BY_MOBILE), 0);
        // And who types a number that no account has, too.
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let page = asked(&tenant, &mut browser, &pkce, "wangwu").await;
        let answer = types(&tenant, &mut browser, &page, HIS).await;
        assert_ne!(sub(&tenant, &pkce, &answer).await, account);
        assert_eq!(tenant.users().await.len(), 3);
    }

    async fn m17_wecom_away_or_slow_is_said_in_place_and_can_be_tried_again(world: World) {
        let tenant = tenant(&world, json!({})).await;
        let account = account(&tenant, HERS, None).await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let page = asked(&tenant, &mut browser, &pkce, "zhangsan").await;
        let mut said = Vec::new();
        for fault in [FaultKind::HttpStatus(502), FaultKind::Latency(3000)] {
            world.wecom().inject(Fault::once(BY_MOBILE, fault));
            said.push(told(&tenant, &mut browser, &page, HERS).await);
        }
        assert_eq!(said, ["upstream_unavailable"; 2]);
        let answer = types(&tenant, &mut browser, &page, HERS).await;
        assert_eq!(sub(&tenant, &pkce, &answer).await, account);
    }
}
