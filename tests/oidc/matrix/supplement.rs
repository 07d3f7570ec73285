//! A value that WeCom tells with the person's consent only: the computer, and the phone.

use e2e::{Answer, Browser, Pkce, Tenant, WECOM};
use reqwest::Method;
use serde_json::json;
use wecom_sim::{Member, SensitiveField};

use super::artefact::Artefact::{self, ConsentTicket, FormToken, Interaction};
use super::people::{self, GETS_A_CODE, number, submit};
use super::shown::{Shown, Works};

const PAGE: [Artefact; 2] = [Artefact::Browser, Interaction];
const FORM: [Artefact; 3] = [Artefact::Browser, FormToken, Interaction];

/// The sources match by a mobile number, which WeCom tells with consent only.
pub(super) async fn prepare(tenant: &Tenant) {
    people::is_seen_by_all(tenant);
    let wecom = tenant.world.wecom();
    let mut all = wecom.world();
    // Large enough for mistakes: a fifth of it may be looked up wrong.
    all.corps.iter_mut().find(|corp| corp.corp_id == tenant.corp_id).unwrap().size = Some(1000);
    wecom.set_world(all);
    let set = |app: &mut wecom_sim::App| app.sensitive_fields = vec![SensitiveField::Mobile];
    wecom.edit_app(&tenant.corp_id, tenant.agent_id, set).unwrap();
    let policy = json!({
        "rules": [{ "field": "mobile", "trusted": true }], "offer_consent": true, "offer_typed": true,
    });
    for source in [&tenant.qr, &tenant.mobile] {
        let path = tenant.path(&format!("/identity-sources/{source}"));
        let body = json!({ "association": "field", "association_policy": policy });
        tenant.admin.patch(&path, body).await;
    }
}

/// A member who has an account by their mobile number, asked at a computer.
struct Stage {
    member: String,
    mobile: String,
    computer: Browser,
    asked: Answer,
}

impl Stage {
    async fn of(tenant: &Tenant) -> Self {
        let number = number();
        let (member, mobile) = (format!("member{number}"), format!("138{number:08}"));
        let told = Member { mobile: Some(mobile.clone()), ..Member::new(&member, &member) };
        tenant.world.wecom().set_member(&tenant.corp_id, told).unwrap();
        let account = json!({
            "name": member, "phone_number": format!("+86{mobile}"), "phone_number_verified": true,
        });
        tenant.admin.post(&tenant.path("/users"), account).await;
        let mut computer = tenant.world.browser();
        let url = tenant.authorize_url(&Pkce::new(), &[]);
        let answer = tenant.sign_in(&mut computer, &url, &member).await;
        let asked = computer.follow(answer.location().unwrap().as_str()).await;
        Self { member, mobile, computer, asked }
    }

    /// The person chooses to authorise: the computer's page with the ticket.
    async fn ticketed(&mut self, tenant: &Tenant) -> Answer {
        submit(tenant, &mut self.computer, &self.asked, "/bind/consent", &[]).await
    }

    /// The phone opens the ticket and allows: its page that asks.
    async fn authorises(&self, tenant: &Tenant, link: &str) -> (Browser, Answer) {
        let mut phone = self.phone(tenant);
        let page = phone.follow(link).await;
        let mut allow = page.url.clone();
        allow.set_path("/connect/oauth2/consent");
        allow.set_fragment(None);
        allow.query_pairs_mut().append_pair("allow", "1").append_pair("field", "mobile");
        let back = phone.get(allow.as_str()).await;
        let page = phone.follow(back.location().unwrap().as_str()).await;
        assert_eq!((page.status.as_u16(), page.url.path()), (200, "/consent"), "{}", page.body);
        (phone, page)
    }

    fn phone(&self, tenant: &Tenant) -> Browser {
        let mut phone = tenant.world.browser().saying(WECOM);
        let signed_in = format!("{}/{}", tenant.corp_id, self.member);
        phone.set_cookie(&tenant.world.wecom_base(), "sim_member", &signed_in);
        phone
    }
}

