//! One of two tenants that a module runs on at once: its two clients, and somebody signed in.

use std::sync::Arc;

use chrono::TimeDelta;
use e2e::{Answer, Browser, Client, Key, Pkce, Tenant, World};
use serde_json::{Value, json};
use tokio::sync::Barrier;

/// The redirect URI of a tenant's first client.
const CALLBACK: &str = "https://app.example.com/callback";
/// That of its second.
const CALLBACK_WITH_QUERY: &str = "https://app.example.com/callback?dummy1=lorem&dummy2=ipsum";

/// One of two tenants that a module runs on.
pub(crate) struct Side {
    /// The deployment.
    pub(crate) world: World,
    /// A client with ES256.
    pub(crate) one: Client,
    /// Another with EdDSA, whose redirect URI has a query.
    pub(crate) two: Client,
    /// A browser in which somebody is signed in.
    pub(crate) browser: Browser,
    /// Where both sides meet.
    meeting: Arc<Barrier>,
}

/// What every app of the profile has here.
pub(crate) fn fapi2() -> Value {
    json!({
        "profile": "fapi2",
        "redirect_uris": [CALLBACK, CALLBACK_WITH_QUERY],
        "grant_types": ["authorization_code", "refresh_token"],
        "id_token_signed_response_alg": "ES256",
    })
}

impl Side {
    /// Both sides.
    pub(crate) async fn pair(world: &World) -> (Self, Self) {
        let meeting = Arc::new(Barrier::new(2));
        tokio::join!(Self::make(world, "acme", &meeting), Self::make(world, "globex", &meeting))
    }

    async fn make(world: &World, name: &str, meeting: &Arc<Barrier>) -> Self {
        let tenant = world.tenant(name).await;
        let one = Client::make(&tenant, Some(Key::ec()), Some(Key::ec()), fapi2()).await;
        let mut two = Client::make(&tenant, Some(Key::ed()), Some(Key::ec()), fapi2()).await;
        CALLBACK_WITH_QUERY.clone_into(&mut two.tenant.app.redirect_uri);
        let mut browser = world.browser();
        sign_in(&tenant, &mut browser, &tenant.authorize_url(&Pkce::new(), &[])).await;
        Self { world: world.clone(), one, two, browser, meeting: Arc::clone(meeting) }
    }

    /// Puts the clock forward, once for both sides and while neither does anything.
    pub(crate) async fn pass(&self, seconds: i64) {
        if self.meeting.wait().await.is_leader() {
            self.world.clock().advance(TimeDelta::seconds(seconds));
        }
        self.meeting.wait().await;
    }
}

/// Somebody signs in: the answer that sends the browser back to the app.
pub(crate) async fn sign_in(tenant: &Tenant, browser: &mut Browser, authorize: &str) -> Answer {
    let answer = tenant.sign_in(browser, authorize, "zhangsan").await;
    assert!(answer.parameter("code").is_some(), "no code: {answer:?}");
    answer
}

/// The answer is a success at the client's redirect URI, with nothing but what belongs there.
pub(crate) fn is_code(client: &Client, answer: &Answer, state: Option<&str>) -> String {
    let location = answer.location().unwrap_or_else(|| panic!("{answer:?}"));
    assert!(location.as_str().starts_with(&client.tenant.app.redirect_uri), "{location}");
    assert_eq!(answer.parameter("state").as_deref(), state, "{location}");
    assert_eq!(answer.parameter("iss"), Some(client.tenant.issuer()), "{location}");
    has_only(client, answer, &["code", "state", "iss"]);
    answer.parameter("code").unwrap_or_else(|| panic!("no code: {location}"))
}

/// The answer tells the client this error at its redirect URI, with its state and our name.
pub(crate) fn is_error(client: &Client, answer: &Answer, error: &str, state: Option<&str>) {
    let location = answer.location().unwrap_or_else(|| panic!("{answer:?}"));
    assert!(location.as_str().starts_with(&client.tenant.app.redirect_uri), "{location}");
    assert_eq!(answer.parameter("error").as_deref(), Some(error), "{location}");
    assert_eq!(answer.parameter("state").as_deref(), state, "{location}");
    assert_eq!(answer.parameter("iss"), Some(client.tenant.issuer()), "{location}");
    has_only(client, answer, &["error", "error_description", "state", "iss"]);
}

/// What an answer brings beside the redirect URI's own query, which has to be there as it was.
fn has_only(client: &Client, answer: &Answer, known: &[&str]) {
    let location = answer.location().unwrap();
    let own = url::Url::parse(&client.tenant.app.redirect_uri).unwrap();
    let own: Vec<_> = own.query_pairs().collect();
    let all: Vec<_> = location.query_pairs().collect();
    assert!(all.starts_with(&own), "{location}");
    for (name, _) in &all[own.len()..] {
        assert!(known.contains(&&**name), "{name} does not belong there: {location}");
    }
}

/// The answer is a page of ours with this code: nobody is sent anywhere.
pub(crate) fn is_page(answer: &Answer, code: &str) {
    assert_eq!(answer.code().as_deref(), Some(code), "{} {}", answer.status, answer.body);
    assert!((400..500).contains(&answer.status.as_u16()), "{}", answer.status);
    assert!(answer.location().is_none(), "{answer:?}");
}

/// The answer of the pushed request or the token endpoint is this error (RFC 6749 §5.2): JSON that
/// nobody may store, with legal characters and no token.
pub(crate) fn is_refused(answer: &Answer, status: u16, error: &str, what: &str) {
    assert_eq!(answer.status, status, "{what}: {}", answer.body);
    let body = answer.json();
    assert_eq!(body["error"], error, "{what}: {body}");
    let legal = |byte: u8| (0x20..=0x7e).contains(&byte) && byte != b'"' && byte != b'\\';
    assert!(body["error_description"].as_str().unwrap().bytes().all(legal), "{what}: {body}");
    assert!(body.get("access_token").is_none() && body.get("request_uri").is_none(), "{what}");
    assert_eq!(answer.headers["content-type"], "application/json", "{what}");
    assert_eq!(answer.headers["cache-control"], "no-store", "{what}");
}

/// The claims of a token, unverified.
pub(crate) fn claims(token: &str) -> Value {
    use base64::Engine as _;
    let part = token.split('.').nth(1).unwrap();
    let part = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap();
    serde_json::from_slice(&part).unwrap()
}

/// A member of an object that has to be a text.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}

/// Writes a module once; it runs on every backend, and on two tenants at once.
macro_rules! modules {
    ($($(#[$doc:meta])* async fn $name:ident($side:ident: $kind:ty) $body:block)*) => {
        e2e::on_every_backend! { $(
            $(#[$doc])*
            async fn $name(world: World) {
                #[allow(unused_mut, clippy::allow_attributes, reason = "a module may not need it")]
                async fn on_one_side(mut $side: $kind) $body

                let (one, other) = $crate::side::Side::pair(&world).await;
                tokio::join!(on_one_side(one), on_one_side(other));
            }
        )* }
    };
}
