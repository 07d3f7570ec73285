//! What people do on the pages with forms, and what is looked at afterwards.

use std::time::Duration;

use e2e::{Answer, Browser, Pkce, Tenant};
use serde_json::{Value, json};

/// How long a message may take.
const SOON: Duration = Duration::from_secs(10);

/// A form of a page: where it is posted to, and its hidden fields.
pub(crate) struct Form {
    action: String,
    fields: Vec<(String, String)>,
}

impl Form {
    /// The same fields, sent elsewhere.
    pub(crate) fn sent_to(self, action: &str) -> Self {
        Self { action: action.to_owned(), ..self }
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let rest = tag.split_once(&format!("{name}=\""))?.1;
    let value = rest.split_once('"')?.0;
    Some(value.replace("&amp;", "&").replace("&#38;", "&").replace("&#x2F;", "/"))
}

/// The form with this id on a page.
pub(crate) fn form(page: &Answer, id: &str) -> Form {
    let start = page.body.find(&format!("id=\"{id}\""));
    let start = start.unwrap_or_else(|| panic!("no form {id}: {} {}", page.status, page.body));
    let start = page.body[..start].rfind("<form").unwrap();
    let text = &page.body[start..start + page.body[start..].find("</form>").unwrap()];
    let tag = &text[..text.find('>').unwrap()];
    let hidden = text.split("<input type=\"hidden\"").skip(1).map(|rest| {
        let tag = &rest[..rest.find('>').unwrap()];
        (attribute(tag, "name").unwrap(), attribute(tag, "value").unwrap())
    });
    Form { action: attribute(tag, "action").unwrap(), fields: hidden.collect() }
}

/// Whether a page has a form with this id.
pub(crate) fn has_form(page: &Answer, id: &str) -> bool {
    page.body.contains(&format!("<form class=\"form\" id=\"{id}\""))
}

/// Fills a form in and sends it: the answer.
pub(crate) async fn submit(
    tenant: &Tenant,
    browser: &mut Browser,
    form: Form,
    filled: &[(&str, &str)],
) -> Answer {
    let mut fields: Vec<(&str, &str)> =
        form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    fields.extend(filled);
    browser.post(tenant.url(&form.action), &fields).await
}

/// The same, and on to where the answer leads.
pub(crate) async fn submit_and_follow(
    tenant: &Tenant,
    browser: &mut Browser,
    form: Form,
    filled: &[(&str, &str)],
) -> Answer {
    let answer = submit(tenant, browser, form, filled).await;
    match answer.location() {
        Some(next) if next.host_str() == Some("app.example.com") => answer,
        Some(next) => browser.follow(next.as_str()).await,
        None => answer,
    }
}

/// An account to be made at the console.
pub(crate) async fn account(tenant: &Tenant, body: Value) -> String {
    let made = tenant.admin.post(&tenant.path("/users"), body).await;
    made["id"].as_str().unwrap().to_owned()
}

/// An account with a user name, a verified mail address and phone number, and a password.
pub(crate) async fn lisi(tenant: &Tenant) -> String {
    account(
        tenant,
        json!({
            "name": "李四", "username": "lisi", "email": "lisi@acme.example", "email_verified": true,
            "phone_number": "+8613800000002", "phone_number_verified": true, "password": PASSWORD,
        }),
    )
    .await
}

/// Her password.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// Lets people sign in to the tenant's app by these.
pub(crate) async fn allow(tenant: &Tenant, methods: &[&str]) {
    let path = tenant.path(&format!("/apps/{}", tenant.app.id));
    tenant.admin.patch(&path, json!({ "sign_in_methods": methods })).await;
}

/// Tells the tenant where its text messages go.
pub(crate) async fn with_sms(tenant: &Tenant) {
    let body = json!({
        "sms_webhook_url": tenant.world.sms().url(), "sms_webhook_secret": e2e::SMS_SECRET,
        "support_contact": "IT 8888",
    });
    let headers = [("if-match", "*")];
    let path = tenant.path("/messaging");
    let answer = tenant.admin.call(reqwest::Method::PUT, &path, &headers, Some(body)).await;
    assert!(answer.status.is_success(), "{} {}", answer.status, answer.body);
}

/// The code of the next mail to this address.
pub(crate) async fn mailed_code(tenant: &Tenant, to: &str) -> String {
    let mail = tenant.world.mail().wait_for(to, SOON).await;
    mail.unwrap_or_else(|| panic!("no mail to {to}")).code(6).unwrap()
}

/// The code of the next text message to this number.
pub(crate) async fn texted_code(tenant: &Tenant, to: &str) -> String {
    let message = tenant.world.sms().wait_for(to, SOON).await;
    let message = message.unwrap_or_else(|| panic!("no message to {to}"));
    assert!(message.verified);
    message.text("code").to_owned()
}

/// Changes a source of the tenant.
pub(crate) async fn set_source(tenant: &Tenant, source: &str, body: Value) {
    tenant.admin.patch(&tenant.path(&format!("/identity-sources/{source}")), body).await;
}

/// A member comes by QR code in this browser: the page that asks, or the answer to the app.
pub(crate) async fn comes(
    tenant: &Tenant,
    browser: &mut Browser,
    pkce: &Pkce,
    member: &str,
) -> Answer {
    let answer = tenant.sign_in(browser, &tenant.authorize_url(pkce, &[]), member).await;
    match answer.location() {
        Some(next) if next.path() == "/bind" => browser.get(next.as_str()).await,
        _ => answer,
    }
}

/// The `sub` that an app gets for the code of an answer.
pub(crate) async fn sub(tenant: &Tenant, pkce: &Pkce, answer: &Answer) -> String {
    claims(tenant, pkce, answer).await["sub"].as_str().unwrap().to_owned()
}

/// What the app reads at UserInfo for the code of an answer.
pub(crate) async fn claims(tenant: &Tenant, pkce: &Pkce, answer: &Answer) -> Value {
    let code = answer.parameter("code").unwrap_or_else(|| panic!("no code: {answer:?}"));
    let tokens = tenant.redeem(&code, pkce).await;
    assert!(tokens.status.is_success(), "{} {}", tokens.status, tokens.body);
    tenant.userinfo(tokens.json()["access_token"].as_str().unwrap()).await.json()
}

/// The tenant's audit events.
pub(crate) async fn events(tenant: &Tenant, query: &str) -> Vec<Value> {
    let page = tenant.admin.get(&tenant.path(&format!("/audit-events?limit=200&{query}"))).await;
    page["items"].as_array().unwrap().clone()
}

/// The page shows this code in place, with a trace code that leads to an event of that result.
pub(crate) async fn shows(tenant: &Tenant, page: &Answer, code: &str) {
    assert_eq!(page.code().as_deref(), Some(code), "{} {}", page.status, page.body);
    let trace = page.trace().filter(|trace| !trace.is_empty()).unwrap();
    let events = events(tenant, &format!("trace={trace}")).await;
    assert!(events.iter().any(|event| event["result"] == code), "{events:?}");
}
