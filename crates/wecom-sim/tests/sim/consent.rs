//! The consent page as a browser without scripts uses it.

use serde_json::{Value, json};
use wecom_sim::SensitiveField;

use crate::support::{AGENT, CORP, Sim, client_query, code_of, location};

const FIELDS: [&str; 7] = ["mobile", "email", "biz_mail", "avatar", "gender", "address", "qr_code"];

impl Sim {
    /// The page that asks.
    async fn asked(&self, member: &str) -> String {
        let response = self.authorize(&client_query("snsapi_privateinfo", "s5"), member).await;
        assert_eq!(response.status(), 200);
        response.text().await.unwrap()
    }

    /// Sends the page's form with this button, and what is ticked but for `unticked`.
    async fn press(&self, html: &str, button: &str, unticked: &[&str], member: &str) -> String {
        let (_, form) = html.split_once("<form method=\"get\" action=\"").unwrap();
        let (action, form) = form.split_once('"').unwrap();
        let (form, _) = form.split_once("</form>").unwrap();
        assert!(form.contains(&format!("name=\"{button}\" value=\"1\"")));
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for input in form.split("<input ").skip(1) {
            let (name, value) = (attribute(input, "name"), attribute(input, "value"));
            let sent = input.starts_with("type=\"hidden\"") || input.contains(" checked>");
            if sent && !(name == "field" && unticked.contains(&value.as_str())) {
                query.append_pair(&name, &value);
            }
        }
        query.append_pair(button, "1");
        location(&self.client_get(&format!("{action}?{}", query.finish()), member).await)
    }

    async fn detail_of(&self, code: &str) -> Value {
        let reply = self.redeem(code).await;
        assert!(reply["user_ticket"].is_string(), "{reply}");
        self.detail(&json!({ "user_ticket": reply["user_ticket"] }).to_string()).await
    }
}

fn attribute(tag: &str, name: &str) -> String {
    let (_, rest) = tag.split_once(&format!("{name}=\"")).unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

#[tokio::test]
async fn all_fields_are_ticked_at_first_and_no_script_is_needed() {
    let sim = Sim::start().await;
    let html = sim.asked("lisi").await;
    assert!(!html.contains("<script"));
    for field in FIELDS {
        let box_ = format!(r#"type="checkbox" name="field" value="{field}" checked>"#);
        assert!(html.contains(&box_), "{field}");
    }
    let to = sim.press(&html, "allow", &[], "lisi").await;
    assert!(to.starts_with("https://broker.test/cb?code=") && to.ends_with("&state=s5"), "{to}");
    let detail = sim.detail_of(&code_of(&to)).await;
    assert_eq!(detail["mobile"], "13800000002");
    assert_eq!(detail["email"], "lisi@mail.example");
    assert_eq!(detail["biz_mail"], "lisi@shili.example");
    assert_eq!(detail["gender"], "2");
}

#[tokio::test]
async fn single_fields_can_be_unticked() {
    let sim = Sim::start().await;
    let html = sim.asked("lisi").await;
    let to = sim.press(&html, "allow", &["mobile", "gender"], "lisi").await;
    let detail = sim.detail_of(&code_of(&to)).await;
    assert!(detail.get("mobile").is_none());
    assert_eq!(detail["gender"], "0");
    assert_eq!(detail["email"], "lisi@mail.example");
    let to = sim.press(&sim.asked("wangwu").await, "allow", &FIELDS, "wangwu").await;
    let avatar = format!("{}/avatar/default.svg", sim.base);
    let nothing = json!({
        "errcode": 0, "errmsg": "ok", "userid": "wangwu", "gender": "0", "avatar": avatar
    });
    assert_eq!(sim.detail_of(&code_of(&to)).await, nothing);
}

#[tokio::test]
async fn only_what_the_administrator_ticked_is_asked_and_given() {
    let sim = Sim::start().await;
    let only = |app: &mut wecom_sim::App| app.sensitive_fields = vec![SensitiveField::Mobile];
    sim.control.edit_app(CORP, AGENT, only).unwrap();
    let html = sim.asked("lisi").await;
    assert_eq!(html.matches("name=\"field\"").count(), 1);
    let detail = sim.detail_of(&sim.consent_code("&field=mobile&field=email", "lisi").await).await;
    let mobile = json!({
        "errcode": 0, "errmsg": "ok", "userid": "lisi", "mobile": "13800000002"
    });
    assert_eq!(detail, mobile);
    let all = |app: &mut wecom_sim::App| app.sensitive_fields = SensitiveField::ALL.to_vec();
    sim.control.edit_app(CORP, AGENT, all).unwrap();
    let silent = sim.authorize(&client_query("snsapi_privateinfo", "s"), "lisi").await;
    let detail = sim.detail_of(&code_of(&location(&silent))).await;
    assert!(detail.get("email").is_none(), "it was not on the page that was agreed to");
}

#[tokio::test]
async fn a_refusal_has_no_code_and_is_asked_again() {
    let sim = Sim::start().await;
    for _ in 0..2 {
        let html = sim.asked("lisi").await;
        let to = sim.press(&html, "deny", &[], "lisi").await;
        assert_eq!(to, "https://broker.test/cb?state=s5");
    }
    let to = sim.press(&sim.asked("lisi").await, "allow", &[], "lisi").await;
    assert_eq!(sim.detail_of(&code_of(&to)).await["userid"], "lisi");
}

#[tokio::test]
async fn thirty_days_go_by_without_another_question() {
    let sim = Sim::start().await;
    let to = sim.press(&sim.asked("lisi").await, "allow", &["email"], "lisi").await;
    sim.redeem(&code_of(&to)).await;
    let query = client_query("snsapi_privateinfo", "s");
    sim.pass(30 * 86_400 - 1);
    let silent = location(&sim.authorize(&query, "lisi").await);
    let detail = sim.detail_of(&code_of(&silent)).await;
    assert_eq!(detail["mobile"], "13800000002");
    assert!(detail.get("email").is_none());
    sim.pass(1);
    let html = sim.asked("lisi").await;
    assert!(html.contains(r#"value="email" checked"#), "asked anew, nothing unticked");
    sim.press(&html, "allow", &[], "lisi").await;
    sim.control.forget_consents();
    sim.asked("lisi").await;
}
