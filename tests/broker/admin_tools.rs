//! The administrator's tools around links, as people feel them at their sign-ins.

use chrono::TimeDelta;
use e2e::{Answer, Pkce, Tenant, on_every_backend};
use reqwest::Method;
use serde_json::{Value, json};
use store::account::{self, AccountSettings};
use store::normal::Phone;
use wecom_sim::Member;

use crate::association::signs_in_as;
use crate::steps::{refused, signs_in, sso, sub};

/// An account that an administrator made, with this verified number if there is one.
pub(crate) async fn account(tenant: &Tenant, phone: Option<&str>) -> String {
    let store = tenant.world.store();
    let settings = AccountSettings {
        phone_number: phone.map(|text| Phone::parse(text).unwrap()),
        phone_number_verified: phone.is_some(),
        ..AccountSettings::default()
    };
    let mut tx = store.begin(tenant.id.parse().unwrap()).await.unwrap();
    let user = account::create(&mut tx, &store.env, &settings).await.unwrap();
    tx.commit().await.unwrap();
    user.id.to_string()
}

/// A POST of the administrator's, whatever comes of it.
pub(crate) async fn post(tenant: &Tenant, path: &str, body: Value) -> Answer {
    tenant.admin.call(Method::POST, &tenant.path(path), &[], Some(body)).await
}

/// A person is linked to a user by hand.
pub(crate) async fn link(tenant: &Tenant, user: &str, userid: &str) -> Answer {
    let body = json!({ "corp": tenant.corp, "userid": userid });
    post(tenant, &format!("/users/{user}/identities"), body).await
}

/// The last event of this kind in the journal.
pub(crate) async fn event(tenant: &Tenant, kind: &str) -> Value {
    let path = tenant.path(&format!("/link-events?limit=200&kind={kind}"));
    let page = tenant.admin.get(&path).await;
    page["items"].as_array().unwrap().last().unwrap().clone()
}

/// Undoes or restores an event.
pub(crate) async fn act(tenant: &Tenant, event: &Value, what: &str) -> Answer {
    let path = format!("/link-events/{}/{what}", event["id"].as_str().unwrap());
    post(tenant, &path, json!({})).await
}

/// The identities of a user.
pub(crate) async fn identities(tenant: &Tenant, user: &str) -> Vec<Value> {
    let path = tenant.path(&format!("/users/{user}/identities"));
    tenant.admin.get(&path).await["items"].as_array().unwrap().clone()
}

async fn change(tenant: &Tenant, source: &str, members: Value) {
    tenant.admin.patch(&tenant.path(&format!("/identity-sources/{source}")), members).await;
}

/// The source matches by mobile number, and WeCom tells it.
async fn match_by_mobile(tenant: &Tenant) {
    let rules = json!({ "rules": [{ "field": "mobile", "trusted": true }] });
    change(tenant, &tenant.qr, json!({ "association": "field", "association_policy": rules }))
        .await;
    let before = |app: &mut wecom_sim::App| app.created_after_2022_06_20 = false;
    tenant.world.wecom().edit_app(&tenant.corp_id, tenant.agent_id, before).unwrap();
}

fn set_mobile(tenant: &Tenant, userid: &str, mobile: &str) {
    let mut member = Member::new(userid, userid);
    member.mobile = Some(mobile.to_owned());
    tenant.world.wecom().set_member(&tenant.corp_id, member).unwrap();
}

