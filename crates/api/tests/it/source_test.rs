//! The test of a source, against a WeCom on loopback.

use serde_json::{Value, json};

use crate::support::{Answer, Bed, CANARY, Caller, source, with};

struct Trial {
    bed: Bed,
    tenant: Caller,
    path: String,
}

impl Trial {
    async fn new(members: Value) -> Self {
        let bed = Bed::new().await;
        let tenant = bed.tenant("login.acme.example").await;
        let body = with(source(&tenant.corp().await), members);
        let made = tenant.post("identity-sources", body).await;
        made.assert(201);
        let path = format!("identity-sources/{}", made.id());
        Self { bed, tenant, path }
    }

    async fn run(&self) -> Answer {
        self.tenant.post(&format!("{}/test", self.path), json!({})).await
    }

    /// The verdicts, in their order.
    async fn verdicts(&self) -> Vec<String> {
        let report = self.run().await;
        let steps = report.assert(200).body["steps"].as_array().unwrap().clone();
        steps.iter().map(|step| step["verdict"].as_str().unwrap().to_owned()).collect()
    }

    async fn step(&self, name: &str) -> Value {
        let report = self.run().await;
        let steps = report.assert(200).body["steps"].as_array().unwrap().clone();
        steps.into_iter().find(|step| step["step"] == name).unwrap()
    }

    async fn misconfigured(&self) -> Value {
        self.tenant.get(&self.path).await.body["setup"]["misconfigured"].clone()
    }
}

#[actix_web::test]
async fn what_is_right_passes() {
    let trial = Trial::new(json!({})).await;
    let report = trial.run().await;
    let steps = report.assert(200).body["steps"].as_array().unwrap();
    let names: Vec<_> = steps.iter().map(|step| step["step"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "corp_id",
            "secret",
            "agent_id",
            "visible_range",
            "redirect_domain",
            "web_login_callback_domain",
            "trusted_ip",
        ]
    );
    assert_eq!(
        trial.verdicts().await,
        ["pass", "pass", "pass", "pass", "pass", "cannot_tell", "pass"]
    );
    assert_eq!(trial.bed.wecom.count("gettoken"), 2);
    let mobile = Trial::new(json!({ "kind": "wecom_mobile" })).await;
    assert_eq!(
        mobile.verdicts().await,
        ["pass", "pass", "pass", "pass", "pass", "skipped", "pass"]
    );
}

#[actix_web::test]
async fn a_wrong_secret_fails_once_and_marks_the_source() {
    let trial = Trial::new(json!({})).await;
    trial.bed.wecom.token(json!({ "errcode": 40001, "errmsg": format!("invalid credential, hint: [1760849381_95_abc], {CANARY}") }));
    let secret = trial.step("secret").await;
    assert_eq!((&secret["verdict"], &secret["errcode"]), (&json!("fail"), &json!(40001)));
    assert_eq!(secret["hint"], "1760849381_95_abc");
    assert!(secret["what_to_do"]["en"].as_str().unwrap().contains("Secret"));
    assert_eq!(trial.bed.wecom.count("gettoken"), 1);
    assert_eq!(trial.bed.wecom.count("agent/get"), 0);
    assert_eq!(trial.misconfigured().await["errcode"], 40001);

    // The mark is a state of the representation: its tag is another, and takes changes all the same.
    let read = trial.tenant.get(&trial.path).await;
    assert_ne!(read.header("etag"), "\"1\"");
    // Another test asks WeCom anew, and lifts the mark.
    trial.bed.wecom.token(json!({ "errcode": 0, "access_token": "t", "expires_in": 7200 }));
    assert_eq!(trial.step("secret").await["verdict"], "pass");
    assert_eq!(trial.misconfigured().await, Value::Null);
    assert_eq!(trial.tenant.get(&trial.path).await.header("etag"), "\"1\"");
}

