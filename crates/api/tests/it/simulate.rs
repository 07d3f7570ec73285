//! The simulator, and the report of what rules would do.

use actix_web::http::Method;
use serde_json::{Value, json};
use store::account::AccountSettings;
use store::normal::{Email, Handle, Phone};

use crate::links_of_users::{account, link};
use crate::support::{Answer, Bed, Caller, source, with};

struct Trial {
    bed: Bed,
    tenant: Caller,
    corp: String,
    source: String,
    app: String,
}

impl Trial {
    async fn new(members: Value) -> Self {
        let bed = Bed::new().await;
        let tenant = bed.tenant("a.example").await;
        let corp = tenant.corp().await;
        let policy = json!({ "rules": [
            { "field": "mobile", "trusted": true }, { "field": "biz_mail", "trusted": true },
            { "field": "email", "trusted": false }, { "field": "userid_username", "trusted": true },
        ]});
        let body = json!({ "association": "field", "association_policy": policy });
        let made = tenant.post("identity-sources", with(with(source(&corp), body), members)).await;
        let (source, app) = (made.assert(201).id(), tenant.app().await);
        tenant.put(&format!("apps/{app}/identity-sources/{source}"), json!({})).await.assert(200);
        Self { bed, tenant, corp, source, app }
    }

    async fn send(&self, body: Value) -> Answer {
        let path = format!("identity-sources/{}/simulate", self.source);
        self.tenant.post(&path, with(json!({ "app": self.app }), body)).await
    }

    /// What a person would get.
    async fn person(&self, person: Value) -> Value {
        self.send(json!({ "person": person })).await.assert(200).body.clone()
    }

    async fn user(&self, phone: Option<&str>, email: Option<&str>, verified: bool) -> String {
        let settings = AccountSettings {
            phone_number: phone.map(|text| Phone::parse(text).unwrap()),
            phone_number_verified: verified,
            email: email.map(|text| Email::parse(text).unwrap()),
            email_verified: verified,
            ..AccountSettings::default()
        };
        account(&self.tenant, settings).await
    }

    async fn report(&self, lines: &[Value]) -> Answer {
        let body = lines.iter().map(Value::to_string).collect::<Vec<_>>().join("\n");
        let path = format!("identity-sources/{}/rule-report", self.source);
        let request = self.tenant.request(Method::POST, &path);
        request.header("Content-Type", "application/x-ndjson").body(body).send().await
    }
}

/// What each rule came to.
fn outcomes(answer: &Value) -> Vec<&str> {
    let rules = answer["rules"].as_array().unwrap().iter();
    rules.map(|rule| rule["outcome"].as_str().unwrap()).collect()
}

#[actix_web::test]
async fn each_decision_is_told_with_its_reasons() {
    let trial = Trial::new(json!({})).await;
    let by_phone = trial.user(Some("13800000001"), None, true).await;
    let by_mail = trial.user(None, Some("two@acme.example"), true).await;
    let unproven = trial.user(Some("13800000003"), Some("three@acme.example"), false).await;

    let hit = trial.person(json!({ "userid": "A", "mobile": "+86 138 0000 0001" })).await;
    assert_eq!((&hit["decision"], &hit["rule"]), (&json!("match"), &json!("mobile")));
    assert_eq!(hit["user"], by_phone.as_str());
    assert_eq!(outcomes(&hit), ["hit", "no_value", "no_value", "nobody"]);
    assert_eq!(hit["values"][0]["compared"], "+8613800000001");
    assert_eq!(hit["unusable"], Value::Null);

    let untrusted = trial.person(json!({ "userid": "A", "email": "TWO@acme.example" })).await;
    assert_eq!(untrusted["decision"], "create");
    assert_eq!(outcomes(&untrusted), ["no_value", "no_value", "untrusted", "nobody"]);
    assert_eq!(untrusted["rules"][2]["user"], by_mail.as_str());

    let several = json!({ "userid": "A", "mobile": "13800000001", "biz_mail": "two@acme.example" });
    let several = trial.person(several).await;
    assert_eq!(
        (&several["decision"], &several["reason"]),
        (&json!("refuse"), &json!("several_accounts"))
    );
    assert_eq!(several["user"], Value::Null);
    assert!(several["what_it_means"]["en"].as_str().unwrap().contains("several users"));
    assert!(several["what_it_means"]["zh"].as_str().unwrap().contains("多个用户"));

    let missed = json!({ "userid": "A", "mobile": "13800000003", "biz_mail": "not an address" });
    let missed = trial.person(missed).await;
    assert_eq!(missed["decision"], "create");
    assert_eq!(missed["unverified"][0]["user"], unproven.as_str());
    assert_eq!(missed["values"][2], json!({ "name": "biz_mail", "given": true, "compared": null }));

    link(&trial.tenant, &by_phone, &trial.corp, "Known").await.assert(201);
    let linked = trial.person(json!({ "userid": "KNOWN", "biz_mail": "two@acme.example" })).await;
    assert_eq!((&linked["decision"], &linked["user"]), (&json!("linked"), &json!(by_phone)));
    assert_eq!(linked["link"]["status"], "active");
    assert!(outcomes(&linked).is_empty());
    let taken = trial.person(json!({ "userid": "A", "mobile": "13800000001" })).await;
    assert_eq!(taken["reason"], "already_bound");
}

