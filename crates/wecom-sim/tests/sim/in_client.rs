//! The authorise page inside the client.

use wecom_sim::App;

use crate::support::{
    AGENT, CLIENT, CORP, PHONE, Sim, client_query, code_of, location, page_error,
};

#[tokio::test]
async fn snsapi_base_is_silent_and_gives_no_ticket() {
    let sim = Sim::start().await;
    let to = location(&sim.authorize(&client_query("snsapi_base", "st8"), "zhangsan").await);
    assert!(to.starts_with("https://broker.test/cb?code=") && to.ends_with("&state=st8"), "{to}");
    let reply = sim.redeem(&code_of(&to)).await;
    assert_eq!(reply["userid"], "zhangsan");
    assert!(reply.get("user_ticket").is_none());
    let to = location(&sim.authorize(&client_query("snsapi_base", "s"), "sunyue").await);
    assert_eq!(sim.redeem(&code_of(&to)).await["userid"], "sunyue", "the range does not matter");
}

#[tokio::test]
async fn only_a_client_gets_through() {
    let sim = Sim::start().await;
    let url = format!("{}/connect/oauth2/authorize?{}", sim.base, client_query("snsapi_base", "s"));
    let get = async |agent: &str| {
        let request = sim.http.get(&url).header("user-agent", agent);
        request.header("cookie", format!("a=b; sim_member={CORP}%2Flisi")).send().await.unwrap()
    };
    let door = get(PHONE).await;
    assert_eq!(door.status(), 400);
    assert!(door.text().await.unwrap().contains("请在微信客户端打开链接"));
    for agent in [CLIENT, "x WXWORK/4.0", "x MicroMessenger/8.0"] {
        assert_eq!(get(agent).await.status(), 302, "{agent}");
    }
}