#[actix_web::test]
async fn a_wrong_corp_id_fails_first() {
    let trial = Trial::new(json!({})).await;
    trial.bed.wecom.token(json!({ "errcode": 40013, "errmsg": "invalid corpid" }));
    assert_eq!(
        trial.verdicts().await,
        ["fail", "skipped", "skipped", "skipped", "skipped", "cannot_tell", "skipped"]
    );
    assert_eq!(trial.misconfigured().await["errcode"], 40013);
    // Saving lifts the mark as well.
    trial.tenant.patch(&trial.path, json!({ "secret": "new" })).await.assert(200);
    assert_eq!(trial.misconfigured().await, Value::Null);
}

#[actix_web::test]
async fn an_address_that_is_not_trusted_is_named() {
    let trial = Trial::new(json!({})).await;
    trial.bed.wecom.agent(json!({
        "errcode": 60020,
        "errmsg": "not allow to access from your ip, hint: [1_2_3], from ip: 203.0.113.77, more info at https://open.work.weixin.qq.com",
    }));
    let step = trial.step("trusted_ip").await;
    assert_eq!(step["verdict"], "fail");
    assert_eq!(step["from_ip"], "203.0.113.77");
    assert_eq!(step["errcode"], 60020);
    assert!(step["console_page"].as_str().unwrap().contains("企业可信IP"));
    assert_eq!(
        trial.verdicts().await,
        ["pass", "pass", "cannot_tell", "skipped", "skipped", "cannot_tell", "fail"]
    );
}

#[actix_web::test]
async fn what_the_app_itself_shows_is_told() {
    let trial = Trial::new(json!({ "kind": "wecom_mobile" })).await;
    trial.bed.wecom.agent(json!({ "errcode": 0, "agentid": 1_000_002, "close": 1, "redirect_domain": "other.example" }));
    assert_eq!(trial.verdicts().await, ["pass", "pass", "fail", "fail", "fail", "skipped", "pass"]);
    trial
        .bed
        .wecom
        .agent(json!({ "errcode": 301_002, "errmsg": "not allow operate another agent" }));
    let step = trial.step("agent_id").await;
    assert_eq!((&step["verdict"], &step["errcode"]), (&json!("fail"), &json!(301_002)));
    let qr = Trial::new(json!({})).await;
    qr.bed
        .wecom
        .agent(json!({ "errcode": 0, "agentid": 1_000_002, "allow_tags": { "tagid": [1] } }));
    assert_eq!(qr.step("redirect_domain").await["verdict"], "cannot_tell");
}

#[actix_web::test]
async fn an_answer_that_cannot_be_used_is_no_verdict() {
    let trial = Trial::new(json!({})).await;
    trial.bed.wecom.token(json!("nonsense"));
    assert_eq!(
        trial.verdicts().await,
        ["cannot_tell", "cannot_tell", "skipped", "skipped", "skipped", "cannot_tell", "skipped"]
    );
    assert_eq!(trial.misconfigured().await, Value::Null);
}

#[actix_web::test]
async fn tests_are_few() {
    let trial = Trial::new(json!({})).await;
    for _ in 0..3 {
        trial.run().await.assert(200);
    }
    let refused = trial.run().await;
    refused.assert_problem(429, "too_many_requests");
    assert_eq!(refused.header("retry-after"), "60");
    assert_eq!(trial.bed.wecom.count("gettoken"), 3);
}

#[actix_web::test]
async fn a_repeated_test_asks_wecom_once() {
    let trial = Trial::new(json!({})).await;
    let path = format!("{}/test", trial.path);
    let run = async || {
        let request = trial.tenant.request(actix_web::http::Method::POST, &path);
        request.header("Idempotency-Key", "one").send().await
    };
    let (first, second) = (run().await, run().await);
    assert_eq!(first.assert(200).body, second.assert(200).body);
    assert_eq!(second.header("idempotent-replayed"), "true");
    assert_eq!(trial.bed.wecom.count("gettoken"), 1);
}

#[actix_web::test]
async fn another_tenants_source_is_not_tested() {
    let trial = Trial::new(json!({})).await;
    let other = trial.bed.tenant("b.example").await;
    other.post(&format!("{}/test", trial.path), json!({})).await.assert(404);
    assert_eq!(trial.bed.wecom.count("gettoken"), 0);
}