#[actix_web::test]
async fn settings_decide_as_in_a_sign_in() {
    let trial = Trial::new(json!({ "login_only": true })).await;
    let nobody = json!({ "userid": "A" });
    assert_eq!(trial.person(nobody.clone()).await["reason"], "login_only");
    let path = format!("identity-sources/{}", trial.source);
    trial.tenant.patch(&path, json!({ "login_only": false })).await.assert(200);
    let app = format!("apps/{}", trial.app);
    trial.tenant.patch(&app, json!({ "registration": false })).await.assert(200);
    assert_eq!(trial.person(nobody.clone()).await["reason"], "registration_closed");
    trial.tenant.patch(&app, json!({ "registration": true })).await.assert(200);
    trial.tenant.patch(&path, json!({ "association": "ask" })).await.assert(200);
    let asked = trial.person(nobody.clone()).await;
    assert_eq!((&asked["decision"], &asked["ask"]["why"]), (&json!("ask"), &json!("always")));
    assert_eq!(asked["ask"]["create"], true);
    trial.tenant.patch(&path, json!({ "status": "disabled" })).await.assert(200);
    assert_eq!(trial.person(nobody.clone()).await["unusable"], "source_disabled");
    trial.tenant.patch(&app, json!({ "status": "disabled" })).await.assert(200);
    assert_eq!(trial.person(nobody).await["unusable"], "app_disabled");
}

#[actix_web::test]
async fn a_simulation_writes_nothing_but_its_event() {
    let trial = Trial::new(json!({})).await;
    let user = trial.user(Some("13800000001"), None, true).await;
    let state = async || {
        let mut state = Vec::new();
        for path in [
            "users",
            "link-events",
            "apps",
            "identity-sources",
            &format!("users/{user}/identities"),
        ] {
            state.push(trial.tenant.get(path).await.body);
        }
        state
    };
    let events = async || {
        let mut events = trial.tenant.get("audit-events?limit=200").await.items().to_vec();
        events.sort_by_key(crate::journal::at);
        events
    };
    let (before, recorded) = (state().await, events().await.len());
    trial.person(json!({ "userid": "A", "mobile": "13800000001" })).await;
    trial.person(json!({ "userid": "B" })).await;
    assert_eq!(state().await, before);
    let events = events().await;
    assert_eq!(events.len(), recorded + 2);
    let last = events.last().unwrap();
    assert_eq!(
        (&last["action"], &last["source"]),
        (&json!("source.simulate"), &json!(trial.source))
    );
    assert_eq!(last["detail"], json!({ "by": "person", "decision": "create" }));
}

#[actix_web::test]
async fn a_member_is_read_live_and_not_too_often() {
    let trial = Trial::new(json!({})).await;
    let user = trial.user(Some("13800000001"), None, true).await;
    let wecom = &trial.bed.wecom;
    let member = json!({ "errcode": 0, "userid": "zhangsan", "name": "张三", "status": 1 });
    wecom.member(with(member.clone(), json!({ "mobile": "13800000001" })));
    let read = trial.send(json!({ "read": "ZhangSan" })).await;
    assert_eq!(read.assert(200).body["user"], user.as_str());
    assert_eq!(
        read.body["read"],
        json!({ "ok": true, "errcode": null, "hint": null, "note": null })
    );
    wecom.member(member.clone());
    let read = trial.send(json!({ "read": "ZhangSan" })).await;
    assert_eq!(read.assert(200).body["decision"], "create");
    assert!(read.body["read"]["note"]["en"].as_str().unwrap().contains("2022-06-20"));
    wecom.member(with(member, json!({ "status": 2 })));
    let read = trial.send(json!({ "read": "ZhangSan" })).await;
    assert_eq!(read.assert(200).body["reason"], "not_a_member");
    wecom.member(json!({ "errcode": 60111, "errmsg": "userid not found, hint: [1_2_3]" }));
    let read = trial.send(json!({ "read": "ZhangSan" })).await;
    assert_eq!(read.assert(200).body["reason"], "not_visible");
    assert_eq!(read.body["read"]["errcode"], 60111);
    for _ in 4..10 {
        trial.send(json!({ "read": "ZhangSan" })).await.assert(200);
    }
    let calls = wecom.count("user/get");
    let refused = trial.send(json!({ "read": "ZhangSan" })).await;
    refused.assert_problem(429, "too_many_requests");
    assert_eq!(refused.header("retry-after"), "60");
    assert_eq!(wecom.count("user/get"), calls);
    // What is typed costs WeCom nothing.
    trial.person(json!({ "userid": "ZhangSan" })).await;
}

