//! A tenant that the console API made, and what its people and its app do.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use reqwest::Method;
use serde_json::{Value, json};
use store::Clock as _;
use url::Url;
use wecom_sim::{Corp, Member};

use crate::backend::{hex, random};
use crate::browser::{Answer, Browser};
use crate::console::Caller;
use crate::world::World;

/// A tenant with a corp of its own at the simulated WeCom, both kinds of source and an app.
#[derive(Clone)]
pub struct Tenant {
    /// The deployment.
    pub world: World,
    /// Its id.
    pub id: String,
    /// Its host, with the port.
    pub host: String,
    /// Its administrator, at the console.
    pub admin: Caller,
    /// WeCom's id of its corp.
    pub corp_id: String,
    /// Our id of its corp.
    pub corp: String,
    /// The `agentid` of its app at WeCom.
    pub agent_id: i64,
    /// Our id of its QR source, `qr`.
    pub qr: String,
    /// Our id of its mobile source, `mobile`.
    pub mobile: String,
    /// Its app.
    pub app: App,
    /// Where its programs call from: some address of this machine, or 127.0.0.1.
    pub from: Option<Ipv4Addr>,
    /// Which node its programs' next request goes to: each goes to the next one, whoever else acts.
    pub turn: Arc<AtomicUsize>,
}

/// An app of a tenant.
#[derive(Debug, Clone)]
pub struct App {
    /// Its `client_id`.
    pub id: String,
    /// Its secret; none for a public one.
    pub secret: Option<String>,
    /// Its redirect URI.
    pub redirect_uri: String,
}

/// A PKCE pair.
#[derive(Debug, Clone)]
pub struct Pkce {
    /// What the token request carries.
    pub verifier: String,
    /// What the authorization request carries.
    pub challenge: String,
}

impl Pkce {
    /// A fresh pair.
    pub fn new() -> Self {
        let verifier = URL_SAFE_NO_PAD.encode(random::<32>());
        let challenge =
            URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()));
        Self { verifier, challenge }
    }
}

impl Default for Pkce {
    fn default() -> Self {
        Self::new()
    }
}

/// The redirect URI of every test's app: nobody is there, the browser stops before it.
const REDIRECT_URI: &str = "https://app.example.com/callback";

impl Tenant {
    pub(crate) async fn make(world: &World, name: &str) -> Self {
        let host = format!("{name}.localhost:{}", world.ports()[0]);
        let operator = world.operator();
        let tenant = operator.post("/tenants", json!({ "host": host, "display_name": name })).await;
        let id = text(&tenant, "id");
        let base = format!("/tenants/{id}");
        let key =
            operator.post(&format!("{base}/api-keys"), json!({ "display_name": "test" })).await;
        let admin = world.administrator(&text(&key, "key"));
        let (corp_id, agent_id, secret) = make_corp(world, &host);
        let body = json!({ "corp_id": corp_id, "display_name": format!("{name} 公司") });
        let corp = text(&admin.post(&format!("{base}/corps"), body).await, "id");
        let mut sources = Vec::new();
        for (identifier, kind) in [("qr", "wecom_qr"), ("mobile", "wecom_mobile")] {
            let body = json!({
                "identifier": identifier, "kind": kind, "mode": "self_built", "corp": corp,
                "agent_id": agent_id, "secret": secret,
                "display_names": { "zh-CN": format!("企业微信 {identifier}"), "en": format!("WeCom {identifier}") },
            });
            sources.push(text(&admin.post(&format!("{base}/identity-sources"), body).await, "id"));
        }
        let app = App { id: String::new(), secret: None, redirect_uri: REDIRECT_URI.to_owned() };
        let (qr, mobile) = (sources[0].clone(), sources[1].clone());
        let mut made = Self {
            world: world.clone(),
            id,
            host,
            admin,
            corp_id,
            corp,
            agent_id,
            qr,
            mobile,
            from: None,
            turn: Arc::default(),
            app,
        };
        made.app = made.make_app(json!({})).await;
        made
    }

