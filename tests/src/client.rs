//! An app that pushes its requests, proves itself and its keys, and asks again with the nonce that it
//! is given: what a FAPI 2.0 client does. Every field of a request can be changed, so that a wrong
//! one is one line.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use reqwest::Method;
use serde_json::{Value, json};
use store::Clock as _;
use url::form_urlencoded::Serializer;

use crate::backend::{hex, random};
use crate::browser::{Answer, Browser};
use crate::forge::{Jwt, Key, sha256};
use crate::tenant::{Pkce, Tenant};

/// The pushed authorization request endpoint.
pub const PUSH: &str = "/oidc/request";
/// The token endpoint.
pub const TOKEN: &str = "/oidc/token";
/// UserInfo, the protected resource.
pub const USERINFO: &str = "/oidc/me";

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// An app with keys. A clone shares the nonces that it was given.
#[derive(Clone)]
pub struct Client {
    /// Its tenant, with itself as the app.
    pub tenant: Tenant,
    /// What its assertions are signed with; none for an app that proves itself otherwise.
    pub key: Option<Key>,
    /// What its DPoP proofs are signed with; none for an app without.
    pub dpop: Option<Key>,
    nonces: Arc<Mutex<HashMap<String, String>>>,
}

/// A code, and what redeems it.
#[derive(Debug, Clone)]
pub struct Code {
    /// The code.
    pub code: String,
    /// Its verifier.
    pub pkce: Pkce,
}

impl Client {
    /// An app of the tenant with these keys, made with `body`.
    pub async fn make(tenant: &Tenant, key: Option<Key>, dpop: Option<Key>, body: Value) -> Self {
        let mut body = body;
        if let Some(key) = &key {
            body["token_endpoint_auth_method"] = "private_key_jwt".into();
            body["jwks"] = key.jwks();
        }
        let app = tenant.make_app(body).await;
        let tenant = Tenant { app, ..tenant.clone() };
        Self { tenant, key, dpop, nonces: Arc::default() }
    }

    /// An app that is there already, with these keys.
    pub fn of(tenant: Tenant, key: Option<Key>, dpop: Option<Key>) -> Self {
        Self { tenant, key, dpop, nonces: Arc::default() }
    }

    /// The same app, using another DPoP key.
    #[must_use]
    pub fn with_dpop(&self, key: Key) -> Self {
        Self { dpop: Some(key), ..self.clone() }
    }

    /// The same app without DPoP.
    #[must_use]
    pub fn without_dpop(&self) -> Self {
        Self { dpop: None, ..self.clone() }
    }

    /// The same app, signing its assertions with another key.
    #[must_use]
    pub fn with_key(&self, key: Key) -> Self {
        Self { key: Some(key), ..self.clone() }
    }

    /// The same app, as if it were one of another tenant.
    #[must_use]
    pub fn at(&self, tenant: &Tenant) -> Self {
        let tenant = Tenant { app: self.tenant.app.clone(), ..tenant.clone() };
        Self { tenant, ..self.clone() }
    }

    /// Its `client_id`.
    pub fn id(&self) -> &str {
        &self.tenant.app.id
    }

    /// The clock's seconds.
    pub fn now(&self) -> i64 {
        self.tenant.world.clock().now().timestamp()
    }

    /// Forgets the nonces that it was given.
    pub fn forget_nonces(&self) {
        self.nonces.lock().unwrap().clear();
    }

    /// The nonce that it was last given at a path.
    pub fn nonce(&self, path: &str) -> Option<String> {
        self.nonces.lock().unwrap().get(path).cloned()
    }

    /// An assertion that proves who it is.
    ///
    /// # Panics
    /// On an app without a key.
    pub fn assertion(&self) -> Jwt {
        let now = self.now();
        let claims = json!({
            "iss": self.id(), "sub": self.id(), "aud": self.tenant.issuer(),
            "exp": now + 60, "iat": now, "jti": name(),
        });
        Jwt::new(self.key.as_ref().expect("an app with a key"), "JWT", claims)
    }

