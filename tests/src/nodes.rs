//! Asking one node, where it matters which: what one has read lately, another may learn a second later.

use std::time::{Duration, Instant};

use reqwest::header::HOST;
use serde_json::Value;

use crate::tenant::Tenant;

impl Tenant {
    /// A node's answer at a path of the tenant's host: when it was asked for, its status and its body.
    pub async fn ask_node(&self, node: usize, path: &str, bearer: &str) -> (Instant, u16, String) {
        let url = format!("http://127.0.0.1:{}{path}", self.world.ports()[node]);
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.get(url).header(HOST, &self.host).bearer_auth(bearer);
        let asked = Instant::now();
        let answer = request.send().await.unwrap();
        (asked, answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// A node's JWK Set: of each algorithm, the key that it signs by comes first.
    async fn jwks_of_node(&self, node: usize) -> Vec<Value> {
        let (_, status, body) = self.ask_node(node, "/oidc/.well-known/jwks.json", "").await;
        assert_eq!(status, 200, "{body}");
        let set: Value = serde_json::from_str(&body).unwrap();
        set["keys"].as_array().unwrap().clone()
    }

    /// Whether a node's JWK Set has a key.
    pub async fn publishes(&self, node: usize, kid: &str) -> bool {
        self.jwks_of_node(node).await.iter().any(|key| key["kid"] == kid)
    }

    /// Waits until every node's JWK Set has a key, or has it no more.
    pub async fn until_published(&self, kid: &str, expected: bool) {
        self.until_jwks(|keys| keys.iter().any(|key| key["kid"] == kid) == expected).await;
    }

    /// Waits until every node signs by a key.
    pub async fn until_signing(&self, kid: &str) {
        let signs = |keys: &[Value]| {
            let key = keys.iter().find(|key| key["kid"] == kid);
            key.is_some_and(|key| keys.iter().find(|other| other["alg"] == key["alg"]) == Some(key))
        };
        self.until_jwks(signs).await;
    }

    async fn until_jwks(&self, so: impl Fn(&[Value]) -> bool) {
        let began = Instant::now();
        for node in 0..self.world.ports().len() {
            loop {
                let keys = self.jwks_of_node(node).await;
                if so(&keys) {
                    break;
                }
                assert!(began.elapsed() < Duration::from_secs(20), "node {node} has {keys:?}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}
