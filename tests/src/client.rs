//! An app that pushes its requests, proves itself and its keys, and asks again with the nonce that it
//! is given: what a FAPI 2.0 client does.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use reqwest::Method;
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use crate::backend::{hex, random};
use crate::browser::{Answer, Browser};
use crate::forge::{Jwt, Key, sha256};
use crate::request::Request;
use crate::tenant::{Pkce, Tenant};

/// The authorization endpoint.
pub const AUTHORIZE: &str = "/oidc/auth";
/// The pushed authorization request endpoint.
pub const PUSH: &str = "/oidc/request";
/// The token endpoint.
pub const TOKEN: &str = "/oidc/token";
/// UserInfo, the protected resource.
pub const USERINFO: &str = "/oidc/me";
/// The introspection endpoint.
pub const INTROSPECTION: &str = "/oidc/token/introspection";
/// The revocation endpoint.
pub const REVOCATION: &str = "/oidc/token/revocation";
/// Where people are signed out.
pub const END: &str = "/oidc/session/end";

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

    /// The same app, as if it were one of another tenant, which has given it no nonces.
    #[must_use]
    pub fn at(&self, tenant: &Tenant) -> Self {
        let tenant = Tenant { app: self.tenant.app.clone(), ..tenant.clone() };
        Self { tenant, nonces: Arc::default(), ..self.clone() }
    }

    /// Its `client_id`.
    pub fn id(&self) -> &str {
        &self.tenant.app.id
    }

    /// The clock's seconds.
    pub fn now(&self) -> i64 {
        self.tenant.now()
    }

    /// Forgets the nonces that it was given.
    pub fn forget_nonces(&self) {
        self.nonces.lock().unwrap().clear();
    }

    /// Keeps the nonce that it was given at a path.
    pub(crate) fn note_nonce(&self, path: &str, nonce: &str) {
        self.nonces.lock().unwrap().insert(path.to_owned(), nonce.to_owned());
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
        let request = Request::new(self, Method::POST, path, form);
        let request = match &self.key {
            Some(_) => request.asserting(self.assertion()),
            None => request,
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
        let request = Request::new(self, Method::GET, USERINFO, &[]);
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

pub(crate) fn name() -> String {
    hex(&random::<16>())
}
