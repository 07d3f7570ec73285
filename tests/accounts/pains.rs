//! What hurts the users of other products, by number, and the behaviour that removes it; and each line
//! of the table of first sign-ins that Authing documents.

use e2e::{Pkce, Tenant, on_every_backend};
use serde_json::{Value, json};
use wecom_sim::Member;

use crate::scenarios::{client, member, tells_everything};
use crate::steps::{account, comes, events, form, has_form, set_source, sub, submit};

fn rules(rules: &[(&str, bool)]) -> Value {
    let rules: Vec<Value> = rules
        .iter()
        .map(|(field, trusted)| json!({ "field": field, "trusted": trusted }))
        .collect();
    json!({ "rules": rules })
}

/// A member comes by QR code in a fresh browser: the `sub`, or the code of the page.
async fn outcome(tenant: &Tenant, member: &str) -> String {
    let (mut browser, pkce) = (tenant.world.browser(), Pkce::new());
    let answer = comes(tenant, &mut browser, &pkce, member).await;
    match answer.parameter("code") {
        Some(_) => sub(tenant, &pkce, &answer).await,
        None if has_form(&answer, "create") => "create or bind".to_owned(),
        None if has_form(&answer, "prove-password") => "bind".to_owned(),
        None => answer.code().unwrap_or_else(|| panic!("{} {}", answer.status, answer.body)),
    }
}

/// A tenant whose app at WeCom is told everything, with two members who have phone and mail.
async fn tenant(world: &e2e::World) -> Tenant {
    let tenant = world.tenant("acme").await;
    tells_everything(&tenant);
    for (userid, name, mobile) in [
        ("LiSi", "李四", "13800000002"),
        ("wangwu", "王五", "13800000003"),
        ("zhangsan", "张三", "13800000001"),
    ] {
        world.wecom().set_member(&tenant.corp_id, member(userid, name, mobile)).unwrap();
    }
    tenant
}

async fn with_phone(tenant: &Tenant, number: &str, verified: bool) -> String {
    let body = json!({ "phone_number": number, "phone_number_verified": verified });
    account(tenant, body).await
}

