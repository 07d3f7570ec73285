//! What is signed in to: a tenant with a corp, a QR source and an app, made over the console API.

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::http::{Connection, send};
use crate::simulator::{AGENT_ID, CORP_ID, SECRET};

/// The identifier of the source.
pub(crate) const SOURCE: &str = "wecom-qr";
/// Where the app gets its codes.
pub(crate) const REDIRECT_URI: &str = "https://app.bench.example/callback";

/// The app, as a client knows it.
#[derive(Debug)]
pub(crate) struct Client {
    /// `client_id`.
    pub(crate) id: String,
    /// `client_secret`.
    pub(crate) secret: String,
}

/// A caller of the console API.
pub(crate) struct Caller<'a> {
    /// The server's port.
    pub(crate) port: u16,
    /// The console's host.
    pub(crate) host: &'a str,
    /// The operator's key.
    pub(crate) key: &'a str,
}

impl Caller<'_> {
    async fn call(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let headers =
            format!("Authorization: Bearer {}\r\nContent-Type: application/json\r\n", self.key);
        let request =
            send(method, self.host, &format!("/api/v1{path}"), &headers, &body.to_string());
        let mut line = Connection::open(self.port).await?;
        let answer = line.exchange(&request).await?;
        if !(200..300).contains(&answer.status) {
            bail!("{method} {path} was answered with {}: {}", answer.status, answer.excerpt());
        }
        Ok(serde_json::from_slice(answer.body).unwrap_or(Value::Null))
    }

    async fn make(&self, path: &str, body: &Value) -> Result<Value> {
        self.call("POST", path, body).await
    }

    /// Makes the tenant and all that is in it; its app with these fields beside the ordinary ones.
    pub(crate) async fn make_tenant(&self, host: &str, more: Value) -> Result<Client> {
        let tenant =
            self.make("/tenants", &json!({ "host": host, "display_name": "Bench" })).await?;
        let base = format!("/tenants/{}", text(&tenant, "id")?);
        let corp = json!({ "corp_id": CORP_ID, "display_name": "Bench" });
        let corp = self.make(&format!("{base}/corps"), &corp).await?;
        let source = json!({
            "identifier": SOURCE, "kind": "wecom_qr", "mode": "self_built", "corp": text(&corp, "id")?,
            "agent_id": AGENT_ID, "secret": SECRET, "display_names": { "en": "WeCom", "zh-CN": "企业微信" },
        });
        let source = self.make(&format!("{base}/identity-sources"), &source).await?;
        let mut app = json!({
            "display_name": "Bench", "redirect_uris": [REDIRECT_URI],
            "token_endpoint_auth_method": "client_secret_basic",
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            app[name] = value.clone();
        }
        let app = self.make(&format!("{base}/apps"), &app).await?;
        let (id, secret) = (text(&app, "id")?, text(&app, "client_secret")?);
        let link = format!("{base}/apps/{id}/identity-sources/{}", text(&source, "id")?);
        self.call("PUT", &link, &json!({ "position": 0 })).await?;
        Ok(Client { id, secret })
    }
}

fn text(value: &Value, name: &str) -> Result<String> {
    value[name].as_str().map(str::to_owned).with_context(|| format!("no {name} in {value}"))
}
