//! What is logged: JSON lines with trace ids, and no secret (F9).

use std::collections::BTreeSet;

use e2e::{Answer, Backend, Browser, Pkce, Tenant, WECOM};
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use url::Url;
use wecom_sim::{Fault, FaultKind};

use crate::nodes::Nodes;

/// The secrets that a test came to know.
#[derive(Default)]
struct Canaries(BTreeSet<String>);

impl Canaries {
    fn add(&mut self, secret: impl Into<String>) {
        let secret = secret.into();
        assert!(secret.len() >= 8, "{secret:?} could be in a log by chance");
        self.0.insert(secret);
    }

    /// The parameters of a URL that nobody else may know.
    fn add_url(&mut self, url: &Url) {
        let secret =
            ["code", "state", "access_token", "corpsecret", "interaction", "id_token_hint"];
        let pairs = url.query_pairs().filter(|(name, _)| secret.contains(&&**name));
        // The state of the tests' own app.
        let pairs = pairs.filter(|(_, value)| value != "s");
        pairs.for_each(|(_, value)| self.add(value));
    }

    /// What an answer brought: where it leads, what its page's links hold.
    fn add_answer(&mut self, answer: &Answer) {
        answer.location().iter().for_each(|url| self.add_url(url));
        for link in answer.links() {
            if let Ok(url) = answer.url.join(&link) {
                self.add_url(&url);
            }
        }
    }

    fn add_cookies(&mut self, browser: &Browser) {
        for (name, value) in browser.cookies.values().flatten() {
            // Which app a browser came from is no secret.
            if name != "__Host-hufu_app" {
                self.add(value);
            }
        }
    }

    /// What the operator, the administrator and the app know.
    fn add_keys(&mut self, nodes: &Nodes, tenant: &Tenant) {
        let world = &nodes.world;
        self.add(world.operator().key());
        self.add(tenant.admin.key());
        self.add(tenant.app.secret.clone().unwrap());
        let key = &world.settings().secrets.keys[0];
        self.add(key.key.as_ref().unwrap().expose_secret());
        for app in world.wecom().world().corps.iter().flat_map(|corp| &corp.apps) {
            self.add(&app.secret);
        }
    }

    /// What went to WeCom: codes, the app's secret, access tokens, tickets.
    fn add_calls(&mut self, nodes: &Nodes) {
        for call in nodes.world.wecom().journal() {
            let url = Url::parse(&format!("http://wecom.localhost/?{}", call.query)).unwrap();
            self.add_url(&url);
        }
    }

    fn assert_absent(&self, said: &str) {
        for canary in &self.0 {
            let found = said.lines().find(|line| line.contains(canary.as_str()));
            assert!(found.is_none(), "{canary} is in: {found:?}");
        }
    }
}

/// A QR sign-in step by step, up to UserInfo.
async fn sign_in(canaries: &mut Canaries, tenant: &Tenant) {
    let (mut browser, pkce) = (tenant.world.browser(), Pkce::new());
    canaries.add(&pkce.verifier);
    let own = [("state", "canary-of-the-state"), ("nonce", "canary-of-the-nonce")];
    for (_, value) in own {
        canaries.add(value);
    }
    let authorize = tenant.authorize_url(&pkce, &own);
    let page = browser.follow(&authorize).await;
    canaries.add_answer(&page);
    let started = tenant.start_qr(&mut browser, &authorize).await;
    canaries.add_answer(&started);
    canaries.add_cookies(&browser);
    let confirmed = tenant.confirm(&mut browser, &started.location().unwrap(), "zhangsan").await;
    canaries.add_answer(&confirmed);
    let answer = browser.get(confirmed.location().unwrap().as_str()).await;
    canaries.add_answer(&answer);
    canaries.add_cookies(&browser);
    let code = answer.parameter("code").unwrap();
    let tokens = tenant.redeem(&code, &pkce).await.json();
    for token in ["access_token", "id_token"] {
        let token = tokens[token].as_str().unwrap();
        canaries.add(token);
        // Nor the part without which it is worth nothing.
        canaries.add(token.rsplit('.').next().unwrap());
    }
    assert!(tenant.userinfo(tokens["access_token"].as_str().unwrap()).await.status.is_success());
    let logout = [("id_token_hint", tokens["id_token"].as_str().unwrap())];
    let end = Url::parse_with_params(&tenant.url("/oidc/session/end"), logout).unwrap();
    browser.get(end.as_str()).await;
}

/// Inside the WeCom client: silent.
async fn sign_in_silently(canaries: &mut Canaries, tenant: &Tenant) {
    tenant.world.wecom().set_client_member(&tenant.corp_id, Some("LiSi")).unwrap();
    let (mut browser, pkce) = (tenant.world.browser().saying(WECOM), Pkce::new());
    let answer = browser.follow(tenant.authorize_url(&pkce, &[])).await;
    canaries.add_answer(&answer);
    canaries.add_cookies(&browser);
    let code = answer.parameter("code").unwrap_or_else(|| panic!("{answer:?}"));
    assert!(tenant.redeem(&code, &pkce).await.status.is_success());
}

