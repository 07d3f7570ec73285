//! `auth/getuserinfo` and `auth/getuserdetail`.

use serde_json::json;
use wecom_sim::{App, Corp, Invalidation, NonMember, World};

use crate::support::{AGENT, CORP, Sim, web_query};

#[tokio::test]
async fn a_code_gives_the_userid_once() {
    let sim = Sim::start().await;
    let code = sim.web_code("userid=zhangsan").await;
    assert!(code.len() <= 100);
    let reply = sim.redeem(&code).await;
    assert_eq!(reply, json!({ "errcode": 0, "errmsg": "ok", "userid": "zhangsan" }));
    assert_eq!(sim.redeem(&code).await["errcode"], 40_029);
    sim.control.edit_rules(|rules| rules.used_code = 42_022);
    assert_eq!(sim.redeem(&code).await["errcode"], 42_022);
    assert_eq!(sim.redeem("never-was").await["errcode"], 40_029);
    assert_eq!(sim.redeem("").await["errcode"], 41_008);
}

#[tokio::test]
async fn fifty_redemptions_at_once_have_one_success() {
    let sim = std::sync::Arc::new(Sim::start().await);
    let code = sim.web_code("userid=zhangsan").await;
    sim.token().await;
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let (sim, code) = (sim.clone(), code.clone());
            tokio::spawn(async move { sim.redeem(&code).await["errcode"].as_i64().unwrap() })
        })
        .collect();
    let mut codes = Vec::new();
    for task in tasks {
        codes.push(task.await.unwrap());
    }
    assert_eq!(codes.iter().filter(|code| **code == 0).count(), 1);
    assert_eq!(codes.iter().filter(|code| **code == 40_029).count(), 49);
}

#[tokio::test]
async fn a_code_lives_five_minutes() {
    let sim = Sim::start().await;
    let (early, late) = (sim.web_code("userid=lisi").await, sim.web_code("userid=lisi").await);
    sim.pass(299);
    assert_eq!(sim.redeem(&early).await["errcode"], 0);
    sim.pass(1);
    assert_eq!(sim.redeem(&late).await["errcode"], 40_029);
    sim.control.edit_rules(|rules| rules.expired_code = 42_003);
    assert_eq!(sim.redeem(&late).await["errcode"], 42_003);
}

#[tokio::test]
async fn a_code_is_bound_to_corp_app_and_domain() {
    let sim = Sim::start().await;
    let mut world = sim.control.world();
    let mut second = App::new(1_000_003, "second", "第二个");
    second.trusted_domain = Some("broker.test".to_owned());
    world.corps[0].apps.push(second);
    world.corps[0].contact_secret = Some("contact".to_owned());
    let other =
        Corp { apps: vec![App::new(1, "other", "别家")], ..Corp::new("wwother", "别家") };
    world.corps.push(other);
    sim.control.set_world(World { ..world });
    let code = sim.web_code("userid=zhangsan").await;
    for (corp, secret, errcode) in
        [("wwother", "other", 40_029), (CORP, "second", 50_001), (CORP, "contact", 50_001)]
    {
        let token = sim.api(&format!("gettoken?corpid={corp}&corpsecret={secret}")).await;
        let token = token["access_token"].as_str().unwrap();
        let call = format!("auth/getuserinfo?access_token={token}&code={code}");
        assert_eq!(sim.errcode(&call).await, errcode);
    }
    sim.control.set_trusted_domain(CORP, AGENT, Some("moved.test")).unwrap();
    assert_eq!(sim.redeem(&code).await["errcode"], 50_001);
    sim.control.set_web_login_callback_domain(CORP, AGENT, Some("broker.test")).unwrap();
    assert_eq!(sim.redeem(&code).await["errcode"], 0, "no failure before used it up");
}

#[tokio::test]
async fn a_token_error_leaves_the_code_usable() {
    let sim = Sim::start().await;
    let (code, token) = (sim.web_code("userid=lisi").await, sim.token().await);
    sim.control.invalidate_tokens(None, None, Invalidation::Expired);
    let call = format!("auth/getuserinfo?access_token={token}&code={code}");
    assert_eq!(sim.errcode(&call).await, 42_001);
    assert_eq!(sim.redeem(&code).await["userid"], "lisi");
}

