//! What these cases begin with, and the forms of the pages.

use e2e::{Answer, Browser, Pkce, Tenant, World};
use serde_json::{Value, json};
use store::account::{self, AccountSettings};
use store::id::TenantId;
use store::normal::{Email, Phone};
use url::Url;
use wecom_sim::{Member, SensitiveField};

use crate::steps::{client, parameter};

/// The look-up by mobile number [D 95402].
pub(crate) const BY_MOBILE: &str = "/cgi-bin/user/getuserid";
/// The look-up by mail address [D 95895].
pub(crate) const BY_EMAIL: &str = "/cgi-bin/user/get_userid_by_email";
/// The mobile numbers of the two members.
pub(crate) const HERS: &str = "13800000001";
pub(crate) const HIS: &str = "13800000002";

/// A tenant whose members have numbers that WeCom tells only with their consent, and whose sources
/// match by mobile number. `policy` goes over both offers.
pub(crate) async fn tenant(world: &World, policy: Value) -> Tenant {
    let tenant = world.tenant("acme").await;
    prepare(&tenant, policy).await;
    tenant
}

/// The same of a tenant that is there.
pub(crate) async fn prepare(tenant: &Tenant, policy: Value) {
    tell_everything(tenant);
    let mut full = json!({
        "rules": [{ "field": "mobile", "trusted": true }],
        "offer_consent": true, "offer_typed": true,
    });
    for (name, value) in policy.as_object().unwrap() {
        full[name] = value.clone();
    }
    for source in [&tenant.qr, &tenant.mobile] {
        let path = tenant.path(&format!("/identity-sources/{source}"));
        let body = json!({ "association": "field", "association_policy": full });
        tenant.admin.patch(&path, body).await;
    }
}

/// At WeCom: members with numbers and addresses, and a corp large enough for mistakes.
fn tell_everything(tenant: &Tenant) {
    let wecom = tenant.world.wecom();
    set_size(tenant, 1000);
    for (userid, name, mobile) in [("zhangsan", "张三", HERS), ("wangwu", "王五", HIS)] {
        let member = Member {
            mobile: Some(mobile.to_owned()),
            email: Some(format!("{userid}@mail.example")),
            biz_mail: Some(format!("{userid}@acme.example")),
            ..Member::new(userid, name)
        };
        wecom.set_member(&tenant.corp_id, member).unwrap();
    }
    let fields = vec![SensitiveField::Mobile, SensitiveField::Email, SensitiveField::BizMail];
    let set = |app: &mut wecom_sim::App| app.sensitive_fields = fields;
    wecom.edit_app(&tenant.corp_id, tenant.agent_id, set).unwrap();
}

/// How large the tenant's corp is: a fifth of it may be looked up wrong.
pub(crate) fn set_size(tenant: &Tenant, size: u32) {
    let wecom = tenant.world.wecom();
    let mut all = wecom.world();
    let corp = all.corps.iter_mut().find(|corp| corp.corp_id == tenant.corp_id).unwrap();
    corp.size = Some(size);
    wecom.set_world(all);
}

/// An account with this verified phone number and mail address: its id.
pub(crate) async fn account(tenant: &Tenant, phone: &str, email: Option<&str>) -> String {
    let store = tenant.world.store();
    let id: TenantId = tenant.id.parse().unwrap();
    let settings = AccountSettings {
        name: Some("Already here".to_owned()),
        phone_number: Some(Phone::parse(phone).unwrap()),
        phone_number_verified: true,
        email: email.map(|text| Email::parse(text).unwrap()),
        email_verified: email.is_some(),
        ..AccountSettings::default()
    };
    let mut tx = store.begin(id).await.unwrap();
    let made = account::create(&mut tx, &store.env, &settings).await.unwrap();
    tx.commit().await.unwrap();
    made.id.to_string()
}

/// A member has signed in by QR code and is asked: the page.
pub(crate) async fn asked(
    tenant: &Tenant,
    browser: &mut Browser,
    pkce: &Pkce,
    member: &str,
) -> Answer {
    let answer = tenant.sign_in(browser, &tenant.authorize_url(pkce, &[]), member).await;
    let to = answer.location().unwrap_or_else(|| panic!("not sent on: {}", answer.body));
    assert_eq!(to.path(), "/bind", "{to}");
    browser.get(to.as_str()).await
}

/// A form of a page: where it goes, and its hidden fields.
pub(crate) fn form(page: &Answer, id: &str) -> (String, Vec<(String, String)>) {
    let mark = format!("id=\"{id}\" method=\"post\"");
    let rest = page.body.split_once(&mark).unwrap_or_else(|| panic!("no {id}: {}", page.body)).1;
    let form = rest.split_once("</form>").unwrap().0;
    let value = |text: &str, name: &str| {
        let rest = text.split_once(&format!("{name}=\"")).unwrap().1;
        rest.split_once('"').unwrap().0.to_owned()
    };
    let hidden = form.split("<input type=\"hidden\"").skip(1);
    let fields = hidden.map(|input| (value(input, " name"), value(input, " value"))).collect();
    (value(form, "action"), fields)
}

