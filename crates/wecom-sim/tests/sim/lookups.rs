//! `user/getuserid` and `user/get_userid_by_email`, and their block.

use std::collections::HashSet;

use chrono::DateTime;
use reqwest::Method;
use serde_json::{Value, json};
use wecom_sim::{App, Corp, Error, Member, WrongLookups};

use crate::support::{AGENT, CORP, Sim};

impl Sim {
    /// A POST with this token.
    async fn post(&self, call: &str, token: &str, body: &Value) -> Value {
        let path = format!("/cgi-bin/user/{call}?access_token={token}");
        let response = self.send(Method::POST, &path, body).await;
        assert_eq!(response.status(), 200);
        response.json().await.unwrap()
    }

    async fn mobile(&self, mobile: &str) -> Value {
        self.post("getuserid", &self.token().await, &json!({ "mobile": mobile })).await
    }

    async fn email(&self, body: &Value) -> Value {
        self.post("get_userid_by_email", &self.token().await, body).await
    }

    fn counted(&self) -> usize {
        self.control.wrong_lookups(CORP).unwrap().counted
    }

    fn allow(&self, size: u32) {
        let mut world = self.control.world();
        world.corps[0].size = Some(size);
        self.control.set_world(world);
    }
}

fn found(userid: &str) -> Value {
    json!({ "errcode": 0, "errmsg": "ok", "userid": userid })
}

#[tokio::test]
async fn each_member_of_the_demo_is_found_in_three_ways() {
    let sim = Sim::start().await;
    sim.control.edit_app(CORP, AGENT, |app| app.visible.all = true).unwrap();
    let members = sim.control.world().corps.remove(0).members;
    let mut seen = HashSet::new();
    for member in &members {
        let (mobile, email) = (member.mobile.clone().unwrap(), member.email.clone().unwrap());
        let biz_mail = member.biz_mail.clone().unwrap();
        let hit = found(&member.userid);
        assert_eq!(sim.mobile(&mobile).await, hit);
        assert_eq!(sim.email(&json!({ "email": biz_mail })).await, hit);
        assert_eq!(sim.email(&json!({ "email": email, "email_type": 2 })).await, hit);
        seen.extend([mobile, email, biz_mail]);
    }
    assert_eq!((members.len(), seen.len()), (5, 15), "nobody has another's");
    assert_eq!(sim.counted(), 0);
}

#[tokio::test]
async fn a_mobile_number_is_compared_by_its_digits() {
    let sim = Sim::start().await;
    for same in ["+8613800000002", "+86 138-0000-0002", " 138 0000 0002", "(138)00000002"] {
        assert_eq!(sim.mobile(same).await, found("lisi"), "{same}");
    }
    for other in ["8613800000002", "+1 380 000 0002", "+13800000002", "3800000002", "-----"] {
        assert_eq!(sim.mobile(other).await["errcode"], 46_004, "{other}");
    }
    let stored = |mobile: &str| Member {
        mobile: Some(mobile.to_owned()),
        department: vec![2],
        ..Member::new("foreign", "外")
    };
    sim.control.set_member(CORP, stored("+1 380 000 0002")).unwrap();
    assert_eq!(sim.mobile("+13800000002").await, found("foreign"));
    assert_eq!(sim.mobile("13800000002").await, found("lisi"));
    sim.control.set_member(CORP, stored("+86 139 0000 0000")).unwrap();
    assert_eq!(sim.mobile("13900000000").await, found("foreign"));
    sim.control.set_member(CORP, stored("")).unwrap();
    assert_eq!(sim.mobile("-----").await["errcode"], 46_004, "no digits match nobody");
}

#[tokio::test]
async fn the_kinds_of_address_are_not_mixed() {
    let sim = Sim::start().await;
    for (address, kind) in [("lisi@shili.example", 1), ("lisi@mail.example", 2)] {
        let body = json!({ "email": address, "email_type": kind });
        assert_eq!(sim.email(&body).await, found("lisi"));
        let body = json!({ "email": address.to_uppercase(), "email_type": kind });
        assert_eq!(sim.email(&body).await, found("lisi"), "letter case");
        let body = json!({ "email": address, "email_type": 3 - kind });
        assert_eq!(sim.email(&body).await["errcode"], 46_004);
    }
    let personal = json!({ "email": "lisi@mail.example" });
    assert_eq!(sim.email(&personal).await["errcode"], 46_004, "1 is the default");
}