#[actix_web::test]
async fn what_is_asked_must_be_clear() {
    let trial = Trial::new(json!({})).await;
    trial.send(json!({})).await.assert_errors(&[("/person", "required")]);
    let both = json!({ "person": { "userid": "A" }, "read": "A" });
    trial.send(both).await.assert_errors(&[("/read", "conflict")]);
    let wrong = json!({ "person": { "userid": "a b", "mobile": 1, "phone": "1" } });
    trial.send(wrong).await.assert_errors(&[
        ("/person/mobile", "type"),
        ("/person/phone", "unknown_field"),
        ("/person/userid", "format"),
    ]);
    trial.send(json!({ "person": {} })).await.assert_errors(&[("/person/userid", "required")]);
    let unknown = json!({ "app": trial.source, "person": { "userid": "A" } });
    trial.send(unknown).await.assert_errors(&[("/app", "unknown")]);
    let stranger = trial.bed.tenant("b.example").await;
    let path = format!("identity-sources/{}/simulate", trial.source);
    let foreign = json!({ "app": stranger.app().await, "person": { "userid": "A" } });
    stranger.post(&path, foreign).await.assert(404);
}

#[actix_web::test]
async fn a_report_tells_what_the_users_have() {
    let trial = Trial::new(json!({})).await;
    trial.user(Some("13800000001"), Some("one@acme.example"), true).await;
    for _ in 0..3 {
        trial.user(Some("13800000002"), Some("two@acme.example"), false).await;
    }
    let settings = AccountSettings {
        username: Some(Handle::parse("five").unwrap()),
        external_id: Some(Handle::parse("A-5").unwrap()),
        ..AccountSettings::default()
    };
    account(&trial.tenant, settings).await;
    let gone = trial.user(Some("13800000009"), None, true).await;
    trial.tenant.delete(&format!("users/{gone}")).await.assert(204);
    let report = trial.report(&[json!({})]).await;
    assert_eq!(
        report.assert(200).body["accounts"],
        json!({
            "users": 5, "verified_phones": 1, "unverified_phones": 3, "repeated_phones": 1,
            "verified_emails": 1, "unverified_emails": 3, "repeated_emails": 1,
            "usernames": 1, "external_ids": 1,
        })
    );
    assert_eq!(report.body["persons"], 0);
    assert_eq!(report.body["outcomes"], json!([]));
}

#[actix_web::test]
async fn a_report_tells_what_would_become_of_persons() {
    let trial = Trial::new(json!({ "association": "none", "association_policy": {} })).await;
    let one = trial.user(Some("13800000001"), None, true).await;
    trial.user(None, Some("two@acme.example"), true).await;
    let known = trial.user(None, None, false).await;
    link(&trial.tenant, &known, &trial.corp, "Known").await.assert(201);
    let both = json!({ "userid": "B", "mobile": "13800000001", "email": "two@acme.example" });
    let lines = [
        json!({ "rules": [
            { "field": "mobile", "trusted": true }, { "field": "email", "trusted": true },
        ]}),
        json!({ "userid": "known" }),
        json!({ "userid": "A", "mobile": "13800000001" }),
        json!({ "userid": "A2", "mobile": "138 0000 0001" }),
        json!({ "userid": "C", "email": "two@acme.example" }),
        both,
        json!({ "userid": "N", "mobile": "13800000002" }),
        json!({ "userid": "a b" }),
    ];
    let report = trial.report(&lines).await;
    report.assert(200);
    let outcomes = report.body["outcomes"].as_array().unwrap();
    let sums: Vec<_> = outcomes
        .iter()
        .map(|sum| {
            let text = |name: &str| sum[name].as_str().unwrap_or_default();
            (text("outcome"), text("rule"), sum["persons"].as_u64().unwrap())
        })
        .collect();
    assert_eq!(
        sums,
        [
            ("linked", "", 1),
            ("matched", "mobile", 2),
            ("matched", "email", 1),
            ("ambiguous", "", 1),
            ("unmatched", "", 1),
        ]
    );
    assert_eq!(outcomes[1]["examples"][0], json!({ "userid": "A", "user": one }));
    assert_eq!(report.body["contested"], json!([one]));
    assert_eq!(report.body["bad_lines"], 1);
    assert_eq!(
        (&report.body["errors"][0]["line"], &report.body["errors"][0]["code"]),
        (&json!(8), &json!("format"))
    );
    // The rules are asked about, not switched on.
    let source = trial.tenant.get(&format!("identity-sources/{}", trial.source)).await;
    assert_eq!(source.body["association"], "none");
    let wrong = json!({ "rules": [{ "field": "name", "trusted": true }] });
    trial.report(&[wrong]).await.assert_errors(&[("/rules/0", "format")]);
    trial.report(&[]).await.assert_problem(400, "malformed_json");
}

#[actix_web::test]
async fn a_report_takes_ten_thousand_persons_and_no_more() {
    let trial = Trial::new(json!({})).await;
    let mut lines = vec![json!({})];
    lines.extend((0..10_000).map(|number| json!({ "userid": format!("p{number}") })));
    let report = trial.report(&lines).await;
    let outcome = &report.assert(200).body["outcomes"][0];
    assert_eq!((&outcome["outcome"], &outcome["persons"]), (&json!("unmatched"), &json!(10_000)));
    assert_eq!(outcome["examples"].as_array().unwrap().len(), 50);
    lines.push(json!({ "userid": "one_more" }));
    trial.report(&lines).await.assert_problem(413, "too_large");
}
