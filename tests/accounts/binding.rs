//! Asking somebody who they are here: a new account, or an existing one with proof.

use e2e::{Pkce, on_every_backend};
use serde_json::json;
use wecom_sim::Member;

use crate::steps::{
    PASSWORD, account, comes, events, form, has_form, lisi, mailed_code, set_source, shows, sub,
    submit, submit_and_follow, texted_code, with_sms,
};

on_every_backend! {
    async fn p9_a_person_binds_an_existing_account_before_one_is_created(world: World) {
        let tenant = world.tenant("acme").await;
        let user = lisi(&tenant).await;
        set_source(&tenant, &tenant.qr, json!({ "association": "ask" })).await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let page = comes(&tenant, &mut browser, &pkce, "LiSi").await;
        assert!(has_form(&page, "create") && has_form(&page, "existing"), "{}", page.body);
        // Nothing about any account before proof.
        assert!(!page.body.contains("lisi@acme.example"));
        let page = submit_and_follow(&tenant, &mut browser, form(&page, "existing"), &[]).await;
        let filled = [("name", "lisi"), ("password", "wrong horse battery")];
        let wrong =
            submit_and_follow(&tenant, &mut browser, form(&page, "prove-password"), &filled).await;
        shows(&tenant, &wrong, "proof_failed").await;
        assert!(!has_form(&wrong, "confirm"));
        let filled = [("name", "lisi"), ("password", PASSWORD)];
        let form_again = form(&wrong, "prove-password");
        let page = submit_and_follow(&tenant, &mut browser, form_again, &filled).await;
        // It says which account is bound to whom, and only then binds.
        assert!(page.body.contains("李四 · lisi") && page.body.contains("acme 公司"), "{}", page.body);
        let identities = tenant.path(&format!("/users/{user}/identities"));
        assert_eq!(tenant.admin.get(&identities).await["items"].as_array().unwrap().len(), 0);
        let answer = submit(&tenant, &mut browser, form(&page, "confirm"), &[]).await;
        assert_eq!(sub(&tenant, &pkce, &answer).await, user);
        assert_eq!(tenant.users().await.len(), 1);
        // The next time WeCom leads straight to it.
        let (mut next, pkce) = (world.browser(), Pkce::new());
        let answer = comes(&tenant, &mut next, &pkce, "LiSi").await;
        assert_eq!(sub(&tenant, &pkce, &answer).await, user);
        let events = events(&tenant, &format!("user={user}&action=sign_in&result=ok")).await;
        assert_eq!(events[0]["detail"]["association"], "bind");
        assert_eq!(events[1]["detail"]["association"], "linked");
    }

    async fn a_person_who_is_asked_gets_a_new_account_or_gives_up(world: World) {
        let tenant = world.tenant("acme").await;
        set_source(&tenant, &tenant.qr, json!({ "association": "ask" })).await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let page = comes(&tenant, &mut browser, &pkce, "zhangsan").await;
        let cancel = page.body.split_once("class=\"cancel\"").unwrap().1;
        let action = cancel.split_once("action=\"").unwrap().1.split_once('"').unwrap().0;
        let csrf = cancel.split_once("value=\"").unwrap().1.split_once('"').unwrap().0;
        let action = action.replace("&#38;", "&").replace("&amp;", "&");
        let answer = browser.post(tenant.url(&action), &[("csrf", csrf)]).await;
        assert_eq!(answer.parameter("error").as_deref(), Some("access_denied"));
        assert!(tenant.users().await.is_empty());
        // What was given up cannot be taken up.
        let late = submit(&tenant, &mut browser, form(&page, "create"), &[]).await;
        assert_eq!(late.code().as_deref(), Some("interaction_expired"));

        let page = comes(&tenant, &mut browser, &pkce, "zhangsan").await;
        let answer = submit(&tenant, &mut browser, form(&page, "create"), &[]).await;
        let made = sub(&tenant, &pkce, &answer).await;
        let again = submit(&tenant, &mut browser, form(&page, "create"), &[]).await;
        assert!(again.parameter("code").is_none());
        assert_eq!(tenant.users().await.len(), 1);
        let (mut next, pkce) = (world.browser(), Pkce::new());
        let answer = comes(&tenant, &mut next, &pkce, "zhangsan").await;
        assert_eq!(sub(&tenant, &pkce, &answer).await, made);
    }

    async fn p12_login_only_takes_creation_away_and_not_binding(world: World) {
        let tenant = world.tenant("acme").await;
        let user = lisi(&tenant).await;
        let body = json!({ "association": "ask", "login_only": true });
        set_source(&tenant, &tenant.qr, body).await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let page = comes(&tenant, &mut browser, &pkce, "LiSi").await;
        assert!(!has_form(&page, "create") && has_form(&page, "prove-password"), "{}", page.body);
        // Nor by asking for it all the same.
        let token = form(&page, "prove-password").sent_to("/bind/create");
        let refused = submit(&tenant, &mut browser, token, &[]).await;
        assert_eq!(refused.code().as_deref(), Some("not_offered"));
        let token = form(&page, "prove-password");
        let filled = [("name", "13800000002"), ("password", PASSWORD)];
        let page = submit_and_follow(&tenant, &mut browser, token, &filled).await;
        let answer = submit(&tenant, &mut browser, form(&page, "confirm"), &[]).await;
        assert_eq!(sub(&tenant, &pkce, &answer).await, user);
        // The app's "no registration" is the same.
        set_source(&tenant, &tenant.qr, json!({ "login_only": false })).await;
        let app = tenant.path(&format!("/apps/{}", tenant.app.id));
        tenant.admin.patch(&app, json!({ "registration": false })).await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let page = comes(&tenant, &mut browser, &pkce, "wangwu").await;
        assert!(!has_form(&page, "create") && has_form(&page, "prove-password"));
        // And without asking it is refused, with words of its own.
        set_source(&tenant, &tenant.qr, json!({ "association": "none" })).await;
        let page = comes(&tenant, &mut browser, &pkce, "wangwu").await;
        assert_eq!(page.code().as_deref(), Some("registration_closed"));
        assert_eq!(tenant.users().await.len(), 1);
    }

    async fn an_account_is_proved_by_a_code_to_its_address_or_phone(world: World) {
        let tenant = world.tenant("acme").await;
        with_sms(&tenant).await;
        let user = lisi(&tenant).await;
        let other = account(&tenant, json!({
            "name": "王五", "phone_number": "+8613800000003", "phone_number_verified": true,
        })).await;
        let policy = json!({ "proofs": ["email_code", "sms_code"] });
        let body = json!({ "association": "ask", "association_policy": policy });
        set_source(&tenant, &tenant.qr, body).await;
        for (member, expected, id, address) in [
            ("LiSi", &user, "prove-email", ("email", "lisi@acme.example")),
            ("wangwu", &other, "prove-sms", ("phone", "138-0000-0003")),
        ] {
            let (mut browser, pkce) = (world.browser(), Pkce::new());
            let page = comes(&tenant, &mut browser, &pkce, member).await;
            let page =
                submit_and_follow(&tenant, &mut browser, form(&page, "existing"), &[]).await;
            assert!(!has_form(&page, "prove-password"));
            let page = submit_and_follow(&tenant, &mut browser, form(&page, id), &[address]).await;
            let code = match id {
                "prove-email" => mailed_code(&tenant, "lisi@acme.example").await,
                _ => texted_code(&tenant, "+8613800000003").await,
            };
            let entered = form(&page, "enter-code");
            let page = submit_and_follow(&tenant, &mut browser, entered, &[("code", &code)]).await;
            let answer = submit(&tenant, &mut browser, form(&page, "confirm"), &[]).await;
            assert_eq!(sub(&tenant, &pkce, &answer).await, *expected);
        }
    }

    async fn one_form_binds_a_known_address_and_makes_an_account_of_an_unknown_one(world: World) {
        let tenant = world.tenant("acme").await;
        let user = lisi(&tenant).await;
        let policy = json!({ "ask_form": "one_form", "proofs": ["email_code"] });
        let body = json!({ "association": "ask", "association_policy": policy });
        set_source(&tenant, &tenant.qr, body).await;
        for (member, to, known) in
            [("LiSi", "lisi@acme.example", true), ("wangwu", "wangwu@acme.example", false)]
        {
            let (mut browser, pkce) = (world.browser(), Pkce::new());
            let page = comes(&tenant, &mut browser, &pkce, member).await;
            let sent = form(&page, "prove-email");
            let page = submit_and_follow(&tenant, &mut browser, sent, &[("email", to)]).await;
            let code = mailed_code(&tenant, to).await;
            let entered = form(&page, "enter-code");
            let filled = [("code", code.as_str())];
            let page = submit_and_follow(&tenant, &mut browser, entered, &filled).await;
            let answer = match known {
                true => submit(&tenant, &mut browser, form(&page, "confirm"), &[]).await,
                false => page,
            };
            let sub = sub(&tenant, &pkce, &answer).await;
            assert_eq!(sub == user, known);
            let account = tenant.admin.get(&tenant.path(&format!("/users/{sub}"))).await;
            assert_eq!((&account["email"], &account["email_verified"]), (&json!(to), &json!(true)));
        }
    }

    async fn m7_a_local_account_with_the_victims_address_is_not_merged(world: World) {
        let tenant = world.tenant("acme").await;
        // Somebody made an account with the victim's address, and knows its password.
        let theirs = account(&tenant, json!({
            "email": "zhangsan@acme.example", "username": "attacker", "password": PASSWORD,
        })).await;
        let rules = json!([{ "field": "biz_mail", "trusted": true }, { "field": "email", "trusted": true }]);
        let body = json!({ "association": "field", "association_policy": { "rules": rules } });
        set_source(&tenant, &tenant.qr, body).await;
        let mut victim = Member::new("zhangsan", "张三");
        victim.biz_mail = Some("zhangsan@acme.example".to_owned());
        victim.email = Some("zhangsan@acme.example".to_owned());
        world.wecom().set_member(&tenant.corp_id, victim).unwrap();
        let old = |app: &mut wecom_sim::App| app.created_after_2022_06_20 = false;
        world.wecom().edit_app(&tenant.corp_id, tenant.agent_id, old).unwrap();
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let answer = comes(&tenant, &mut browser, &pkce, "zhangsan").await;
        let victims = sub(&tenant, &pkce, &answer).await;
        assert_ne!(victims, theirs);
        // The administrator finds the likely duplicate in the journal; nothing was linked.
        let store = world.store();
        let id = tenant.id.parse().unwrap();
        let page = store::page::PageRequest { after: None, limit: 10 };
        let mut scope = store.tenant(id);
        let journal = store::link_event::list(&mut scope, store::link_event::Filter::default(), page).await;
        let journal = journal.unwrap().items;
        assert_eq!(journal[0].evidence.0["likely_duplicates"], json!([theirs]));
        // Positive control: verified by an administrator, it is one account.
        let path = tenant.path(&format!("/users/{theirs}"));
        tenant.admin.delete(&tenant.path(&format!("/users/{victims}"))).await;
        tenant.admin.patch(&path, json!({ "email_verified": true })).await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let answer = comes(&tenant, &mut browser, &pkce, "zhangsan").await;
        assert_eq!(sub(&tenant, &pkce, &answer).await, theirs);
    }

    async fn m8_binding_signs_everybody_else_out_of_the_account(world: World) {
        let tenant = world.tenant("acme").await;
        crate::steps::allow(&tenant, &["password"]).await;
        let user = lisi(&tenant).await;
        let (mut other, theirs) = (world.browser(), Pkce::new());
        let page = other.follow(tenant.authorize_url(&theirs, &[])).await;
        let filled = [("name", "lisi"), ("password", PASSWORD)];
        let answer = submit(&tenant, &mut other, form(&page, "sign-in"), &filled).await;
        let tokens = tenant.redeem(&answer.parameter("code").unwrap(), &theirs).await.json();
        let token = tokens["access_token"].as_str().unwrap().to_owned();
        assert_eq!(tenant.userinfo(&token).await.status, 200);

        set_source(&tenant, &tenant.qr, json!({ "association": "ask" })).await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let page = comes(&tenant, &mut browser, &pkce, "LiSi").await;
        let page = submit_and_follow(&tenant, &mut browser, form(&page, "existing"), &[]).await;
        let proof = form(&page, "prove-password");
        let page = submit_and_follow(&tenant, &mut browser, proof, &filled).await;
        assert_eq!(tenant.userinfo(&token).await.status, 200, "proof alone changes nothing");
        let answer = submit(&tenant, &mut browser, form(&page, "confirm"), &[]).await;
        assert_eq!(sub(&tenant, &pkce, &answer).await, user);
        assert_eq!(tenant.userinfo(&token).await.status, 401);
        let answer = other.get(tenant.authorize_url(&theirs, &[("prompt", "none")])).await;
        assert_eq!(answer.parameter("error").as_deref(), Some("login_required"));
    }

    async fn m2_nobody_else_answers_for_the_browser_that_was_asked(world: World) {
        let tenant = world.tenant("acme").await;
        let user = lisi(&tenant).await;
        set_source(&tenant, &tenant.qr, json!({ "association": "ask" })).await;
        let (mut attacker, pkce) = (world.browser(), Pkce::new());
        let page = comes(&tenant, &mut attacker, &pkce, "zhangsan").await;
        let url = page.url.to_string();
        // The victim opens the attacker's page, and posts the attacker's forms.
        let mut victim = world.browser();
        let shown = victim.get(&url).await;
        assert_eq!(shown.code().as_deref(), Some("browser_changed"));
        let page = submit_and_follow(&tenant, &mut attacker, form(&page, "existing"), &[]).await;
        let filled = [("name", "lisi"), ("password", PASSWORD)];
        let refused = submit(&tenant, &mut victim, form(&page, "prove-password"), &filled).await;
        assert_eq!(refused.code().as_deref(), Some("csrf"));
        // With a page of the victim's own, but the attacker's interaction.
        let mine = Pkce::new();
        let own = comes(&tenant, &mut victim, &mine, "wangwu").await;
        let own = submit_and_follow(&tenant, &mut victim, form(&own, "existing"), &[]).await;
        let body = own.body.clone();
        let id = |text: &str| text.split_once("interaction=").unwrap().1[..32].to_owned();
        let forged = e2e::Answer { body: body.replace(&id(own.url.as_str()), &id(&url)), ..own };
        let refused = submit(&tenant, &mut victim, form(&forged, "prove-password"), &filled).await;
        let refused = match refused.location() {
            Some(next) => victim.get(next.as_str()).await,
            None => refused,
        };
        assert_eq!(refused.code().as_deref(), Some("browser_changed"));
        let identities = tenant.path(&format!("/users/{user}/identities"));
        assert_eq!(tenant.admin.get(&identities).await["items"].as_array().unwrap().len(), 0);
        // Positive control.
        let proof = form(&page, "prove-password");
        let page = submit_and_follow(&tenant, &mut attacker, proof, &filled).await;
        assert!(has_form(&page, "confirm"));
    }

    async fn m13_what_was_switched_off_in_between_refuses_at_the_next_step(world: World) {
        let tenant = world.tenant("acme").await;
        let user = lisi(&tenant).await;
        set_source(&tenant, &tenant.qr, json!({ "association": "ask" })).await;
        let qr = tenant.path(&format!("/identity-sources/{}", tenant.qr));
        let app = tenant.path(&format!("/apps/{}", tenant.app.id));
        let account = tenant.path(&format!("/users/{user}"));
        for (path, off, on, code) in [
            (&qr, json!({ "status": "disabled" }), json!({ "status": "active" }), "source_disabled"),
            (&app, json!({ "status": "disabled" }), json!({ "status": "active" }), "app_disabled"),
            (&account, json!({ "status": "suspended" }), json!({ "status": "active" }), "user_suspended"),
            (&qr, json!({ "association_policy": { "proofs": ["sms_code"] } }),
             json!({ "association_policy": { "proofs": ["password", "sms_code"] } }), "not_offered"),
        ] {
            let (mut browser, pkce) = (world.browser(), Pkce::new());
            let page = comes(&tenant, &mut browser, &pkce, "LiSi").await;
            let page =
                submit_and_follow(&tenant, &mut browser, form(&page, "existing"), &[]).await;
            let filled = [("name", "lisi"), ("password", PASSWORD)];
            let proof = form(&page, "prove-password");
            let page = submit_and_follow(&tenant, &mut browser, proof, &filled).await;
            let confirm = form(&page, "confirm");
            tenant.admin.patch(path, off).await;
            let refused = submit(&tenant, &mut browser, confirm, &[]).await;
            assert_eq!(refused.code().as_deref(), Some(code), "{} {}", refused.status, refused.body);
            assert!(refused.parameter("code").is_none());
            tenant.admin.patch(path, on).await;
        }
        let identities = tenant.path(&format!("/users/{user}/identities"));
        assert_eq!(tenant.admin.get(&identities).await["items"].as_array().unwrap().len(), 0);
    }
}