    /// A proof of its DPoP key for a request.
    ///
    /// # Panics
    /// On an app without DPoP.
    pub fn proof(&self, method: &Method, path: &str) -> Jwt {
        let key = self.dpop.as_ref().expect("an app with DPoP");
        let claims = json!({
            "jti": name(), "htm": method.as_str(), "htu": self.tenant.url(path), "iat": self.now(),
        });
        let proof = Jwt::new(key, "dpop+jwt", claims).header("jwk", key.jwk());
        match self.nonce(path) {
            Some(nonce) => proof.claim("nonce", nonce),
            None => proof,
        }
    }

    /// A request to a path with a form, authenticated as the app is registered.
    pub fn request(&self, path: &'static str, form: &[(&str, &str)]) -> Request {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let request = Request {
            client: self.clone(),
            path,
            method: Method::POST,
            form: form.iter().map(owned).collect(),
            headers: Vec::new(),
            assertion: self.key.is_some().then(|| self.assertion()),
            proof: None,
            asks_again: true,
        };
        match (&self.key, &self.tenant.app.secret) {
            (None, Some(secret)) => {
                request.with("client_id", self.id()).with("client_secret", &secret.clone())
            }
            (None, None) => request.with("client_id", self.id()),
            (Some(_), _) => request,
        }
    }

    /// Pushes an authorization request with state `s` and nonce `n`. Without a proof: one may come
    /// with it and need not (RFC 9449 §10.1).
    pub fn push(&self, pkce: &Pkce) -> Request {
        self.request(
            PUSH,
            &[
                ("client_id", self.id()),
                ("response_type", "code"),
                ("redirect_uri", &self.tenant.app.redirect_uri),
                ("scope", "openid profile email phone"),
                ("state", "s"),
                ("nonce", "n"),
                ("code_challenge", &pkce.challenge),
                ("code_challenge_method", "S256"),
            ],
        )
    }

    /// Redeems a code, with a proof if it has DPoP.
    pub fn redeem(&self, code: &Code) -> Request {
        let request = self.request(
            TOKEN,
            &[
                ("grant_type", "authorization_code"),
                ("code", &code.code),
                ("redirect_uri", &self.tenant.app.redirect_uri),
                ("code_verifier", &code.pkce.verifier),
            ],
        );
        if self.dpop.is_some() { request.proven() } else { request }
    }

    /// Refreshes, with a proof if it has DPoP.
    pub fn refresh(&self, refresh_token: &str) -> Request {
        let form = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
        let request = self.request(TOKEN, &form);
        if self.dpop.is_some() { request.proven() } else { request }
    }

    /// Asks UserInfo with an access token, bound to its DPoP key if it has one.
    pub fn userinfo(&self, access_token: &str) -> Request {
        let mut request = self.request(USERINFO, &[]);
        request.form.clear();
        request.assertion = None;
        request.method = Method::GET;
        if self.dpop.is_none() {
            return request.header("authorization", &format!("Bearer {access_token}"));
        }
        let ath = sha256(access_token);
        let request = request.header("authorization", &format!("DPoP {access_token}"));
        request.proven().proof(|proof| proof.claim("ath", ath))
    }

    /// Where the browser goes with the name of a pushed request.
    pub fn authorize_url(&self, request_uri: &str, extra: &[(&str, &str)]) -> String {
        let own = [("client_id", self.id()), ("request_uri", request_uri)];
        let query = Serializer::new(String::new()).extend_pairs(own).extend_pairs(extra).finish();
        self.tenant.url(&format!("/oidc/auth?{query}"))
    }

    /// Pushes a request as it is and lets the browser's session answer it.
    pub async fn authorize(&self, browser: &mut Browser, push: Request) -> Answer {
        let request_uri = request_uri(&push.send().await);
        browser.get(self.authorize_url(&request_uri, &[])).await
    }

    /// A code from the browser's session.
    pub async fn code(&self, browser: &mut Browser) -> Code {
        let pkce = Pkce::new();
        let answer = self.authorize(browser, self.push(&pkce)).await;
        let code = answer.parameter("code").unwrap_or_else(|| panic!("no code: {answer:?}"));
        Code { code, pkce }
    }

    /// Tokens from the browser's session.
    pub async fn tokens(&self, browser: &mut Browser) -> Value {
        let code = self.code(browser).await;
        let answer = self.redeem(&code).send().await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }

    /// It still gets tokens, and they are good: what every case of something wrong ends with.
    pub async fn still_works(&self, browser: &mut Browser) {
        let tokens = self.tokens(browser).await;
        let answer = self.userinfo(tokens["access_token"].as_str().unwrap()).send().await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
}

