//! A library that leaves the browser to its app, and the round that it goes.

use chrono::TimeDelta;
use e2e::{Answer, Browser, Tenant};
use serde_json::{Value, json};

use crate::keys::rotate;
use crate::peer::Peer;

/// Longer than any of the libraries leaves a key set alone.
const PATIENCE: TimeDelta = TimeDelta::seconds(70);
/// An access token's life.
const LIFE: TimeDelta = TimeDelta::minutes(10);
/// Where a browser is sent after signing out.
const SIGNED_OUT: &str = "https://app.example.com/signed-out";

/// A library that is set up as an app of a tenant, and a person with a browser.
pub(crate) struct Library {
    pub(crate) peer: Peer,
    pub(crate) tenant: Tenant,
    registration: Value,
    signed_out: String,
    lacks: &'static [&'static str],
    browser: Browser,
}

impl Library {
    /// Sets a program of `tests/` up as an app that is registered like this.
    pub(crate) async fn set_up(program: &str, tenant: &Tenant, registration: Value) -> Self {
        Self::of(Peer::start(program), tenant, registration, json!({})).await
    }

    /// Sets a running program up, which needs these settings beside the usual ones.
    pub(crate) async fn of(peer: Peer, tenant: &Tenant, registration: Value, more: Value) -> Self {
        let mut peer = peer;
        let refreshing = json!({ "grant_types": ["authorization_code", "refresh_token"] });
        let registration = over(refreshing, &registration);
        let app = tenant.make_app(registration.clone()).await;
        let method = registration["token_endpoint_auth_method"].as_str();
        let signed_out =
            registration["post_logout_redirect_uris"][0].as_str().unwrap_or(SIGNED_OUT);
        let settings = json!({
            "issuer": tenant.issuer(), "client_id": app.id, "client_secret": app.secret,
            "redirect_uri": app.redirect_uri, "algorithm": algorithm(&registration),
            "method": method.unwrap_or("client_secret_basic"),
            "dpop": registration["dpop_bound_access_tokens"],
            "scope": "openid profile email phone", "post_logout_redirect_uri": signed_out,
        });
        peer.set_clock(&tenant.world).await;
        peer.does("set_up", over(settings, &more)).await;
        let (tenant, browser) = (Tenant { app, ..tenant.clone() }, tenant.world.browser());
        let signed_out = signed_out.to_owned();
        Self { peer, tenant, registration, signed_out, lacks: &[], browser }
    }