#[tokio::test]
async fn whom_the_app_may_not_see_is_not_found() {
    let sim = Sim::start().await;
    let hidden = sim.mobile("13800000005").await;
    assert_eq!(hidden["errcode"], 46_004);
    assert!(hidden["errmsg"].as_str().unwrap().starts_with("user not exist, hint: ["));
    assert!(hidden.get("userid").is_none());
    assert_eq!(sim.email(&json!({ "email": "sunyue@shili.example" })).await["errcode"], 46_004);
    assert_eq!(sim.mobile("13899999999").await["errcode"], 46_004);
    assert_eq!(sim.counted(), 3, "outside counts like unknown");
    sim.control.edit_app(CORP, AGENT, |app| app.visible.members = vec!["SunYue".into()]).unwrap();
    assert_eq!(sim.mobile("13800000005").await, found("sunyue"));
    sim.control.remove_member(CORP, "sunyue").unwrap();
    assert_eq!(sim.mobile("13800000005").await["errcode"], 46_004);
}

#[tokio::test]
async fn who_may_not_look_up() {
    let sim = Sim::start().await;
    let mut world = sim.control.world();
    world.corps[0].contact_secret = Some("contact".to_owned());
    sim.control.set_world(world);
    let (token, lisi) = (sim.token().await, json!({ "mobile": "13800000002" }));
    let contact = sim.gettoken("contact").await["access_token"].as_str().unwrap().to_owned();
    let code = async |token: &str| sim.post("getuserid", token, &lisi).await["errcode"].clone();
    assert_eq!(code("").await, 41_001);
    assert_eq!(code("nonsense").await, 40_014);
    assert_eq!(code(&contact).await, 48_009);
    sim.control.set_trusted_ips(CORP, AGENT, Some(Vec::new())).unwrap();
    assert_eq!(code(&token).await, 60_020);
    sim.control.set_trusted_ips(CORP, AGENT, None).unwrap();
    sim.control.set_closed(CORP, AGENT, true).unwrap();
    assert_eq!(code(&token).await, 50_003);
    sim.control.set_closed(CORP, AGENT, false).unwrap();
    sim.pass(7_200);
    assert_eq!(code(&token).await, 42_001);
    assert_eq!(sim.counted(), 0);
    assert_eq!(code(&sim.token().await).await, 0);
}

#[tokio::test]
async fn a_wrong_request_is_refused_and_does_not_count() {
    let sim = Sim::start().await;
    let longest = format!("13800000002{}", " ".repeat(21));
    for mobile in [
        json!(null),
        json!(""),
        json!("1380"),
        json!(format!("{longest} ")),
        json!(13_800_000_002_u64),
    ] {
        let reply = sim.post("getuserid", &sim.token().await, &json!({ "mobile": mobile })).await;
        assert_eq!(reply["errcode"], 40_058, "{mobile}");
    }
    for body in [
        json!({}),
        json!([]),
        json!({ "email": "" }),
        json!({ "email": 1 }),
        json!({ "email": "lisi@mail.example", "email_type": 3 }),
        json!({ "email": "lisi@mail.example", "email_type": "2" }),
    ] {
        assert_eq!(sim.email(&body).await["errcode"], 40_058, "{body}");
    }
    let get = format!("user/getuserid?access_token={}&mobile=13800000002", sim.token().await);
    assert_eq!(sim.errcode(&get).await, 40_063);
    assert_eq!(sim.counted(), 0);
    assert_eq!(sim.mobile(&longest).await, found("lisi"));
}

