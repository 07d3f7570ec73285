//! Pre-hijacking: what somebody prepared or proved before the true person came is worth nothing after.

use e2e::{Answer, Browser, Pkce, Tenant, on_every_backend};
use serde_json::json;
use wecom_sim::Member;

use crate::steps::{
    PASSWORD, allow, comes, form, has_form, lisi, mailed_code, set_source, shows, sub, submit,
    submit_and_follow,
};

const NEXT_PASSWORD: &str = "staple battery horse";

/// In this browser the account of Li Si is proved by its password, and not bound yet.
async fn proved(tenant: &Tenant, browser: &mut Browser, pkce: &Pkce, password: &str) -> Answer {
    let page = comes(tenant, browser, pkce, "LiSi").await;
    let page = submit_and_follow(tenant, browser, form(&page, "existing"), &[]).await;
    let filled = [("name", "lisi"), ("password", password)];
    let page = submit_and_follow(tenant, browser, form(&page, "prove-password"), &filled).await;
    assert!(has_form(&page, "confirm"), "{}", page.body);
    page
}

on_every_backend! {
    async fn m9_who_proves_an_address_shares_nothing_with_who_only_claimed_it(world: World) {
        let tenant = world.tenant("acme").await;
        let policy = json!({ "ask_form": "one_form", "proofs": ["email_code"] });
        let body = json!({ "association": "none" });
        set_source(&tenant, &tenant.qr, body).await;
        // The attacker's own account, with the victim's address as WeCom tells it.
        let mut attacker = Member::new("zhangsan", "张三");
        attacker.email = Some("wangwu@acme.example".to_owned());
        world.wecom().set_member(&tenant.corp_id, attacker).unwrap();
        let old = |app: &mut wecom_sim::App| app.created_after_2022_06_20 = false;
        world.wecom().edit_app(&tenant.corp_id, tenant.agent_id, old).unwrap();
        let (mut theirs, pkce) = (world.browser(), Pkce::new());
        let answer = comes(&tenant, &mut theirs, &pkce, "zhangsan").await;
        let attackers = sub(&tenant, &pkce, &answer).await;
        let account = tenant.admin.get(&tenant.path(&format!("/users/{attackers}"))).await;
        assert_eq!(account["email"], "wangwu@acme.example");
        assert_eq!(account["email_verified"], false);
        // The victim proves it, and gets an account that holds their own identity alone.
        let body = json!({ "association": "ask", "association_policy": policy });
        set_source(&tenant, &tenant.qr, body).await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let page = comes(&tenant, &mut browser, &pkce, "wangwu").await;
        let sent = [("email", "wangwu@acme.example")];
        let page = submit_and_follow(&tenant, &mut browser, form(&page, "prove-email"), &sent).await;
        let code = mailed_code(&tenant, "wangwu@acme.example").await;
        let filled = [("code", code.as_str())];
        let answer =
            submit_and_follow(&tenant, &mut browser, form(&page, "enter-code"), &filled).await;
        let victims = sub(&tenant, &pkce, &answer).await;
        assert_ne!(victims, attackers);
        let identities = tenant.path(&format!("/users/{victims}/identities"));
        let identities = tenant.admin.get(&identities).await;
        assert_eq!(identities["items"].as_array().unwrap().len(), 1);
        assert_eq!(identities["items"][0]["userid"], "wangwu");
        // Positive control: the attacker still comes to their own account, and to no other.
        let (mut theirs, pkce) = (world.browser(), Pkce::new());
        let answer = comes(&tenant, &mut theirs, &pkce, "zhangsan").await;
        assert_eq!(sub(&tenant, &pkce, &answer).await, attackers);
    }

    async fn m10_a_recovered_account_is_not_bound_by_an_older_proof(world: World) {
        let tenant = world.tenant("acme").await;
        allow(&tenant, &["password"]).await;
        let user = lisi(&tenant).await;
        set_source(&tenant, &tenant.qr, json!({ "association": "ask" })).await;
        let (mut attacker, pkce) = (world.browser(), Pkce::new());
        let waiting = proved(&tenant, &mut attacker, &pkce, PASSWORD).await;
        // The owner recovers the account.
        let mut owner = world.browser();
        let page = owner.follow(tenant.authorize_url(&Pkce::new(), &[])).await;
        let forgot = page.links().into_iter().find(|link| link.starts_with("/password/forgot"));
        let page = owner.get(tenant.url(&forgot.unwrap())).await;
        let sent = [("email", "lisi@acme.example")];
        let page = submit_and_follow(&tenant, &mut owner, form(&page, "forgot"), &sent).await;
        let code = mailed_code(&tenant, "lisi@acme.example").await;
        world.clock().advance(chrono::TimeDelta::seconds(1));
        let filled = [("code", code.as_str()), ("password", NEXT_PASSWORD)];
        submit_and_follow(&tenant, &mut owner, form(&page, "reset"), &filled).await;
        // The owner is told of it.
        let mail = world.mail().wait_for("lisi@acme.example", std::time::Duration::from_secs(10));
        let mail = mail.await.unwrap();
        assert!(mail.code(6).is_none(), "{mail:?}");
        let page = submit_and_follow(&tenant, &mut attacker, form(&waiting, "confirm"), &[]).await;
        shows(&tenant, &page, "sign_in_first").await;
        let identities = tenant.path(&format!("/users/{user}/identities"));
        assert!(tenant.admin.get(&identities).await["items"].as_array().unwrap().is_empty());
        // Positive control: who knows the password now binds it.
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let page = proved(&tenant, &mut browser, &pkce, NEXT_PASSWORD).await;
        let answer = submit(&tenant, &mut browser, form(&page, "confirm"), &[]).await;
        assert_eq!(sub(&tenant, &pkce, &answer).await, user);
    }

    async fn m10_a_change_by_an_administrator_voids_a_proof(world: World) {
        let tenant = world.tenant("acme").await;
        let user = lisi(&tenant).await;
        set_source(&tenant, &tenant.qr, json!({ "association": "ask" })).await;
        let (mut attacker, pkce) = (world.browser(), Pkce::new());
        let waiting = proved(&tenant, &mut attacker, &pkce, PASSWORD).await;
        let path = tenant.path(&format!("/users/{user}/password"));
        let body = Some(json!({ "password": NEXT_PASSWORD }));
        let headers = [("if-match", "*")];
        let set = tenant.admin.call(reqwest::Method::PUT, &path, &headers, body).await;
        assert!(set.status.is_success(), "{} {}", set.status, set.body);
        let page = submit_and_follow(&tenant, &mut attacker, form(&waiting, "confirm"), &[]).await;
        shows(&tenant, &page, "sign_in_first").await;
        // Positive control.
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let page = proved(&tenant, &mut browser, &pkce, NEXT_PASSWORD).await;
        let answer = submit(&tenant, &mut browser, form(&page, "confirm"), &[]).await;
        assert_eq!(sub(&tenant, &pkce, &answer).await, user);
    }

    async fn people_are_told_of_a_new_way_in(world: World) {
        let tenant = world.tenant("acme").await;
        let user = lisi(&tenant).await;
        set_source(&tenant, &tenant.qr, json!({ "association": "ask" })).await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let page = proved(&tenant, &mut browser, &pkce, PASSWORD).await;
        let answer = submit(&tenant, &mut browser, form(&page, "confirm"), &[]).await;
        assert_eq!(sub(&tenant, &pkce, &answer).await, user);
        let mail = world.mail().wait_for("lisi@acme.example", std::time::Duration::from_secs(10));
        let mail = mail.await.unwrap();
        assert!(mail.text.contains("WeCom qr"), "{mail:?}");
        // The next sign-in is nothing new.
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let answer = comes(&tenant, &mut browser, &pkce, "LiSi").await;
        assert_eq!(sub(&tenant, &pkce, &answer).await, user);
        let mail = world.mail().wait_for("lisi@acme.example", std::time::Duration::from_secs(1));
        assert!(mail.await.is_none());
    }
}
