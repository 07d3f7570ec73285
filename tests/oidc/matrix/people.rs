//! Who comes: a fresh account and a fresh member of the corp each time, so that no limit on tries is
//! reached and nobody is known already.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use e2e::{Answer, Browser, Pkce, Tenant};
use serde_json::json;
use wecom_sim::Member;

use super::shown::{Shown, Works};

/// The app's answer: a code.
pub(super) const GETS_A_CODE: Works = Works::To("https://app.example.com/callback?code=hufu_code_");
/// Everybody's password.
pub(super) const PASSWORD: &str = "correct horse battery";
/// How long a message may take.
const SOON: Duration = Duration::from_secs(10);

/// A number that no other call gets.
pub(super) fn number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The tenant's app takes passwords and codes, and its app at WeCom is seen by everybody.
pub(super) async fn prepare(tenant: &Tenant) {
    let app = tenant.path(&format!("/apps/{}", tenant.app.id));
    let methods = json!({ "sign_in_methods": ["password", "email_code"] });
    tenant.admin.patch(&app, methods).await;
    is_seen_by_all(tenant);
}

/// The tenant's app at WeCom is seen by everybody.
pub(super) fn is_seen_by_all(tenant: &Tenant) {
    let set = |app: &mut wecom_sim::App| app.visible.all = true;
    tenant.world.wecom().edit_app(&tenant.corp_id, tenant.agent_id, set).unwrap();
}

/// An account.
pub(super) struct Person {
    pub(super) name: String,
    pub(super) email: String,
}

impl Person {
    /// A new one with a name, a password and a mail address.
    pub(super) async fn of(tenant: &Tenant) -> Self {
        let name = format!("person{}", number());
        let email = format!("{name}@acme.example");
        let body = json!({
            "name": name, "username": name, "email": email, "email_verified": true, "password": PASSWORD,
        });
        tenant.admin.post(&tenant.path("/users"), body).await;
        Self { name, email }
    }

    /// The code of their next mail.
    pub(super) async fn mailed(&self, tenant: &Tenant) -> String {
        let mail = tenant.world.mail().wait_for(&self.email, SOON).await;
        mail.unwrap_or_else(|| panic!("no mail to {}", self.email)).code(6).unwrap()
    }
}

/// A new member of the tenant's corp.
pub(super) fn member(tenant: &Tenant) -> String {
    let userid = format!("member{}", number());
    let member = Member::new(&userid, &userid);
    tenant.world.wecom().set_member(&tenant.corp_id, member).unwrap();
    userid
}

/// The login page in a new browser.
pub(super) async fn login(tenant: &Tenant) -> (Browser, Answer) {
    let mut browser = tenant.world.browser();
    let page = browser.follow(tenant.authorize_url(&Pkce::new(), &[])).await;
    assert_eq!((page.status.as_u16(), page.url.path()), (200, "/login"), "{}", page.body);
    (browser, page)
}

/// Sends a page's form, filled in, and goes on to where it leads.
pub(super) async fn submit(
    tenant: &Tenant,
    browser: &mut Browser,
    page: &Answer,
    path: &str,
    typed: &[(&str, &str)],
) -> Answer {
    let form = Shown::new(&reqwest::Method::POST, "", Works::Empty).form_of(page, path);
    let fields = form.fields();
    let fields: Vec<(&str, &str)> =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let fields = [&fields[..], typed].concat();
    let answer = browser.post(tenant.url(path), &fields).await;
    match answer.location() {
        Some(next) => browser.follow(next.as_str()).await,
        None => answer,
    }
}
