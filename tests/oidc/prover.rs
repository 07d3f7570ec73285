//! An app that proves itself by a key, and what it shows for it (RFC 7523).

use e2e::{Answer, Tenant, World};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use crate::pen::Pen;
use crate::steps::{by, is_oauth_error};

pub(crate) const KIND: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
pub(crate) const INTROSPECTION: &str = "/oidc/token/introspection";

/// An app, its key, and who it asks.
pub(crate) struct Prover {
    pub(crate) app: Tenant,
    pub(crate) pen: Pen,
    pub(crate) now: i64,
}

impl Prover {
    pub(crate) async fn new(tenant: &Tenant) -> Self {
        let pen = Pen::new(Algorithm::ES256, "k");
        let app = with_keys(tenant, &[&pen], json!({})).await;
        Self { app, pen, now: store::Clock::now(tenant.world.clock()).timestamp() }
    }

    /// The claims of a right assertion, each time with a `jti` of its own.
    pub(crate) fn claims(&self) -> Value {
        claims(&self.app, self.now)
    }

    /// An assertion with other claims.
    pub(crate) fn with(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = self.claims();
        change(&mut claims);
        self.pen.token(&self.pen.header().to_string(), &claims.to_string())
    }

    /// An assertion with another header.
    pub(crate) fn under(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut header = self.pen.header();
        change(&mut header);
        self.pen.token(&header.to_string(), &self.claims().to_string())
    }

    /// An assertion whose claims are this text, where `…` is the inside of right ones.
    pub(crate) fn saying(&self, text: &str) -> String {
        let claims = self.claims().to_string();
        let payload = text.replace('…', claims.trim_matches(['{', '}']));
        self.pen.token(&self.pen.header().to_string(), &payload)
    }

    pub(crate) fn right(&self) -> String {
        self.with(|_| ())
    }

    pub(crate) async fn is_refused(&self, assertion: &str, what: &str) {
        is_oauth_error(&ask(&self.app, assertion).await, 401, "invalid_client", what);
        is_accepted(&self.app, &self.right(), what).await;
    }
}

pub(crate) fn claims(app: &Tenant, now: i64) -> Value {
    json!({
        "iss": app.app.id, "sub": app.app.id, "aud": app.issuer(), "exp": now + 60, "iat": now,
        "jti": uuid::Uuid::new_v4(),
    })
}

/// An app with the public halves of these.
pub(crate) async fn with_keys(tenant: &Tenant, pens: &[&Pen], fields: Value) -> Tenant {
    let keys: Vec<Value> = pens.iter().map(|pen| pen.jwk()).collect();
    let mut body = json!({
        "token_endpoint_auth_method": "private_key_jwt", "jwks": { "keys": keys },
        "grant_types": ["authorization_code", "client_credentials"],
    });
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    by(tenant, tenant.make_app(body).await)
}

/// A call that needs nothing but the proof.
pub(crate) async fn ask_at(app: &Tenant, path: &str, assertion: &str) -> Answer {
    let form = [
        ("token", "x"),
        ("grant_type", "client_credentials"),
        ("client_assertion_type", KIND),
        ("client_assertion", assertion),
    ];
    app.post(path, &form, None).await
}

pub(crate) async fn ask(app: &Tenant, assertion: &str) -> Answer {
    ask_at(app, INTROSPECTION, assertion).await
}

pub(crate) async fn is_accepted(app: &Tenant, assertion: &str, what: &str) {
    let answer = ask(app, assertion).await;
    assert_eq!(answer.status, 200, "{what}: {}", answer.body);
}

pub(crate) fn now(world: &World) -> i64 {
    store::Clock::now(world.clock()).timestamp()
}
