//! Apps that register themselves.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use store::Clock as _;

use crate::browser::{Answer, Browser};
use crate::tenant::{App, Tenant};

/// The registration endpoint.
pub const REGISTER: &str = "/oidc/register";

impl Tenant {
    /// An initial access token for ten apps, which get the QR source. `body` goes over it.
    pub async fn initial_access_token(&self, body: Value) -> String {
        let mut full = json!({
            "display_name": "Agents", "uses": 10, "sign_in_methods": [],
            "identity_sources": [self.qr],
            "expires_at": (self.world.clock().now() + TimeDelta::days(1)).to_rfc3339(),
        });
        for (name, value) in body.as_object().unwrap() {
            full[name] = value.clone();
        }
        let made = self.admin.post(&self.path("/initial-access-tokens"), full).await;
        made["token"].as_str().unwrap().to_owned()
    }

    /// An app registers itself with these metadata.
    pub async fn register(&self, token: &str, metadata: &Value) -> Answer {
        self.json(Method::POST, REGISTER, token, Some(metadata)).await
    }

    /// The same, which has to succeed: what is registered.
    pub async fn registered(&self, token: &str, metadata: &Value) -> Value {
        let answer = self.register(token, metadata).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.json()
    }

    /// A registered app reads, replaces or deletes itself.
    pub async fn manage(&self, method: Method, app: &Value, body: Option<&Value>) -> Answer {
        let place = app["registration_client_uri"].as_str().unwrap();
        let path = place.strip_prefix(&self.url("")).unwrap();
        let token = app["registration_access_token"].as_str().unwrap();
        self.json(method, path, token, body).await
    }

    /// The same tenant, seen by an app that registered itself.
    #[must_use]
    pub fn seen_by(&self, app: &Value) -> Self {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let app = App {
            id: text(&app["client_id"]).unwrap(),
            secret: text(&app["client_secret"]),
            redirect_uri: text(&app["redirect_uris"][0]).unwrap(),
        };
        Self { app, ..self.clone() }
    }

    async fn json(&self, method: Method, path: &str, token: &str, body: Option<&Value>) -> Answer {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let body = body.map(Value::to_string);
        self.send(method, path, &headers, body.as_deref().map(str::as_bytes)).await
    }

    /// A request of an app; the person signs in and agrees, where they are asked: the answer that sends
    /// the browser to the app.
    pub async fn sign_in_and_agree(&self, browser: &mut Browser, authorize: &str) -> Answer {
        let answer = browser.get(authorize).await;
        let path = |answer: &Answer| answer.location().map(|url| url.path().to_owned());
        let answer = match path(&answer).as_deref() {
            Some("/login") => self.sign_in(browser, authorize, "zhangsan").await,
            _ => answer,
        };
        let Some(page) = answer.location().filter(|url| url.path() == "/approve") else {
            return answer;
        };
        let shown = browser.get(page.as_str()).await;
        let csrf = shown.body.split_once("name=\"csrf\" value=\"").unwrap().1;
        let csrf = csrf.split_once('"').unwrap().0.to_owned();
        browser.post(page.as_str(), &[("csrf", &csrf)]).await
    }
}
