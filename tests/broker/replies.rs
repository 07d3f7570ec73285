//! Replies of WeCom that are not who they should be (attack M6).

use e2e::{Answer, Pkce, Tenant, on_every_backend};
use serde_json::json;
use wecom_sim::{Fault, FaultKind, LinkedVisitor, Member, NonMember};

use crate::steps::{
    GETUSERINFO, SESSION, USER_GET, choose, client, cookie, offers_a_way_back, refused, signs_in,
    sub, to_callback, to_wecom, try_again,
};

/// A callback whose next call of `path` WeCom answers so.
async fn answered(tenant: &Tenant, path: &str, body: &str) -> Answer {
    let (mut browser, pkce) = (tenant.world.browser(), Pkce::new());
    let callback = to_callback(tenant, &mut browser, &pkce, "zhangsan").await;
    tenant.world.wecom().inject(Fault::once(path, FaultKind::Body(body.to_owned())));
    let answer = browser.get(callback.as_str()).await;
    assert!(tenant.world.wecom().faults().is_empty(), "{body} was not asked for");
    assert_eq!(cookie(tenant, &browser, SESSION), None);
    answer
}

/// Nobody was made, and the right answer still signs in.
async fn nobody_came(tenant: &Tenant) {
    assert!(tenant.users().await.is_empty());
    signs_in(tenant, "zhangsan").await;
    assert_eq!(tenant.users().await.len(), 1);
}

