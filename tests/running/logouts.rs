//! `kill -9` between the end of a session and the moment its apps know of it (attack S2): they are
//! told all the same.

use std::time::Duration;

use e2e::{AppServer, Backend, Browser, Pkce, Reply, Tenant};
use serde_json::json;

use crate::nodes::Nodes;
use crate::program::until;

/// As if a minute had gone by: then somebody else tries what was under way.
const A_MINUTE_LATER: &str =
    "UPDATE logout_deliveries SET next_at = created_at RETURNING CAST(1 AS BIGINT)";
const WAITING: &str = "SELECT count(*) FROM logout_deliveries";

/// An app that is told at its server, and the ID token of a browser that is signed in to it.
async fn told(nodes: &Nodes, server: &AppServer) -> (Tenant, Browser, String) {
    let tenant = nodes.world.tenant("acme").await;
    let body = json!({ "backchannel_logout_uri": server.url("/logout") });
    let tenant = Tenant { app: tenant.make_app(body).await, ..tenant };
    let mut browser = nodes.world.browser();
    let tokens = tenant.tokens(&mut browser, "zhangsan").await;
    (tenant, browser, tokens["id_token"].as_str().unwrap().to_owned())
}

async fn log_out(tenant: &Tenant, browser: &mut Browser, id_token: &str) {
    let answer =
        browser.get(tenant.url(&format!("/oidc/session/end?id_token_hint={id_token}"))).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let authorize = tenant.authorize_url(&Pkce::new(), &[("prompt", "none")]);
    let answer = browser.get(authorize).await;
    assert_eq!(answer.parameter("error").as_deref(), Some("login_required"));
}

/// The node dies while it tells the app; `next` sees to it that there is a node again.
async fn dies_while_it_tells(nodes: &mut Nodes, next: impl AsyncFnOnce(&mut Nodes)) {
    let server = AppServer::start().await;
    nodes.world.serve_by(&[0]);
    let (tenant, mut browser, id_token) = told(nodes, &server).await;
    // Nobody answers: the app may have acted, or not.
    server.reply_next([Reply::status(200).after(Duration::from_mins(1))]);
    log_out(&tenant, &mut browser, &id_token).await;
    let first = server.wait_for(1).await[0].body.clone();
    nodes.kill(0).await;
    assert_eq!(nodes.number(WAITING).await, 1);
    assert_eq!(nodes.number(A_MINUTE_LATER).await, 1);
    next(nodes).await;
    let again = server.wait_for(2).await[1].body.clone();
    assert_ne!(first, again, "a token of its own");
    until("it is done", async || nodes.number(WAITING).await == 0).await;
    assert_eq!(server.received().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s2_apps_are_told_of_a_logout_after_a_restart() {
    let mut nodes = Nodes::start(Backend::Sqlite, 1, &[]).await;
    dies_while_it_tells(&mut nodes, async |nodes| nodes.restart(0).await).await;
    nodes.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s2_apps_are_told_of_a_logout_by_another_node() {
    let mut nodes = Nodes::start(Backend::Postgres, 2, &[]).await;
    dies_while_it_tells(&mut nodes, async |nodes| nodes.world.serve_by(&[1])).await;
    nodes.stop().await;
}