/// Requests that fail, each with secrets in it.
async fn fail(canaries: &mut Canaries, tenant: &Tenant) {
    let mut browser = tenant.world.browser();
    for path in ["/oidc/session/end?id_token_hint=", "/connections/social/qr?interaction="] {
        let canary = format!("canaryInAQuery{}", path.len());
        browser.get(tenant.url(&format!("{path}{canary}"))).await;
        canaries.add(canary);
    }
    canaries.add("canaryOfAState");
    canaries.add("canaryOfACode");
    let callback = "/connections/social/qr/callback?code=canaryOfACode&state=canaryOfAState";
    browser.get(tenant.url(callback)).await;
    canaries.add("canary-of-a-code");
    tenant.redeem("canary-of-a-code", &Pkce::new()).await;
    let mut app = tenant.app.clone();
    app.secret = Some("canary-of-a-secret".to_owned());
    canaries.add("canary-of-a-secret");
    let form = [("grant_type", "authorization_code"), ("code", "canary-of-a-code")];
    assert_eq!(tenant.token(&app, &form).await.status, 401);
    canaries.add("canary-of-a-token");
    assert_eq!(tenant.userinfo("canary-of-a-token").await.status, 401);
    canaries.add("canary-of-a-key");
    let stranger = tenant.world.administrator("canary-of-a-key");
    let answer = stranger.call(Method::GET, &tenant.path("/users"), &[], None).await;
    assert_eq!(answer.status, 401);
    canaries.add("canary-of-a-wecom-secret");
    let source = tenant.path(&format!("/identity-sources/{}", tenant.qr));
    let body = json!({ "secret": "canary-of-a-wecom-secret", "login_only": "not a boolean" });
    let answer = tenant.admin.call(Method::PATCH, &source, &[("if-match", "*")], Some(body)).await;
    assert_eq!(answer.status, 422, "{}", answer.body);
}

/// Sign-ins during which WeCom fails in every way: what is logged of a failed call must not have
/// its URL, which holds WeCom's access token and the code.
async fn fail_at_wecom(canaries: &mut Canaries, tenant: &Tenant) {
    let wecom = tenant.world.wecom();
    for kind in [
        FaultKind::DropConnection,
        FaultKind::HttpStatus(502),
        FaultKind::MalformedJson,
        FaultKind::HalfBody,
        FaultKind::Errcode(40029),
        FaultKind::Errcode(42001),
        FaultKind::Redirect("http://127.0.0.1:1/".to_owned()),
        FaultKind::Latency(3_000),
    ] {
        wecom.inject(Fault::always("/cgi-bin/auth/getuserinfo", kind));
        let mut browser = tenant.world.browser();
        let authorize = tenant.authorize_url(&Pkce::new(), &[]);
        let answer = tenant.sign_in(&mut browser, &authorize, "wangwu").await;
        assert!(answer.parameter("code").is_none(), "{answer:?}");
        canaries.add_answer(&answer);
        canaries.add_cookies(&browser);
        wecom.clear_faults();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f9_no_secret_is_in_the_logs() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        // More than anybody turns on, so that a change of the level gives nothing away either.
        let settings = [("telemetry", "log", "'debug'")];
        let count = if backend == Backend::Sqlite { 1 } else { 2 };
        let nodes = Nodes::start(backend, count, &settings).await;
        let tenant = nodes.world.tenant("acme").await;
        let mut canaries = Canaries::default();
        canaries.add_keys(&nodes, &tenant);
        sign_in(&mut canaries, &tenant).await;
        sign_in_silently(&mut canaries, &tenant).await;
        fail(&mut canaries, &tenant).await;
        fail_at_wecom(&mut canaries, &tenant).await;
        canaries.add_calls(&nodes);
        assert!(canaries.0.len() > 50, "{}", canaries.0.len());
        tenant.tokens(&mut nodes.world.browser(), "zhangsan").await;
        let said = nodes.stop().await;
        // It did say what happened.
        for word in ["\"route\":\"/oidc/token\"", "/connections/social/{identifier}/callback"] {
            assert!(said.contains(word), "{word}");
        }
        canaries.assert_absent(&said);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_line_is_json_and_carries_the_callers_trace_id() {
    let mut nodes = Nodes::start(Backend::Sqlite, 1, &[]).await;
    let tenant = nodes.world.tenant("acme").await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("00-{trace}-00f067aa0ba902b7-01");
    let header = ("traceparent", parent.as_str());
    assert_eq!(nodes.ask(0, &tenant.host, "/no-such-page", header).await, 404);
    // What is no trace context is nobody's parent.
    for bad in ["00-00000000000000000000000000000000-00f067aa0ba902b7-01", "evil\"trace", "00-x"] {
        assert_eq!(nodes.ask(0, &tenant.host, "/other-page", ("traceparent", bad)).await, 404);
    }
    nodes.signal(0, "TERM").await;
    let ended = nodes.ended(0).await;
    assert_eq!(ended.stderr, "");
    let mut carried = 0;
    for line in ended.stdout.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        for field in ["timestamp", "level", "target", "message"] {
            assert!(line[field].is_string(), "no {field}: {line}");
        }
        let own = line["span"]["trace_id"] == trace;
        carried += usize::from(own && line["target"] == "hufu::access" && line["status"] == 404);
        assert!(!line.to_string().contains("evil"), "{line}");
    }
    assert_eq!(carried, 1, "{}", ended.stdout);
    nodes.stop().await;
}