on_every_backend! {
    async fn m6_visitors_who_are_no_members(world: World) {
        let tenant = world.tenant("acme").await;
        let mut all = world.wecom().world();
        let corp = all.corps.iter_mut().find(|corp| corp.corp_id == tenant.corp_id).unwrap();
        corp.non_members = vec![
            NonMember { openid: "oAbCdEf".into(), external_userid: None },
            NonMember { openid: "oGhIjKl".into(), external_userid: Some("wmExternal".into()) },
        ];
        corp.linked_visitors =
            vec![LinkedVisitor { corp_id: "wwlinked".into(), userid: "zhangsan".into() }];
        world.wecom().set_world(all);
        let visitors = [
            ("openid", "oAbCdEf", "not_a_member"),
            ("openid", "oGhIjKl", "not_a_member"),
            ("linked", "wwlinked/zhangsan", "linked_corp"),
        ];
        for (kind, who, code) in visitors {
            let (mut browser, pkce) = (world.browser(), Pkce::new());
            let wecom = to_wecom(&tenant, &mut browser, &pkce).await;
            let back = choose(&mut browser, &wecom, kind, who).await.location().unwrap();
            let page = browser.get(back.as_str()).await;
            refused(&tenant, &page, code).await;
            assert_eq!(page.status, 403);
            offers_a_way_back(&page);
            // In the client as well.
            let mut phone = client(&tenant, &format!("{kind}:{who}"));
            let page = phone.follow(tenant.authorize_url(&pkce, &[])).await;
            refused(&tenant, &page, code).await;
        }
        nobody_came(&tenant).await;
    }

    async fn m6_a_member_whom_the_app_does_not_see(world: World) {
        let tenant = world.tenant("acme").await;
        let mut phone = client(&tenant, "outsider");
        let page = phone.follow(tenant.authorize_url(&Pkce::new(), &[])).await;
        refused(&tenant, &page, "not_visible").await;
        offers_a_way_back(&page);
        nobody_came(&tenant).await;
    }

    async fn m6_a_member_who_is_not_active(world: World) {
        let tenant = world.tenant("acme").await;
        for status in [2, 4, 5, 0, 77] {
            let (mut browser, pkce) = (world.browser(), Pkce::new());
            let callback = to_callback(&tenant, &mut browser, &pkce, "zhangsan").await;
            let member = Member { status, ..Member::new("zhangsan", "张三") };
            world.wecom().set_member(&tenant.corp_id, member).unwrap();
            let page = browser.get(callback.as_str()).await;
            refused(&tenant, &page, "not_a_member").await;
            world.wecom().set_member(&tenant.corp_id, Member::new("zhangsan", "张三")).unwrap();
        }
        let without = json!({ "errcode": 0, "errmsg": "ok", "userid": "zhangsan", "name": "张三" });
        let page = answered(&tenant, USER_GET, &without.to_string()).await;
        refused(&tenant, &page, "not_a_member").await;
        nobody_came(&tenant).await;
    }

    async fn m6_userids_that_are_none(world: World) {
        let tenant = world.tenant("acme").await;
        let long = "a".repeat(65);
        let wrong = [
            "",
            " ",
            " zhangsan",
            "zhang san",
            "zhangsan\n",
            "zhangsan\0",
            "张三",
            "zhang🐯san",
            "ｚhangsan",
            "Zhangſan",
            "-zhangsan",
            "_zhangsan",
            "zhang+san",
            "zhang'san",
            "zhang%00san",
            &long,
            "<b>zhangsan",
            "zhangsan;x=1",
            "zhang\u{202e}san",
            "zhang\\san",
        ];
        for userid in wrong {
            let body = json!({ "errcode": 0, "errmsg": "ok", "userid": userid, "openid": "oX" });
            let page = answered(&tenant, GETUSERINFO, &body.to_string()).await;
            refused(&tenant, &page, "not_a_member").await;
            offers_a_way_back(&page);
        }
        for userid in ["wwlinked/zhangsan", "/zhangsan", "zhangsan/", "../zhangsan", "/"] {
            let body = json!({ "errcode": 0, "errmsg": "ok", "userid": userid });
            let page = answered(&tenant, GETUSERINFO, &body.to_string()).await;
            refused(&tenant, &page, "linked_corp").await;
        }
        let nobody =
            [json!({ "errcode": 0, "errmsg": "ok" }), json!({ "errcode": 0, "userid": null })];
        for body in nobody {
            let page = answered(&tenant, GETUSERINFO, &body.to_string()).await;
            refused(&tenant, &page, "not_a_member").await;
        }
        // The longest that is allowed is one.
        let longest = "b".repeat(64);
        world.wecom().set_member(&tenant.corp_id, Member::new(&longest, "长")).unwrap();
        world
            .wecom()
            .edit_app(&tenant.corp_id, tenant.agent_id, |app| app.visible.all = true)
            .unwrap();
        assert!(tenant.users().await.is_empty());
        signs_in(&tenant, &longest).await;
        signs_in(&tenant, "zhangsan").await;
        assert_eq!(tenant.users().await.len(), 2);
    }

    async fn m6_replies_that_are_malformed(world: World) {
        let tenant = world.tenant("acme").await;
        let info = [
            r#"{"errcode":0,"errmsg":"ok","userid":"zhangsan","userid":"wangwu"}"#,
            r#"{"errcode":40029,"errcode":0,"errmsg":"ok","userid":"zhangsan"}"#,
            r#"{"errcode":0,"errmsg":"ok","userid":["zhangsan"]}"#,
            r#"{"errcode":0,"errmsg":"ok","userid":{"userid":"zhangsan"}}"#,
            r#"{"errcode":0,"errmsg":"ok","userid":true}"#,
            r#"{"errcode":0,"errmsg":"ok","userid":1.5}"#,
            r#"{"errcode":"none","errmsg":"ok","userid":"zhangsan"}"#,
            r#"{"errcode":0,"errmsg":"ok","userid":"zhangsan"} {"userid":"wangwu"}"#,
            r#"[0,"ok","zhangsan"]"#,
            r#""zhangsan""#,
            "null",
            "",
            "{\"errcode\":0,\"userid\":\"zhang\u{0}san\"}",
        ];
        for body in info {
            let page = answered(&tenant, GETUSERINFO, body).await;
            refused(&tenant, &page, "upstream_unavailable").await;
            assert_eq!(page.status, 503);
            offers_a_way_back(&page);
        }
        let member = [
            r#"{"errcode":0,"errmsg":"ok","userid":"wangwu","name":"王五","status":1}"#,
            r#"{"errcode":0,"errmsg":"ok","name":"张三","status":1}"#,
            r#"{"errcode":0,"userid":"zhangsan","status":5,"status":1}"#,
            r#"{"errcode":0,"userid":"zhangsan","name":["张三"],"status":1}"#,
            r#"{"errcode":0,"userid":"zhangsan","status":"active"}"#,
        ];
        for body in member {
            let page = answered(&tenant, USER_GET, body).await;
            refused(&tenant, &page, "upstream_unavailable").await;
        }
        nobody_came(&tenant).await;
    }

    async fn m6_every_key_twice(world: World) {
        let tenant = world.tenant("acme").await;
        for path in [GETUSERINFO, USER_GET] {
            let (mut browser, pkce) = (world.browser(), Pkce::new());
            let callback = to_callback(&tenant, &mut browser, &pkce, "zhangsan").await;
            world.wecom().inject(Fault::once(path, FaultKind::DuplicateKeys));
            let page = browser.get(callback.as_str()).await;
            refused(&tenant, &page, "upstream_unavailable").await;
            assert!(tenant.users().await.is_empty());
            let answer = try_again(&tenant, &mut browser, &page, "zhangsan").await;
            sub(&tenant, &pkce, &answer).await;
            tenant
                .admin
                .delete(
                    &tenant.path(&format!(
                        "/users/{}",
                        tenant.users().await[0]["id"].as_str().unwrap()
                    )),
                )
                .await;
        }
    }
}
