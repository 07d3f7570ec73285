//! `user/get` and `agent/get`.

use serde_json::json;
use wecom_sim::{App, Withheld};

use crate::support::{AGENT, CORP, SECRET, Sim};

const SENSITIVE: [&str; 7] =
    ["avatar", "gender", "mobile", "email", "biz_mail", "qr_code", "address"];

#[tokio::test]
async fn a_member_has_a_name_and_no_sensitive_field() {
    let sim = Sim::start().await;
    let call = format!("user/get?access_token={}&userid=ZhangSan", sim.token().await);
    let member = sim.api(&call).await;
    assert_eq!(member["errcode"], 0);
    assert_eq!(member["userid"], "zhangsan", "looked up ignoring case, told as stored");
    assert_eq!(member["name"], "张三");
    assert_eq!(member["department"], json!([2]));
    assert_eq!(member["status"], 1);
    for key in SENSITIVE {
        assert!(member.get(key).is_none(), "{key}");
    }
    sim.control.edit_rules(|rules| rules.withheld = Withheld::Empty);
    let member = sim.api(&call).await;
    for key in SENSITIVE {
        assert_eq!(member[key], "", "{key}");
    }
}

#[tokio::test]
async fn an_app_from_before_the_cut_off_sees_them() {
    let sim = Sim::start().await;
    sim.control.edit_app(CORP, AGENT, |app| app.created_after_2022_06_20 = false).unwrap();
    let call = format!("user/get?access_token={}&userid=lisi", sim.token().await);
    let member = sim.api(&call).await;
    assert_eq!(member["mobile"], "13800000002");
    assert_eq!(member["gender"], "2");
    assert_eq!(member["biz_mail"], "lisi@shili.example");
    assert!(member.get("avatar").is_none(), "the member has none");
}

#[tokio::test]
async fn outside_the_range_is_as_unknown() {
    let sim = Sim::start().await;
    let base = format!("user/get?access_token={}", sim.token().await);
    let code = async |userid: &str| sim.errcode(&format!("{base}&userid={userid}")).await;
    assert_eq!(code("sunyue").await, 60_111);
    assert_eq!(code("nobody").await, 60_111);
    assert_eq!(code("").await, 41_009);
    assert_eq!(code("ww1%2Flisi").await, 40_003);
    assert_eq!(code(&"a".repeat(65)).await, 40_058);
    sim.control.edit_app(CORP, AGENT, |app| app.visible.members = vec!["SunYue".into()]).unwrap();
    assert_eq!(code("sunyue").await, 0);
    sim.control.edit_app(CORP, AGENT, |app| app.visible.departments = vec![1]).unwrap();
    assert_eq!(code("zhaomin").await, 0, "sub-departments are within");
    sim.control.remove_member(CORP, "LISI").unwrap();
    assert_eq!(code("lisi").await, 60_111);
}

#[tokio::test]
async fn agent_get_tells_the_apps_settings_to_its_own_token_only() {
    let sim = Sim::start().await;
    let mut world = sim.control.world();
    world.corps[0].apps.push(App::new(1_000_003, "second", "第二个"));
    world.corps[0].contact_secret = Some("contact".to_owned());
    sim.control.set_world(world);
    let base = format!("agent/get?access_token={}", sim.token().await);
    let app = sim.api(&format!("{base}&agentid={AGENT}")).await;
    assert_eq!(app["name"], "统一登录");
    assert_eq!(app["redirect_domain"], "broker.test");
    assert_eq!(app["allow_partys"], json!({ "partyid": [2, 3] }));
    assert_eq!(app["close"], 0);
    assert_eq!(sim.errcode(&base).await, 41_011);
    assert_eq!(sim.errcode(&format!("{base}&agentid=x")).await, 40_056);
    assert_eq!(sim.errcode(&format!("{base}&agentid=42")).await, 40_056);
    assert_eq!(sim.errcode(&format!("{base}&agentid=1000003")).await, 301_002);
    let contact = sim.gettoken("contact").await["access_token"].as_str().unwrap().to_owned();
    let path = format!("agent/get?access_token={contact}&agentid={AGENT}");
    assert_eq!(sim.errcode(&path).await, 301_002);
    assert_eq!(sim.errcode(&format!("user/get?access_token={contact}&userid=lisi")).await, 48_009);
    assert_eq!(sim.gettoken(SECRET).await["errcode"], 0);
}
