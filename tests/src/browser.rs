//! A browser, as far as HTTP shows: it keeps cookies by host, goes where it is sent, and says who
//! it is. Each request goes to the next node.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};

use reqwest::header::{
    CONTENT_TYPE, COOKIE, HOST, HeaderMap, HeaderValue, LOCATION, SET_COOKIE, USER_AGENT,
};
use reqwest::{Method, StatusCode};
use url::Url;

/// Chromium on a desktop.
pub const DESKTOP: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Safari/537.36";
/// Safari on a phone.
pub const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 \
                         (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";
/// The WeCom client on a phone [D 90315].
pub const WECOM: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 10_3_2 like Mac OS X) AppleWebKit/603.2.4 \
                         (KHTML, like Gecko) Mobile/14F89 wxwork/2.2.0 MicroMessenger/6.3.2";
/// The WeCom client on a computer [D 90315].
pub const WECOM_DESKTOP: &str = "Mozilla/5.0 (Windows NT 10.0; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) \
                                 Chrome/53.0.2785.116 Safari/537.36 QBCore/3.43.20 QQBrowser/9.0.2524.400 \
                                 wxwork/2.1.3 (MicroMessenger/6.2) WindowsWechat QBCore/3.43.20";
/// Plain WeChat on a phone [D 90315].
pub const WECHAT: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 10_3_2 like Mac OS X) AppleWebKit/603.2.4 \
                          (KHTML, like Gecko) Mobile/14F89 MicroMessenger/6.3.2";

/// The host of a provider that is not Hufu, on this machine.
pub const PEER: &str = "peer.localhost";

/// How requests reach a deployment.
#[derive(Clone)]
pub(crate) struct Route {
    client: reqwest::Client,
    ports: Arc<RwLock<Vec<u16>>>,
    wecom_port: u16,
    turn: Arc<AtomicUsize>,
}

impl Route {
    /// To the nodes at these ports, whichever they are at the time of a request. `first` is which
    /// of them comes first, `from` the address that requests come from.
    pub(crate) fn new(
        ports: Arc<RwLock<Vec<u16>>>,
        wecom_port: u16,
        first: usize,
        from: Option<Ipv4Addr>,
    ) -> Self {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .local_address(from.map(IpAddr::V4))
            // Shorter than the servers keep a connection: on a busy machine both might act at once.
            .pool_idle_timeout(std::time::Duration::from_secs(2))
            .build()
            .unwrap();
        Self { client, ports, wecom_port, turn: Arc::new(AtomicUsize::new(first)) }
    }

    /// The address that a URL's host is reached at: the simulated WeCom, or the next node. Without
    /// nodes it is this machine, at the URL's own port; so it is for a provider that is not Hufu.
    fn target(&self, url: &Url) -> String {
        let host = url.host_str().unwrap_or_default();
        let ports = self.ports.read().unwrap();
        let port = if ports.is_empty() || host == PEER {
            url.port().unwrap_or(80)
        } else if host == "wecom.localhost" {
            self.wecom_port
        } else {
            ports[self.turn.fetch_add(1, Ordering::Relaxed) % ports.len()]
        };
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        format!("http://127.0.0.1:{port}{}{query}", url.path())
    }

    /// A request to a URL, with its own `Host` however it is reached.
    pub(crate) fn request(&self, method: Method, url: &Url) -> reqwest::RequestBuilder {
        let host = match url.port() {
            Some(port) => format!("{}:{port}", url.host_str().unwrap_or_default()),
            None => url.host_str().unwrap_or_default().to_owned(),
        };
        self.client.request(method, self.target(url)).header(HOST, host)
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Where it came from.
    pub url: Url,
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: String,
}

impl Answer {
    /// Where it sends the browser, made absolute.
    pub fn location(&self) -> Option<Url> {
        let location = self.headers.get(LOCATION)?.to_str().ok()?;
        self.url.join(location).ok()
    }

    /// A parameter of where it sends the browser.
    pub fn parameter(&self, name: &str) -> Option<String> {
        parameter(&self.location()?, name)
    }

    /// The stable code of a page about a failure.
    pub fn code(&self) -> Option<String> {
        self.marked("data-code=\"")
    }

    /// The trace code of a page about a failure.
    pub fn trace(&self) -> Option<String> {
        self.marked("data-trace=\"")
    }

    fn marked(&self, mark: &str) -> Option<String> {
        let rest = self.body.split_once(mark)?.1;
        rest.split_once('"').map(|(value, _)| value.to_owned())
    }

    /// Addresses of the page's links.
    pub fn links(&self) -> Vec<String> {
        let parts = self.body.split("href=\"").skip(1);
        let raw = parts.filter_map(|rest| rest.split_once('"')).map(|(value, _)| value);
        raw.map(|value| value.replace("&amp;", "&").replace("&#38;", "&")).collect()
    }

