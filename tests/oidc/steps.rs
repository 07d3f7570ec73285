//! What a test of the provider does and looks at.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use e2e::{Answer, App, Browser, Pkce, Tenant, World};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::Url;

/// The session's cookie.
pub(crate) const SESSION: &str = "__Host-hufu_session";
/// The media type of forms.
pub(crate) const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// A tenant and a browser in which `zhangsan` is signed in.
pub(crate) async fn signed_in(world: &World) -> (Tenant, Browser) {
    let tenant = world.tenant("acme").await;
    let mut browser = world.browser();
    let (code, _) = sign_in(&tenant, &mut browser, "zhangsan").await;
    assert!(code.starts_with("hufu_code_"), "{code}");
    (tenant, browser)
}

/// A member signs in by QR: the code, and what redeems it.
pub(crate) async fn sign_in(
    tenant: &Tenant,
    browser: &mut Browser,
    member: &str,
) -> (String, Pkce) {
    let pkce = Pkce::new();
    let answer = tenant.sign_in(browser, &tenant.authorize_url(&pkce, &[]), member).await;
    let code = answer.parameter("code").unwrap_or_else(|| panic!("no code: {answer:?}"));
    (code, pkce)
}

/// The session answers the app's request without a page.
pub(crate) async fn silently(
    tenant: &Tenant,
    browser: &mut Browser,
    pkce: &Pkce,
    extra: &[(&str, &str)],
) -> Answer {
    let mut all = vec![("prompt", "none")];
    all.extend(extra);
    browser.get(tenant.authorize_url(pkce, &all)).await
}

/// A fresh code from the browser's session, and what redeems it.
pub(crate) async fn code(tenant: &Tenant, browser: &mut Browser) -> (String, Pkce) {
    let pkce = Pkce::new();
    let answer = silently(tenant, browser, &pkce, &[]).await;
    let code = answer.parameter("code").unwrap_or_else(|| panic!("no code: {answer:?}"));
    (code, pkce)
}

