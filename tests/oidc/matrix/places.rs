//! From WeCom's workbench into an app, and from the client on a computer into the system's browser.

use e2e::{Answer, Browser, Tenant, WECOM, WECOM_DESKTOP};
use reqwest::Method;
use serde_json::json;
use url::Url;

use super::artefact::Artefact::{self, AppId, FormToken, HandOverCode, HandOverTicket, Session};
use super::people::{self, submit};
use super::shown::{Shown, Works};

/// Where the app begins sign-ins.
const START: &str = "https://app.example.com/start";

/// The app begins sign-ins, and its mobile source offers the browser.
pub(super) async fn prepare(tenant: &Tenant) {
    people::is_seen_by_all(tenant);
    let path = tenant.path(&format!("/apps/{}", tenant.app.id));
    tenant.admin.patch(&path, json!({ "initiate_login_uri": START })).await;
    let path = tenant.path(&format!("/identity-sources/{}", tenant.mobile));
    let offers = json!({ "association_policy": { "offer_browser": true } });
    tenant.admin.patch(&path, offers).await;
}

fn inside(tenant: &Tenant, user_agent: &str) -> Browser {
    let mut browser = tenant.world.browser().saying(user_agent);
    let signed_in = format!("{}/{}", tenant.corp_id, people::member(tenant));
    browser.set_cookie(&tenant.world.wecom_base(), "sim_member", &signed_in);
    browser
}

/// A client on a computer, signed in from the workbench, at the page that offers the browser.
async fn offered(tenant: &Tenant) -> (Browser, Answer) {
    let mut inside = inside(tenant, WECOM_DESKTOP);
    let link = format!("/connections/social/mobile/workbench/{}", tenant.app.id);
    let page = inside.follow(tenant.url(&link)).await;
    assert_eq!((page.status.as_u16(), page.url.path()), (200, "/continue"), "{}", page.body);
    (inside, page)
}

/// What it is given for another browser: link and code.
async fn ticket(tenant: &Tenant) -> (String, String) {
    let (mut inside, page) = offered(tenant).await;
    let shown = submit(tenant, &mut inside, &page, "/continue/offer", &[]).await;
    let code = shown.body.split_once("class=\"typed\"><code>").unwrap().1;
    let code = code.split_once('<').unwrap().0.replace(' ', "");
    (shown.url.path().rsplit_once('/').unwrap().1.to_owned(), code)
}

/// The right requests.
pub(super) async fn right(tenant: &Tenant, method: &Method, pattern: &'static str) -> Vec<Shown> {
    let new = |works: Works| Shown::new(method, pattern, works);
    match (method.as_str(), pattern) {
        ("GET", "/connections/social/{identifier}/workbench/{app}") => {
            let browser = inside(tenant, WECOM);
            let shown = new(Works::To("/connections/social/mobile?interaction="));
            let shown = shown.from(tenant, &browser).at("identifier", "mobile");
            vec![shown.at("app", &tenant.app.id).naming("app", AppId).rests_on(&[AppId])]
        }
        ("GET", "/continue") => {
            let (browser, page) = offered(tenant).await;
            let shown = new(Works::page("/continue/offer")).from(tenant, &browser);
            let shown = shown.query_of(&page.url).naming("app", AppId);
            let typed = new(Works::page("name=\"code\""));
            vec![shown.rests_on(&[Session, AppId]), typed]
        }
        ("POST", "/continue/offer") => {
            let (browser, page) = offered(tenant).await;
            let shown = new(Works::To("/continue/")).from(tenant, &browser);
            let shown = shown.form_of(&page, pattern).naming("app", AppId);
            let all = [Session, Artefact::Browser, FormToken, AppId];
            vec![shown.rests_on(&all).of_any_browser()]
        }
        ("POST", "/continue") => {
            let mut browser = tenant.world.browser();
            let page = browser.get(tenant.url(pattern)).await;
            let (_, code) = ticket(tenant).await;
            let shown = new(Works::To("/continue/")).from(tenant, &browser);
            // Only the page that it leads to looks at the code.
            let shown = shown.form_of(&page, pattern).with("code", &code);
            let shown = shown.naming("code", HandOverCode);
            vec![shown.rests_on(&[Artefact::Browser, FormToken]).of_any_browser()]
        }
        (_, "/continue/{ticket}") => {
            let (link, _) = ticket(tenant).await;
            let (_, code) = ticket(tenant).await;
            vec![
                taken(tenant, method, pattern, (HandOverTicket, &link)).await,
                taken(tenant, method, pattern, (HandOverCode, &code)).await,
            ]
        }
        (method, pattern) => panic!("{method} {pattern}"),
    }
}

/// In the other browser.
async fn taken(
    tenant: &Tenant,
    method: &Method,
    pattern: &'static str,
    (kind, ticket): (Artefact, &str),
) -> Shown {
    let mut browser = tenant.world.browser();
    let new = |works: Works| Shown::new(method, pattern, works).at("ticket", ticket);
    if method == Method::GET {
        let shown = new(Works::page("name=\"csrf\"")).from(tenant, &browser);
        return shown.naming("ticket", kind).rests_on(&[kind]);
    }
    let path = format!("/continue/{ticket}");
    let page = browser.get(Url::parse(&tenant.url(&path)).unwrap().as_str()).await;
    let shown = new(Works::To("/continue?app=")).from(tenant, &browser).form_of(&page, &path);
    let all = [Artefact::Browser, FormToken, kind];
    shown.naming("ticket", kind).rests_on(&all).of_any_browser()
}
