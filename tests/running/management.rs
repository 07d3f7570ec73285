//! The management listener: health, readiness, metrics, the TLS proxy's question.

use e2e::Backend;
use serde_json::json;

use crate::nodes::Nodes;

/// The value of a counter in Prometheus' text format, all its series with these labels together.
fn counted(metrics: &str, name: &str, labels: &[&str]) -> u64 {
    let lines = metrics.lines().filter(|line| line.starts_with(&format!("{name}{{")));
    let lines = lines.filter(|line| labels.iter().all(|label| line.contains(label)));
    lines.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_readiness_and_metrics() {
    let nodes = Nodes::start(Backend::Sqlite, 1, &[]).await;
    let tenant = nodes.world.tenant("acme").await;
    assert_eq!(nodes.manage(0, "/healthz").await.text().await.unwrap(), "ok\n");
    assert_eq!(nodes.manage(0, "/readyz").await.text().await.unwrap(), "ready\n");
    let read = async || {
        let answer = nodes.manage(0, "/metrics").await;
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
        answer.text().await.unwrap()
    };
    let requests = "hufu_http_requests_total";
    let token = ["route=\"/oidc/token\"", "status=\"2xx\""];
    let before = read().await;
    tenant.tokens(&mut nodes.world.browser(), "zhangsan").await;
    tenant.tokens(&mut nodes.world.browser(), "LiSi").await;
    let refused = tenant.redeem("no-such-code", &e2e::Pkce::new()).await;
    assert_eq!(refused.status, 400);
    let after = read().await;
    assert!(after.contains(&format!("# TYPE {requests} counter")), "{after}");
    assert_eq!(counted(&after, requests, &token) - counted(&before, requests, &token), 2);
    let failed = ["route=\"/oidc/token\"", "status=\"4xx\""];
    assert_eq!(counted(&after, requests, &failed), 1, "{after}");
    let callback = ["callback", "status=\"3xx\""];
    assert_eq!(counted(&after, requests, &callback), 2, "{after}");
    let seconds = counted(&after, "hufu_http_request_seconds_bucket", &["/oidc/token", "+Inf"]);
    assert_eq!(seconds, 3, "{after}");
    // Routes, not paths: what people type in cannot make the metrics grow.
    for path in ["/a", "/b", "/c/d"] {
        nodes.world.browser().get(tenant.url(path)).await;
    }
    let unknown = read().await;
    assert!(!unknown.contains("\"/a\"") && !unknown.contains("/c/d"), "{unknown}");
    nodes.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn management_is_not_public() {
    let nodes = Nodes::start(Backend::Sqlite, 1, &[]).await;
    let tenant = nodes.world.tenant("acme").await;
    for host in [tenant.host.as_str(), "console.localhost", "127.0.0.1"] {
        for path in ["/healthz", "/readyz", "/metrics", "/tls/ask?domain=acme.localhost"] {
            let status = nodes.ask(0, host, path, ("accept", "*/*")).await;
            assert!(matches!(status, 401 | 404), "{host}{path}: {status}");
        }
    }
    nodes.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_only_for_hosts_that_are_ours() {
    let nodes = Nodes::start(Backend::Sqlite, 1, &[]).await;
    let operator = nodes.world.operator();
    let body = json!({ "host": "own.localhost", "display_name": "Own" });
    let tenant = operator.post("/tenants", body).await;
    let ask = async |domain: &str| {
        nodes.manage(0, &format!("/tls/ask?domain={domain}")).await.status().as_u16()
    };
    assert_eq!(ask("own.localhost").await, 200);
    assert_eq!(ask("OWN.localhost").await, 200);
    assert_eq!(ask("console.localhost").await, 200);
    for other in ["other.localhost", "own.localhost.evil.example", "", "x.own.localhost", "%00"] {
        assert_eq!(ask(other).await, 404, "{other}");
    }
    assert_eq!(nodes.manage(0, "/tls/ask").await.status(), 400);
    // A tenant that is suspended needs none.
    let path = format!("/tenants/{}", tenant["id"].as_str().unwrap());
    operator.patch(&path, json!({ "status": "suspended" })).await;
    assert_eq!(ask("own.localhost").await, 404);
    operator.patch(&path, json!({ "status": "active" })).await;
    assert_eq!(ask("own.localhost").await, 200);
    nodes.stop().await;
}