fn between<'a>(page: &'a Answer, from: &str, to: &str) -> &'a str {
    let rest = page.body.split_once(from).unwrap_or_else(|| panic!("{}", page.body)).1;
    rest.split_once(to).unwrap().0
}

/// What the computer's page shows: the link, and the number.
fn ticket_of(page: &Answer) -> (&str, &str) {
    let link = between(page, "id=\"link\"", ">");
    let link = link.split_once("value=\"").unwrap().1.trim_end_matches('"');
    (link, between(page, "id=\"number\">", "<"))
}

/// The right requests.
pub(super) async fn right(tenant: &Tenant, method: &Method, pattern: &'static str) -> Vec<Shown> {
    if pattern == "/consent/done" {
        return vec![Shown::new(method, pattern, Works::page("Confirmed"))];
    }
    let mut stage = Stage::of(tenant).await;
    let new = |works: Works| Shown::new(method, pattern, works);
    match (method.as_str(), pattern) {
        ("POST", "/bind/typed") => {
            let shown = new(GETS_A_CODE).from(tenant, &stage.computer);
            let shown = shown.form_of(&stage.asked, pattern).with("phone", &stage.mobile);
            return vec![shown.rests_on(&FORM)];
        }
        ("POST", "/bind/consent") => {
            let works = Works::To("/bind/consent?interaction=");
            let shown = new(works).from(tenant, &stage.computer);
            return vec![shown.form_of(&stage.asked, pattern).rests_on(&FORM)];
        }
        _ => {}
    }
    let page = stage.ticketed(tenant).await;
    let (link, number) = ticket_of(&page);
    let at_computer = |works: Works| {
        let shown = new(works).from(tenant, &stage.computer);
        shown.query_of(&page.url).rests_on(&PAGE)
    };
    match pattern {
        "/bind/consent" => vec![at_computer(Works::page("id=\"number\""))],
        "/bind/consent/status" => vec![at_computer(Works::Empty)],
        "/c/{ticket}" => {
            let ticket = link.rsplit_once('/').unwrap().1;
            let opened = |works: Works, by: &Browser| {
                let shown = new(works).from(tenant, by).at("ticket", ticket);
                shown.naming("ticket", ConsentTicket).rests_on(&[ConsentTicket])
            };
            let elsewhere = tenant.world.browser();
            vec![
                opened(Works::page(ticket), &elsewhere),
                opened(Works::To("//wecom.localhost"), &stage.phone(tenant)),
            ]
        }
        _ => {
            let (mut phone, question) = stage.authorises(tenant, link).await;
            if pattern == "/bind/consent/continue" {
                submit(tenant, &mut phone, &question, "/consent", &[("number", number)]).await;
                let shown = new(GETS_A_CODE).from(tenant, &stage.computer);
                return vec![shown.form_of(&page, pattern).rests_on(&FORM)];
            }
            vec![on_the_phone(tenant, &phone, &question, method, (pattern, number))]
        }
    }
}

fn on_the_phone(
    tenant: &Tenant,
    phone: &Browser,
    question: &Answer,
    method: &Method,
    (pattern, number): (&'static str, &str),
) -> Shown {
    let new = |works: Works| Shown::new(method, pattern, works).from(tenant, phone);
    let done = || Works::To("/consent/done");
    match (method.as_str(), pattern) {
        ("GET", "/consent") => {
            new(Works::page("id=\"confirm\"")).query_of(&question.url).rests_on(&PAGE)
        }
        ("POST", "/consent") => {
            new(done()).form_of(question, pattern).with("number", number).rests_on(&FORM)
        }
        ("POST", "/consent/refuse") => new(done()).form_of(question, pattern).rests_on(&FORM),
        (method, pattern) => panic!("{method} {pattern}"),
    }
}
