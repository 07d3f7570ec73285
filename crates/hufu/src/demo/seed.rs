//! The demo's tenant, made the way an administrator makes one: over the console API.

use anyhow::{Context as _, Result, bail};
use reqwest::Method;
use reqwest::header::HOST;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use wecom_sim::World;

use super::Places;

/// The account that signs in without WeCom. Everybody may know it: the demo listens on this machine only.
pub(super) const USERNAME: &str = "demo";
/// Its password.
pub(super) const PASSWORD: &str = "tiger tally";

/// What a person needs to know of the demo's tenant.
pub(super) struct Seeded {
    pub(super) tenant: String,
    pub(super) tenant_key: SecretString,
    pub(super) client_id: String,
    pub(super) client_secret: SecretString,
    /// The `client_id` of its page with a popup.
    pub(super) popup_client_id: String,
}

/// A caller of the console API.
struct Caller {
    client: reqwest::Client,
    base: String,
    host: String,
    key: SecretString,
}

impl Caller {
    async fn send(&self, method: Method, path: &str, body: Value) -> Result<Value> {
        let request = self
            .client
            .request(method, format!("{}{path}", self.base))
            .header(HOST, &self.host)
            .bearer_auth(self.key.expose_secret())
            .json(&body);
        let response = request.send().await?;
        let status = response.status();
        let body: Value = response.json().await.context("no JSON came back")?;
        if !status.is_success() {
            bail!("{path} answered {status}: {body}");
        }
        Ok(body)
    }
}

fn text(value: &Value, name: &str) -> Result<String> {
    value[name].as_str().map(str::to_owned).with_context(|| format!("no {name} in {value}"))
}

/// Makes the tenant with a corp, both kinds of source, an app that is linked to them, and an account.
pub(super) async fn seed(places: &Places, operator_key: &SecretString) -> Result<Seeded> {
    let mut caller = Caller {
        client: reqwest::Client::builder().no_proxy().build()?,
        base: format!("http://127.0.0.1:{}/api/v1", places.port),
        host: places.console_host(),
        key: operator_key.clone(),
    };
    let body = json!({ "host": places.tenant_host(), "display_name": "示例租户 Demo" });
    let tenant = text(&caller.send(Method::POST, "/tenants", body).await?, "id")?;
    let base = format!("/tenants/{tenant}");
    let body = json!({ "display_name": "demo" });
    let tenant_key =
        text(&caller.send(Method::POST, &format!("{base}/api-keys"), body).await?, "key")?;
    caller.key = tenant_key.clone().into();

    let world = World::demo();
    let corp = world.corps.first().context("the simulator's world is empty")?;
    let agent = corp.apps.first().context("the simulator's corp has no app")?;
    let body = json!({ "corp_id": corp.corp_id, "display_name": corp.name });
    let corp = text(&caller.send(Method::POST, &format!("{base}/corps"), body).await?, "id")?;
    let source = |identifier: &str, kind: &str, zh: &str, en: &str| {
        json!({
            "identifier": identifier, "kind": kind, "mode": "self_built", "corp": corp,
            "agent_id": agent.agentid, "secret": agent.secret, "display_names": { "zh-CN": zh, "en": en },
        })
    };
    let sources = format!("{base}/identity-sources");
    let mut qr = source("wecom-qr", "wecom_qr", "企业微信扫码登录", "WeCom QR code");
    qr["panel"] = true.into();
    let mobile = source("wecom-mobile", "wecom_mobile", "企业微信登录", "WeCom");
    let qr = text(&caller.send(Method::POST, &sources, qr).await?, "id")?;
    let mobile = text(&caller.send(Method::POST, &sources, mobile).await?, "id")?;

    let (app, popup) = apps(&caller, &base, &places.sample_app(), &[qr, mobile]).await?;
    let body = json!({ "name": "演示账号 Demo", "username": USERNAME, "password": PASSWORD });
    caller.send(Method::POST, &format!("{base}/users"), body).await?;
    Ok(Seeded {
        tenant,
        tenant_key: tenant_key.into(),
        client_id: text(&app, "id")?,
        client_secret: text(&app, "client_secret")?.into(),
        popup_client_id: text(&popup, "id")?,
    })
}

/// Makes the sample app, and its page with a popup, which is an app without a secret.
async fn apps(
    caller: &Caller,
    base: &str,
    home: &str,
    sources: &[String],
) -> Result<(Value, Value)> {
    let app = json!({
        "display_name": "示例应用 Sample app", "home_url": home,
        "initiate_login_uri": format!("{home}/initiate"),
        "redirect_uris": [format!("{home}/callback")],
        "post_logout_redirect_uris": [format!("{home}/signed-out")],
        "token_endpoint_auth_method": "client_secret_basic", "sign_in_methods": ["password"],
    });
    let popup = json!({
        "display_name": "示例应用（弹窗） Sample app in a popup", "home_url": format!("{home}/popup"),
        "redirect_uris": [format!("{home}/popup")], "web_origins": [home],
        "post_logout_redirect_uris": [format!("{home}/popup")],
        "token_endpoint_auth_method": "none", "sign_in_methods": ["password"],
    });
    let mut made = Vec::new();
    for body in [app, popup] {
        let app = caller.send(Method::POST, &format!("{base}/apps"), body).await?;
        for (position, source) in sources.iter().enumerate() {
            let path = format!("{base}/apps/{}/identity-sources/{source}", text(&app, "id")?);
            caller.send(Method::PUT, &path, json!({ "position": position })).await?;
        }
        made.push(app);
    }
    let popup = made.pop().context("no app was made")?;
    Ok((made.pop().context("no app was made")?, popup))
}