on_every_backend! {
    async fn who_was_linked_before_signs_in_to_the_right_account(world: World) {
        let tenant = world.tenant("acme").await;
        change(&tenant, &tenant.qr, json!({ "login_only": true })).await;
        let user = account(&tenant, None).await;
        // WeCom writes LiSi; the administrator did not.
        assert_eq!(link(&tenant, &user, "lisi").await.status, 201);
        assert_eq!(signs_in(&tenant, "LiSi").await, user);
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let page = tenant.sign_in(&mut browser, &tenant.authorize_url(&pkce, &[]), "wangwu").await;
        refused(&tenant, &page, "login_only").await;
        assert_eq!(tenant.users().await.len(), 1);
    }

    async fn who_was_linked_by_an_agencys_id_is_known_letter_by_letter(world: World) {
        let tenant = world.tenant("acme").await;
        let corps = world.wecom().world().corps;
        let corp = corps.into_iter().find(|corp| corp.corp_id == tenant.corp_id).unwrap();
        for source in [&tenant.qr, &tenant.mobile] {
            tenant.admin.delete(&tenant.path(&format!("/identity-sources/{source}"))).await;
        }
        let body = json!({
            "identifier": "agency", "kind": "wecom_qr", "mode": "agency", "corp": tenant.corp,
            "agent_id": tenant.agent_id, "secret": corp.apps[0].secret,
            "display_names": { "en": "Agency" },
        });
        let source = tenant.admin.post(&tenant.path("/identity-sources"), body).await;
        let path = format!("/apps/{}/identity-sources/{}", tenant.app.id, source["id"].as_str().unwrap());
        tenant.admin.put(&tenant.path(&path), json!({})).await;
        let (one, other) = (account(&tenant, None).await, account(&tenant, None).await);
        assert_eq!(link(&tenant, &one, "woAbCdEf").await.status, 201);
        assert_eq!(link(&tenant, &other, "woabcdef").await.status, 201);
        assert_eq!(signs_in_as(&tenant, "agency", "woAbCdEf").await, one);
        assert_eq!(signs_in_as(&tenant, "agency", "woabcdef").await, other);
        assert_eq!(tenant.users().await.len(), 2);
    }

    async fn m8_an_undo_ends_everything_that_the_wrong_person_holds(world: World) {
        let tenant = world.tenant("acme").await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let authorize = tenant.authorize_url(&pkce, &[]);
        let answer = tenant.sign_in(&mut browser, &authorize, "zhangsan").await;
        let tokens = tenant.redeem(&answer.parameter("code").unwrap(), &pkce).await.json();
        let access = tokens["access_token"].as_str().unwrap();
        let user = tenant.userinfo(access).await.json()["sub"].as_str().unwrap().to_owned();
        let unused = sso(&tenant, &mut browser, &pkce).await.parameter("code").unwrap();
        let made = event(&tenant, "create").await;
        assert_eq!(made["user"], user.as_str());

        let undone = act(&tenant, &made, "undo").await;
        assert_eq!(undone.status, 200, "{}", undone.body);
        assert_eq!(undone.json()["stranded"], true);
        assert_eq!(tenant.userinfo(access).await.status, 401);
        assert_eq!(tenant.redeem(&unused, &pkce).await.json()["error"], "invalid_grant");
        let answer = sso(&tenant, &mut browser, &pkce).await;
        assert_eq!(answer.parameter("error").as_deref(), Some("login_required"));
        assert_eq!(identities(&tenant, &user).await, [] as [Value; 0]);
        // The user stays, and the person is somebody new.
        assert_ne!(signs_in(&tenant, "zhangsan").await, user);
        assert_eq!(tenant.users().await.len(), 2);
        let restored = act(&tenant, &event(&tenant, "undo").await, "restore").await;
        assert_eq!(restored.status, 409, "{}", restored.body);
    }

    async fn a_match_that_was_wrong_is_undone_and_what_was_right_is_restored(world: World) {
        let tenant = world.tenant("acme").await;
        match_by_mobile(&tenant).await;
        set_mobile(&tenant, "zhangsan", "13800000001");
        let user = account(&tenant, Some("13800000001")).await;
        assert_eq!(signs_in(&tenant, "zhangsan").await, user);
        let made = event(&tenant, "match").await;
        assert_eq!((&made["rule"], &made["userid"]), (&json!("mobile"), &json!("zhangsan")));
        tenant.admin.patch(&tenant.path(&format!("/users/{user}")), json!({ "status": "active" })).await;
        let undone = act(&tenant, &made, "undo").await.json();
        assert_eq!(undone["stranded"], false);
        assert_eq!(undone["since_then"][0]["action"], "user.update");
        // It was right after all. The number has another owner by now; the link decides.
        set_mobile(&tenant, "zhangsan", "13800000009");
        let undo = event(&tenant, "undo").await;
        let restored = act(&tenant, &undo, "restore").await;
        assert_eq!(restored.status, 200, "{}", restored.body);
        assert_eq!(signs_in(&tenant, "zhangsan").await, user);
    }

    async fn a_link_is_put_back_for_thirty_days(world: World) {
        let tenant = world.tenant("acme").await;
        let user = account(&tenant, None).await;
        for (days, status) in [(29, 200), (31, 409)] {
            assert!(link(&tenant, &user, "zhangsan").await.status.is_success());
            let identity = identities(&tenant, &user).await[0]["id"].as_str().unwrap().to_owned();
            tenant.admin.delete(&tenant.path(&format!("/users/{user}/identities/{identity}"))).await;
            let unlinked = event(&tenant, "unlink").await;
            world.clock().advance(TimeDelta::days(days));
            let restored = act(&tenant, &unlinked, "restore").await;
            assert_eq!(restored.status, status, "{}", restored.body);
        }
        assert_eq!(identities(&tenant, &user).await, [] as [Value; 0]);
    }

    async fn a_suspended_link_refuses_its_person_and_makes_nobody_new(world: World) {
        let tenant = world.tenant("acme").await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let authorize = tenant.authorize_url(&pkce, &[]);
        let answer = tenant.sign_in(&mut browser, &authorize, "zhangsan").await;
        let user = sub(&tenant, &pkce, &answer).await;
        let identity = identities(&tenant, &user).await[0]["id"].as_str().unwrap().to_owned();
        let path = tenant.path(&format!("/users/{user}/identities/{identity}/status"));
        tenant.admin.put(&path, json!({ "status": "suspended" })).await;
        let answer = sso(&tenant, &mut browser, &pkce).await;
        assert_eq!(answer.parameter("error").as_deref(), Some("login_required"));
        let page = tenant.sign_in(&mut browser, &authorize, "zhangsan").await;
        refused(&tenant, &page, "link_suspended").await;
        tenant.admin.put(&path, json!({ "status": "active" })).await;
        assert_eq!(signs_in(&tenant, "zhangsan").await, user);
        assert_eq!(tenant.users().await.len(), 1);
    }

    async fn the_simulator_says_what_the_sign_in_does(world: World) {
        let tenant = world.tenant("acme").await;
        match_by_mobile(&tenant).await;
        set_mobile(&tenant, "zhangsan", "13800000001");
        set_mobile(&tenant, "wangwu", "13800000002");
        let user = account(&tenant, Some("13800000001")).await;
        let simulate = async |userid: &str| {
            let path = format!("/identity-sources/{}/simulate", tenant.qr);
            let body = json!({ "app": tenant.app.id, "read": userid });
            let answer = post(&tenant, &path, body).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            answer.json()
        };
        let matched = simulate("ZHANGSAN").await;
        assert_eq!((&matched["decision"], &matched["user"]), (&json!("match"), &json!(user)));
        assert_eq!(matched["read"]["note"], Value::Null);
        assert_eq!(signs_in(&tenant, "zhangsan").await, user);
        assert_eq!(simulate("zhangsan").await["decision"], "linked");

        change(&tenant, &tenant.qr, json!({ "login_only": true })).await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        for (userid, code) in [("wangwu", "login_only"), ("outsider", "not_visible")] {
            let told = simulate(userid).await;
            assert_eq!((&told["decision"], &told["reason"]), (&json!("refuse"), &json!(code)));
            if userid == "wangwu" {
                let url = tenant.authorize_url(&pkce, &[]);
                let page = tenant.sign_in(&mut browser, &url, userid).await;
                refused(&tenant, &page, code).await;
            }
        }
        change(&tenant, &tenant.qr, json!({ "login_only": false })).await;
        assert_eq!(simulate("wangwu").await["decision"], "create");
        assert_eq!(tenant.users().await.len(), 1);
        // An app of today gets no number, and is told so.
        let today = |app: &mut wecom_sim::App| app.created_after_2022_06_20 = true;
        world.wecom().edit_app(&tenant.corp_id, tenant.agent_id, today).unwrap();
        let told = simulate("wangwu").await;
        assert_eq!(told["rules"][0]["outcome"], "no_value");
        assert!(told["read"]["note"]["zh"].as_str().unwrap().contains("2022-06-20"));
        assert_ne!(signs_in(&tenant, "wangwu").await, user);
    }

    async fn a_trace_code_tells_the_steps_of_a_sign_in(world: World) {
        let tenant = world.tenant("acme").await;
        let user = signs_in(&tenant, "zhangsan").await;
        let trace = event(&tenant, "create").await["trace"].as_str().unwrap().to_owned();
        let steps = async |trace: &str| {
            let found = tenant.admin.get(&tenant.path(&format!("/traces/{trace}"))).await;
            found["steps"].as_array().unwrap().clone()
        };
        let found = steps(&trace).await;
        let said: Vec<_> = found.iter().map(|step| step["action"].as_str().unwrap()).collect();
        assert_eq!(said, ["create", "user.create", "sign_in"]);
        for step in &found {
            assert_eq!(step["app"], json!({ "id": tenant.app.id, "name": "Test app" }));
            assert_eq!(step["source"], json!({ "id": tenant.qr, "name": "qr" }));
            assert_eq!(step["user"], json!({ "id": user, "name": "张三" }));
        }
        assert_eq!(found[0]["person"]["corp_id"], tenant.corp_id.as_str());

        change(&tenant, &tenant.qr, json!({ "login_only": true })).await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let page = tenant.sign_in(&mut browser, &tenant.authorize_url(&pkce, &[]), "wangwu").await;
        let refused = steps(&page.trace().unwrap()).await;
        let said: Vec<_> = refused.iter().map(|step| (&step["action"], &step["result"])).collect();
        assert_eq!(said, [(&json!("sign_in"), &json!("login_only"))]);
        assert_eq!(refused[0]["source"]["name"], "qr");
    }
}
