//! `kill -9` at any moment: nothing half made, nothing used twice, and the other node carries on.

use std::time::Duration;

use e2e::{Answer, Backend, Browser, Pkce, Tenant};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use url::Url;
use wecom_sim::{Fault, FaultKind};

use crate::nodes::Nodes;
use crate::program::until;

/// Requests of a sign-in that go to the nodes: the app's request, the source's start, the callback,
/// the token request, UserInfo.
const REQUESTS: usize = 5;

/// An answer that waits for nobody comes within this.
const SOON: Duration = Duration::from_secs(1);

/// What the tests' sign-ins leave behind if each was written wholly or not at all.
async fn assert_whole(nodes: &Nodes) {
    let none = [
        (
            "a user without identity",
            "SELECT count(*) FROM users WHERE NOT EXISTS (SELECT 1 FROM identities WHERE user_id = users.id)",
        ),
        (
            "an identity without user",
            "SELECT count(*) FROM identities WHERE NOT EXISTS (SELECT 1 FROM users WHERE id = identities.user_id)",
        ),
        (
            "a session without user",
            "SELECT count(*) FROM sessions WHERE NOT EXISTS (SELECT 1 FROM users WHERE id = sessions.user_id)",
        ),
        (
            "a session without grant",
            "SELECT count(*) FROM sessions WHERE NOT EXISTS (SELECT 1 FROM grants WHERE session_id = sessions.id)",
        ),
        (
            "a user whose making is not in the audit",
            "SELECT count(*) FROM users WHERE NOT EXISTS (SELECT 1 FROM audit_events WHERE user_id = users.id AND action = 'user.create')",
        ),
        ("a person with two users", "SELECT count(*) - count(DISTINCT subject) FROM identities"),
        (
            // Every browser is a new one, so each sign-in has a session of its own.
            "a sign-in that is not in the audit, or is in it without having been",
            "SELECT (SELECT count(*) FROM sessions) - (SELECT count(*) FROM audit_events WHERE action = 'sign_in' AND result = 'ok')",
        ),
    ];
    for (what, query) in none {
        assert_eq!(nodes.number(query).await, 0, "{what}");
    }
}

/// Whether an answer is a page that says what happened and how to begin anew.
fn assert_begin_anew(page: &Answer) {
    assert!(page.status.is_client_error(), "{page:?}");
    assert!(page.code().is_some() && page.trace().is_some(), "{page:?}");
    let home = page.links().into_iter().any(|link| link == "https://app.example.com/");
    assert!(home, "no way back: {:?}", page.links());
}

/// The node dies before a sign-in's request of this number; the other one takes it from there.
async fn killed_before(nodes: &mut Nodes, tenant: &Tenant, request: usize) {
    let (mut browser, pkce) = (nodes.world.browser(), Pkce::new());
    nodes.world.serve_by(&[0]);
    if request == 0 {
        take_out(nodes).await;
    }
    let page = browser.follow(tenant.authorize_url(&pkce, &[])).await;
    let start = page.links().into_iter().find(|link| link.contains("/connections/social/qr"));
    if request == 1 {
        take_out(nodes).await;
    }
    let wecom = browser.get(tenant.url(&start.unwrap())).await.location().unwrap();
    let callback = tenant.confirm(&mut browser, &wecom, "zhangsan").await.location().unwrap();
    if request == 2 {
        take_out(nodes).await;
    }
    let answer = browser.get(callback.as_str()).await;
    let code = answer.parameter("code").unwrap_or_else(|| panic!("{request}: {answer:?}"));
    if request == 3 {
        take_out(nodes).await;
    }
    let tokens = tenant.redeem(&code, &pkce).await;
    assert!(tokens.status.is_success(), "{request}: {} {}", tokens.status, tokens.body);
    if request == 4 {
        take_out(nodes).await;
    }
    let tokens = tokens.json();
    e2e::verify_id_token(tenant, &mut browser, tokens["id_token"].as_str().unwrap()).await;
    let userinfo = tenant.userinfo(tokens["access_token"].as_str().unwrap()).await;
    assert!(userinfo.status.is_success(), "{request}: {}", userinfo.body);
    // The code was for one use, wherever that was.
    let again = tenant.redeem(&code, &pkce).await;
    assert_eq!(again.json()["error"], "invalid_grant", "{request}");
    nodes.restart(0).await;
}