/// Fresh tokens from the browser's session.
pub(crate) async fn tokens(
    tenant: &Tenant,
    browser: &mut Browser,
    extra: &[(&str, &str)],
) -> Value {
    let pkce = Pkce::new();
    let answer = silently(tenant, browser, &pkce, extra).await;
    let code = answer.parameter("code").unwrap_or_else(|| panic!("no code: {answer:?}"));
    let answer = tenant.redeem(&code, &pkce).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

/// A member of an object that has to be a text.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}

/// The claims of a token, unverified.
pub(crate) fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// The header that an app authenticates with.
pub(crate) fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// The same tenant, seen by another app of it.
pub(crate) fn by(tenant: &Tenant, app: App) -> Tenant {
    Tenant { app, ..tenant.clone() }
}

/// A public app of the tenant.
pub(crate) async fn public_app(tenant: &Tenant) -> Tenant {
    let app = tenant.make_app(json!({ "token_endpoint_auth_method": "none" })).await;
    by(tenant, app)
}

/// A public app of the tenant with these fields, which gets refresh tokens.
pub(crate) async fn refreshing(tenant: &Tenant, fields: Value) -> Tenant {
    let mut body = json!({
        "token_endpoint_auth_method": "none", "grant_types": ["authorization_code", "refresh_token"],
    });
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    by(tenant, tenant.make_app(body).await)
}

/// The app shows a refresh token.
pub(crate) async fn refresh(tenant: &Tenant, token: &str, extra: &[(&str, &str)]) -> Answer {
    let mut form = vec![("grant_type", "refresh_token"), ("refresh_token", token)];
    form.extend(extra);
    tenant.token(&tenant.app, &form).await
}

/// The app shows a refresh token and gets tokens.
pub(crate) async fn refreshed(tenant: &Tenant, token: &str) -> Value {
    let answer = refresh(tenant, token, &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    is_not_stored(&answer);
    answer.json()
}

/// The refresh token is worth nothing.
pub(crate) async fn is_worthless(tenant: &Tenant, token: &str, what: &str) {
    let answer = refresh(tenant, token, &[]).await;
    is_oauth_error(&answer, 400, "invalid_grant", what);
}

/// Whether an access token still gives anything.
pub(crate) async fn lives(tenant: &Tenant, tokens: &Value) -> bool {
    let answer = tenant.userinfo(text(tokens, "access_token")).await;
    assert!([200, 401].contains(&answer.status.as_u16()), "{} {}", answer.status, answer.body);
    answer.status == 200
}

/// Changes the tenant's app.
pub(crate) async fn change(tenant: &Tenant, fields: Value) {
    tenant.admin.patch(&tenant.path(&format!("/apps/{}", tenant.app.id)), fields).await;
}

/// The answer is a page of ours about this failure: nobody is sent anywhere, nothing is planted.
pub(crate) fn is_page(answer: &Answer, code: &str, what: &str) {
    assert_eq!(answer.code().as_deref(), Some(code), "{what}: {} {}", answer.status, answer.body);
    assert!((400..500).contains(&answer.status.as_u16()), "{what}: {}", answer.status);
    assert!(answer.headers.get("location").is_none(), "{what}: {answer:?}");
    assert!(answer.headers.get("refresh").is_none(), "{what}: {answer:?}");
    assert!(!answer.body.contains("hufu_code_"), "{what}");
    assert!(!sets_session(answer), "{what}: {answer:?}");
}

/// The answer tells the app this error at its address, with our name, and gives no code.
pub(crate) fn is_error(tenant: &Tenant, answer: &Answer, code: &str, what: &str) {
    let location = answer.location().unwrap_or_else(|| panic!("{what}: {answer:?}"));
    assert!(location.as_str().starts_with(&tenant.app.redirect_uri), "{what}: {location}");
    assert_eq!(answer.status, 303, "{what}");
    assert_eq!(answer.parameter("error").as_deref(), Some(code), "{what}: {location}");
    assert_eq!(answer.parameter("iss"), Some(tenant.issuer()), "{what}");
    let known = ["error", "error_description", "state", "iss"];
    for (name, value) in location.query_pairs() {
        assert!(known.contains(&&*name), "{what}: {name} does not belong there");
        // RFC 6749 §4.1.2.1: printable ASCII without quotation mark and backslash.
        let legal = |byte: u8| (0x20..=0x7e).contains(&byte) && byte != b'"' && byte != b'\\';
        assert!(name == "state" || value.bytes().all(legal), "{what}: {value}");
    }
    assert_eq!(location.fragment().unwrap_or_default(), "", "{what}");
}

/// The answer of the token endpoint is this error, and nobody may store it.
pub(crate) fn is_oauth_error(answer: &Answer, status: u16, code: &str, what: &str) {
    assert_eq!(answer.status, status, "{what}: {}", answer.body);
    assert_eq!(answer.json()["error"], code, "{what}: {}", answer.body);
    assert!(!answer.body.contains("token\":"), "{what}: {}", answer.body);
    is_not_stored(answer);
}

/// JSON that nobody may store (attack F9).
pub(crate) fn is_not_stored(answer: &Answer) {
    let header = |name| answer.headers.get(name).unwrap_or_else(|| panic!("no {name}")).to_str();
    assert_eq!(header("cache-control").unwrap(), "no-store");
    assert_eq!(header("pragma").unwrap(), "no-cache");
    assert_eq!(header("content-type").unwrap(), "application/json");
    assert_eq!(header("x-content-type-options").unwrap(), "nosniff");
}

/// Whether an answer begins or changes a session.
pub(crate) fn sets_session(answer: &Answer) -> bool {
    let lines = answer.headers.get_all("set-cookie").iter();
    lines.filter_map(|line| line.to_str().ok()).any(|line| line.starts_with(SESSION))
}

/// The session still answers for the person.
pub(crate) async fn is_signed_in(tenant: &Tenant, browser: &mut Browser) {
    let answer = silently(tenant, browser, &Pkce::new(), &[]).await;
    assert!(answer.parameter("code").is_some(), "signed out: {answer:?}");
}

/// Nobody is signed in.
pub(crate) async fn is_signed_out(tenant: &Tenant, browser: &mut Browser) {
    let answer = silently(tenant, browser, &Pkce::new(), &[]).await;
    is_error(tenant, &answer, "login_required", "signed out");
}

/// An authorization request by GET or by POST, with a query or form as it is.
pub(crate) async fn authorize(
    tenant: &Tenant,
    browser: &mut Browser,
    method: Method,
    form: &str,
) -> Answer {
    let url = Url::parse(&tenant.url("/oidc/auth")).unwrap();
    send_form(browser, method, url, form).await
}

/// A request with parameters as they are, in the query or in a form.
pub(crate) async fn send_form(
    browser: &mut Browser,
    method: Method,
    mut url: Url,
    form: &str,
) -> Answer {
    if method == Method::POST {
        return browser.send(method, &url, Some(form.to_owned())).await;
    }
    url.set_query(Some(form));
    browser.send(method, &url, None).await
}

/// The parameters of the app's request, as they stand in a query.
pub(crate) fn query(tenant: &Tenant, pkce: &Pkce, extra: &[(&str, &str)]) -> String {
    Url::parse(&tenant.authorize_url(pkce, extra)).unwrap().query().unwrap().to_owned()
}

/// Sends bytes as they are to a node and reads all that comes until it closes.
pub(crate) async fn raw(port: u16, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    // A node may refuse before it has read all; what it said by then counts.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// The status of what [`raw`] read.
pub(crate) fn status(answer: &str) -> u16 {
    let status = answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3));
    status.and_then(|digits| digits.parse().ok()).unwrap_or_else(|| panic!("no answer: {answer:?}"))
}

/// All audit events of a tenant, by the console.
pub(crate) async fn events(tenant: &Tenant) -> Vec<Value> {
    let (mut all, mut path) = (Vec::new(), tenant.path("/audit-events?limit=200"));
    loop {
        let page = tenant.admin.get(&path).await;
        all.extend(page["items"].as_array().unwrap().iter().cloned());
        let Some(cursor) = page["next"].as_str() else { return all };
        path = tenant.path(&format!("/audit-events?limit=200&cursor={cursor}"));
    }
}