on_every_backend! {
    async fn b3_none_creates_and_with_login_only_refuses(world: World) {
        let tenant = tenant(&world).await;
        let owner = with_phone(&tenant, "13800000002", true).await;
        set_source(&tenant, &tenant.qr, json!({ "login_only": true })).await;
        assert_eq!(outcome(&tenant, "LiSi").await, "login_only");
        set_source(&tenant, &tenant.qr, json!({ "login_only": false })).await;
        let made = outcome(&tenant, "LiSi").await;
        assert_ne!(made, owner);
        // Linked already: logged in, also with login-only.
        set_source(&tenant, &tenant.qr, json!({ "login_only": true })).await;
        assert_eq!(outcome(&tenant, "LiSi").await, made);
    }

    async fn b3_field_with_exactly_one_match_links_and_logs_in(world: World) {
        let tenant = tenant(&world).await;
        let policy = rules(&[("mobile", true)]);
        let body = json!({ "association": "field", "association_policy": policy });
        set_source(&tenant, &tenant.qr, body).await;
        let lisi = with_phone(&tenant, "+86 138-0000-0002", true).await;
        let wangwu = with_phone(&tenant, "13800000003", true).await;
        assert_eq!(outcome(&tenant, "LiSi").await, lisi);
        set_source(&tenant, &tenant.qr, json!({ "login_only": true })).await;
        assert_eq!(outcome(&tenant, "wangwu").await, wangwu);
        let found = events(&tenant, &format!("user={lisi}&action=sign_in")).await;
        assert_eq!(found[0]["detail"], json!({ "association": "match", "rule": "mobile" }));
    }

    async fn b3_field_without_a_match_creates_unless_that_is_off(world: World) {
        let tenant = tenant(&world).await;
        let policy = rules(&[("mobile", true)]);
        let body =
            json!({ "association": "field", "association_policy": policy, "login_only": true });
        set_source(&tenant, &tenant.qr, body).await;
        assert_eq!(outcome(&tenant, "LiSi").await, "login_only");
        set_source(&tenant, &tenant.qr, json!({ "login_only": false })).await;
        let app = tenant.path(&format!("/apps/{}", tenant.app.id));
        tenant.admin.patch(&app, json!({ "registration": false })).await;
        assert_eq!(outcome(&tenant, "LiSi").await, "registration_closed");
        assert!(tenant.users().await.is_empty());
        tenant.admin.patch(&app, json!({ "registration": true })).await;
        outcome(&tenant, "LiSi").await;
        assert_eq!(tenant.users().await.len(), 1);
    }

    async fn b3_p11_field_with_several_matches_is_never_a_choice_for_the_machine(world: World) {
        let tenant = tenant(&world).await;
        let policy = rules(&[("mobile", true), ("biz_mail", true)]);
        let body = json!({ "association": "field", "association_policy": policy });
        set_source(&tenant, &tenant.qr, body).await;
        with_phone(&tenant, "13800000002", true).await;
        let mail = json!({ "email": "lisi@acme.example", "email_verified": true });
        account(&tenant, mail).await;
        assert_eq!(outcome(&tenant, "LiSi").await, "several_accounts");
        for user in tenant.users().await {
            let path = tenant.path(&format!("/users/{}/identities", user["id"].as_str().unwrap()));
            assert!(tenant.admin.get(&path).await["items"].as_array().unwrap().is_empty());
        }
        let ask = json!({ "association_policy": { "on_several": "ask" } });
        set_source(&tenant, &tenant.qr, ask).await;
        assert_eq!(outcome(&tenant, "LiSi").await, "bind");
    }

    async fn b3_challenge_asks_and_with_login_only_binds_only(world: World) {
        let tenant = tenant(&world).await;
        set_source(&tenant, &tenant.qr, json!({ "association": "ask" })).await;
        assert_eq!(outcome(&tenant, "LiSi").await, "create or bind");
        set_source(&tenant, &tenant.qr, json!({ "login_only": true })).await;
        assert_eq!(outcome(&tenant, "LiSi").await, "bind");
        assert!(tenant.users().await.is_empty());
    }

    async fn b3_bind_or_register_is_one_form(world: World) {
        let tenant = tenant(&world).await;
        let policy = json!({ "ask_form": "one_form", "proofs": ["email_code"] });
        let body = json!({ "association": "ask", "association_policy": policy });
        set_source(&tenant, &tenant.qr, body).await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let page = comes(&tenant, &mut browser, &pkce, "LiSi").await;
        assert!(has_form(&page, "prove-email") && has_form(&page, "create"), "{}", page.body);
    }

    async fn p4_missing_and_empty_fields_never_match_and_never_crash(world: World) {
        let tenant = tenant(&world).await;
        let every = ["mobile", "email", "biz_mail", "userid_username", "userid_external_id"];
        let every: Vec<(&str, bool)> = every.iter().map(|field| (*field, true)).collect();
        let body = json!({ "association": "field", "association_policy": rules(&every) });
        set_source(&tenant, &tenant.qr, body).await;
        // Accounts without anything, and one whose values are nobody's.
        account(&tenant, json!({ "name": "空" })).await;
        account(&tenant, json!({ "name": "王五" })).await;
        for withheld in [wecom_sim::Withheld::Absent, wecom_sim::Withheld::Empty] {
            world.wecom().edit_rules(|rules| rules.withheld = withheld);
            let before = tenant.users().await.len();
            let userid = format!("nobody{before}");
            let mut nobody = Member::new(&userid, "王五");
            nobody.department = vec![1];
            world.wecom().set_member(&tenant.corp_id, nobody).unwrap();
            let see = |app: &mut wecom_sim::App| app.visible.all = true;
            world.wecom().edit_app(&tenant.corp_id, tenant.agent_id, see).unwrap();
            outcome(&tenant, &userid).await;
            assert_eq!(tenant.users().await.len(), before + 1, "the name is no key");
        }
    }

    async fn p4_the_corps_mailbox_goes_before_the_other_address(world: World) {
        let tenant = tenant(&world).await;
        let mut lisi = member("LiSi", "李四", "13800000002");
        lisi.email = Some("private@mail.example".to_owned());
        world.wecom().set_member(&tenant.corp_id, lisi).unwrap();
        outcome(&tenant, "LiSi").await;
        assert_eq!(tenant.users().await[0]["email"], "lisi@acme.example");
    }

    async fn p8_an_account_that_exists_is_matched_and_no_duplicate_is_made(world: World) {
        let tenant = tenant(&world).await;
        let policy = rules(&[("biz_mail", true)]);
        let body = json!({ "association": "field", "association_policy": policy });
        set_source(&tenant, &tenant.qr, body).await;
        let mail = json!({ "email": "LiSi@Acme.example", "email_verified": true, "name": "李四" });
        let existing = account(&tenant, mail).await;
        assert_eq!(outcome(&tenant, "LiSi").await, existing);
        assert_eq!(tenant.users().await.len(), 1);
    }

    async fn p10_what_is_not_beyond_doubt_on_both_sides_hijacks_nothing(world: World) {
        let tenant = tenant(&world).await;
        let unverified = with_phone(&tenant, "13800000002", false).await;
        let verified = with_phone(&tenant, "13800000003", true).await;
        for (trusted, on_no_match, member, account) in [
            (true, "create", "LiSi", &unverified),
            (false, "ask", "wangwu", &verified),
        ] {
            let rule = json!([{ "field": "mobile", "trusted": trusted }]);
            let policy = json!({ "rules": rule, "on_no_match": on_no_match });
            let body = json!({ "association": "field", "association_policy": policy });
            set_source(&tenant, &tenant.qr, body).await;
            let outcome = outcome(&tenant, member).await;
            assert_ne!(outcome, *account);
            assert_eq!(outcome == "create or bind", on_no_match == "ask");
        }
        // Names are no keys, whatever they are.
        let named = account(&tenant, json!({ "name": "张三" })).await;
        assert_ne!(outcome(&tenant, "zhangsan").await, named);
    }

    async fn p12_the_refusal_says_what_it_is_and_whom_to_ask(world: World) {
        let tenant = tenant(&world).await;
        crate::steps::with_sms(&tenant).await;
        set_source(&tenant, &tenant.qr, json!({ "login_only": true })).await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let page = comes(&tenant, &mut browser, &pkce, "LiSi").await;
        assert_eq!(page.code().as_deref(), Some("login_only"));
        assert!(page.body.contains("IT 8888"), "{}", page.body);
        assert!(!page.body.contains("register"));
    }

    async fn p14_people_of_another_organisation_do_not_get_in(world: World) {
        let tenant = tenant(&world).await;
        let other = world.tenant("other").await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let started = tenant.start_qr(&mut browser, &tenant.authorize_url(&pkce, &[])).await;
        let mut choose = started.location().unwrap();
        choose.set_path("/wwlogin/sso/choose");
        choose.query_pairs_mut().append_pair("external", "1");
        let back = browser.get(choose.as_str()).await;
        if let Some(callback) = back.location() {
            let page = browser.get(callback.as_str()).await;
            assert!(page.parameter("code").is_none(), "{page:?}");
        }
        // The same userid of two corps is two people.
        let here = outcome(&tenant, "zhangsan").await;
        let there = outcome(&other, "zhangsan").await;
        assert_ne!(here, there);
    }

    async fn a_member_whose_mobile_changes_stays_who_they_were(world: World) {
        let tenant = tenant(&world).await;
        let policy = rules(&[("mobile", true)]);
        let body = json!({ "association": "field", "association_policy": policy });
        set_source(&tenant, &tenant.qr, body).await;
        let lisi = with_phone(&tenant, "13800000002", true).await;
        let wangwu = with_phone(&tenant, "13800000003", true).await;
        assert_eq!(outcome(&tenant, "LiSi").await, lisi);
        // The numbers change hands upstream: the link decides.
        let wecom = world.wecom();
        wecom.set_member(&tenant.corp_id, member("LiSi", "李四", "13800000003")).unwrap();
        assert_eq!(outcome(&tenant, "LiSi").await, lisi);
        wecom.set_member(&tenant.corp_id, member("wangwu", "王五", "13800000002")).unwrap();
        // And the newcomer with her old number does not get her account.
        assert_eq!(outcome(&tenant, "wangwu").await, "already_bound");
        let _ = wangwu;
    }

    async fn two_people_with_one_phone_number_are_a_conflict(world: World) {
        let tenant = tenant(&world).await;
        let policy = rules(&[("mobile", true)]);
        let body = json!({ "association": "field", "association_policy": policy });
        set_source(&tenant, &tenant.qr, body).await;
        let owner = with_phone(&tenant, "13800000009", true).await;
        for userid in ["LiSi", "wangwu"] {
            let shared = member(userid, userid, "13800000009");
            world.wecom().set_member(&tenant.corp_id, shared).unwrap();
        }
        assert_eq!(outcome(&tenant, "LiSi").await, owner);
        assert_eq!(outcome(&tenant, "wangwu").await, "already_bound");
        assert_eq!(tenant.users().await.len(), 1);
    }

    async fn p21_the_current_page_of_wecom_is_used(world: World) {
        let tenant = tenant(&world).await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let started = tenant.start_qr(&mut browser, &tenant.authorize_url(&pkce, &[])).await;
        let wecom = started.location().unwrap();
        assert_eq!(wecom.path(), "/wwlogin/sso/login");
        assert!(wecom.query().unwrap().starts_with("login_type=CorpApp&appid="), "{wecom}");
    }

    async fn p24_a_callback_that_comes_twice_asks_once_and_answers_alike(world: World) {
        let tenant = tenant(&world).await;
        set_source(&tenant, &tenant.qr, json!({ "association": "ask" })).await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let started = tenant.start_qr(&mut browser, &tenant.authorize_url(&pkce, &[])).await;
        let back = tenant.confirm(&mut browser, &started.location().unwrap(), "LiSi").await;
        let callback = back.location().unwrap();
        let first = browser.get(callback.as_str()).await;
        let second = browser.get(callback.as_str()).await;
        assert_eq!(first.location(), second.location());
        assert_eq!(first.location().unwrap().path(), "/bind");
        assert_eq!(world.wecom().calls_of("/cgi-bin/auth/getuserinfo").len(), 1);
        let page = browser.get(first.location().unwrap().as_str()).await;
        let answer = submit(&tenant, &mut browser, form(&page, "create"), &[]).await;
        assert!(answer.parameter("code").is_some());
    }

    async fn p13_each_corp_and_source_is_a_way_of_its_own(world: World) {
        let tenant = tenant(&world).await;
        let (mut phone, pkce) = (client(&tenant, "LiSi"), Pkce::new());
        let answer = phone.follow(tenant.authorize_url(&pkce, &[])).await;
        let by_client = sub(&tenant, &pkce, &answer).await;
        assert_eq!(outcome(&tenant, "LiSi").await, by_client, "both sources of a corp, one person");
    }
}