    /// A library that does not offer some of the acts: `userinfo` with any token, `refresh`, `end`.
    pub(crate) fn lacking(self, acts: &'static [&'static str]) -> Self {
        Self { lacks: acts, ..self }
    }

    /// The round: what an app does with a library, and what the library or we have to refuse.
    pub(crate) async fn goes_round(mut self, other: &Tenant) -> Peer {
        let issued = self.signs_in().await;
        self.reads_userinfo(&issued).await;
        self.refreshes(&issued).await;
        self.is_not_confused_by(other).await;
        self.follows_a_rotation().await;
        self.sees_its_token_expire().await;
        self.signs_out().await;
        self.peer
    }

    fn has(&self, act: &str) -> bool {
        !self.lacks.contains(&act)
    }

    /// The person's answer to a request of the app: where the browser is sent, and with what form.
    async fn person(&mut self, url: &str) -> Value {
        let mut answer = self.browser.get(url).await;
        if answer.location().is_some_and(|url| url.path() == "/login") {
            answer = self.tenant.sign_in(&mut self.browser, url, "zhangsan").await;
        }
        carried(&answer)
    }

    /// A sign-in: what the library says of it.
    pub(crate) async fn signs_in(&mut self) -> Value {
        let url = self.peer.does("begin", json!({})).await;
        let answer = self.person(url.as_str().unwrap()).await;
        let issued = self.peer.does("finish", answer).await;
        let claims = &issued["claims"];
        assert_eq!(claims["iss"], self.tenant.issuer());
        let app = json!(self.tenant.app.id);
        assert!(claims["aud"] == app || claims["aud"] == json!([app]), "{claims}");
        assert_eq!(issued["header"]["alg"], algorithm(&self.registration));
        let users = self.tenant.users().await;
        assert_eq!((users.len(), &users[0]["id"]), (1, &claims["sub"]));
        issued
    }

    async fn reads_userinfo(&mut self, issued: &Value) {
        let userinfo = match self.has("userinfo") {
            true => self.peer.does("userinfo", issued.clone()).await,
            // It has looked by itself, at the sign-in.
            false => issued["userinfo"].clone(),
        };
        assert_eq!(userinfo["sub"], issued["claims"]["sub"]);
        assert_eq!(userinfo["name"], "张三");
    }

    /// The library gets new tokens, which are worth something.
    async fn refreshes(&mut self, issued: &Value) -> Value {
        if !self.has("refresh") {
            return issued.clone();
        }
        let answer = self.peer.does("refresh", issued.clone()).await;
        let fresh = over(issued.clone(), &answer);
        assert_ne!(fresh["access_token"], issued["access_token"]);
        // Only those are replaced whose app proves itself by nothing else.
        let is_public = self.registration["token_endpoint_auth_method"] == "none";
        assert_eq!(fresh["refresh_token"] != issued["refresh_token"], is_public);
        self.reads_userinfo(&fresh).await;
        fresh
    }

    /// Another tenant's answer to the library's request, and its tokens at our UserInfo (I2, N1).
    async fn is_not_confused_by(&mut self, other: &Tenant) {
        let mut browser = other.world.browser();
        let issued = other.tokens(&mut browser, "zhangsan").await;
        if self.has("userinfo") {
            let said = self.peer.refuses("userinfo", issued).await;
            assert!(said.contains("invalid_token"), "{said}");
        }
        let twin = other.make_app(self.registration.clone()).await;
        let url = self.peer.does("begin", json!({})).await;
        let theirs = url.as_str().unwrap().replacen(&self.tenant.host, &other.host, 1);
        let theirs = theirs.replacen(&self.tenant.app.id, &twin.id, 1);
        let answer = carried(&browser.get(theirs).await);
        assert!(answer.to_string().contains("hufu_code_"), "{answer}");
        self.peer.refuses("finish", answer).await;
        self.signs_in().await;
    }

    /// Another key begins to sign, at once: one that the library has never seen (I5).
    async fn follows_a_rotation(&mut self) {
        let kid = rotate(&self.tenant, algorithm(&self.registration)).await;
        self.waits(PATIENCE).await;
        assert_eq!(self.signs_in().await["header"]["kid"], kid.as_str());
    }

    /// An access token dies, and refreshing goes on.
    async fn sees_its_token_expire(&mut self) {
        let issued = self.signs_in().await;
        self.reads_userinfo(&issued).await;
        self.waits(LIFE).await;
        if self.has("userinfo") {
            let said = self.peer.refuses("userinfo", issued.clone()).await;
            assert!(said.contains("invalid_token"), "{said}");
        }
        let answer = self.tenant.userinfo(issued["access_token"].as_str().unwrap()).await;
        assert_eq!(answer.status, 401);
        if self.has("refresh") {
            self.refreshes(&issued).await;
        } else {
            self.signs_in().await;
        }
    }

    /// The app signs the person out, and nobody is signed in.
    async fn signs_out(&mut self) {
        let issued = self.signs_in().await;
        if !self.has("end") {
            return;
        }
        let url = self.peer.does("end", issued).await;
        let answer = self.browser.get(url.as_str().unwrap()).await;
        let location = answer.location().unwrap_or_else(|| panic!("{answer:?}"));
        assert!(location.as_str().starts_with(&self.signed_out), "{location}");
        let url = self.peer.does("begin", json!({})).await;
        let silent = format!("{}&prompt=none", url.as_str().unwrap());
        let callback = carried(&self.browser.get(silent).await);
        let said = self.peer.refuses("finish", callback).await;
        assert!(said.contains("login_required"), "{said}");
    }

    /// Time passes, for both sides.
    async fn waits(&mut self, time: TimeDelta) {
        self.tenant.world.clock().advance(time);
        self.peer.set_clock(&self.tenant.world).await;
    }
}

/// An object with another's members over its own.
fn over(mut object: Value, other: &Value) -> Value {
    for (name, value) in other.as_object().unwrap() {
        object[name] = value.clone();
    }
    object
}

/// What an app's ID tokens are signed with.
fn algorithm(registration: &Value) -> &str {
    registration["id_token_signed_response_alg"].as_str().unwrap_or("ES256")
}

/// What the browser carries from the provider to the app: an address, or an address and a form.
fn carried(answer: &Answer) -> Value {
    if let Some(location) = answer.location() {
        return json!({ "callback": location });
    }
    let (action, fields) = answer.form().unwrap_or_else(|| panic!("not sent back: {answer:?}"));
    json!({ "callback": action, "form": fields })
}
