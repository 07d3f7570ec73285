//! A running simulator with a clock of its own and a client that follows no redirect.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use chrono::DateTime;
use reqwest::{Client, Method, Response, redirect::Policy};
use serde_json::Value;
use wecom_sim::{Control, Settings, Simulator, World};

pub(crate) const CORP: &str = World::DEMO_CORP;
pub(crate) const AGENT: i64 = World::DEMO_AGENTID;
pub(crate) const SECRET: &str = World::DEMO_SECRET;
pub(crate) const IP: &str = "203.0.113.9";
pub(crate) const CLIENT: &str = "Mozilla/5.0 wxwork/4.1.6 MicroMessenger/7.0.1";
pub(crate) const PHONE: &str = "Mozilla/5.0 (iPhone) Safari/604.1";
/// `https://broker.test/cb`, percent-encoded.
pub(crate) const REDIRECT: &str = "https%3A%2F%2Fbroker.test%2Fcb";

pub(crate) struct Sim {
    pub(crate) control: Control,
    pub(crate) http: Client,
    pub(crate) base: String,
    clock: Arc<AtomicI64>,
    _simulator: Simulator,
}

impl Sim {
    /// The demo's corp, its app on the domain `broker.test`.
    pub(crate) async fn start() -> Self {
        let clock = Arc::new(AtomicI64::new(1_800_000_000));
        let ticks = Arc::clone(&clock);
        let now = move || DateTime::from_timestamp(ticks.load(Ordering::SeqCst), 0).unwrap();
        let settings =
            Settings { caller_ip: Some(IP.to_owned()), workers: 2, ..Settings::new(Arc::new(now)) };
        let simulator = Simulator::start(settings, World::demo()).await.unwrap();
        let control = simulator.control();
        control.set_trusted_domain(CORP, AGENT, Some("broker.test")).unwrap();
        let http = Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
        let base = simulator.base_url().to_owned();
        Self { control, http, base, clock, _simulator: simulator }
    }

    /// Time passes.
    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.http.get(format!("{}{path}", self.base)).send().await.unwrap()
    }

    /// A call of the API that answers HTTP 200.
    pub(crate) async fn api(&self, path: &str) -> Value {
        let response = self.get(&format!("/cgi-bin/{path}")).await;
        assert_eq!(response.status(), 200);
        response.json().await.unwrap()
    }

    pub(crate) async fn errcode(&self, path: &str) -> i64 {
        self.api(path).await["errcode"].as_i64().unwrap()
    }

    pub(crate) async fn gettoken(&self, secret: &str) -> Value {
        self.api(&format!("gettoken?corpid={CORP}&corpsecret={secret}")).await
    }

    pub(crate) async fn token(&self) -> String {
        self.gettoken(SECRET).await["access_token"].as_str().unwrap().to_owned()
    }

    /// Redeems a code with the demo app's token.
    pub(crate) async fn redeem(&self, code: &str) -> Value {
        let token = self.token().await;
        self.api(&format!("auth/getuserinfo?access_token={token}&code={code}")).await
    }

    /// A code by Web login; `who` such as `userid=zhangsan`.
    pub(crate) async fn web_code(&self, who: &str) -> String {
        let response = self.get(&format!("/wwlogin/sso/choose?{}&{who}", web_query("s1"))).await;
        code_of(&location(&response))
    }

    /// The authorise page, seen by a client in which this member is signed in.
    pub(crate) async fn authorize(&self, query: &str, member: &str) -> Response {
        self.client_get(&format!("/connect/oauth2/authorize?{query}"), member).await
    }

    pub(crate) async fn client_get(&self, path: &str, member: &str) -> Response {
        let request = self.http.get(format!("{}{path}", self.base));
        let cookie = format!("sim_member={CORP}/{member}");
        request.header("user-agent", CLIENT).header("cookie", cookie).send().await.unwrap()
    }

    /// A code by consent to these fields, such as `&field=mobile`.
    pub(crate) async fn consent_code(&self, fields: &str, member: &str) -> String {
        let query = client_query("snsapi_privateinfo", "s1");
        let path = format!("/connect/oauth2/consent?{query}{fields}&allow=1");
        code_of(&location(&self.client_get(&path, member).await))
    }

    pub(crate) async fn detail(&self, body: &str) -> Value {
        let token = self.token().await;
        let url = format!("{}/cgi-bin/auth/getuserdetail?access_token={token}", self.base);
        let response = self.http.post(url).body(body.to_owned()).send().await.unwrap();
        assert_eq!(response.status(), 200);
        response.json().await.unwrap()
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: &Value) -> Response {
        let request = self.http.request(method, format!("{}{path}", self.base));
        request.json(body).send().await.unwrap()
    }
}

pub(crate) fn web_query(state: &str) -> String {
    format!(
        "login_type=CorpApp&appid={CORP}&agentid={AGENT}&redirect_uri={REDIRECT}&state={state}&lang=zh"
    )
}

pub(crate) fn client_query(scope: &str, state: &str) -> String {
    format!(
        "appid={CORP}&redirect_uri={REDIRECT}&response_type=code&scope={scope}&state={state}&agentid={AGENT}"
    )
}

pub(crate) fn location(response: &Response) -> String {
    assert_eq!(response.status(), 302);
    response.headers()["location"].to_str().unwrap().to_owned()
}

pub(crate) fn code_of(location: &str) -> String {
    let url = url::Url::parse(location).unwrap();
    url.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned()
}

/// The code that an error page shows; no page of an error redirects.
pub(crate) async fn page_error(response: Response) -> String {
    assert_eq!(response.status(), 400);
    assert!(response.headers().get("location").is_none());
    let html = response.text().await.unwrap();
    let (_, rest) = html.split_once("data-errcode=\"").unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}