#[tokio::test]
async fn wrong_look_ups_beyond_a_fifth_of_the_corp_block_them_for_a_day() {
    let sim = Sim::start().await;
    sim.allow(14);
    assert_eq!(sim.mobile("13899999999").await["errcode"], 46_004);
    assert_eq!(sim.email(&json!({ "email": "no@shili.example" })).await["errcode"], 46_004);
    let told = WrongLookups { counted: 2, allowed: Some(2), blocked_until: None };
    assert_eq!(sim.control.wrong_lookups(CORP), Ok(told));
    assert_eq!(sim.mobile("13800000002").await["errcode"], 0, "a right one is free");
    assert_eq!(sim.counted(), 2, "and does not start the count again");
    assert_eq!(sim.mobile("13899999999").await["errcode"], 46_004, "the one too many");
    let until = DateTime::from_timestamp(1_800_086_400, 0);
    let told = WrongLookups { counted: 0, allowed: Some(2), blocked_until: until };
    assert_eq!(sim.control.wrong_lookups(CORP), Ok(told));
    for _ in 0..2 {
        assert_eq!(sim.mobile("13800000002").await["errcode"], 45_009, "right or not");
        let lisi = json!({ "email": "lisi@shili.example" });
        assert_eq!(sim.email(&lisi).await["errcode"], 45_009, "both");
        let read = format!("user/get?access_token={}&userid=lisi", sim.token().await);
        assert_eq!(sim.errcode(&read).await, 0, "nothing else");
        sim.pass(86_399);
        assert_eq!(sim.mobile("13800000002").await["errcode"], 45_009);
        sim.pass(1);
        assert_eq!(sim.mobile("13800000002").await, found("lisi"));
        for _ in 0..3 {
            assert_eq!(sim.mobile("13899999999").await["errcode"], 46_004, "from the start");
        }
    }
    sim.control.forget_wrong_lookups();
    assert_eq!(sim.mobile("13800000002").await, found("lisi"));
    assert_eq!(sim.control.wrong_lookups(CORP).unwrap().blocked_until, None);
}

#[tokio::test]
async fn a_wrong_look_up_counts_for_a_day() {
    let sim = Sim::start().await;
    sim.allow(5);
    for _ in 0..3 {
        assert_eq!(sim.mobile("13899999999").await["errcode"], 46_004);
        assert_eq!(sim.counted(), 1);
        sim.pass(86_399);
        assert_eq!(sim.counted(), 1);
        sim.pass(1);
        assert_eq!(sim.counted(), 0);
    }
    sim.mobile("13899999999").await;
    sim.pass(86_399);
    sim.mobile("13899999999").await;
    assert_eq!(sim.mobile("13800000002").await["errcode"], 45_009);
}

#[tokio::test]
async fn the_limit_is_the_corps_and_can_be_changed() {
    let sim = Sim::start().await;
    let mut world = sim.control.world();
    let member = |n: u32| Member::new(&format!("m{n}"), "某");
    world.corps.push(Corp {
        apps: vec![App::new(1, "other", "别家")],
        members: (0..10).map(member).collect(),
        ..Corp::new("wwother", "别家")
    });
    sim.control.set_world(world);
    let allowed = |corp: &str| sim.control.wrong_lookups(corp).unwrap().allowed;
    assert_eq!((allowed(CORP), allowed("wwother")), (Some(20), Some(2)), "its size or members");
    let unknown = Error::UnknownCorp("wwnobody".to_owned());
    assert_eq!(sim.control.wrong_lookups("wwnobody"), Err(unknown));
    let other = sim.api("gettoken?corpid=wwother&corpsecret=other").await;
    let other = other["access_token"].as_str().unwrap();
    let wrong = json!({ "mobile": "13899999999" });
    let ask = async || sim.post("getuserid", other, &wrong).await["errcode"].as_i64().unwrap();
    assert_eq!(
        [ask().await, ask().await, ask().await, ask().await],
        [46_004, 46_004, 46_004, 45_009]
    );
    assert_eq!(sim.mobile("13800000002").await, found("lisi"), "another corp goes on");
    sim.control.edit_rules(|rules| rules.wrong_lookup_percent = None);
    assert_eq!((allowed("wwother"), ask().await), (None, 46_004));
    sim.control.edit_rules(|rules| {
        rules.wrong_lookup_percent = Some(0);
        rules.lookup_block_seconds = 60;
    });
    sim.control.forget_wrong_lookups();
    assert_eq!([ask().await, ask().await], [46_004, 45_009]);
    sim.pass(60);
    assert_eq!(ask().await, 46_004);
}
