//! Authorising in the WeCom client.

use e2e::{PHONE, Pkce, WECHAT, on_every_backend};
use serde_json::{Value, json};
use std::time::Duration;
use store::ephemeral::{Owner, Slot};
use store::id::TenantId;

use super::stage::{
    Computer, HERS, HIS, account, allow, asked, authorised, form, has_form, next, submit, tenant,
};
use crate::steps::{SESSION, client, cookie, events, parameter, refused, signs_in, sub, with};

/// How often WeCom told a member's details.
const DETAIL: &str = "/cgi-bin/auth/getuserdetail";

on_every_backend! {
    async fn a_phone_authorises_and_the_computer_reaches_the_account(world: World) {
        let tenant = tenant(&world, json!({})).await;
        let account = account(&tenant, HERS, None).await;
        let mut computer = Computer::of(&tenant, "zhangsan").await;
        assert!(computer.page.body.contains("role=\"img\""), "no QR code");
        let policy = computer.page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("connect-src 'self'"), "{policy}");
        // Too early: it says so, and nothing is lost.
        assert_eq!(computer.status(&tenant).await, 204);
        let early = computer.go_on(&tenant).await;
        let page = next(&mut computer.browser, &early).await;
        assert!(page.body.contains("role=\"status\"") && page.body.contains(&computer.link));
        // Who signs in where is said before it is confirmed.
        let (mut phone, page) = authorised(&tenant, &computer.link, "zhangsan").await;
        for said in ["张三", "Test app", "Chrome on Linux", "127.0.0.1", "Just now"] {
            assert!(page.body.contains(said), "{said} is not said: {}", page.body);
        }
        assert!(!page.body.contains(HERS), "what is passed on is nobody's to read");
        assert!(!page.body.contains(&format!(">{}<", computer.number)), "it has to be typed");
        let done = submit(&tenant, &mut phone, &page, "confirm", &[("number", &computer.number)]).await;
        assert_eq!(done.location().unwrap().path(), "/consent/done");
        assert!(next(&mut phone, &done).await.body.contains("Confirmed"));
        assert!(cookie(&tenant, &phone, SESSION).is_none(), "a phone gets no session by it");
        // The computer takes it, once.
        assert_eq!(computer.status(&tenant).await, 200);
        let answer = computer.go_on(&tenant).await;
        assert_eq!(sub(&tenant, &computer.pkce, &answer).await, account);
        refused(&tenant, &computer.go_on(&tenant).await, "interaction_expired").await;
        // The next sign-in goes straight in.
        let told = world.wecom().calls_of(DETAIL).len();
        assert_eq!(signs_in(&tenant, "zhangsan").await, account);
        assert_eq!(world.wecom().calls_of(DETAIL).len(), told);
        // What happened can be looked up; what was passed on cannot.
        let all = events(&tenant, "action=supplement.consent").await;
        let results: Vec<&str> = all.iter().filter_map(|event| event["result"].as_str()).collect();
        assert_eq!(results, ["asked", "ok"], "{all:?}");
        assert_eq!(all[1]["detail"]["for"], all[0]["trace"]);
        assert!(!events(&tenant, "").await.iter().any(|event| event.to_string().contains(HERS)));
    }

    async fn inside_the_client_the_same_browser_authorises(world: World) {
        let tenant = tenant(&world, json!({})).await;
        let account = account(&tenant, HERS, None).await;
        let (mut browser, pkce) = (client(&tenant, "zhangsan"), Pkce::new());
        let page = browser.follow(tenant.authorize_url(&pkce, &[])).await;
        let answer = submit(&tenant, &mut browser, &page, "consent", &[]).await;
        let leads_on = next(&mut browser, &answer).await;
        let link = leads_on.links().into_iter().find(|link| link.contains("errand=consent"));
        let at_wecom = browser.follow(tenant.url(&link.unwrap())).await;
        let answer = allow(&mut browser, &at_wecom).await;
        assert_eq!(sub(&tenant, &pkce, &answer).await, account);
    }

    async fn m12_inside_the_client_somebody_else_authorises_nothing(world: World) {
        let tenant = tenant(&world, json!({})).await;
        let account = account(&tenant, HERS, None).await;
        account_of_him(&tenant).await;
        let (mut browser, pkce) = (client(&tenant, "zhangsan"), Pkce::new());
        let page = browser.follow(tenant.authorize_url(&pkce, &[])).await;
        let interaction = parameter(&page.url, "interaction").unwrap();
        let other = format!("{}/wangwu", tenant.corp_id);
        browser.set_cookie(&world.wecom_base(), "sim_member", &other);
        let path = format!("/connections/social/mobile?interaction={interaction}&errand=consent");
        let at_wecom = browser.follow(tenant.url(&path)).await;
        refused(&tenant, &allow(&mut browser, &at_wecom).await, "somebody_else").await;
        // The right person goes on where they were.
        let own = format!("{}/zhangsan", tenant.corp_id);
        browser.set_cookie(&world.wecom_base(), "sim_member", &own);
        let at_wecom = browser.follow(tenant.url(&path)).await;
        let answer = allow(&mut browser, &at_wecom).await;
        assert_eq!(sub(&tenant, &pkce, &answer).await, account);
    }

    async fn m2_only_the_person_who_signs_in_can_authorise(world: World) {
        let tenant = tenant(&world, json!({})).await;
        let account = account(&tenant, HERS, None).await;
        account_of_him(&tenant).await;
        let mut computer = Computer::of(&tenant, "zhangsan").await;
        let (phone, page) = authorised(&tenant, &computer.link, "wangwu").await;
        refused(&tenant, &page, "somebody_else").await;
        assert!(cookie(&tenant, &phone, SESSION).is_none());
        assert_eq!(computer.status(&tenant).await, 204, "nothing happens");
        confirms(&tenant, &computer, "zhangsan").await;
        let answer = computer.go_on(&tenant).await;
        assert_eq!(sub(&tenant, &computer.pkce, &answer).await, account);
    }

    async fn m2_what_one_person_authorised_is_not_added_to_the_next(world: World) {
        let tenant = tenant(&world, json!({})).await;
        let hers = account(&tenant, HERS, None).await;
        let his = account_of_him(&tenant).await;
        let mut computer = Computer::of(&tenant, "zhangsan").await;
        confirms(&tenant, &computer, "zhangsan").await;
        // Somebody else signs in in the same interaction meanwhile.
        let login = tenant.url(&format!("/login?interaction={}", computer.interaction));
        let answer = tenant.sign_in(&mut computer.browser, &login, "wangwu").await;
        assert_eq!(answer.location().unwrap().path(), "/bind");
        refused(&tenant, &computer.go_on(&tenant).await, "somebody_else").await;
        // His own number leads to his own account.
        let mut computer = computer.anew(&tenant).await;
        confirms(&tenant, &computer, "wangwu").await;
        let answer = computer.go_on(&tenant).await;
        let signed_in = sub(&tenant, &computer.pkce, &answer).await;
        assert_eq!(signed_in, his);
        assert_ne!(signed_in, hers);
    }

    async fn m2_another_browser_is_told_nothing_and_gets_nothing(world: World) {
        let tenant = tenant(&world, json!({})).await;
        let account = account(&tenant, HERS, None).await;
        let mut computer = Computer::of(&tenant, "zhangsan").await;
        confirms(&tenant, &computer, "zhangsan").await;
        let status = format!("/bind/consent/status?interaction={}", computer.interaction);
        let shown = format!("/bind/consent?interaction={}", computer.interaction);
        // One without cookies, and one with an interaction and a ticket of its own.
        let mut other = Computer::of(&tenant, "wangwu").await;
        for browser in [&mut world.browser(), &mut other.browser] {
            let told = browser.get(tenant.url(&status)).await;
            assert_eq!((told.status.as_u16(), told.body.as_str()), (400, "{}"));
            refused(&tenant, &browser.get(tenant.url(&shown)).await, "browser_changed").await;
            let answer = submit(&tenant, browser, &computer.page, "continue", &[]).await;
            refused(&tenant, &answer, "csrf").await;
        }
        // The ticket is no key to ask by.
        let ticket = computer.link.rsplit('/').next().unwrap();
        let by_ticket = format!("/bind/consent/status?interaction={ticket}");
        assert_eq!(computer.browser.get(tenant.url(&by_ticket)).await.status, 400);
        let answer = computer.go_on(&tenant).await;
        assert_eq!(sub(&tenant, &computer.pkce, &answer).await, account);
    }

    async fn m2_two_computers_have_two_tickets_and_a_new_one_replaces_the_old(world: World) {
        let tenant = tenant(&world, json!({})).await;
        let account = account(&tenant, HERS, None).await;
        let mut one = Computer::of(&tenant, "zhangsan").await;
        let mut two = Computer::of(&tenant, "zhangsan").await;
        assert_ne!(one.link, two.link);
        confirms(&tenant, &one, "zhangsan").await;
        assert_eq!((one.status(&tenant).await, two.status(&tenant).await), (200, 204));
        let old = two.link.clone();
        let (mut phone, on_phone) = authorised(&tenant, &old, "zhangsan").await;
        let old_number = two.number.clone();
        let mut two = two.anew(&tenant).await;
        assert_ne!(two.link, old);
        refused(&tenant, &client(&tenant, "zhangsan").follow(&old).await, "ticket_unknown").await;
        let late = submit(&tenant, &mut phone, &on_phone, "confirm", &[("number", &old_number)]).await;
        refused(&tenant, &late, "ticket_unknown").await;
        assert_eq!(two.status(&tenant).await, 204);
        let answer = one.go_on(&tenant).await;
        assert_eq!(sub(&tenant, &one.pkce, &answer).await, account);
        confirms(&tenant, &two, "zhangsan").await;
        let answer = two.go_on(&tenant).await;
        assert_eq!(sub(&tenant, &two.pkce, &answer).await, account);
    }

    async fn m14_a_ticket_is_decided_once_and_is_the_tenants_own(world: World) {
        let tenant = tenant(&world, json!({})).await;
        let account = account(&tenant, HERS, None).await;
        let mut computer = Computer::of(&tenant, "zhangsan").await;
        let other = world.tenant("other").await;
        let ticket = computer.link.rsplit('/').next().unwrap().to_owned();
        assert!(ticket.len() == 22 && ticket.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        let flipped = format!("{}{}", &ticket[..21], if ticket.ends_with('a') { 'b' } else { 'a' });
        let mut phone = client(&tenant, "zhangsan");
        for address in [
            other.url(&format!("/c/{ticket}")),
            tenant.url(&format!("/c/{flipped}")),
            tenant.url("/c/x"),
        ] {
            let page = phone.get(&address).await;
            assert_eq!(page.code().as_deref(), Some("ticket_unknown"), "{address}");
        }
        // Two phones of the person have opened it: one decides.
        let (mut one, first) = authorised(&tenant, &computer.link, "zhangsan").await;
        let (mut two, second) = authorised(&tenant, &computer.link, "zhangsan").await;
        let typed = [("number", computer.number.as_str())];
        let (done, late) = tokio::join!(
            submit(&tenant, &mut one, &first, "confirm", &typed),
            submit(&tenant, &mut two, &second, "confirm", &typed),
        );
        let decided = |answer: &e2e::Answer| answer.location().is_some();
        assert!(decided(&done) ^ decided(&late), "{done:?} {late:?}");
        refused(&tenant, if decided(&done) { &late } else { &done }, "ticket_unknown").await;
        for (browser, page) in [(&mut one, &first), (&mut two, &second)] {
            let again = submit(&tenant, browser, page, "confirm", &typed).await;
            assert!(again.location().is_none(), "a replay does something: {again:?}");
        }
        refused(&tenant, &phone.follow(&computer.link).await, "ticket_unknown").await;
        let answer = computer.go_on(&tenant).await;
        assert_eq!(sub(&tenant, &computer.pkce, &answer).await, account);
    }

    async fn m14_a_ticket_that_is_too_old_is_worth_nothing(world: World) {
        let tenant = tenant(&world, json!({})).await;
        let account = account(&tenant, HERS, None).await;
        let mut computer = Computer::of(&tenant, "zhangsan").await;
        let (mut phone, on_phone) = authorised(&tenant, &computer.link, "zhangsan").await;
        // Its time is over: the state that keeps it forgets it.
        let kept: Slot<Value> = Slot::new("consent_ticket", Duration::from_mins(10));
        let id: TenantId = tenant.id.parse().unwrap();
        let ticket = computer.link.rsplit('/').next().unwrap();
        let ephemeral = &world.store().ephemeral;
        let forgotten = ephemeral.take(&kept, Owner::Tenant(id), ticket).await.unwrap();
        assert!(forgotten.is_some(), "there was a ticket to forget");
        let typed = [("number", computer.number.as_str())];
        let late = submit(&tenant, &mut phone, &on_phone, "confirm", &typed).await;
        refused(&tenant, &late, "ticket_unknown").await;
        refused(&tenant, &phone.follow(&computer.link).await, "ticket_unknown").await;
        assert_eq!(computer.status(&tenant).await, 200, "the page has to stop waiting");
        let answer = computer.go_on(&tenant).await;
        let page = next(&mut computer.browser, &answer).await;
        assert_eq!(page.code().as_deref(), Some("ticket_unknown"));
        let mut computer = computer.anew(&tenant).await;
        confirms(&tenant, &computer, "zhangsan").await;
        let answer = computer.go_on(&tenant).await;
        assert_eq!(sub(&tenant, &computer.pkce, &answer).await, account);
    }

    async fn the_number_is_typed_three_times_at_most(world: World) {
        let tenant = tenant(&world, json!({})).await;
        let account = account(&tenant, HERS, None).await;
        let mut computer = Computer::of(&tenant, "zhangsan").await;
        let (mut phone, on_phone) = authorised(&tenant, &computer.link, "zhangsan").await;
        let wrong = if computer.number == "42" { "43" } else { "42" };
        for _ in 0..2 {
            let answer = submit(&tenant, &mut phone, &on_phone, "confirm", &[("number", wrong)]).await;
            let page = next(&mut phone, &answer).await;
            assert_eq!(page.code().as_deref(), Some("code_wrong"));
            assert!(has_form(&page, "confirm"), "it can be typed again");
            assert_eq!(computer.status(&tenant).await, 204);
        }
        let third = submit(&tenant, &mut phone, &on_phone, "confirm", &[("number", wrong)]).await;
        refused(&tenant, &third, "ticket_unknown").await;
        let typed = [("number", computer.number.as_str())];
        let right = submit(&tenant, &mut phone, &on_phone, "confirm", &typed).await;
        assert!(right.location().is_none(), "too late: {right:?}");
        // The computer says so, and offers everything again.
        assert_eq!(computer.status(&tenant).await, 200);
        let answer = computer.go_on(&tenant).await;
        let page = next(&mut computer.browser, &answer).await;
        assert_eq!(page.code().as_deref(), Some("too_many_requests"));
        assert!(has_form(&page, "consent") && has_form(&page, "typed-mobile"), "{}", page.body);
        let mut computer = computer.anew(&tenant).await;
        confirms(&tenant, &computer, "zhangsan").await;
        let answer = computer.go_on(&tenant).await;
        assert_eq!(sub(&tenant, &computer.pkce, &answer).await, account);
    }

    async fn of_many_numbers_at_once_three_are_looked_at(world: World) {
        let tenant = tenant(&world, json!({})).await;
        let mut computer = Computer::of(&tenant, "zhangsan").await;
        let (phone, on_phone) = authorised(&tenant, &computer.link, "zhangsan").await;
        let numbers = (10..100).map(|number| number.to_string());
        let numbers: Vec<String> = numbers.filter(|number| *number != computer.number).take(20).collect();
        let typing = numbers.iter().map(async |number| {
            let mut phone = phone.clone();
            submit(&tenant, &mut phone, &on_phone, "confirm", &[("number", number)]).await
        });
        let answers = futures_util::future::join_all(typing).await;
        let wrong = answers.iter().filter(|answer| answer.location().is_some()).count();
        assert!(wrong <= 2, "{wrong} were told that they can go on");
        assert_eq!(computer.status(&tenant).await, 200);
        let answer = computer.go_on(&tenant).await;
        assert!(answer.location().unwrap().query().unwrap().contains("consent=wrong"));
    }

    async fn who_refuses_on_the_phone_passes_nothing_on(world: World) {
        let tenant = tenant(&world, json!({})).await;
        let account = account(&tenant, HERS, None).await;
        let mut computer = Computer::of(&tenant, "zhangsan").await;
        let (mut phone, on_phone) = authorised(&tenant, &computer.link, "zhangsan").await;
        let answer = submit(&tenant, &mut phone, &on_phone, "refuse", &[]).await;
        assert!(next(&mut phone, &answer).await.body.contains("Refused"));
        assert_eq!(computer.status(&tenant).await, 200);
        let answer = computer.go_on(&tenant).await;
        let page = next(&mut computer.browser, &answer).await;
        assert_eq!(page.code().as_deref(), Some("denied_upstream"));
        assert!(has_form(&page, "consent") && has_form(&page, "create"), "{}", page.body);
        let mut computer = computer.anew(&tenant).await;
        confirms(&tenant, &computer, "zhangsan").await;
        let answer = computer.go_on(&tenant).await;
        assert_eq!(sub(&tenant, &computer.pkce, &answer).await, account);
    }

    async fn who_says_no_at_wecom_can_open_the_link_again(world: World) {
        let tenant = tenant(&world, json!({})).await;
        let mut computer = Computer::of(&tenant, "zhangsan").await;
        let mut phone = client(&tenant, "zhangsan");
        let at_wecom = phone.follow(&computer.link).await;
        let mut deny = with(&at_wecom.url, "deny", Some("1"));
        deny.set_path("/connect/oauth2/consent");
        let page = phone.follow(deny.as_str()).await;
        refused(&tenant, &page, "denied_upstream").await;
        let again = page.links().into_iter().find(|link| link.starts_with("/login?interaction="));
        let at_wecom = phone.follow(tenant.url(&again.unwrap())).await;
        let answer = allow(&mut phone, &at_wecom).await;
        let on_phone = next(&mut phone, &answer).await;
        let typed = [("number", computer.number.as_str())];
        submit(&tenant, &mut phone, &on_phone, "confirm", &typed).await;
        assert_eq!(computer.status(&tenant).await, 200);
    }

    async fn outside_the_client_the_link_explains_itself(world: World) {
        let tenant = tenant(&world, json!({})).await;
        let computer = Computer::of(&tenant, "zhangsan").await;
        for user_agent in [PHONE, WECHAT, e2e::DESKTOP] {
            let mut browser = world.browser().saying(user_agent);
            let page = browser.get(&computer.link).await;
            assert_eq!(page.status, 200);
            assert!(page.body.contains(&computer.link), "{}", page.body);
            assert!(page.body.contains("data-copy"));
            assert!(browser.cookies.values().all(std::collections::BTreeMap::is_empty));
        }
        assert!(world.wecom().calls_of(DETAIL).is_empty());
    }

    async fn what_is_not_offered_cannot_be_asked_for(world: World) {
        let tenant = tenant(&world, json!({ "offer_consent": false })).await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let page = asked(&tenant, &mut browser, &pkce, "zhangsan").await;
        assert!(!has_form(&page, "consent") && has_form(&page, "typed-mobile"));
        let (_, hidden) = form(&page, "typed-mobile");
        let fields: Vec<(&str, &str)> =
            hidden.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let answer = browser.post(tenant.url("/bind/consent"), &fields).await;
        refused(&tenant, &answer, "not_offered").await;
        // Without the mobile source there is nothing to offer either.
        let policy = json!({ "rules": [{ "field": "mobile", "trusted": true }], "offer_consent": true, "offer_typed": false });
        let path = tenant.path(&format!("/identity-sources/{}", tenant.qr));
        tenant.admin.patch(&path, json!({ "association_policy": policy })).await;
        let mobile = tenant.path(&format!("/identity-sources/{}", tenant.mobile));
        tenant.admin.patch(&mobile, json!({ "status": "disabled" })).await;
        assert!(!signs_in(&tenant, "wangwu").await.is_empty(), "nothing is asked");
    }
}

/// The other member has an account of his own.
async fn account_of_him(tenant: &e2e::Tenant) -> String {
    account(tenant, HIS, None).await
}

/// A member's phone authorises what a computer shows.
async fn confirms(tenant: &e2e::Tenant, computer: &Computer, member: &str) {
    let (mut phone, page) = authorised(tenant, &computer.link, member).await;
    let typed = [("number", computer.number.as_str())];
    let done = submit(tenant, &mut phone, &page, "confirm", &typed).await;
    let to = done.location().unwrap_or_else(|| panic!("not confirmed: {}", done.body));
    assert_eq!(to.path(), "/consent/done", "{to}");
}