/// The name of a request that was pushed.
pub fn request_uri(answer: &Answer) -> String {
    assert_eq!(answer.status, 201, "not pushed: {}", answer.body);
    answer.json()["request_uri"].as_str().unwrap().to_owned()
}

fn name() -> String {
    hex(&random::<16>())
}

/// A request of a program, before it is sent.
#[derive(Clone)]
pub struct Request {
    client: Client,
    path: &'static str,
    method: Method,
    form: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    assertion: Option<Jwt>,
    proof: Option<Jwt>,
    asks_again: bool,
}

impl Request {
    /// The same by another method.
    #[must_use]
    pub fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// The same with a parameter.
    #[must_use]
    pub fn with(self, name: &str, value: &str) -> Self {
        self.without(name).and(name, value)
    }

    /// The same with one more parameter, even of the same name.
    #[must_use]
    pub fn and(mut self, name: &str, value: &str) -> Self {
        self.form.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same without a parameter.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.form.retain(|(known, _)| known != name);
        self
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same without a header.
    #[must_use]
    pub fn without_header(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    /// The same with another assertion.
    #[must_use]
    pub fn assertion(mut self, change: impl FnOnce(Jwt) -> Jwt) -> Self {
        self.assertion = self.assertion.map(change);
        self
    }

    /// The same without proof of who asks.
    #[must_use]
    pub fn without_assertion(mut self) -> Self {
        self.assertion = None;
        self
    }

    /// The same with a DPoP proof.
    #[must_use]
    pub fn proven(mut self) -> Self {
        self.proof = Some(self.client.proof(&self.method, self.path));
        self
    }

    /// The same with another proof.
    #[must_use]
    pub fn proof(mut self, change: impl FnOnce(Jwt) -> Jwt) -> Self {
        self.proof = self.proof.map(change);
        self
    }

    /// The same without a proof.
    #[must_use]
    pub fn without_proof(mut self) -> Self {
        self.proof = None;
        self
    }

    /// The same request, made anew: nobody has seen its assertion and its proof.
    #[must_use]
    pub fn anew(self) -> Self {
        self.assertion(|jwt| jwt.claim("jti", name())).proof(|jwt| jwt.claim("jti", name()))
    }

    /// The same, taking the first answer as it is: no second try with a nonce.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.asks_again = false;
        self
    }

    /// Sends it; once more if the answer is that the proof needs a nonce (RFC 9449 §8).
    pub async fn send(self) -> Answer {
        let answer = self.send_once().await;
        let wants_nonce = answer.body.contains("use_dpop_nonce");
        let Some(nonce) = self.note_nonce(&answer).filter(|_| wants_nonce && self.asks_again)
        else {
            return answer;
        };
        // An assertion is for one request.
        let again = self.assertion(|jwt| jwt.claim("jti", name()));
        let again = again.proof(|jwt| jwt.claim("nonce", nonce));
        let answer = again.send_once().await;
        again.note_nonce(&answer);
        answer
    }

    fn note_nonce(&self, answer: &Answer) -> Option<String> {
        let nonce = answer.headers.get("dpop-nonce")?.to_str().unwrap().to_owned();
        self.client.nonces.lock().unwrap().insert(self.path.to_owned(), nonce.clone());
        Some(nonce)
    }

    async fn send_once(&self) -> Answer {
        let mut form = Serializer::new(String::new());
        form.extend_pairs(&self.form);
        if let Some(assertion) = &self.assertion {
            form.append_pair("client_assertion_type", ASSERTION_TYPE);
            form.append_pair("client_assertion", &assertion.signed());
        }
        let body = form.finish();
        let proof = self.proof.as_ref().map(Jwt::signed);
        let mut headers: Vec<(&str, &str)> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        headers.extend(proof.iter().map(|proof| ("DPoP", proof.as_str())));
        if !body.is_empty() {
            headers.push(("content-type", "application/x-www-form-urlencoded"));
        }
        let body = (!body.is_empty()).then_some(body.as_bytes());
        self.client.tenant.send(self.method.clone(), self.path, &headers, body).await
    }
}
