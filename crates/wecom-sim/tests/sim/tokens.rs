//! `gettoken` and what every call checks first.

use wecom_sim::{App, Corp, Invalidation, World};

use crate::support::{AGENT, CORP, IP, SECRET, Sim};

#[tokio::test]
async fn the_same_token_comes_until_it_expires() {
    let sim = Sim::start().await;
    let first = sim.gettoken(SECRET).await;
    assert_eq!((&first["errcode"], &first["errmsg"]), (&0.into(), &"ok".into()));
    assert_eq!(first["expires_in"], 7200);
    assert!(first["access_token"].as_str().unwrap().len() <= 512);
    sim.pass(7_000);
    let second = sim.gettoken(SECRET).await;
    assert_eq!(second["access_token"], first["access_token"]);
    assert_eq!(second["expires_in"], 200);
    sim.pass(200);
    let third = sim.gettoken(SECRET).await;
    assert_ne!(third["access_token"], first["access_token"]);
    assert_eq!(third["expires_in"], 7200);
}

#[tokio::test]
async fn parameters_are_checked_in_the_documented_order() {
    let sim = Sim::start().await;
    assert_eq!(sim.errcode("gettoken").await, 41_004);
    assert_eq!(sim.errcode("gettoken?corpsecret=x").await, 41_002);
    assert_eq!(sim.errcode("gettoken?corpid=wwnobody&corpsecret=x").await, 40_013);
    let wrong = sim.gettoken("wrong").await;
    assert_eq!(wrong["errcode"], 40_001);
    let errmsg = wrong["errmsg"].as_str().unwrap();
    assert!(errmsg.starts_with("invalid credential, hint: ["), "{errmsg}");
    assert!(errmsg.contains(&format!("], from ip: {IP}, more info at https://open.work.")));
    assert!(errmsg.ends_with("/devtool/query?e=40001"), "{errmsg}");
}

#[tokio::test]
async fn wrong_secrets_in_a_row_block_the_ip_for_an_hour() {
    let sim = Sim::start().await;
    for _ in 0..4 {
        assert_eq!(sim.gettoken("wrong").await["errcode"], 40_001);
    }
    assert_eq!(sim.gettoken(SECRET).await["errcode"], 0, "a right one ends the row");
    for _ in 0..5 {
        assert_eq!(sim.gettoken("wrong").await["errcode"], 40_001);
    }
    assert_eq!(sim.gettoken(SECRET).await["errcode"], 45_009);
    sim.pass(3_599);
    assert_eq!(sim.gettoken(SECRET).await["errcode"], 45_009);
    sim.pass(1);
    assert_eq!(sim.gettoken(SECRET).await["errcode"], 0);
    sim.control.edit_rules(|rules| rules.wrong_secret_limit = 1);
    assert_eq!(sim.gettoken("wrong").await["errcode"], 40_001);
    assert_eq!(sim.gettoken(SECRET).await["errcode"], 45_009);
    sim.control.lift_bans();
    assert_eq!(sim.gettoken(SECRET).await["errcode"], 0);
}

#[tokio::test]
async fn a_token_is_missing_unknown_or_expired() {
    let sim = Sim::start().await;
    let token = sim.token().await;
    let url = format!("{}/cgi-bin/user/get?userid=lisi", sim.base);
    let header = sim.http.get(&url).bearer_auth(&token).send().await.unwrap();
    let reply: serde_json::Value = header.json().await.unwrap();
    assert_eq!(reply["errcode"], 41_001, "a token in a header is none");
    assert_eq!(sim.errcode("user/get?access_token=nonsense&userid=lisi").await, 40_014);
    let call = format!("user/get?access_token={token}&userid=lisi");
    assert_eq!(sim.errcode(&call).await, 0);
    sim.pass(7_200);
    assert_eq!(sim.errcode(&call).await, 42_001);
}

#[tokio::test]
async fn tokens_can_be_invalidated_now_either_way() {
    let sim = Sim::start().await;
    for (how, errcode) in [(Invalidation::Invalid, 40_014), (Invalidation::Expired, 42_001)] {
        let token = sim.token().await;
        assert_eq!(sim.control.invalidate_tokens(Some(CORP), Some(AGENT), how), 1);
        let call = format!("user/get?access_token={token}&userid=lisi");
        assert_eq!(sim.errcode(&call).await, errcode);
        assert_ne!(sim.token().await, token);
    }
    assert_eq!(sim.control.invalidate_tokens(Some("wwother"), None, Invalidation::Invalid), 0);
}

#[tokio::test]
async fn a_reset_secret_a_closed_app_and_a_strange_ip_are_refused() {
    let sim = Sim::start().await;
    let call = format!("user/get?access_token={}&userid=lisi", sim.token().await);
    sim.control.set_secret(CORP, AGENT, "fresh").unwrap();
    assert_eq!(sim.gettoken(SECRET).await["errcode"], 40_001);
    assert_eq!(sim.gettoken("fresh").await["errcode"], 0);
    sim.control.set_closed(CORP, AGENT, true).unwrap();
    assert_eq!(sim.errcode(&call).await, 50_003);
    assert_eq!(sim.gettoken("fresh").await["errcode"], 40_001);
    sim.control.set_closed(CORP, AGENT, false).unwrap();
    sim.control.set_trusted_ips(CORP, AGENT, Some(vec!["198.51.100.1".to_owned()])).unwrap();
    let refused = sim.api(&call).await;
    assert_eq!(refused["errcode"], 60_020);
    assert!(refused["errmsg"].as_str().unwrap().contains(&format!("from ip: {IP}")));
    sim.control.set_trusted_ips(CORP, AGENT, Some(vec![IP.to_owned()])).unwrap();
    assert_eq!(sim.errcode(&call).await, 0);
}

#[tokio::test]
async fn tokens_of_two_apps_are_independent() {
    let sim = Sim::start().await;
    let mut world = sim.control.world();
    world.corps[0].apps.push(App::new(1_000_003, "second", "第二个"));
    let other =
        Corp { apps: vec![App::new(AGENT, SECRET, "同号")], ..Corp::new("wwother", "别家") };
    world.corps.push(other);
    sim.control.set_world(World { corps: world.corps, rules: world.rules });
    let first = sim.token().await;
    let second = sim.gettoken("second").await["access_token"].as_str().unwrap().to_owned();
    let path = format!("gettoken?corpid=wwother&corpsecret={SECRET}");
    let third = sim.api(&path).await["access_token"].as_str().unwrap().to_owned();
    assert!(first != second && first != third);
    assert_eq!(sim.errcode(&format!("user/get?access_token={third}&userid=lisi")).await, 60_111);
    sim.control.invalidate_tokens(Some(CORP), Some(AGENT), Invalidation::Invalid);
    assert_eq!(sim.errcode(&format!("user/get?access_token={second}&userid=lisi")).await, 0);
}

#[tokio::test]
async fn unknown_paths_are_404_and_wrong_methods_40063() {
    let sim = Sim::start().await;
    assert_eq!(sim.get("/cgi-bin/user/getuserinfo").await.status(), 404);
    assert_eq!(sim.errcode("auth/getuserdetail?access_token=x").await, 40_063);
    let url = format!("{}/cgi-bin/gettoken?corpid={CORP}&corpsecret={SECRET}", sim.base);
    let reply: serde_json::Value = sim.http.post(url).send().await.unwrap().json().await.unwrap();
    assert_eq!(reply["errcode"], 40_063);
    assert_eq!(sim.errcode("gettoken?corpid=a&corpid=b&corpsecret=x").await, 40_035);
}
