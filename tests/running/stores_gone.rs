//! A store goes away and comes back: 503 with `Retry-After` meanwhile, ready by itself afterwards.

use std::time::{Duration, Instant};

use e2e::{Answer, Backend, Browser, Pkce, Tenant};
use reqwest::Method;
use reqwest::header::RETRY_AFTER;
use serde_json::json;
use url::Url;

use crate::nodes::Nodes;
use crate::program::until;
use crate::services::Service;

/// An answer that says "again soon".
fn assert_unavailable(what: &str, answer: &Answer, began: Instant) {
    assert_eq!(answer.status, 503, "{what}: {}", answer.body);
    let seconds = answer.headers.get(RETRY_AFTER).unwrap_or_else(|| panic!("{what}: when?"));
    let seconds: u64 = seconds.to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{what}: {seconds}");
    assert!(began.elapsed() < Duration::from_secs(15), "{what}: {:?}", began.elapsed());
    assert!(!answer.body.contains("127.0.0.1"), "{what}: {}", answer.body);
}

async fn assert_ready(nodes: &Nodes, ready: bool) {
    let answer = nodes.manage(0, "/readyz").await;
    if ready {
        assert_eq!(answer.status(), 200);
    } else {
        assert_eq!(answer.status(), 503);
        assert!(answer.headers().contains_key(RETRY_AFTER));
    }
    // The process itself is well: nobody has to start it anew.
    assert_eq!(nodes.manage(0, "/healthz").await.status(), 200);
}

/// A browser that stands right before the callback, and the URL of that.
async fn before_the_callback(tenant: &Tenant, pkce: &Pkce) -> (Browser, Url) {
    let mut browser = tenant.world.browser();
    let wecom = tenant.start_qr(&mut browser, &tenant.authorize_url(pkce, &[])).await;
    let wecom = wecom.location().unwrap();
    let confirmed = tenant.confirm(&mut browser, &wecom, "zhangsan").await;
    (browser, confirmed.location().unwrap())
}

/// Everything that needs the store answers 503.
async fn assert_pages_unavailable(tenant: &Tenant, browser: &Browser, callback: &Url) {
    let authorize = tenant.authorize_url(&Pkce::new(), &[]);
    let began = Instant::now();
    let page = tenant.world.browser().get(&authorize).await;
    assert_unavailable("login page", &page, began);
    assert!(page.body.contains("<html"), "{}", page.body);
    let began = Instant::now();
    let answer = browser.clone().get(callback.as_str()).await;
    assert_unavailable("callback", &answer, began);
    let began = Instant::now();
    let answer = tenant.redeem("hufu_code_0", &Pkce::new()).await;
    assert_unavailable("token endpoint", &answer, began);
    assert_eq!(answer.json()["error"], "temporarily_unavailable");
}

async fn assert_console_unavailable(tenant: &Tenant) {
    let began = Instant::now();
    let answer = tenant.admin.call(Method::GET, &tenant.path("/users"), &[], None).await;
    assert_unavailable("console", &answer, began);
    assert_eq!(answer.json()["type"], "urn:hufu:problem:unavailable");
    let began = Instant::now();
    let body = json!({ "host": "x.localhost", "display_name": "x" });
    let answer = tenant.world.operator().call(Method::POST, "/tenants", &[], Some(body)).await;
    assert_unavailable("console of the operator", &answer, began);
}

