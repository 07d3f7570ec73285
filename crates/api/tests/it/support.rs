//! The bed and its callers.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use actix_web::body::to_bytes;
use actix_web::dev::Service as _;
use actix_web::http::header::HeaderMap;
use actix_web::http::{Method, StatusCode};
use actix_web::{App, HttpResponse, HttpServer, test, web};
use api::{Console, Egress};
use oidc::keys::Nursery;
use serde_json::{Value, json};
use store::ephemeral::{Ephemeral, MemorySettings};
use store::secret::SecretHash;
use store::{Database, DatabaseUrl, Env, KeyRing, Store};

pub(crate) const OPERATOR_KEY: &str = "hufu_operator_0123456789abcdefghijklmnopqrstuvwxyz";
/// Nothing but WeCom may ever see it again.
pub(crate) const CANARY: &str = "CANARY-wecom-secret-4711";

static BEDS: AtomicU64 = AtomicU64::new(0);

type Handle = dyn Fn(test::TestRequest) -> Pin<Box<dyn Future<Output = Answer>>>;

/// A console on a database in memory.
#[derive(Clone)]
pub(crate) struct Bed {
    pub(crate) store: Store,
    pub(crate) wecom: WeCom,
    pub(crate) console: Arc<Console>,
    handle: Rc<Handle>,
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    /// Null if there is no body.
    pub(crate) body: Value,
}

/// Somebody with a key, at home at a path.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) bed: Bed,
    pub(crate) key: String,
    /// Before every path that does not begin with `/`.
    pub(crate) home: String,
    pub(crate) tenant: String,
}

/// A request in the making.
pub(crate) struct Request {
    bed: Bed,
    request: test::TestRequest,
}

impl Bed {
    pub(crate) async fn new() -> Self {
        Self::with_scheme("https").await
    }

