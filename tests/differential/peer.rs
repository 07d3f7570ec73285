//! The other provider: a program of Node's, for as long as this lives.

use std::path::Path;
use std::process::Stdio;

use e2e::{App, PEER, Tenant};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// A running provider; it is ended with this.
pub(crate) struct Peer {
    port: u64,
    _running: Child,
}

impl Peer {
    /// Starts one with these clients, of which some are special.
    pub(crate) async fn start(clients: &Value, fapi2: &str, without_pkce: &str) -> Self {
        needed("HUFU_TEST_NODE_MODULES");
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("node/oidc_provider.mjs");
        let mut running = Command::new("node")
            .arg(program)
            .env("CLIENTS", clients.to_string())
            .env("FAPI2", Value::from(vec![fapi2]).to_string())
            .env("WITHOUT_PKCE", Value::from(vec![without_pkce]).to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut line = String::new();
        let said = running.stdout.take().unwrap();
        BufReader::new(said).read_line(&mut line).await.unwrap();
        let line: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no port: {line}"));
        Self { port: line["port"].as_u64().unwrap(), _running: running }
    }

    /// What it is to a test: a tenant at another host, which has no console.
    pub(crate) fn as_tenant(&self, tenant: &Tenant, app: &App) -> Tenant {
        let host = format!("{PEER}:{}", self.port);
        Tenant { host, app: app.clone(), ..tenant.clone() }
    }
}

#[expect(clippy::disallowed_methods, reason = "the test command sets this variable")]
fn needed(name: &str) {
    let set = std::env::var(name).is_ok_and(|value| !value.is_empty());
    assert!(set, "{name} is not set: run the tests by `tests/run`, which installs what they need");
}