/// Whether a page has a form.
pub(crate) fn has_form(page: &Answer, id: &str) -> bool {
    page.body.contains(&format!("id=\"{id}\" method=\"post\""))
}

/// Submits a form of a page, with what was typed into it.
pub(crate) async fn submit(
    tenant: &Tenant,
    browser: &mut Browser,
    page: &Answer,
    id: &str,
    typed: &[(&str, &str)],
) -> Answer {
    let (action, hidden) = form(page, id);
    let hidden = hidden.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let fields: Vec<(&str, &str)> = hidden.chain(typed.iter().copied()).collect();
    browser.post(tenant.url(&action), &fields).await
}

/// Goes where an answer sends the browser: a page of ours.
pub(crate) async fn next(browser: &mut Browser, answer: &Answer) -> Answer {
    let to = answer.location().unwrap_or_else(|| panic!("not sent on: {}", answer.body));
    browser.follow(to.as_str()).await
}

/// A computer that shows a ticket.
pub(crate) struct Computer {
    pub(crate) browser: Browser,
    pub(crate) pkce: Pkce,
    pub(crate) page: Answer,
    pub(crate) interaction: String,
    pub(crate) link: String,
    pub(crate) number: String,
}

impl Computer {
    /// A member signs in by QR code and chooses to authorise.
    pub(crate) async fn of(tenant: &Tenant, member: &str) -> Self {
        let (mut browser, pkce) = (tenant.world.browser(), Pkce::new());
        let page = asked(tenant, &mut browser, &pkce, member).await;
        let answer = submit(tenant, &mut browser, &page, "consent", &[]).await;
        let page = next(&mut browser, &answer).await;
        Self::showing(browser, pkce, page)
    }

    fn showing(browser: Browser, pkce: Pkce, page: Answer) -> Self {
        let between = |from: &str, to: &str| {
            let rest = page.body.split_once(from).unwrap_or_else(|| panic!("{}", page.body)).1;
            rest.split_once(to).unwrap().0.to_owned()
        };
        let link = between("id=\"link\"", ">");
        let link = link.split_once("value=\"").unwrap().1.trim_end_matches('"').to_owned();
        let number = between("id=\"number\">", "<");
        let interaction = parameter(&page.url, "interaction").unwrap();
        Self { browser, pkce, page, interaction, link, number }
    }

    /// The person asks for another ticket.
    pub(crate) async fn anew(mut self, tenant: &Tenant) -> Self {
        let back = tenant.url(&format!("/bind?interaction={}", self.interaction));
        let page = self.browser.get(back).await;
        let answer = submit(tenant, &mut self.browser, &page, "consent", &[]).await;
        let page = next(&mut self.browser, &answer).await;
        Self::showing(self.browser, self.pkce, page)
    }

    /// What the page's script is told.
    pub(crate) async fn status(&mut self, tenant: &Tenant) -> u16 {
        let path = format!("/bind/consent/status?interaction={}", self.interaction);
        self.browser.get(tenant.url(&path)).await.status.as_u16()
    }

    /// The person presses "Continue".
    pub(crate) async fn go_on(&mut self, tenant: &Tenant) -> Answer {
        submit(tenant, &mut self.browser, &self.page, "continue", &[]).await
    }
}

/// On WeCom's page inside the client, the person allows all that is asked for: the callback's answer.
pub(crate) async fn allow(browser: &mut Browser, page: &Answer) -> Answer {
    assert_eq!(page.url.path(), "/connect/oauth2/authorize", "{}", page.body);
    assert!(page.url.query().unwrap().contains("snsapi_privateinfo"), "{}", page.url);
    let mut url: Url = page.url.clone();
    url.set_path("/connect/oauth2/consent");
    url.set_fragment(None);
    let fields = ["mobile", "email", "biz_mail"].map(|field| ("field", field));
    url.query_pairs_mut().append_pair("allow", "1").extend_pairs(fields);
    let back = browser.get(url.as_str()).await;
    let to = back.location().unwrap_or_else(|| panic!("not sent back: {}", back.body));
    browser.get(to.as_str()).await
}

/// A member's phone has opened the link and authorised: the phone, and the page that asks for the
/// number, or that refuses.
pub(crate) async fn authorised(tenant: &Tenant, link: &str, member: &str) -> (Browser, Answer) {
    let mut phone = client(tenant, member);
    let page = phone.follow(link).await;
    let answer = match page.location() {
        // Agreed before: WeCom asks once.
        None if page.url.path() == "/connect/oauth2/authorize" => allow(&mut phone, &page).await,
        _ => page,
    };
    let page = match answer.location() {
        Some(to) => phone.get(to.as_str()).await,
        None => answer,
    };
    (phone, page)
}
