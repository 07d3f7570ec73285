//! Attack K7: whoever leaves the corp is signed out, and nobody but WeCom can say that somebody has.

use e2e::{
    AppServer, Browser, ContactAddress, Tenant, contact_change, member_deleted, on_every_backend,
};
use reqwest::Method;
use serde_json::{Value, json};
use wecom_sim::{Delivery, Receiver};

use crate::backchannel::logout_token;
use crate::steps::{
    claims, events, is_signed_in, is_signed_out, is_worthless, refreshed, refreshing, sign_in,
    signed_in, text, tokens,
};

/// A person who is signed in, with tokens of an app that is told of logouts.
struct Person {
    browser: Browser,
    issued: Value,
}

impl Person {
    async fn come(app: &Tenant, member: &str) -> Self {
        let mut browser = app.world.browser();
        sign_in(app, &mut browser, member).await;
        let issued = tokens(app, &mut browser, &[]).await;
        Self { browser, issued }
    }

    async fn is_in(&mut self, app: &Tenant) {
        is_signed_in(app, &mut self.browser).await;
        assert_eq!(app.userinfo(text(&self.issued, "access_token")).await.status, 200);
        self.issued = refreshed(app, text(&self.issued, "refresh_token")).await;
    }

    async fn is_out(&mut self, app: &Tenant) {
        is_signed_out(app, &mut self.browser).await;
        assert_eq!(app.userinfo(text(&self.issued, "access_token")).await.status, 401);
        is_worthless(app, text(&self.issued, "refresh_token"), "the person has left").await;
    }
}

