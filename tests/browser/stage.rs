//! A deployment with a sample app that people can open, and the Node programs that play on it.

use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use e2e::{App, Tenant, World};
use sample_app::SampleApp;
use serde_json::{Value, json};
use tokio::process::Command;

/// Longest time that one program plays.
const CURTAIN: Duration = Duration::from_mins(4);

/// A tenant with a sample app.
pub(crate) struct Stage {
    /// The tenant.
    pub(crate) tenant: Tenant,
    /// The sample app's registration.
    pub(crate) app: App,
    running: SampleApp,
}

impl Stage {
    /// Makes a tenant and starts a sample app of it.
    pub(crate) async fn of(world: &World) -> Self {
        Self::with(world.tenant("acme").await, json!({})).await
    }

    /// Starts a sample app that is registered like this.
    pub(crate) async fn with(tenant: Tenant, registration: Value) -> Self {
        // The app's address is registered before the app can start.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let base = format!("http://app.localhost:{port}");
        let mut body = json!({
            "display_name": "Sample app", "home_url": base,
            "redirect_uris": [format!("{base}/callback")],
            "initiate_login_uri": format!("{base}/initiate"),
            "post_logout_redirect_uris": [format!("{base}/signed-out")],
        });
        for (name, value) in registration.as_object().unwrap() {
            body[name] = value.clone();
        }
        let app = tenant.make_app(body).await;
        let popup = tenant.make_app(json!({
            "display_name": "Popup app", "token_endpoint_auth_method": "none",
            "redirect_uris": [format!("{base}/popup")], "web_origins": [base],
            "post_logout_redirect_uris": [format!("{base}/popup")],
        }));
        let popup = popup.await;
        let settings = sample_app::Settings {
            port,
            public_base: base,
            issuer: tenant.issuer(),
            client_id: app.id.clone(),
            client_secret: app.secret.clone().map(Into::into),
            popup_client_id: Some(popup.id),
            connections: vec![("qr".to_owned(), "QR".to_owned())],
            workers: 1,
        };
        let running = sample_app::start(settings).await.unwrap();
        Self { tenant, app, running }
    }

    /// The sample app's address.
    pub(crate) fn base_url(&self) -> &str {
        self.running.base_url()
    }

    /// Plays a scenario in Chromium: what it has seen. It fails with what the scenario says.
    pub(crate) async fn play(&self, scenario: &str) -> Value {
        self.play_with(scenario, &[]).await
    }

    /// Plays a scenario in Chromium with further variables.
    pub(crate) async fn play_with(&self, scenario: &str, more: &[(&str, &str)]) -> Value {
        let (tenant, wecom) = (self.tenant.url(""), self.tenant.world.wecom_base());
        let workbench =
            self.tenant.url(&format!("/connections/social/mobile/workbench/{}", self.app.id));
        let mut variables = vec![
            ("APP", self.base_url()),
            ("TENANT", tenant.as_str()),
            ("WECOM", wecom.as_str()),
            ("CORP", self.tenant.corp_id.as_str()),
            ("WORKBENCH", workbench.as_str()),
        ];
        variables.extend(more);
        needed("HUFU_TEST_CHROMIUM");
        let said = node(&format!("scenarios/{scenario}.mjs"), &variables).await;
        said["result"].clone()
    }

    /// Lets the mobile source offer the system's browser.
    pub(crate) async fn offer_browser(&self) {
        let path = self.tenant.path(&format!("/identity-sources/{}", self.tenant.mobile));
        let policy = json!({ "association_policy": { "offer_browser": true } });
        self.tenant.admin.patch(&path, policy).await;
    }

    /// Ends the sample app.
    pub(crate) async fn strike(self) {
        self.running.stop().await;
    }
}

#[expect(clippy::disallowed_methods, reason = "the test command sets these variables")]
fn needed(name: &str) {
    let set = std::env::var(name).is_ok_and(|value| !value.is_empty());
    assert!(set, "{name} is not set: run the tests by `tests/run`, which installs what they need");
}

/// Runs a Node program of `tests/node`, which has to succeed: the line of JSON that it says.
async fn node(program: &str, variables: &[(&str, &str)]) -> Value {
    needed("HUFU_TEST_NODE_MODULES");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("node");
    let running = Command::new("node")
        .arg(folder.join(program))
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(CURTAIN, running).await;
    let output = output.unwrap_or_else(|_| panic!("{program} does not end")).unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}: {}\n{said}{complained}", output.status);
    serde_json::from_str(&said).unwrap_or_else(|_| panic!("{program}: no JSON: {said}"))
}