    pub(crate) async fn with_scheme(scheme: &str) -> Self {
        let name = format!("api-{}-{}", std::process::id(), BEDS.fetch_add(1, Ordering::Relaxed));
        let database = Database::open(&DatabaseUrl::SqliteMemory(name), 4).await.unwrap();
        database.migrate().await.unwrap();
        let env = Env::system();
        let keys = Arc::new(KeyRing::ephemeral(&env).unwrap());
        let ephemeral = Ephemeral::memory(MemorySettings::default());
        let store = Store { database, ephemeral, env, keys, logout_due: Arc::default() };
        let wecom = WeCom::start();
        let client = broker::wecom::WeCom::new(wecom.settings(), store.clone()).unwrap();
        let console = Console {
            store: store.clone(),
            operator_key: SecretHash::of(OPERATOR_KEY),
            scheme: scheme.to_owned(),
            console_host: "console.example".to_owned(),
            egresses: vec![
                Egress { name: String::new(), addresses: vec!["203.0.113.10".to_owned()] },
                Egress { name: "shanghai".to_owned(), addresses: vec!["203.0.113.20".to_owned()] },
            ],
            new_keys: Nursery::of_process(),
            links: broker::admin::Links::new(client.clone(), store.clone()),
            tester: broker::source_test::Tester::new(client, store.clone()),
            outgoing: outgoing::Policy::default(),
            passwords: password::Passwords::new(password::Settings {
                memory_kib: 64,
                iterations: 1,
                at_once: 2,
                ..password::Settings::default()
            })
            .unwrap(),
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
        };
        assert!(!format!("{console:?}").contains(OPERATOR_KEY));
        let console = Arc::new(console);
        let app = App::new().configure(api::routes(Arc::clone(&console)));
        let app = Rc::new(test::init_service(app).await);
        let handle = move |request: test::TestRequest| {
            let app = Rc::clone(&app);
            let answer: Pin<Box<dyn Future<Output = Answer>>> = Box::pin(async move {
                let response = app.call(request.to_request()).await.unwrap();
                let (status, headers) = (response.status(), response.headers().clone());
                let bytes = to_bytes(response.into_body()).await.unwrap_or_default();
                Answer::new(status, headers, &bytes)
            });
            answer
        };
        Self { store, wecom, console, handle: Rc::new(handle) }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> Request {
        let peer: SocketAddr = "198.51.100.7:4711".parse().unwrap();
        let request = test::TestRequest::with_uri(path).method(method).peer_addr(peer);
        Request { bed: self.clone(), request }
    }

    pub(crate) fn operator(&self) -> Caller {
        Caller {
            bed: self.clone(),
            key: OPERATOR_KEY.to_owned(),
            home: "/api/v1".to_owned(),
            tenant: String::new(),
        }
    }

    /// A new tenant, and somebody with a key of it.
    pub(crate) async fn tenant(&self, host: &str) -> Caller {
        let operator = self.operator();
        let tenant =
            operator.post("tenants", json!({ "host": host, "display_name": "Acme" })).await;
        tenant.assert(201);
        let home = format!("/api/v1/tenants/{}", tenant.id());
        let key =
            operator.post(&format!("{home}/api-keys"), json!({ "display_name": "test" })).await;
        key.assert(201);
        let key = key.body["key"].as_str().unwrap().to_owned();
        Caller { bed: self.clone(), key, home, tenant: tenant.id() }
    }
}

impl Answer {
    /// Every refusal is a problem; every answer has what every answer has.
    fn new(status: StatusCode, headers: HeaderMap, bytes: &[u8]) -> Self {
        let text = String::from_utf8(bytes.to_vec()).unwrap_or_default();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        let answer = Self { status, headers, text, body };
        if status.is_client_error() || status.is_server_error() {
            assert_eq!(answer.header("content-type"), "application/problem+json", "{answer:?}");
            assert_eq!(answer.body["status"], status.as_u16());
            assert!(answer.body["type"].as_str().unwrap().starts_with("urn:hufu:problem:"));
            assert!(!answer.body["title"].as_str().unwrap().is_empty());
            assert!(!answer.body["detail"].as_str().unwrap().is_empty());
            assert_eq!(answer.body["trace"].as_str().unwrap().len(), 12);
        }
        if !answer.text.is_empty() {
            assert!(!answer.text.contains(CANARY), "a secret got out: {}", answer.text);
        }
        answer
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    #[track_caller]
    pub(crate) fn assert(&self, status: u16) -> &Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    #[track_caller]
    pub(crate) fn assert_problem(&self, status: u16, code: &str) -> &Self {
        self.assert(status);
        assert_eq!(self.body["type"], format!("urn:hufu:problem:{code}"), "{}", self.text);
        self
    }

    /// The fields that were refused: pointer and code, sorted.
    pub(crate) fn errors(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let errors = self.body["errors"].as_array().into_iter().flatten();
        let mut errors: Vec<_> =
            errors.map(|error| (text(&error["pointer"]), text(&error["code"]))).collect();
        errors.sort();
        errors
    }

    #[track_caller]
    pub(crate) fn assert_errors(&self, expected: &[(&str, &str)]) {
        self.assert(422);
        let errors = self.errors();
        let errors: Vec<_> = errors.iter().map(|(at, code)| (at.as_str(), code.as_str())).collect();
        assert_eq!(errors, expected, "{}", self.text);
    }

    pub(crate) fn id(&self) -> String {
        self.body["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn kid(&self) -> String {
        self.body["kid"].as_str().unwrap().to_owned()
    }

    pub(crate) fn items(&self) -> &[Value] {
        self.body["items"].as_array().unwrap()
    }
}

impl Request {
    pub(crate) fn key(mut self, key: &str) -> Self {
        self.request = self.request.insert_header(("Authorization", format!("Bearer {key}")));
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.append_header((name, value));
        self
    }

    pub(crate) fn peer(mut self, peer: &str) -> Self {
        self.request = self.request.peer_addr(peer.parse().unwrap());
        self
    }

    pub(crate) fn body(mut self, body: impl Into<web::Bytes>) -> Self {
        self.request = self.request.set_payload(body);
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.header("Content-Type", "application/json").body(body.to_string())
    }

    pub(crate) async fn send(self) -> Answer {
        (self.bed.handle)(self.request).await
    }
}

impl Caller {
    pub(crate) fn request(&self, method: Method, path: &str) -> Request {
        let path =
            if path.starts_with('/') { path.to_owned() } else { format!("{}/{path}", self.home) };
        self.bed.request(method, path.trim_end_matches('/')).key(&self.key)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.request(Method::GET, path).send().await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.request(Method::POST, path).json(&body).send().await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.request(Method::PUT, path).json(&body).send().await
    }

    /// Whatever the version is.
    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.request(Method::PATCH, path).header("If-Match", "*").json(&body).send().await
    }

    /// Whatever the version is.
    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.request(Method::DELETE, path).header("If-Match", "*").send().await
    }

    pub(crate) async fn corp(&self) -> String {
        let body = json!({ "corp_id": "ww1a2b3c4d5e6f7890", "display_name": "Acme" });
        let corp = self.post("corps", body).await;
        corp.assert(201);
        corp.id()
    }

    /// A source as [`source`] has it, in a new corp.
    pub(crate) async fn source(&self) -> String {
        let made = self.post("identity-sources", source(&self.corp().await)).await;
        made.assert(201);
        made.id()
    }