#[tokio::test]
async fn non_members_and_linked_visitors_have_their_own_replies() {
    let sim = Sim::start().await;
    let mut world = sim.control.world();
    let external_userid = Some("wmEXT".to_owned());
    world.corps[0].non_members.push(NonMember { openid: "oTwo".to_owned(), external_userid });
    sim.control.set_world(world);
    let reply = sim.redeem(&sim.web_code("openid=oDemo0Visitor0000000000000001").await).await;
    assert_eq!(
        reply,
        json!({ "errcode": 0, "errmsg": "ok", "openid": "oDemo0Visitor0000000000000001" })
    );
    let reply = sim.redeem(&sim.web_code("openid=oTwo").await).await;
    assert_eq!(reply["external_userid"], "wmEXT");
    let linked = "ww00partner00000001/partner.chen";
    let reply = sim.redeem(&sim.web_code(&format!("linked={linked}")).await).await;
    assert_eq!(reply, json!({ "errcode": 0, "errmsg": "ok", "userid": linked }));
    let code = sim.consent_code_of_linked(linked).await;
    assert!(sim.redeem(&code).await.get("user_ticket").is_none());
}

#[tokio::test]
async fn web_login_never_gives_a_ticket() {
    let sim = Sim::start().await;
    let bare = json!({ "errcode": 0, "errmsg": "ok", "userid": "lisi" });
    let consented = sim.consent_code("&field=mobile", "lisi").await;
    assert_eq!(sim.redeem(&sim.web_code("userid=lisi").await).await, bare, "consent or not");
    let scope = "userid=lisi&scope=snsapi_privateinfo&field=mobile&allow=1";
    assert_eq!(sim.redeem(&sim.web_code(scope).await).await, bare, "asked for or not");
    assert_eq!(sim.redeem(&sim.scan_code("userid=lisi").await).await, bare, "by another device");
    for detail in ["", "none"] {
        let body = json!({ "user_ticket": detail }).to_string();
        assert_ne!(sim.detail(&body).await["errcode"], 0);
    }
    assert!(sim.redeem(&consented).await["user_ticket"].is_string(), "in the client it does");
}

#[tokio::test]
async fn a_member_is_told_whether_in_the_visible_range_or_not() {
    let sim = Sim::start().await;
    let code = sim.web_code("userid=lisi").await;
    sim.control.edit_app(CORP, AGENT, |app| app.visible.departments = vec![3]).unwrap();
    let bare = json!({ "errcode": 0, "errmsg": "ok", "userid": "lisi" });
    assert_eq!(sim.redeem(&code).await, bare);
}

#[tokio::test]
async fn a_callers_fault_leaves_the_code_usable() {
    let sim = Sim::start().await;
    let (code, token) = (sim.web_code("userid=lisi").await, sim.token().await);
    let call = format!("auth/getuserinfo?access_token={token}&code={code}");
    sim.control.set_trusted_ips(CORP, AGENT, Some(Vec::new())).unwrap();
    assert_eq!(sim.errcode(&call).await, 60_020);
    sim.control.set_trusted_ips(CORP, AGENT, None).unwrap();
    sim.control.set_closed(CORP, AGENT, true).unwrap();
    assert_eq!(sim.errcode(&call).await, 50_003);
    sim.control.set_closed(CORP, AGENT, false).unwrap();
    assert_eq!(sim.errcode(&format!("auth/getuserinfo?code={code}")).await, 41_001);
    assert_eq!(sim.errcode(&call).await, 0);
}

