//! What people do on their account's pages, and what is looked at afterwards.

use chrono::TimeDelta;
use e2e::{Answer, Browser, Pkce, Tenant};
use serde_json::{Value, json};
use store::account::AccountSettings;
use store::id::{TenantId, UserId};
use store::link_event::{Filter, Recorded};
use store::normal::{Email, Handle};
use store::page::PageRequest;
use store::{account, identity, link_event, session, user};
use url::Url;
use wecom_sim::{Corp, Member};

use crate::steps::{lose_cookies_of, sub};

/// The name of the second corp.
pub(crate) const BRANCH: &str = "Branch company";
/// A password that may be chosen.
pub(crate) const GOOD: &str = "correct horse battery";

/// Signs a member in for the app: the `sub`.
pub(crate) async fn enters(tenant: &Tenant, browser: &mut Browser, member: &str) -> String {
    let pkce = Pkce::new();
    let answer = tenant.sign_in(browser, &tenant.authorize_url(&pkce, &[]), member).await;
    sub(tenant, &pkce, &answer).await
}

/// Signs a member in by this source, for the account page.
pub(crate) async fn enters_by(
    tenant: &Tenant,
    browser: &mut Browser,
    identifier: &str,
    member: &str,
) {
    lose_cookies_of(tenant, browser);
    let login = browser.follow(tenant.url("/account")).await;
    let of = format!("/connections/social/{identifier}?");
    let link = login.links().into_iter().find(|link| link.contains(&of)).unwrap();
    let callback = to_link_callback(tenant, browser, &tenant.url(&link), member).await;
    let answer = browser.get(callback.as_str()).await;
    assert_eq!(answer.location().unwrap().path(), "/account", "{}", answer.body);
}

/// The removal was done, and the browser is signed out by it.
pub(crate) async fn is_signed_out(tenant: &Tenant, browser: &mut Browser, answer: &Answer) {
    let location = answer.location().unwrap_or_else(|| panic!("not done: {}", answer.body));
    assert_eq!(location.as_str(), tenant.url("/account?done=removed"));
    assert_eq!(browser.get(location.as_str()).await.location().unwrap().path(), "/login");
}

