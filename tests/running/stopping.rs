//! How a node ends: what is under way is answered first.

use std::time::Duration;

use e2e::{Backend, Pkce};
use wecom_sim::{Fault, FaultKind};

use crate::nodes::Nodes;
use crate::program::until;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_callback_that_waits_for_wecom_is_answered_before_the_end() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        for signal in ["TERM", "INT"] {
            let wait = [("wecom", "call_timeout_ms", "20000")];
            let mut nodes = Nodes::start(backend, 1, &wait).await;
            let (world, pkce) = (nodes.world.clone(), Pkce::new());
            let tenant = world.tenant("acme").await;
            let mut browser = world.browser();
            let started = tenant.start_qr(&mut browser, &tenant.authorize_url(&pkce, &[])).await;
            let wecom = started.location().unwrap();
            let callback = tenant.confirm(&mut browser, &wecom, "zhangsan").await;
            let callback = callback.location().unwrap();
            let slow = Fault::once("/cgi-bin/auth/getuserinfo", FaultKind::Latency(3_000));
            world.wecom().inject(slow);
            let waiting = tokio::spawn(async move { browser.get(callback.as_str()).await });
            // The fault is used up as soon as the call has arrived.
            until("the call to WeCom", async || world.wecom().faults().is_empty()).await;
            nodes.signal(0, signal).await;
            tokio::time::sleep(Duration::from_millis(300)).await;
            assert!(!waiting.is_finished(), "the callback did not wait");
            assert!(nodes.runs(0), "it did not wait for the callback");
            // New people are not let in meanwhile: their balancer takes another node.
            let address = ("127.0.0.1", world.ports()[0]);
            until("no new connection", async || {
                tokio::net::TcpStream::connect(address).await.is_err()
            })
            .await;
            let answer = waiting.await.unwrap();
            let code = answer.parameter("code").unwrap_or_else(|| panic!("{answer:?}"));
            let ended = nodes.ended(0).await;
            assert_eq!(ended.status.code(), Some(0), "{}", ended.said());
            // What it answered was true: the user is there. The code lives on where it is shared.
            assert_eq!(nodes.number("SELECT count(*) FROM sessions").await, 1);
            nodes.restart(0).await;
            if backend == Backend::Postgres {
                let redeemed = tenant.redeem(&code, &pkce).await;
                assert!(redeemed.status.is_success(), "{} {}", redeemed.status, redeemed.body);
            }
            nodes.stop().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_takes_longer_than_allowed_is_cut_off() {
    let settings = [("server", "shutdown_seconds", "1"), ("wecom", "call_timeout_ms", "60000")];
    let mut nodes = Nodes::start(Backend::Sqlite, 1, &settings).await;
    let world = nodes.world.clone();
    let tenant = world.tenant("acme").await;
    let mut browser = world.browser();
    let authorize = tenant.authorize_url(&Pkce::new(), &[]);
    let wecom = tenant.start_qr(&mut browser, &authorize).await.location().unwrap();
    let callback = tenant.confirm(&mut browser, &wecom, "zhangsan").await.location().unwrap();
    world.wecom().inject(Fault::once("/cgi-bin/", FaultKind::Latency(50_000)));
    let waiting = tokio::spawn(async move { browser.get(callback.as_str()).await });
    until("the call to WeCom", async || world.wecom().faults().is_empty()).await;
    let began = std::time::Instant::now();
    nodes.signal(0, "TERM").await;
    let ended = nodes.ended(0).await;
    assert_eq!(ended.status.code(), Some(0), "{}", ended.said());
    assert!(began.elapsed() < Duration::from_secs(40), "{:?}", began.elapsed());
    assert!(waiting.await.is_err(), "the connection was cut");
    assert_eq!(nodes.number("SELECT count(*) FROM users").await, 0);
    nodes.stop().await;
}