#[tokio::test]
async fn a_ticket_gives_what_was_ticked_and_consented() {
    let sim = Sim::start().await;
    sim.control.set_client_member(CORP, None).unwrap();
    let code = sim.consent_code("&field=mobile&field=email", "lisi").await;
    let reply = sim.redeem(&code).await;
    assert_eq!(reply["userid"], "lisi");
    let body = json!({ "user_ticket": reply["user_ticket"] }).to_string();
    let detail = sim.detail(&body).await;
    assert_eq!(detail["userid"], "lisi");
    assert_eq!(detail["mobile"], "13800000002");
    assert_eq!(detail["email"], "lisi@mail.example");
    assert_eq!(detail["gender"], "0", "not consented");
    assert_eq!(detail["avatar"], format!("{}/avatar/default.svg", sim.base));
    assert!(detail.get("biz_mail").is_none() && detail.get("address").is_none());
    assert!(detail.get("name").is_none());
    sim.control.edit_app(CORP, AGENT, |app| app.sensitive_fields.clear()).unwrap();
    assert_eq!(sim.detail(&body).await, json!({ "errcode": 0, "errmsg": "ok", "userid": "lisi" }));
    sim.control.edit_app(CORP, AGENT, |app| app.private_info = false).unwrap();
    assert_eq!(sim.detail(&body).await["errcode"], 92_001);
    sim.control
        .edit_app(CORP, AGENT, |app| {
            app.private_info = true;
            app.visible.departments = vec![3];
        })
        .unwrap();
    assert_eq!(sim.detail(&body).await["errcode"], 92_000);
}

#[tokio::test]
async fn a_ticket_lives_1800_seconds_and_is_the_apps() {
    let sim = Sim::start().await;
    let reply = sim.redeem(&sim.consent_code("", "lisi").await).await;
    let body = json!({ "user_ticket": reply["user_ticket"] }).to_string();
    sim.pass(1_799);
    assert_eq!(sim.detail(&body).await["errcode"], 0);
    let mut world = sim.control.world();
    world.corps[0].apps.push(App::new(1_000_003, "second", "第二个"));
    sim.control.set_world(world);
    let second = sim.gettoken("second").await["access_token"].as_str().unwrap().to_owned();
    let url = format!("{}/cgi-bin/auth/getuserdetail?access_token={second}", sim.base);
    let other = sim.http.post(url).body(body.clone()).send().await.unwrap();
    let other: serde_json::Value = other.json().await.unwrap();
    assert_eq!(other["errcode"], 84_015);
    sim.pass(1);
    assert_eq!(sim.detail(&body).await["errcode"], 84_014);
    assert_eq!(sim.detail("{}").await["errcode"], 84_090);
    assert_eq!(sim.detail(r#"{"user_ticket":""}"#).await["errcode"], 84_090);
    assert_eq!(sim.detail(r#"{"user_ticket":"none"}"#).await["errcode"], 84_015);
    assert_eq!(sim.detail("user_ticket=x").await["errcode"], 40_058);
}

impl Sim {
    /// A code by Web login that another device confirms.
    async fn scan_code(&self, who: &str) -> String {
        let key = self.scan_key().await;
        let scan = async |path: &str| self.get(&format!("/wwlogin/sso/scan{path}key={key}")).await;
        assert_eq!(scan(&format!("/choose?{who}&")).await.status(), 200);
        crate::support::code_of(&crate::support::location(&scan("/continue?").await))
    }

    /// The key in the page's QR code, after the picture was fetched.
    async fn scan_key(&self) -> String {
        let page = self.get(&format!("/wwlogin/sso/login?{}", web_query("s1"))).await;
        let html = page.text().await.unwrap();
        let source = html.split_once("src=\"").unwrap().1.split_once('"').unwrap().0;
        let source = source.replace("&amp;", "&").replace("&#38;", "&");
        assert_eq!(self.get(&source).await.status(), 200);
        source.split_once("key=").unwrap().1.split_once('&').unwrap().0.to_owned()
    }

    /// A code of a linked visitor with `snsapi_privateinfo`: nobody to ask for consent.
    async fn consent_code_of_linked(&self, linked: &str) -> String {
        let query = crate::support::client_query("snsapi_privateinfo", "s1");
        let response = self.authorize(&query, &format!("linked:{linked}")).await;
        crate::support::code_of(&crate::support::location(&response))
    }
}