#[tokio::test]
async fn who_is_signed_in_is_the_cookie_or_the_default_or_picked() {
    let sim = Sim::start().await;
    let path = format!("/connect/oauth2/authorize?{}", client_query("snsapi_base", "s"));
    let url = format!("{}{path}", sim.base);
    let bare = async || sim.http.get(&url).header("user-agent", CLIENT).send().await.unwrap();
    let picker = bare().await;
    assert_eq!(picker.status(), 200);
    assert!(picker.text().await.unwrap().contains(r#"action="/client/pick""#));
    sim.control.set_client_member(CORP, Some("wangwu")).unwrap();
    assert_eq!(sim.redeem(&code_of(&location(&bare().await))).await["userid"], "wangwu");
    let to = location(&sim.authorize(&client_query("snsapi_base", "s"), "lisi").await);
    assert_eq!(sim.redeem(&code_of(&to)).await["userid"], "lisi", "the cookie goes first");
    let next: String = url::form_urlencoded::byte_serialize(path.as_bytes()).collect();
    let onward = sim.get(&format!("/client/pick?corp={CORP}&userid=lisi&next={next}")).await;
    assert_eq!(location(&onward), path);
    let cookie = onward.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with(&format!("sim_member={CORP}%2Flisi;")), "{cookie}");
    for evil in ["https%3A%2F%2Fevil.test", "%2F%2Fevil.test", "%2Fconnect"] {
        let response = sim.get(&format!("/client/pick?corp={CORP}&userid=lisi&next={evil}")).await;
        assert_eq!(page_error(response).await, "40035");
    }
    assert_eq!(sim.get("/client").await.status(), 200);
}

#[tokio::test]
async fn each_wrong_parameter_is_a_page_and_no_redirect() {
    let sim = Sim::start().await;
    let good = client_query("snsapi_base", "s1");
    let long = format!("state={}", "a".repeat(129));
    for (from, to, code) in [
        (CORP, "wwnobody", "40013"),
        ("response_type=code", "response_type=token", "40035"),
        ("snsapi_base", "snsapi_userinfo", "40035"),
        ("state=s1", "state=a-b", "84025"),
        ("state=s1", "state=%E5%BC%A0", "84025"),
        ("state=s1", &long, "84025"),
        ("state=s1", "state=a&state=b", "40035"),
        ("agentid=1000002", "agentid=x", "40056"),
        ("agentid=1000002", "agentid=7", "40056"),
        ("https%3A%2F%2Fbroker.test%2Fcb", "", "40035"),
        ("broker.test", "www.broker.test", "50001"),
        ("broker.test", "broker.test%3A444", "50001"),
        ("https%3A%2F%2F", "", "50001"),
    ] {
        let query = good.replace(from, to);
        assert_ne!(query, good);
        assert_eq!(page_error(sim.authorize(&query, "lisi").await).await, code, "{from} to {to}");
    }
    let longest = good.replace("state=s1", &format!("state={}", "a".repeat(128)));
    assert_eq!(sim.authorize(&longest, "lisi").await.status(), 302);
    let missing = client_query("snsapi_privateinfo", "s").replace("&agentid=1000002", "");
    assert_eq!(page_error(sim.authorize(&missing, "lisi").await).await, "41011");
}

#[tokio::test]
async fn without_an_agentid_the_domain_decides() {
    let sim = Sim::start().await;
    let mut world = sim.control.world();
    let mut second = App::new(1_000_003, "second", "第二个");
    second.trusted_domain = Some("second.test".to_owned());
    world.corps[0].apps.push(second);
    sim.control.set_world(world);
    let query = client_query("snsapi_base", "s").replace("&agentid=1000002", "");
    let to = location(&sim.authorize(&query, "lisi").await);
    let token = sim.gettoken("second").await["access_token"].as_str().unwrap().to_owned();
    let call = format!("auth/getuserinfo?access_token={token}&code={}", code_of(&to));
    assert_eq!(sim.errcode(&call).await, 50_001);
    assert_eq!(sim.redeem(&code_of(&to)).await["userid"], "lisi");
}

#[tokio::test]
async fn consent_is_asked_once_in_thirty_days() {
    let sim = Sim::start().await;
    let query = client_query("snsapi_privateinfo", "s5");
    let page = sim.authorize(&query, "lisi").await;
    assert_eq!(page.status(), 200);
    let html = page.text().await.unwrap();
    assert!(html.contains(r#"name="field" value="mobile" checked"#));
    let deny = format!("/connect/oauth2/consent?{query}&deny=1");
    let refused = sim.client_get(&deny, "lisi").await;
    assert_eq!(location(&refused), "https://broker.test/cb?state=s5");
    assert_eq!(sim.authorize(&query, "lisi").await.status(), 200, "a refusal is not remembered");
    sim.consent_code("&field=mobile", "lisi").await;
    let silent = location(&sim.authorize(&query, "lisi").await);
    let reply = sim.redeem(&code_of(&silent)).await;
    let body = serde_json::json!({ "user_ticket": reply["user_ticket"] }).to_string();
    let detail = sim.detail(&body).await;
    assert_eq!(detail["mobile"], "13800000002");
    assert!(detail.get("email").is_none(), "as consented before");
    assert_eq!(sim.authorize(&query, "zhangsan").await.status(), 200, "another member is asked");
    sim.pass(30 * 86_400);
    assert_eq!(sim.authorize(&query, "lisi").await.status(), 200);
}

#[tokio::test]
async fn private_info_needs_the_visible_range() {
    let sim = Sim::start().await;
    let query = client_query("snsapi_privateinfo", "s");
    assert_eq!(page_error(sim.authorize(&query, "sunyue").await).await, "92000");
    let code = sim.consent_code("", "lisi").await;
    sim.control.edit_app(CORP, AGENT, |app| app.visible.departments = vec![3]).unwrap();
    let reply = sim.redeem(&code).await;
    assert_eq!(reply["userid"], "lisi");
    assert!(reply.get("user_ticket").is_none(), "out of range by the time of redemption");
}

#[tokio::test]
async fn a_non_member_gets_an_openid_without_consent() {
    let sim = Sim::start().await;
    let query = client_query("snsapi_privateinfo", "s");
    let to = location(&sim.authorize(&query, "openid:oDemo0Visitor0000000000000001").await);
    let reply = sim.redeem(&code_of(&to)).await;
    assert_eq!(reply["openid"], "oDemo0Visitor0000000000000001");
    assert!(reply.get("userid").is_none() && reply.get("user_ticket").is_none());
}
