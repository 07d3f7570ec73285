//! Apache's `mod_oauth2`: an API that takes access tokens, by itself and by asking. C, with a JOSE
//! library of its own.

use chrono::TimeDelta;
use e2e::{App, Backend, Client, Key, Tenant, World, sha256};
use reqwest::Method;
use serde_json::{Value, json};

use crate::apache::{Apache, free_port};
use crate::keys::rotate;

/// Longer than an access token lives.
const AGO: TimeDelta = TimeDelta::hours(1);
/// How the API looks at a token: at its signature, or by asking the provider.
const WAYS: [&str; 2] = ["local", "asked"];

/// An API of a tenant, as an app, and its address.
struct Api {
    base: String,
    app: App,
    _apache: Apache,
}

impl Api {
    async fn of(tenant: &Tenant) -> Self {
        let app = tenant.make_app(json!({ "display_name": "API" })).await;
        let port = free_port();
        let (issuer, introspection) = (tenant.issuer(), tenant.url("/oidc/token/introspection"));
        let variables = [
            ("ISSUER", issuer.as_str()),
            ("INTROSPECTION", &introspection),
            ("CLIENT_ID", &app.id),
            ("CLIENT_SECRET", app.secret.as_deref().unwrap()),
        ];
        let apache = Apache::start("resource_server.conf", port, &variables).await;
        Self { base: format!("http://127.0.0.1:{port}"), app, _apache: apache }
    }

    /// An address of it.
    fn url(&self, way: &str) -> String {
        format!("{}/{way}/index.html", self.base)
    }

    /// The status of a call with these headers.
    async fn status(&self, way: &str, headers: &[(&str, &str)]) -> u16 {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut request = client.get(self.url(way));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap().status().as_u16()
    }

    async fn answers(&self, way: &str, token: &str) -> u16 {
        self.status(way, &[("authorization", &format!("Bearer {token}"))]).await
    }

    /// The status of a call with a bound token and a proof by the caller's key.
    async fn answers_proof(&self, caller: &Client, token: &str) -> u16 {
        let proof = caller.proof(&Method::GET, "/").claim("htu", self.url("bound"));
        let proof = proof.claim("ath", sha256(token)).signed();
        let scheme = format!("DPoP {token}");
        self.status("bound", &[("authorization", &scheme), ("dpop", &proof)]).await
    }

    async fn takes(&self, token: &str) {
        for way in WAYS {
            assert_eq!(self.answers(way, token).await, 200, "{way}");
        }
    }

    async fn refuses(&self, token: &str, what: &str) {
        for way in WAYS {
            assert_eq!(self.answers(way, token).await, 401, "{way}: {what}");
        }
    }
}

/// An app whose tokens are for the API.
async fn caller(tenant: &Tenant, api: &Api) -> Tenant {
    let app = json!({ "audiences": [api.app.id] });
    Tenant { app: tenant.make_app(app).await, ..tenant.clone() }
}

async fn tokens(caller: &Tenant) -> Value {
    caller.tokens(&mut caller.world.browser(), "zhangsan").await
}

fn access(tokens: &Value) -> &str {
    tokens["access_token"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f5_f7_i5_n1_mod_oauth2_sqlite() {
    let world = World::start(Backend::Sqlite).await;
    // What is issued now is over in the API's time, which is everybody's.
    world.clock().advance(-AGO);
    let (tenant, other) = (world.tenant("acme").await, world.tenant("other").await);
    let api = Api::of(&tenant).await;
    let caller_of = caller(&tenant, &api).await;
    let expired = tokens(&caller_of).await;
    world.clock().advance(AGO);
    let issued = tokens(&caller_of).await;
    api.takes(access(&issued)).await;
    api.refuses(access(&expired), "expired").await;
    api.refuses("x", "no token").await;
    let (head, _) = access(&issued).rsplit_once('.').unwrap();
    let (_, signature) = access(&expired).rsplit_once('.').unwrap();
    api.refuses(&format!("{head}.{signature}"), "another token's signature").await;
    api.refuses(issued["id_token"].as_str().unwrap(), "an ID token").await;
    let theirs = caller(&other, &api).await;
    api.refuses(access(&tokens(&theirs).await), "another tenant's").await;
    rotate(&tenant, "ES256").await;
    api.takes(access(&tokens(&caller_of).await)).await;
    api.takes(access(&issued)).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h1_mod_oauth2_and_a_token_that_is_bound_to_a_key_sqlite() {
    let world = World::start(Backend::Sqlite).await;
    let tenant = world.tenant("acme").await;
    let api = Api::of(&tenant).await;
    let app = json!({
        "audiences": [api.app.id], "dpop_bound_access_tokens": true,
        "token_endpoint_auth_method": "client_secret_post",
    });
    let caller = Client::make(&tenant, None, Some(Key::ec()), app).await;
    let mut browser = world.browser();
    tenant.tokens(&mut browser, "zhangsan").await;
    let issued = caller.tokens(&mut browser).await;
    let token = access(&issued);
    assert_eq!(api.answers_proof(&caller.with_dpop(Key::ec()), token).await, 401, "another key");
    assert_eq!(api.answers("bound", token).await, 401, "as a bearer token");
    assert_eq!(api.status("bound", &[("authorization", &format!("DPoP {token}"))]).await, 401);
    assert_eq!(api.answers_proof(&caller, token).await, 200);
    world.stop().await;
}