    /// The only form of the page: where it goes, and its hidden fields.
    pub fn form(&self) -> Option<(String, Vec<(String, String)>)> {
        let form = self.body.split_once("<form")?.1.split_once("</form>")?.0;
        let fields = form.split("<input type=\"hidden\"").skip(1);
        let fields =
            fields.map(|field| Some((attribute(field, "name")?, attribute(field, "value")?)));
        Some((attribute(form, "action")?, fields.collect::<Option<_>>()?))
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }
}

/// The value of an attribute, the first of this name.
fn attribute(html: &str, name: &str) -> Option<String> {
    let rest = html.split_once(&format!("{name}=\""))?.1;
    let value = rest.split_once('"')?.0;
    Some(value.replace("&#38;", "&").replace("&amp;", "&").replace("&#x2F;", "/"))
}

/// A parameter of a URL's query.
pub(crate) fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// A browser.
#[derive(Clone)]
pub struct Browser {
    route: Route,
    /// Cookies by host (with its port).
    pub cookies: BTreeMap<String, BTreeMap<String, String>>,
    /// Who it says it is.
    pub user_agent: String,
    /// What it reads.
    pub accept_language: String,
}

impl Browser {
    pub(crate) fn new(route: Route) -> Self {
        Self {
            route,
            cookies: BTreeMap::new(),
            user_agent: DESKTOP.to_owned(),
            accept_language: "en".to_owned(),
        }
    }

    /// A new browser on a desktop that reaches every host on this machine, at the URL's own port.
    pub fn on_this_machine() -> Self {
        Self::new(Route::new(Arc::default(), 0, 0, None))
    }

    /// The same browser, saying it is another one.
    #[must_use]
    pub fn saying(mut self, user_agent: &str) -> Self {
        user_agent.clone_into(&mut self.user_agent);
        self
    }

    fn key(url: &Url) -> String {
        format!("{}:{}", url.host_str().unwrap_or_default(), url.port().unwrap_or(80))
    }

    /// Sets a cookie as if a page of the host had.
    pub fn set_cookie(&mut self, url: &str, name: &str, value: &str) {
        let key = Self::key(&Url::parse(url).unwrap());
        self.cookies.entry(key).or_default().insert(name.to_owned(), value.to_owned());
    }

    /// Forgets the cookies of every host.
    pub fn lose_cookies(&mut self) {
        self.cookies.clear();
    }

    /// A GET, as when a person follows a link.
    pub async fn get(&mut self, url: impl AsRef<str>) -> Answer {
        let url = Url::parse(url.as_ref()).unwrap();
        self.send(Method::GET, &url, None).await
    }

    /// A form that a page of the same site posts.
    pub async fn post(&mut self, url: impl AsRef<str>, form: &[(&str, &str)]) -> Answer {
        let url = Url::parse(url.as_ref()).unwrap();
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        self.send(Method::POST, &url, Some(body)).await
    }

    /// Any request of this browser.
    pub async fn send(&mut self, method: Method, url: &Url, form: Option<String>) -> Answer {
        let mut request = self
            .route
            .request(method, url)
            .header(USER_AGENT, &self.user_agent)
            .header("accept-language", &self.accept_language);
        if let Some(cookies) =
            self.cookies.get(&Self::key(url)).filter(|cookies| !cookies.is_empty())
        {
            let line: Vec<String> =
                cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(COOKIE, line.join("; "));
        }
        if let Some(form) = form {
            let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
            request = request.header(CONTENT_TYPE, kind).body(form);
        }
        let response = request.send().await.unwrap_or_else(|error| panic!("{url}: {error}"));
        let (status, headers) = (response.status(), response.headers().clone());
        self.keep_cookies(url, &headers);
        let body = response.text().await.unwrap_or_default();
        Answer { url: url.clone(), status, headers, body }
    }

    fn keep_cookies(&mut self, url: &Url, headers: &HeaderMap) {
        let jar = self.cookies.entry(Self::key(url)).or_default();
        for line in headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok()) {
            let Some((name, value)) = line.split(';').next().and_then(|pair| pair.split_once('='))
            else {
                continue;
            };
            if line.contains("Max-Age=0") {
                jar.remove(name);
            } else {
                jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// Goes where it is sent, from this URL on, until a page comes or it is sent to a host that is
    /// neither a tenant's nor WeCom's (an app's): that answer is the last.
    pub async fn follow(&mut self, url: impl AsRef<str>) -> Answer {
        let mut answer = self.get(url).await;
        for _ in 0..12 {
            let Some(next) = answer.location() else { return answer };
            let host = next.host_str().unwrap_or_default();
            if !host.ends_with(".localhost") || host.starts_with("app.") {
                return answer;
            }
            answer = self.get(next.as_str()).await;
        }
        panic!("it is sent around in circles: {}", answer.url);
    }
}