on_every_backend! {
    async fn k7_who_leaves_the_corp_is_signed_out_and_apps_are_told(world: World) {
        let tenant = world.tenant("acme").await;
        let server = AppServer::start().await;
        let logout = json!({ "backchannel_logout_uri": server.url("/logout") });
        let app = refreshing(&tenant, logout).await;
        let address = ContactAddress::make(&tenant).await;
        let query = address.receiver.ask("5927782489442352469", tenant.now()).unwrap();
        for _ in 0..2 {
            let proof = tenant.send(Method::GET, &format!("{}?{query}", address.path), &[], None).await;
            assert_eq!((proof.status.as_u16(), proof.body.as_str()), (200, "5927782489442352469"));
        }
        assert!(tenant.admin.get(&ContactAddress::console(&tenant)).await["verified_at"].is_string());

        let mut stays = Person::come(&app, "wangwu").await;
        let off = |status: &str| {
            let rest = format!("<UserID>LiSi</UserID><Status>{status}</Status>");
            contact_change(&tenant.corp_id, tenant.now(), "update_user", &rest)
        };
        let unseen = contact_change(&tenant.corp_id, tenant.now(), "", "")
            .replace("change_contact", "unsubscribe")
            .replace("sys", "LiSi");
        // A self-built app's userids are the same in capitals.
        let all = [("ZhangSan", member_deleted(&tenant, "ZhangSan")), ("LiSi", off("2")), ("LiSi", unseen)];
        for (at, (member, message)) in all.iter().enumerate() {
            let member = if *member == "ZhangSan" { "zhangsan" } else { member };
            let mut leaves = Person::come(&app, member).await;
            leaves.is_in(&app).await;
            let answer = address.tell(&tenant, message).await;
            assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, "success"));
            leaves.is_out(&app).await;
            server.wait_for(at + 1).await;
            let told = claims(&logout_token(&server.received()[at]));
            assert_eq!(told["sub"], claims(text(&leaves.issued, "id_token"))["sub"]);
        }
        // Nobody else's, and nothing by a change that keeps somebody in.
        address.tell(&tenant, &off("1")).await;
        let joined = contact_change(&tenant.corp_id, tenant.now(), "create_user", "<UserID>wangwu</UserID>");
        assert_eq!(address.tell(&tenant, &joined).await.status, 200);
        assert_eq!(address.tell(&tenant, &member_deleted(&tenant, "nobody")).await.status, 200);
        stays.is_in(&app).await;
        let ended = events(&tenant).await.into_iter().filter(|event| event["action"] == "sessions.end");
        assert_eq!(ended.filter(|event| event["result"] == "left_corp").count(), 3);
        assert!(tenant.admin.get(&ContactAddress::console(&tenant)).await["last_event_at"].is_string());
    }

    /// A link is as it was made: by an agency app that is gone, or by hand.
    async fn k7_a_leaver_is_found_by_the_key_of_any_mode(world: World) {
        let (tenant, _) = signed_in(&world).await;
        let app = refreshing(&tenant, json!({})).await;
        let mut person = Person::come(&app, "zhangsan").await;
        let user = claims(text(&person.issued, "id_token"))["sub"].as_str().unwrap().to_owned();
        let link = json!({ "corp": tenant.corp, "userid": "woEncryptedId", "mode": "agency" });
        let path = tenant.path(&format!("/users/{user}/identities?allow_second=true"));
        tenant.admin.post(&path, link).await;
        let address = ContactAddress::make(&tenant).await;
        // Such ids are not the same in other capitals.
        address.tell(&tenant, &member_deleted(&tenant, "WOENCRYPTEDID")).await;
        person.is_in(&app).await;
        address.tell(&tenant, &member_deleted(&tenant, "woEncryptedId")).await;
        person.is_out(&app).await;
    }

    /// Their link goes along with them, and is found when they leave.
    async fn k7_who_has_another_userid_by_now_is_signed_out_by_that_one(world: World) {
        let tenant = world.tenant("acme").await;
        let app = refreshing(&tenant, json!({})).await;
        let address = ContactAddress::make(&tenant).await;
        let renamed = |old: &str, new: &str| {
            let rest = format!("<UserID>{old}</UserID><NewUserID><![CDATA[{new}]]></NewUserID>");
            contact_change(&tenant.corp_id, tenant.now(), "update_user", &rest)
        };
        let mut person = Person::come(&app, "LiSi").await;
        assert_eq!(address.tell(&tenant, &renamed("lisi", "wangwu")).await.status, 200);
        assert_eq!(address.tell(&tenant, &renamed("lisi", "")).await.status, 200);
        person.is_in(&app).await;
        let user = claims(text(&person.issued, "id_token"))["sub"].as_str().unwrap().to_owned();
        // Capitals alone make nobody else of them, nor does what cannot be given away.
        for (old, new) in [("wangwu", "WangWu"), ("wangwu", "ZhangSan")] {
            let mut other = Person::come(&app, "zhangsan").await;
            address.tell(&tenant, &renamed(old, new)).await;
            other.is_in(&app).await;
            let again = Person::come(&app, "wangwu").await;
            assert_eq!(claims(text(&again.issued, "id_token"))["sub"], user, "{new}");
        }
        let mut person = Person::come(&app, "wangwu").await;
        let links = tenant.admin.get(&tenant.path(&format!("/users/{user}/identities"))).await;
        assert_eq!(links["items"][0]["userid"], "WangWu");
        // WeCom signs them in by the new one, to the same account.
        let mut again = Person::come(&app, "wangwu").await;
        assert_eq!(claims(text(&again.issued, "id_token"))["sub"], user);
        for gone in ["LiSi", "wangwu"] {
            again.is_in(&app).await;
            address.tell(&tenant, &member_deleted(&tenant, gone)).await;
        }
        again.is_out(&app).await;
        person.is_out(&app).await;
        // Whose userid somebody else is known by is no longer known to be anybody.
        let mut other = Person::come(&app, "zhangsan").await;
        assert_eq!(address.tell(&tenant, &renamed("zhangsan", "wangwu")).await.status, 200);
        other.is_out(&app).await;
    }

    async fn k7_a_forged_message_has_no_effect(world: World) {
        let (tenant, _) = signed_in(&world).await;
        let app = refreshing(&tenant, json!({})).await;
        let mut person = Person::come(&app, "zhangsan").await;
        let address = ContactAddress::make(&tenant).await;
        let other = world.tenant("other").await;
        let foreign = ContactAddress::make(&other).await;
        let message = member_deleted(&tenant, "zhangsan");
        let right = || address.delivery(&tenant, &message);
        let by = |change: &dyn Fn(&mut Receiver)| {
            let mut receiver = address.receiver.clone();
            change(&mut receiver);
            receiver.deliver(&message, tenant.now()).unwrap()
        };
        // To the second it is tested without a clock that goes on.
        let old = |ago: i64| address.receiver.deliver(&message, tenant.now() - ago).unwrap();
        let forged = [
            ("token", by(&|own| "x".clone_into(&mut own.token))),
            ("key", by(&|own| own.encoding_aes_key = "a".repeat(43))),
            ("corp", by(&|own| "ww0000000000000000".clone_into(&mut own.receive_id))),
            ("another tenant's", foreign.delivery(&tenant, &message)),
            ("old", old(660)),
            ("early", old(-660)),
            ("unsigned", Delivery { query: String::new(), ..right() }),
            ("another nonce", Delivery { query: right().query.replace("nonce=1", "nonce=2"), ..right() }),
            ("another time", Delivery { query: old(1).query, ..right() }),
            ("in clear", Delivery { body: message.clone(), ..right() }),
            ("no XML", Delivery { body: "x".to_owned(), ..right() }),
        ];
        for (what, delivery) in &forged {
            let answer = ContactAddress::send(&tenant, &address.path, delivery).await;
            assert_eq!(answer.status, 403, "{what}: {}", answer.body);
        }
        // At another tenant's host, at its address, and where nothing is.
        assert_eq!(ContactAddress::send(&other, &address.path, &right()).await.status, 404);
        assert_eq!(ContactAddress::send(&other, &foreign.path, &right()).await.status, 403);
        assert_eq!(ContactAddress::send(&tenant, "/wecom/contacts/nothing", &right()).await.status, 404);
        let asked = foreign.receiver.ask("1", tenant.now()).unwrap();
        let path = format!("{}?{asked}", address.path);
        assert_eq!(tenant.send(Method::GET, &path, &[], None).await.status, 403);
        person.is_in(&app).await;

        // Positive control; and what is recorded is good once.
        let recorded = right();
        assert_eq!(ContactAddress::send(&tenant, &address.path, &recorded).await.status, 200);
        person.is_out(&app).await;
        let mut again = Person::come(&app, "zhangsan").await;
        for delivery in [&recorded, &right()] {
            assert_eq!(ContactAddress::send(&tenant, &address.path, delivery).await.status, 200);
        }
        again.is_in(&app).await;
        // An address that was made anew, or taken away, is not the old one.
        let anew = ContactAddress::make(&tenant).await;
        world.clock().advance(chrono::TimeDelta::seconds(1));
        assert_eq!(address.tell(&tenant, &member_deleted(&tenant, "zhangsan")).await.status, 404);
        again.is_in(&app).await;
        assert_eq!(anew.tell(&tenant, &member_deleted(&tenant, "zhangsan")).await.status, 200);
        again.is_out(&app).await;
        tenant.admin.delete(&ContactAddress::console(&tenant)).await;
        assert_eq!(anew.tell(&tenant, &member_deleted(&tenant, "zhangsan")).await.status, 404);
    }
}