/// The account page of a browser that is signed in.
pub(crate) async fn page(tenant: &Tenant, browser: &mut Browser) -> Answer {
    let answer = browser.get(tenant.url("/account")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer
}

/// The token of the forms of a page.
pub(crate) fn csrf(page: &Answer) -> String {
    let rest = page.body.split_once("name=\"csrf\" value=\"");
    let rest = rest.unwrap_or_else(|| panic!("no form: {}", page.body)).1;
    rest.split_once('"').unwrap().0.to_owned()
}

/// Posts one of the account's forms, with the token of the account page.
pub(crate) async fn post(
    tenant: &Tenant,
    browser: &mut Browser,
    path: &str,
    fields: &[(&str, &str)],
) -> Answer {
    let token = csrf(&page(tenant, browser).await);
    let mut form = vec![("csrf", token.as_str())];
    form.extend(fields);
    browser.post(tenant.url(path), &form).await
}

/// A form was taken: the account page says what was done.
pub(crate) async fn is_done(tenant: &Tenant, browser: &mut Browser, answer: &Answer, what: &str) {
    let location = answer.location().unwrap_or_else(|| panic!("not done: {}", answer.body));
    assert_eq!(answer.status, 303);
    assert_eq!(location.as_str(), tenant.url(&format!("/account?done={what}")));
    let page = browser.get(location.as_str()).await;
    assert!(page.body.contains("role=\"status\""), "{}", page.body);
}

/// Chooses a password: what the form is answered.
pub(crate) async fn choose(
    tenant: &Tenant,
    browser: &mut Browser,
    current: &str,
    new: &str,
) -> Answer {
    let fields = [("current", current), ("new", new), ("repeated", new)];
    post(tenant, browser, "/account/password", &fields).await
}

/// A second corp at WeCom, with a member `ZhangS` and others, and its source `branch`: our id of it.
pub(crate) async fn branch(tenant: &Tenant) -> String {
    let corp_id = format!("{}b", tenant.corp_id);
    let mut corp = Corp::new(&corp_id, BRANCH);
    let names = [("ZhangS", "张三 (branch)"), ("chenwei", "陈伟")];
    corp.members = names.iter().map(|(userid, name)| Member::new(userid, name)).collect();
    let secret = format!("secret-of-{corp_id}");
    let mut app = wecom_sim::App::new(1_000_005, &secret, "Branch app");
    app.web_login_callback_domain = Some(tenant.host.clone());
    app.trusted_domain = Some(tenant.host.clone());
    corp.apps = vec![app];
    let mut all = tenant.world.wecom().world();
    all.corps.push(corp);
    tenant.world.wecom().set_world(all);
    let body = json!({ "corp_id": corp_id, "display_name": BRANCH });
    let corp = tenant.admin.post(&tenant.path("/corps"), body).await;
    let body = json!({
        "identifier": "branch", "kind": "wecom_qr", "mode": "self_built", "corp": corp["id"],
        "agent_id": 1_000_005, "secret": secret, "display_names": { "en": "WeCom branch" },
    });
    let source = tenant.admin.post(&tenant.path("/identity-sources"), body).await;
    source["id"].as_str().unwrap().to_owned()
}

/// Begins to add the branch as a way in: the link that goes upstream.
pub(crate) async fn begin_link(tenant: &Tenant, browser: &mut Browser) -> String {
    begin_link_by(tenant, browser, "branch").await
}

/// Begins to add a way in by this source.
pub(crate) async fn begin_link_by(
    tenant: &Tenant,
    browser: &mut Browser,
    identifier: &str,
) -> String {
    let answer = post(tenant, browser, "/account/identities", &[]).await;
    let choose = answer.location().unwrap_or_else(|| panic!("refused: {}", answer.body));
    assert_eq!(choose.path(), "/account/identities/add");
    let page = browser.get(choose.as_str()).await;
    let of = format!("/connections/social/{identifier}?");
    let link = page.links().into_iter().find(|link| link.contains(&of));
    tenant.url(&link.unwrap_or_else(|| panic!("nothing to add: {}", page.body)))
}

/// At WeCom, a member of the branch confirms: the callback, which is not opened yet.
pub(crate) async fn to_link_callback(
    tenant: &Tenant,
    browser: &mut Browser,
    link: &str,
    member: &str,
) -> Url {
    let started = browser.get(link).await;
    let wecom = started.location().unwrap_or_else(|| panic!("not sent: {}", started.body));
    tenant.confirm(browser, &wecom, member).await.location().unwrap()
}

/// Adds the branch as a way in: what the callback is answered.
pub(crate) async fn links(tenant: &Tenant, browser: &mut Browser, member: &str) -> Answer {
    let link = begin_link(tenant, browser).await;
    let callback = to_link_callback(tenant, browser, &link, member).await;
    browser.get(callback.as_str()).await
}

pub(crate) fn tenant_id(tenant: &Tenant) -> TenantId {
    tenant.id.parse().unwrap()
}

pub(crate) fn user_id(user: &str) -> UserId {
    user.parse().unwrap()
}

/// The identities of a user.
pub(crate) async fn identities(tenant: &Tenant, user: &str) -> Vec<identity::Identity> {
    let mut scope = tenant.world.store().tenant(tenant_id(tenant));
    identity::of_user(&mut scope, user_id(user)).await.unwrap()
}

/// The sessions of a user.
pub(crate) async fn sessions(tenant: &Tenant, user: &str) -> Vec<session::Listed> {
    let store = tenant.world.store();
    let mut scope = store.tenant(tenant_id(tenant));
    session::of_user(&mut scope, &store.env, user_id(user)).await.unwrap()
}

/// The journal of a user's links.
pub(crate) async fn journal(tenant: &Tenant, user: &str) -> Vec<Recorded> {
    let mut scope = tenant.world.store().tenant(tenant_id(tenant));
    let filter = Filter { user_id: Some(user_id(user)), ..Filter::default() };
    let all = PageRequest { limit: 100, after: None };
    link_event::list(&mut scope, filter, all).await.unwrap().items
}

/// An administrator gives a user a name to sign in by, and a mail address.
pub(crate) async fn is_named(tenant: &Tenant, user: &str, name: &str, email: Option<&str>) {
    let store = tenant.world.store();
    let mut tx = store.begin(tenant_id(tenant)).await.unwrap();
    let found = user::find(&mut tx, user_id(user)).await.unwrap().unwrap();
    let settings = AccountSettings {
        name: found.name,
        username: Handle::parse(name).ok(),
        email: email.and_then(|email| Email::parse(email).ok()),
        email_verified: email.is_some(),
        ..AccountSettings::default()
    };
    account::update(&mut tx, &store.env, found.id, found.version, &settings).await.unwrap();
    tx.commit().await.unwrap();
}

/// The app takes these methods beside its sources.
pub(crate) async fn app_takes(tenant: &Tenant, methods: &[&str]) {
    let path = tenant.path(&format!("/apps/{}", tenant.app.id));
    tenant.admin.patch(&path, json!({ "sign_in_methods": methods })).await;
}

/// The events of an action, by their results.
pub(crate) async fn results(tenant: &Tenant, action: &str) -> Vec<String> {
    let events = crate::steps::events(tenant, "").await;
    let of = events.iter().filter(|event| event["action"] == action);
    of.map(|event: &Value| event["result"].as_str().unwrap().to_owned()).collect()
}

/// Puts the clock past the time in which a sign-in counts as fresh.
pub(crate) fn grows_old(tenant: &Tenant) {
    tenant.world.clock().advance(TimeDelta::minutes(5));
}