    /// Makes another app, linked to both sources. `body` goes over what a confidential app has.
    pub async fn make_app(&self, body: Value) -> App {
        let mut full = json!({
            "display_name": "Test app", "redirect_uris": [REDIRECT_URI],
            "home_url": "https://app.example.com/",
            "post_logout_redirect_uris": ["https://app.example.com/signed-out"],
            "token_endpoint_auth_method": "client_secret_basic",
        });
        for (name, value) in body.as_object().unwrap() {
            full[name] = value.clone();
        }
        let redirect_uri = full["redirect_uris"][0].as_str().unwrap().to_owned();
        let made = self.admin.post(&self.path("/apps"), full).await;
        let id = text(&made, "id");
        for (position, source) in [&self.qr, &self.mobile].into_iter().enumerate() {
            let path = self.path(&format!("/apps/{id}/identity-sources/{source}"));
            self.admin.put(&path, json!({ "position": position })).await;
        }
        App { id, secret: made["client_secret"].as_str().map(str::to_owned), redirect_uri }
    }

    /// A path of this tenant at the console.
    pub fn path(&self, rest: &str) -> String {
        format!("/tenants/{}{rest}", self.id)
    }

    /// A URL on its host.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.host)
    }

    /// Its issuer.
    pub fn issuer(&self) -> String {
        self.url("/oidc")
    }

    /// An authorization request of its app, with PKCE, state `s` and nonce `n`. `extra` goes over
    /// it; an empty value takes the parameter away.
    pub fn authorize_url(&self, pkce: &Pkce, extra: &[(&str, &str)]) -> String {
        let mut params = vec![
            ("client_id", self.app.id.as_str()),
            ("redirect_uri", self.app.redirect_uri.as_str()),
            ("response_type", "code"),
            ("scope", "openid profile email phone"),
            ("state", "s"),
            ("nonce", "n"),
            ("code_challenge", &pkce.challenge),
            ("code_challenge_method", "S256"),
        ];
        params.retain(|(name, _)| !extra.iter().any(|(other, _)| other == name));
        params.extend(extra.iter().filter(|(_, value)| !value.is_empty()));
        let query =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish();
        self.url(&format!("/oidc/auth?{query}"))
    }

    /// Opens the app's request and follows the QR source's link: the answer that sends the browser
    /// to WeCom.
    pub async fn start_qr(&self, browser: &mut Browser, authorize: &str) -> Answer {
        let page = browser.follow(authorize).await;
        let link = page.links().into_iter().find(|link| link.contains("/connections/social/qr"));
        let link = link
            .unwrap_or_else(|| panic!("no QR source on the page: {} {}", page.status, page.body));
        browser.get(self.url(&link)).await
    }

    /// At WeCom's page, a member confirms: the answer that sends the browser to the callback.
    pub async fn confirm(&self, browser: &mut Browser, wecom: &Url, member: &str) -> Answer {
        let mut choose = wecom.clone();
        choose.set_path("/wwlogin/sso/choose");
        choose.query_pairs_mut().append_pair("userid", member);
        browser.get(choose.as_str()).await
    }

    /// A whole sign-in by QR: the answer that sends the browser back to the app.
    pub async fn sign_in(&self, browser: &mut Browser, authorize: &str, member: &str) -> Answer {
        let started = self.start_qr(browser, authorize).await;
        let wecom =
            started.location().unwrap_or_else(|| panic!("not sent to WeCom: {}", started.body));
        let confirmed = self.confirm(browser, &wecom, member).await;
        let callback =
            confirmed.location().unwrap_or_else(|| panic!("not sent back: {}", confirmed.body));
        browser.get(callback.as_str()).await
    }

    /// A whole sign-in by QR up to the tokens.
    pub async fn tokens(&self, browser: &mut Browser, member: &str) -> Value {
        let pkce = Pkce::new();
        let answer = self.sign_in(browser, &self.authorize_url(&pkce, &[]), member).await;
        let code = answer.parameter("code").unwrap_or_else(|| panic!("no code: {answer:?}"));
        let answer = self.redeem(&code, &pkce).await;
        assert!(answer.status.is_success(), "{} {}", answer.status, answer.body);
        answer.json()
    }

    /// The app redeems a code.
    pub async fn redeem(&self, code: &str, pkce: &Pkce) -> Answer {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", self.app.redirect_uri.as_str()),
            ("code_verifier", pkce.verifier.as_str()),
        ];
        self.token(&self.app, &form).await
    }

    /// A token request of an app, authenticated as it is registered.
    pub async fn token(&self, app: &App, form: &[(&str, &str)]) -> Answer {
        let mut form = form.to_vec();
        let basic =
            app.secret.as_ref().map(|secret| STANDARD.encode(format!("{}:{secret}", app.id)));
        if basic.is_none() {
            form.push(("client_id", &app.id));
        }
        let header = basic.map(|basic| format!("Basic {basic}"));
        self.post("/oidc/token", &form, header.as_deref()).await
    }

    /// A form that a program posts to a path of the tenant's host.
    pub async fn post(
        &self,
        path: &str,
        form: &[(&str, &str)],
        authorization: Option<&str>,
    ) -> Answer {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
        headers.extend(authorization.map(|value| ("authorization", value)));
        self.send(Method::POST, path, &headers, Some(body.as_bytes())).await
    }

    /// UserInfo with an access token.
    pub async fn userinfo(&self, access_token: &str) -> Answer {
        let bearer = format!("Bearer {access_token}");
        self.send(Method::GET, "/oidc/me", &[("authorization", &bearer)], None).await
    }

    /// Any request of a program to a path of the tenant's host.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Answer {
        let url = Url::parse(&self.url(path)).unwrap();
        let node = self.turn.fetch_add(1, Ordering::Relaxed);
        let mut request = self.world.route(node, self.from).request(method, &url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.body(body.to_vec());
        }
        let response = request.send().await.unwrap_or_else(|error| panic!("{url}: {error}"));
        let (status, headers) = (response.status(), response.headers().clone());
        Answer { url, status, headers, body: response.text().await.unwrap() }
    }

    /// The clock's seconds.
    pub fn now(&self) -> i64 {
        self.world.clock().now().timestamp()
    }

    /// The id of the user that a member of the corp is linked to: the `sub`, by the console.
    pub async fn users(&self) -> Vec<Value> {
        let page = self.admin.get(&self.path("/users?limit=200")).await;
        page["items"].as_array().unwrap().clone()
    }
}

/// A member's field that an answer has to have.
fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}")).to_owned()
}

/// A corp at the simulated WeCom: members `zhangsan`, `LiSi` and `wangwu`, one app that everybody
/// but `outsider` sees.
fn make_corp(world: &World, host: &str) -> (String, i64, String) {
    let corp_id = format!("ww{}", hex(&random::<8>()));
    let secret = format!("secret-{}", hex(&random::<16>()));
    let mut corp = Corp::new(&corp_id, "Test corp");
    let names =
        [("zhangsan", "张三"), ("LiSi", "李四"), ("wangwu", "王五"), ("outsider", "局外人")];
    corp.members = names.iter().map(|(userid, name)| Member::new(userid, name)).collect();
    let mut app = wecom_sim::App::new(1_000_002, &secret, "Test app at WeCom");
    app.visible.all = false;
    app.visible.members = vec!["zhangsan".into(), "LiSi".into(), "wangwu".into()];
    app.trusted_domain = Some(host.to_owned());
    app.web_login_callback_domain = Some(host.to_owned());
    corp.apps = vec![app];
    let mut all = world.wecom().world();
    all.corps.push(corp);
    world.wecom().set_world(all);
    (corp_id, 1_000_002, secret)
}