    pub(crate) async fn app(&self) -> String {
        let made = self.post("apps", app()).await;
        made.assert(201);
        made.id()
    }

    pub(crate) async fn user(&self) -> String {
        let tenant = self.tenant.parse().unwrap();
        let mut tx = self.bed.store.begin(tenant).await.unwrap();
        let profile = store::user::Profile { name: Some("Zhang San".into()), ..Default::default() };
        let env = &self.bed.store.env;
        let user = store::user::create(&mut tx, env, &profile).await.unwrap();
        let subject = store::identity::Subject {
            corp_id: "ww1a2b3c4d5e6f7890".into(),
            subject: user.id.to_string(),
            userid: "ZhangSan".into(),
        };
        let held = store::departure::hold(&mut tx, &subject).await.unwrap();
        store::identity::link(&mut tx, env, user.id, held, None).await.unwrap().unwrap();
        tx.commit().await.unwrap();
        user.id.to_string()
    }
}

/// The body of a proper source.
pub(crate) fn source(corp: &str) -> Value {
    json!({
        "corp": corp, "identifier": "wecom", "kind": "wecom_qr", "mode": "self_built",
        "agent_id": 1_000_002, "secret": CANARY, "display_names": { "zh-CN": "企业微信", "en": "WeCom" },
    })
}

/// The body of a proper app.
pub(crate) fn app() -> Value {
    json!({ "display_name": "Wiki", "redirect_uris": ["https://wiki.example/callback"] })
}

/// The body of a proper initial access token.
pub(crate) fn initial_access_token() -> Value {
    json!({
        "display_name": "Agents", "uses": 1, "identity_sources": [],
        "sign_in_methods": ["password"], "expires_at": (Env::system().now() + chrono::TimeDelta::hours(1)).to_rfc3339(),
    })
}

/// `body` with other members.
#[expect(clippy::needless_pass_by_value, reason = "reads better at the call")]
pub(crate) fn with(mut body: Value, members: Value) -> Value {
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

/// A WeCom on loopback that answers as it is told and remembers what it was asked.
#[derive(Clone)]
pub(crate) struct WeCom {
    script: Arc<Mutex<Script>>,
    address: SocketAddr,
}

struct Script {
    token: Value,
    agent: Value,
    member: Value,
    calls: Vec<String>,
}

impl WeCom {
    fn start() -> Self {
        let script = Script {
            token: json!({ "errcode": 0, "access_token": "token", "expires_in": 7200 }),
            agent: json!({
                "errcode": 0, "agentid": 1_000_002, "name": "Acme", "close": 0,
                "redirect_domain": "login.acme.example",
                "allow_partys": { "partyid": [1] },
            }),
            member: json!({ "errcode": 60111, "errmsg": "userid not found" }),
            calls: Vec::new(),
        };
        let script = Arc::new(Mutex::new(script));
        let shared = Arc::clone(&script);
        let server = HttpServer::new(move || {
            let answer = |name: &'static str, script: &Arc<Mutex<Script>>| {
                let script = Arc::clone(script);
                web::to(move |request: actix_web::HttpRequest| {
                    let mut script = script.lock().unwrap();
                    script.calls.push(format!("{name}?{}", request.query_string()));
                    let body = match name {
                        "gettoken" => &script.token,
                        "user/get" => &script.member,
                        _ => &script.agent,
                    };
                    std::future::ready(HttpResponse::Ok().json(body))
                })
            };
            App::new()
                .route("/cgi-bin/gettoken", answer("gettoken", &shared))
                .route("/cgi-bin/agent/get", answer("agent/get", &shared))
                .route("/cgi-bin/user/get", answer("user/get", &shared))
        });
        let server = server.workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
        let address = server.addrs()[0];
        actix_web::rt::spawn(server.run());
        Self { script, address }
    }

    fn settings(&self) -> wecom::Settings {
        let base: wecom::BaseUrl = format!("http://{}", self.address).parse().unwrap();
        let base_urls = wecom::BaseUrls { api: base.clone(), web_login: base.clone(), oauth: base };
        wecom::Settings { base_urls, ..Default::default() }
    }

    pub(crate) fn token(&self, reply: Value) {
        self.script.lock().unwrap().token = reply;
    }

    pub(crate) fn agent(&self, reply: Value) {
        self.script.lock().unwrap().agent = reply;
    }

    pub(crate) fn member(&self, reply: Value) {
        self.script.lock().unwrap().member = reply;
    }

    /// How often an API was called.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.script.lock().unwrap().calls.iter().filter(|call| call.starts_with(name)).count()
    }
}