/// Everything works, without a restart of the node.
async fn assert_back(nodes: &mut Nodes, tenant: &Tenant) {
    until("it is ready again", async || nodes.manage(0, "/readyz").await.status().is_success())
        .await;
    for member in ["zhangsan", "LiSi"] {
        let tokens = tenant.tokens(&mut tenant.world.browser(), member).await;
        assert!(
            tenant.userinfo(tokens["access_token"].as_str().unwrap()).await.status.is_success()
        );
    }
    assert!(nodes.runs(0));
    assert_eq!(tenant.users().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_gone() {
    let mut postgres = Service::postgres().await;
    let url = format!("'{}'", postgres.url());
    let mut nodes = Nodes::start(Backend::Sqlite, 1, &[("database", "url", &url)]).await;
    let tenant = nodes.world.tenant("acme").await;
    let access = tenant.tokens(&mut nodes.world.browser(), "zhangsan").await;
    let access = access["access_token"].as_str().unwrap();
    for _ in 0..2 {
        let pkce = Pkce::new();
        let (mut browser, callback) = before_the_callback(&tenant, &pkce).await;
        assert_ready(&nodes, true).await;
        postgres.stop().await;
        assert_ready(&nodes, false).await;
        assert_pages_unavailable(&tenant, &browser, &callback).await;
        assert_console_unavailable(&tenant).await;
        let began = Instant::now();
        assert_unavailable("UserInfo", &tenant.userinfo(access).await, began);
        assert_eq!(nodes.manage(0, "/tls/ask?domain=x.localhost").await.status(), 503);
        postgres.start().await;
        assert_back(&mut nodes, &tenant).await;
        // Who was under way goes on: nothing of theirs had been used up.
        let answer = browser.get(callback.as_str()).await;
        let code = answer.parameter("code").unwrap_or_else(|| panic!("{answer:?}"));
        assert!(tenant.redeem(&code, &pkce).await.status.is_success());
    }
    let said = nodes.stop().await;
    assert!(!said.contains("not-asked-for"), "the password of the database is in the log");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_gone() {
    let mut redis = Service::redis().await;
    let url = format!("'{}'", redis.url());
    let mut nodes = Nodes::start(Backend::Sqlite, 1, &[("ephemeral", "url", &url)]).await;
    let tenant = nodes.world.tenant("acme").await;
    tenant.tokens(&mut nodes.world.browser(), "zhangsan").await;
    for _ in 0..2 {
        let (mut browser, callback) = before_the_callback(&tenant, &Pkce::new()).await;
        assert_ready(&nodes, true).await;
        redis.stop().await;
        assert_ready(&nodes, false).await;
        assert_pages_unavailable(&tenant, &browser, &callback).await;
        redis.start().await;
        assert_back(&mut nodes, &tenant).await;
        // It came back empty: who was under way is told so, with a way to begin anew.
        let page = browser.get(callback.as_str()).await;
        assert!(page.status.is_client_error(), "{} {}", page.status, page.body);
        assert!(page.code().is_some(), "{}", page.body);
        let home = page.links().into_iter().any(|link| link == "https://app.example.com/");
        assert!(home, "no way back: {:?}", page.links());
    }
    nodes.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_hangs_is_as_good_as_gone() {
    for database in [true, false] {
        let (store, table) = match database {
            true => (Service::postgres().await, "database"),
            false => (Service::redis().await, "ephemeral"),
        };
        let url = format!("'{}'", store.url());
        let mut nodes = Nodes::start(Backend::Sqlite, 1, &[(table, "url", &url)]).await;
        let tenant = nodes.world.tenant("acme").await;
        tenant.tokens(&mut nodes.world.browser(), "zhangsan").await;
        let (browser, callback) = before_the_callback(&tenant, &Pkce::new()).await;
        store.freeze("STOP").await;
        assert_ready(&nodes, false).await;
        assert_pages_unavailable(&tenant, &browser, &callback).await;
        store.freeze("CONT").await;
        assert_back(&mut nodes, &tenant).await;
        nodes.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_comes_after_the_node() {
    let mut redis = Service::redis().await;
    redis.stop().await;
    let url = format!("'{}'", redis.url());
    let mut nodes = Nodes::prepare(Backend::Sqlite, 1, &[("ephemeral", "url", &url)]).await;
    nodes.begin(0);
    until("it answers", async || {
        std::net::TcpStream::connect(("127.0.0.1", nodes.management[0])).is_ok()
    })
    .await;
    assert_ready(&nodes, false).await;
    redis.start().await;
    nodes.ready(0).await;
    let tenant = nodes.world.tenant("acme").await;
    tenant.tokens(&mut nodes.world.browser(), "zhangsan").await;
    nodes.stop().await;
}
