//! A relying party of the Basic and Form Post plans, on one of two tenants at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;
use e2e::{Answer, App, Browser, Pkce, Tenant, World};
use serde_json::{Value, json};
use tokio::sync::Barrier;

/// How the answer comes to the relying party: what tells the two plans apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// `oidcc-basic-certification-test-plan`.
    Query,
    /// `oidcc-formpost-basic-certification-test-plan`.
    FormPost,
}

/// A relying party with two clients, and a person with a browser.
pub(crate) struct Rp {
    pub(crate) world: World,
    /// The tenant, seen by the first client.
    pub(crate) tenant: Tenant,
    /// Another client of the tenant.
    pub(crate) other: App,
    /// A third one, with `client_secret_post`.
    pub(crate) by_post: App,
    pub(crate) browser: Browser,
    pub(crate) mode: Mode,
    /// Whether the last request showed the login page.
    pub(crate) saw_login: bool,
    meeting: Arc<Barrier>,
}

/// An authorization response, whichever way it came.
#[derive(Debug)]
pub(crate) struct Response(BTreeMap<String, String>);

impl Response {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The code of a success.
    pub(crate) fn code(&self) -> &str {
        self.get("code").unwrap_or_else(|| panic!("no code: {self:?}"))
    }
}

/// What every client has.
fn client() -> Value {
    json!({
        "profile": "oidc_basic", "grant_types": ["authorization_code", "refresh_token"],
        "id_token_signed_response_alg": "RS256",
        "home_url": "https://app.example.com/",
    })
}

impl Rp {
    pub(crate) async fn pair(world: &World, mode: Mode) -> (Self, Self) {
        let meeting = Arc::new(Barrier::new(2));
        let make = |name| Self::make(world, name, mode, Arc::clone(&meeting));
        tokio::join!(make("acme"), make("globex"))
    }

    async fn make(world: &World, name: &str, mode: Mode, meeting: Arc<Barrier>) -> Self {
        let tenant = world.tenant(name).await;
        let app = tenant.make_app(client()).await;
        let other = tenant.make_app(client()).await;
        let mut post = client();
        post["token_endpoint_auth_method"] = json!("client_secret_post");
        let by_post = tenant.make_app(post).await;
        let tenant = Tenant { app, ..tenant };
        let (world, browser) = (world.clone(), world.browser());
        Self { world, tenant, other, by_post, browser, mode, saw_login: false, meeting }
    }

    /// Puts the clock forward, once for both sides and while neither does anything.
    pub(crate) async fn pass(&self, seconds: i64) {
        if self.meeting.wait().await.is_leader() {
            self.world.clock().advance(TimeDelta::seconds(seconds));
        }
        self.meeting.wait().await;
    }

    /// The address of a request: no PKCE, as the plans have it.
    pub(crate) fn url(&self, extra: &[(&str, &str)]) -> String {
        let mode = match self.mode {
            Mode::Query => vec![],
            Mode::FormPost => vec![("response_mode", "form_post")],
        };
        let mut all = vec![("code_challenge", ""), ("code_challenge_method", "")];
        all.retain(|(name, _)| !extra.iter().any(|(other, _)| other == name));
        all.extend(mode);
        all.extend(extra);
        self.tenant.authorize_url(&Pkce::new(), &all)
    }

    /// Sends a request; the person signs in if they are asked to. What came to the redirect URI.
    pub(crate) async fn ask(&mut self, extra: &[(&str, &str)]) -> Response {
        let url = self.url(extra);
        self.open(&url).await
    }

    /// The same for an address as it is.
    pub(crate) async fn open(&mut self, url: &str) -> Response {
        let answer = self.browser.get(url).await;
        let answer = self.past_login(url, answer).await;
        self.response(&answer)
    }

