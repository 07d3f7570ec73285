//! The steps of a sign-in, one by one, and what is looked at afterwards.

use e2e::{Answer, Browser, Pkce, Tenant, WECOM, World};
use serde_json::Value;
use url::Url;

/// Home page of every test's app.
pub(crate) const HOME: &str = "https://app.example.com/";
/// The call that gives an access token [D 91039].
pub(crate) const GETTOKEN: &str = "/cgi-bin/gettoken";
/// The call that redeems a code [D 91023].
pub(crate) const GETUSERINFO: &str = "/cgi-bin/auth/getuserinfo";
/// The call that reads a member [D 90196].
pub(crate) const USER_GET: &str = "/cgi-bin/user/get";
/// The cookies of a tenant's host.
pub(crate) const SESSION: &str = "__Host-hufu_session";
pub(crate) const BROWSER: &str = "__Host-hufu_browser";

/// How often WeCom was called at a path.
pub(crate) fn calls(world: &World, path: &str) -> usize {
    world.wecom().calls_of(path).len()
}

/// How often a code was brought to WeCom.
pub(crate) fn redemptions(world: &World, callback: &Url) -> usize {
    let code = format!("code={}", parameter(callback, "code").unwrap());
    let calls = world.wecom().calls_of(GETUSERINFO);
    calls.iter().filter(|call| call.query.contains(&code)).count()
}

/// A parameter of a URL.
pub(crate) fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// The URL with another value of a parameter; without it if there is none.
pub(crate) fn with(url: &Url, name: &str, value: Option<&str>) -> Url {
    let kept: Vec<(String, String)> =
        url.query_pairs().into_owned().filter(|(key, _)| key != name).collect();
    let mut changed = url.clone();
    let mut query = changed.query_pairs_mut();
    query.clear().extend_pairs(kept);
    if let Some(value) = value {
        query.append_pair(name, value);
    }
    drop(query);
    changed
}

/// Starts the QR source for the tenant's app: WeCom's URL.
pub(crate) async fn to_wecom(tenant: &Tenant, browser: &mut Browser, pkce: &Pkce) -> Url {
    let started = tenant.start_qr(browser, &tenant.authorize_url(pkce, &[])).await;
    started.location().unwrap_or_else(|| panic!("not sent to WeCom: {}", started.body))
}

/// Brings a browser up to the callback's URL, which it does not open yet.
pub(crate) async fn to_callback(
    tenant: &Tenant,
    browser: &mut Browser,
    pkce: &Pkce,
    member: &str,
) -> Url {
    let wecom = to_wecom(tenant, browser, pkce).await;
    let confirmed = tenant.confirm(browser, &wecom, member).await;
    confirmed.location().unwrap_or_else(|| panic!("not sent back: {}", confirmed.body))
}

/// At WeCom's page, the visitor chooses something else than a member.
pub(crate) async fn choose(browser: &mut Browser, wecom: &Url, name: &str, value: &str) -> Answer {
    let mut url = wecom.clone();
    url.set_path("/wwlogin/sso/choose");
    url.query_pairs_mut().append_pair(name, value);
    browser.get(url.as_str()).await
}

/// On a page about a failure, tries again as the page offers: up to the callback's answer.
pub(crate) async fn try_again(
    tenant: &Tenant,
    browser: &mut Browser,
    page: &Answer,
    member: &str,
) -> Answer {
    let links = page.links();
    let again = links.iter().find(|link| link.starts_with("/login?interaction="));
    let again = again.unwrap_or_else(|| panic!("no way to try again: {}", page.body));
    tenant.sign_in(browser, &tenant.url(again), member).await
}

/// The `sub` that an app gets for the code of an answer.
pub(crate) async fn sub(tenant: &Tenant, pkce: &Pkce, answer: &Answer) -> String {
    let code = answer.parameter("code").unwrap_or_else(|| panic!("no code: {answer:?}"));
    let tokens = tenant.redeem(&code, pkce).await;
    assert!(tokens.status.is_success(), "{} {}", tokens.status, tokens.body);
    let claims = tenant.userinfo(tokens.json()["access_token"].as_str().unwrap()).await;
    claims.json()["sub"].as_str().unwrap().to_owned()
}

/// A member signs in by QR in a fresh browser: the `sub`.
pub(crate) async fn signs_in(tenant: &Tenant, member: &str) -> String {
    let (mut browser, pkce) = (tenant.world.browser(), Pkce::new());
    let authorize = tenant.authorize_url(&pkce, &[]);
    let answer = tenant.sign_in(&mut browser, &authorize, member).await;
    sub(tenant, &pkce, &answer).await
}

/// The WeCom client of a member of the tenant's corp.
pub(crate) fn client(tenant: &Tenant, member: &str) -> Browser {
    let mut browser = tenant.world.browser().saying(WECOM);
    let signed_in = format!("{}/{member}", tenant.corp_id);
    browser.set_cookie(&tenant.world.wecom_base(), "sim_member", &signed_in);
    browser
}

/// The value of a cookie of the tenant's host.
pub(crate) fn cookie(tenant: &Tenant, browser: &Browser, name: &str) -> Option<String> {
    browser.cookies.get(&tenant.host)?.get(name).cloned()
}

/// Forgets the cookies of the tenant's host alone.
pub(crate) fn lose_cookies_of(tenant: &Tenant, browser: &mut Browser) {
    browser.cookies.remove(&tenant.host);
}

/// An answer is a page about this failure: it sends nobody anywhere, signs nobody in, and the trace
/// code that it shows leads the administrator to an event of the same name.
pub(crate) async fn refused(tenant: &Tenant, answer: &Answer, code: &str) {
    assert_eq!(answer.code().as_deref(), Some(code), "{} {}", answer.status, answer.body);
    assert!(answer.location().is_none(), "a refusal sends nobody on: {answer:?}");
    assert!(!sets(answer, SESSION), "a refusal begins no session: {answer:?}");
    let trace = answer.trace().filter(|trace| !trace.is_empty());
    let trace = trace.unwrap_or_else(|| panic!("no trace code: {}", answer.body));
    let events = events(tenant, &format!("trace={trace}")).await;
    assert!(
        events.iter().any(|event| event["result"] == code),
        "the trace code of {code} leads to {events:?}"
    );
}

/// The page offers a way on: trying again, or the app.
pub(crate) fn offers_a_way_back(answer: &Answer) {
    let links = answer.links();
    let way = |link: &String| {
        link.starts_with("https://app.example.com") || link.starts_with("/login?interaction=")
    };
    assert!(links.iter().any(way), "no way back: {}", answer.body);
}

/// Whether an answer sets a cookie.
pub(crate) fn sets(answer: &Answer, name: &str) -> bool {
    let lines = answer.headers.get_all("set-cookie").iter();
    lines.filter_map(|line| line.to_str().ok()).any(|line| line.starts_with(&format!("{name}=")))
}

/// The tenant's audit events.
pub(crate) async fn events(tenant: &Tenant, query: &str) -> Vec<Value> {
    let page = tenant.admin.get(&tenant.path(&format!("/audit-events?limit=200&{query}"))).await;
    page["items"].as_array().unwrap().clone()
}

/// The session of a browser answers for a person, without a page: the answer to the app.
pub(crate) async fn sso(tenant: &Tenant, browser: &mut Browser, pkce: &Pkce) -> Answer {
    browser.get(tenant.authorize_url(pkce, &[("prompt", "none")])).await
}
