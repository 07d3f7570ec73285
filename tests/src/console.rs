//! Somebody who calls the console API.

use reqwest::Method;
use serde_json::Value;
use url::Url;

use crate::browser::{Answer, Route};

/// A caller of the console API with a key.
#[derive(Clone)]
pub struct Caller {
    route: Route,
    key: String,
}

impl Caller {
    pub(crate) fn new(route: Route, key: String) -> Self {
        Self { route, key }
    }

    /// The key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Any call, with headers of its own.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let url = Url::parse(&format!("http://console.localhost/api/v1{path}")).unwrap();
        let mut request = self.route.request(method, &url).bearer_auth(&self.key);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Answer { url, status, headers, body: response.text().await.unwrap() }
    }

    /// GET, which has to succeed.
    pub async fn get(&self, path: &str) -> Value {
        Self::good(&self.call(Method::GET, path, &[], None).await)
    }

    /// POST, which has to succeed.
    pub async fn post(&self, path: &str, body: Value) -> Value {
        Self::good(&self.call(Method::POST, path, &[], Some(body)).await)
    }

    /// PUT, which has to succeed.
    pub async fn put(&self, path: &str, body: Value) -> Value {
        Self::good(&self.call(Method::PUT, path, &[], Some(body)).await)
    }

    /// PATCH of whatever version is there, which has to succeed.
    pub async fn patch(&self, path: &str, body: Value) -> Value {
        Self::good(&self.call(Method::PATCH, path, &[("if-match", "*")], Some(body)).await)
    }

    /// DELETE of whatever version is there, which has to succeed.
    pub async fn delete(&self, path: &str) {
        let answer = self.call(Method::DELETE, path, &[("if-match", "*")], None).await;
        assert!(answer.status.is_success(), "{path}: {} {}", answer.status, answer.body);
    }

    fn good(answer: &Answer) -> Value {
        assert!(answer.status.is_success(), "{}: {} {}", answer.url, answer.status, answer.body);
        if answer.body.is_empty() { Value::Null } else { answer.json() }
    }
}