    /// The person signs in, if this answer leads to the login page, and agrees if they are asked.
    pub(crate) async fn past_login(&mut self, url: &str, answer: Answer) -> Answer {
        let path = answer.location().map(|url| url.path().to_owned());
        self.saw_login = path.as_deref() == Some("/login");
        let mut answer = match self.saw_login {
            true => self.tenant.sign_in(&mut self.browser, url, "zhangsan").await,
            false => answer,
        };
        if let Some(page) = answer.location().filter(|url| url.path() == "/approve") {
            let shown = self.browser.get(page.as_str()).await;
            let csrf = shown.body.split_once("name=\"csrf\" value=\"").unwrap().1;
            let csrf = csrf.split_once('"').unwrap().0.to_owned();
            answer = self.browser.post(page.as_str(), &[("csrf", &csrf)]).await;
        }
        answer
    }

    /// Reads an authorization response, with what the suite looks at in each: nothing but what belongs
    /// there, the state to the letter, our own name, nothing in the fragment.
    pub(crate) fn response(&self, answer: &Answer) -> Response {
        let redirect_uri = self.tenant.app.redirect_uri.as_str();
        let pairs: Vec<(String, String)> = match self.mode {
            Mode::Query => {
                let location = answer.location().unwrap_or_else(|| panic!("{answer:?}"));
                assert!(location.as_str().starts_with(redirect_uri), "{location}");
                assert_eq!(location.fragment().unwrap_or_default(), "");
                location.query_pairs().into_owned().collect()
            }
            Mode::FormPost => {
                assert!(answer.location().is_none(), "{answer:?}");
                assert!(answer.body.contains("method=\"post\""), "{}", answer.body);
                let (action, fields) = answer.form().unwrap_or_else(|| panic!("{answer:?}"));
                assert_eq!(action, redirect_uri);
                fields
            }
        };
        let known = ["code", "error", "error_description", "state", "iss"];
        assert!(pairs.iter().all(|(name, _)| known.contains(&name.as_str())), "{pairs:?}");
        let response = Response(pairs.into_iter().collect());
        assert_eq!(response.get("iss"), Some(self.tenant.issuer().as_str()));
        assert_eq!(response.get("state"), Some("s"));
        assert_ne!(response.get("code").is_some(), response.get("error").is_some(), "{response:?}");
        response
    }

    /// The tokens of a code.
    pub(crate) async fn tokens(&self, response: &Response) -> Value {
        let answer = self.redeem(&self.tenant.app, response.code()).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.headers["cache-control"], "no-store");
        answer.json()
    }

    /// A client redeems a code.
    pub(crate) async fn redeem(&self, app: &App, code: &str) -> Answer {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", self.tenant.app.redirect_uri.as_str()),
        ];
        self.tenant.token(app, &form).await
    }

    /// A whole flow up to verified claims of the ID token, with UserInfo about the same person.
    pub(crate) async fn flow(&mut self, extra: &[(&str, &str)]) -> (Value, Value) {
        let response = self.ask(extra).await;
        let tokens = self.tokens(&response).await;
        let token = tokens["id_token"].as_str().unwrap();
        let claims = self.verified(token, extra).await;
        let about = self.tenant.userinfo(tokens["access_token"].as_str().unwrap()).await;
        assert_eq!(about.status, 200, "{}", about.body);
        assert_eq!(about.json()["sub"], claims["sub"]);
        (claims, about.json())
    }

    /// The claims of an ID token, with what the suite looks at in each.
    pub(crate) async fn verified(&mut self, token: &str, extra: &[(&str, &str)]) -> Value {
        let without_nonce = extra.contains(&("nonce", ""));
        let claims = if without_nonce {
            let claims = crate::side::claims(token);
            assert!(claims.get("nonce").is_none(), "{claims}");
            claims
        } else {
            let data = e2e::verify_id_token(&self.tenant, &mut self.browser, token).await;
            assert_eq!(data.header.alg, jsonwebtoken::Algorithm::RS256);
            data.claims
        };
        let time = |name: &str| claims[name].as_i64().unwrap_or_else(|| panic!("{name}: {claims}"));
        assert!(time("exp") > time("iat") && time("exp") - time("iat") <= 3600);
        assert!(time("auth_time") <= time("iat"));
        assert!(claims["sub"].as_str().is_some_and(|sub| sub.is_ascii() && sub.len() <= 255));
        assert!(claims["acr"].as_str().is_some_and(|acr| !acr.is_empty()));
        claims
    }
}