/// Node 0 dies; requests go to node 1.
async fn take_out(nodes: &mut Nodes) {
    nodes.kill(0).await;
    nodes.world.serve_by(&[1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn between_any_two_requests_the_other_node_carries_on() {
    let mut nodes = Nodes::start(Backend::Postgres, 2, &[]).await;
    let tenant = nodes.world.tenant("acme").await;
    for request in 0..REQUESTS {
        killed_before(&mut nodes, &tenant, request).await;
    }
    assert_whole(&nodes).await;
    assert_eq!(tenant.users().await.len(), 1);
    nodes.stop().await;
}

/// A browser at WeCom that has confirmed, and the URL of the callback.
async fn confirmed(tenant: &Tenant, pkce: &Pkce, member: &str) -> (Browser, Url) {
    let mut browser = tenant.world.browser();
    let started = tenant.start_qr(&mut browser, &tenant.authorize_url(pkce, &[])).await;
    let wecom = started.location().unwrap();
    let callback = tenant.confirm(&mut browser, &wecom, member).await.location().unwrap();
    (browser, callback)
}

/// A request whose answer may never come.
fn begin(browser: &Browser, url: &Url) -> JoinHandle<Answer> {
    let (mut browser, url) = (browser.clone(), url.clone());
    tokio::spawn(async move { browser.get(url.as_str()).await })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_callback_waits_for_wecom() {
    let mut nodes =
        Nodes::start(Backend::Postgres, 2, &[("wecom", "call_timeout_ms", "2500")]).await;
    let tenant = nodes.world.tenant("acme").await;
    let calls = ["/cgi-bin/gettoken", "/cgi-bin/auth/getuserinfo", "/cgi-bin/user/get"];
    for (before, call) in calls.into_iter().enumerate() {
        let member = ["zhangsan", "LiSi", "wangwu"][before];
        // With a cold cache, so that every call is made.
        flush(&nodes).await;
        let pkce = Pkce::new();
        nodes.world.serve_by(&[0]);
        let (browser, callback) = confirmed(&tenant, &pkce, member).await;
        let wecom = nodes.world.wecom().clone();
        wecom.inject(Fault::once(call, FaultKind::Latency(2_000)));
        let lost = begin(&browser, &callback);
        until("the call to WeCom", async || wecom.faults().is_empty()).await;
        take_out(&mut nodes).await;
        assert!(lost.await.is_err(), "{call}: it was answered");
        assert_eq!(tenant.users().await.len(), before, "{call}");
        // The browser asks again, while the same person begins anew in another one: that works.
        let again = begin(&browser, &callback);
        let mut browser = nodes.world.browser();
        let mut code = None;
        until("it works again", async || {
            let authorize = tenant.authorize_url(&pkce, &[]);
            let answer = tenant.sign_in(&mut browser, &authorize, member).await;
            code = answer.parameter("code");
            // The lock of the node that died in `gettoken` stands for its time.
            let busy = answer.code().as_deref() == Some("upstream_busy");
            assert!(code.is_some() || call == "/cgi-bin/gettoken" && busy, "{call}: {answer:?}");
            code.is_some()
        })
        .await;
        let code = code.unwrap();
        assert!(tenant.redeem(&code, &pkce).await.status.is_success(), "{call}");
        // WeCom's code may have been used up, so nobody tried it a second time.
        assert_begin_anew(&again.await.unwrap());
        let query = callback.query().unwrap();
        let upstream_code = query.split('&').find(|pair| pair.starts_with("code=")).unwrap();
        let redeemed = wecom.calls_of("/cgi-bin/auth/getuserinfo");
        let redeemed = redeemed.iter().filter(|call| call.query.contains(upstream_code));
        assert!(redeemed.count() <= 1, "{call}");
        assert_whole(&nodes).await;
        nodes.restart(0).await;
    }
    nodes.stop().await;
}

/// Empties the ephemeral state.
async fn flush(nodes: &Nodes) {
    let settings = nodes.world.settings();
    let url = settings.ephemeral_url().unwrap();
    let redis = store::ephemeral::RedisSettings {
        prefix: settings.ephemeral.prefix.clone(),
        ..store::ephemeral::RedisSettings::new(url)
    };
    store::ephemeral::Ephemeral::redis(&redis).unwrap().flush_all().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anywhere_within_the_callback_or_the_token_request() {
    let mut nodes = Nodes::start(Backend::Postgres, 2, &[]).await;
    let tenant = nodes.world.tenant("acme").await;
    let members = ["zhangsan", "LiSi", "wangwu"];
    let (mut in_callback, mut in_token, mut waiting) = (0, 0, Vec::new());
    for round in 0_usize..24 {
        let (pkce, member) = (Pkce::new(), members[round % members.len()]);
        nodes.world.serve_by(&[0]);
        let (mut browser, callback) = confirmed(&tenant, &pkce, member).await;
        // From before the first statement to after the answer, in steps of 2 ms.
        let moment = Duration::from_millis(2 * (round as u64 / 2));
        let code = if round % 2 == 0 {
            let lost = begin(&browser, &callback);
            sleep(moment).await;
            take_out(&mut nodes).await;
            in_callback += usize::from(lost.await.is_err());
            // The same URL again, at the other node: the first one's answer, or begin anew. Where
            // the first one died at it, the other node waits for its end for a while.
            let mut again = begin(&browser, &callback);
            if let Ok(answer) = timeout(SOON, &mut again).await {
                let answer = answer.unwrap();
                let code = answer.parameter("code");
                if code.is_none() {
                    assert_begin_anew(&answer);
                }
                code
            } else {
                waiting.push(again);
                None
            }
        } else {
            let answer = browser.get(callback.as_str()).await;
            let code = answer.parameter("code").unwrap();
            let (asker, first, verifier) = (tenant.clone(), code.clone(), pkce.clone());
            let lost = tokio::spawn(async move { asker.redeem(&first, &verifier).await });
            sleep(moment).await;
            take_out(&mut nodes).await;
            let first = lost.await;
            in_token += usize::from(first.is_err());
            let second = tenant.redeem(&code, &pkce).await;
            let good = |answer: &Answer| usize::from(answer.status.is_success());
            assert!(first.as_ref().map_or(0, good) + good(&second) <= 1, "{first:?} {second:?}");
            None
        };
        if let Some(code) = code {
            assert!(tenant.redeem(&code, &pkce).await.status.is_success(), "{round}");
            assert_eq!(tenant.redeem(&code, &pkce).await.status, 400, "{round}");
        }
        assert_whole(&nodes).await;
        tenant.tokens(&mut nodes.world.browser(), member).await;
        nodes.restart(0).await;
    }
    for again in waiting {
        assert_begin_anew(&again.await.unwrap());
    }
    assert!(in_callback > 0 && in_token > 0, "{in_callback} {in_token}: no request was hit");
    assert_eq!(tenant.users().await.len(), members.len());
    assert_whole(&nodes).await;
    nodes.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_node_alone_keeps_all_that_is_durable() {
    let mut nodes = Nodes::start(Backend::Sqlite, 1, &[]).await;
    let tenant = nodes.world.tenant("acme").await;
    let mut browser = nodes.world.browser();
    for round in 0_u64..6 {
        let tokens = tenant.tokens(&mut browser, "zhangsan").await;
        let (pkce, access) = (Pkce::new(), tokens["access_token"].as_str().unwrap());
        let (mut other, callback) = confirmed(&tenant, &pkce, "LiSi").await;
        let lost = begin(&other, &callback);
        sleep(Duration::from_millis(4 * round)).await;
        nodes.kill(0).await;
        drop(lost.await);
        assert_whole_but_renewed(&nodes).await;
        nodes.restart(0).await;
        // Tenant, keys, app, user, session, grant are as they were.
        let userinfo = tenant.userinfo(access).await;
        assert!(userinfo.status.is_success(), "{round}: {} {}", userinfo.status, userinfo.body);
        let answer = browser.get(tenant.authorize_url(&pkce, &[("prompt", "none")])).await;
        let code = answer.parameter("code").unwrap_or_else(|| panic!("{round}: {answer:?}"));
        let again = tenant.redeem(&code, &pkce).await.json();
        let id_token = again["id_token"].as_str().unwrap();
        let claims = e2e::verify_id_token(&tenant, &mut browser, id_token).await.claims;
        assert_eq!(claims["sub"], userinfo.json()["sub"]);
        // What is ephemeral begins anew.
        assert_begin_anew(&other.get(callback.as_str()).await);
        tenant.tokens(&mut nodes.world.browser(), "LiSi").await;
        assert_eq!(tenant.users().await.len(), 2, "{round}");
        browser = nodes.world.browser();
    }
    assert_eq!(
        nodes
            .number("SELECT count(*) FROM pragma_integrity_check() WHERE integrity_check <> 'ok'")
            .await,
        0
    );
    nodes.stop().await;
}

/// As far as it can be said of a file that a dead process left.
async fn assert_whole_but_renewed(nodes: &Nodes) {
    let alone = "SELECT count(*) FROM users WHERE NOT EXISTS (SELECT 1 FROM identities WHERE user_id = users.id)";
    assert_eq!(nodes.number(alone).await, 0);
    let bare = "SELECT count(*) FROM sessions WHERE NOT EXISTS (SELECT 1 FROM grants WHERE session_id = sessions.id)";
    assert_eq!(nodes.number(bare).await, 0);
}
