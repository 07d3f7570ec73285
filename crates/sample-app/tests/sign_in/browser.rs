//! A browser: cookies, no redirects followed.

use std::collections::BTreeMap;

use reqwest::{Client, Method, StatusCode, redirect};
use sample_app::{SampleApp, Settings, start};
use url::Url;

use crate::op::{CLIENT, Op, SECRET, Script};

/// What the app answered.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) location: String,
    pub(crate) policy: String,
    pub(crate) text: String,
}

impl Answer {
    /// A parameter of the redirect's address.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let url = Url::parse(&self.location).unwrap();
        url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// Where a provider that answers this request sends the browser.
    pub(crate) fn answered(&self, more: &[(&str, &str)]) -> String {
        let state = self.parameter("state").unwrap();
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("state", &state).extend_pairs(more);
        format!("/callback?{}", query.finish())
    }
}

/// A provider, the app, and one browser.
pub(crate) struct Browser {
    pub(crate) op: Op,
    pub(crate) app: SampleApp,
    pub(crate) cookies: BTreeMap<String, String>,
    pub(crate) language: &'static str,
    client: Client,
}

impl Browser {
    pub(crate) async fn open() -> Self {
        let op = Op::start(0);
        let settings = Settings {
            port: 0,
            public_base: "http://app.localhost:0".to_owned(),
            issuer: op.issuer().to_owned(),
            client_id: CLIENT.to_owned(),
            client_secret: Some(SECRET.into()),
            popup_client_id: None,
            connections: vec![("wecom-qr".to_owned(), "QR & <b>扫码</b>".to_owned())],
            workers: 1,
        };
        let app = start(settings).await.unwrap();
        let client =
            Client::builder().no_proxy().redirect(redirect::Policy::none()).build().unwrap();
        Self { op, app, cookies: BTreeMap::new(), language: "en", client }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, "").await
    }

    pub(crate) async fn send(&mut self, method: Method, path: &str, form: &str) -> Answer {
        let port = Url::parse(self.app.base_url()).unwrap().port().unwrap();
        let cookies: Vec<_> =
            self.cookies.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let answer = self
            .client
            .request(method, format!("http://127.0.0.1:{port}{path}"))
            .header("accept-language", self.language)
            .header("cookie", cookies.join("; "))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.to_owned())
            .send()
            .await
            .unwrap();
        for cookie in answer.headers().get_all("set-cookie") {
            self.keep(cookie.to_str().unwrap());
        }
        let header = |name: &str| {
            answer
                .headers()
                .get(name)
                .map(|value| value.to_str().unwrap().to_owned())
                .unwrap_or_default()
        };
        let (status, location) = (answer.status(), header("location"));
        let policy = header("content-security-policy");
        Answer { status, location, policy, text: answer.text().await.unwrap() }
    }

    /// Every cookie must be what its prefix promises.
    fn keep(&mut self, cookie: &str) {
        for part in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
        let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
        assert!(name.starts_with("__Host-"), "{cookie}");
        if value.is_empty() {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }

    /// Begins a sign-in: what went to the provider, and a script that answers it properly.
    pub(crate) async fn begin(&mut self) -> (Answer, Script) {
        let asked = self.get("/login").await;
        assert_eq!(asked.status, StatusCode::SEE_OTHER, "{}", asked.text);
        let script = Script {
            algorithm: "ES256".to_owned(),
            challenge: asked.parameter("code_challenge").unwrap(),
            nonce: asked.parameter("nonce").unwrap(),
            ..Script::default()
        };
        (asked, script)
    }

    /// A whole sign-in by this script; the callback's answer.
    pub(crate) async fn sign_in(&mut self, change: impl FnOnce(&mut Script)) -> Answer {
        let (asked, mut script) = self.begin().await;
        change(&mut script);
        self.op.play(script);
        let issuer = self.op.issuer().to_owned();
        let callback = asked.answered(&[("code", "a-code"), ("iss", &issuer)]);
        self.get(&callback).await
    }

    /// The claims that the app believes, if this browser is signed in.
    pub(crate) async fn claims(&mut self) -> Option<serde_json::Value> {
        let answer = self.get("/claims.json").await;
        match answer.status {
            StatusCode::OK => Some(serde_json::from_str(&answer.text).unwrap()),
            status => {
                assert_eq!(status, StatusCode::UNAUTHORIZED);
                None
            }
        }
    }
}
