//! WeCom hangs for one tenant's people: the others notice nothing.

use std::time::{Duration, Instant};

use e2e::{Backend, Browser, Pkce, Tenant};
use wecom_sim::{Fault, FaultKind};

use crate::nodes::Nodes;
use crate::program::until;

/// People of the tenant whose sign-ins hang.
const WAITING: usize = 60;

/// More than any answer here takes when nobody waits for WeCom, on a busy machine.
const NORMAL: Duration = Duration::from_secs(2);

/// What of another tenant needs no WeCom: discovery, keys, the login page, single sign-on.
async fn assert_notices_nothing(tenant: &Tenant, browser: &mut Browser) {
    let began = Instant::now();
    for path in ["/oidc/.well-known/openid-configuration", "/oidc/.well-known/jwks.json"] {
        assert_eq!(browser.get(tenant.url(path)).await.status, 200, "{path}");
    }
    let pkce = Pkce::new();
    let page = tenant.world.browser().follow(tenant.authorize_url(&pkce, &[])).await;
    assert!(page.status.is_success() && !page.links().is_empty(), "{page:?}");
    let answer = browser.get(tenant.authorize_url(&pkce, &[])).await;
    let code = answer.parameter("code").unwrap_or_else(|| panic!("{answer:?}"));
    assert!(tenant.redeem(&code, &pkce).await.status.is_success());
    assert!(began.elapsed() < NORMAL * 5, "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hanging_wecom_is_one_tenants_trouble() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let nodes = Nodes::start(backend, 1, &[]).await;
        let (noisy, quiet) = (nodes.world.tenant("noisy").await, nodes.world.tenant("quiet").await);
        noisy.tokens(&mut nodes.world.browser(), "zhangsan").await;
        let mut browser = nodes.world.browser();
        quiet.tokens(&mut browser, "zhangsan").await;
        let wecom = nodes.world.wecom();
        wecom.inject(Fault::always("/cgi-bin/auth/getuserinfo", FaultKind::Latency(30_000)));
        wecom.clear_journal();
        let mut waiting = Vec::new();
        for _ in 0..WAITING {
            let tenant = noisy.clone();
            waiting.push(tokio::spawn(async move {
                let authorize = tenant.authorize_url(&Pkce::new(), &[]);
                tenant.sign_in(&mut tenant.world.browser(), &authorize, "LiSi").await
            }));
        }
        // Everybody has confirmed at WeCom; their callbacks are on the way or hang.
        until("all are under way", async || wecom.calls_of("/wwlogin/sso/choose").len() == WAITING)
            .await;
        assert_notices_nothing(&quiet, &mut browser).await;
        assert!(waiting.iter().all(|task| !task.is_finished()), "nobody waited meanwhile");
        // Their own wait ends as well: a page with a code and a way back.
        for task in waiting {
            let page = task.await.unwrap();
            assert_eq!(page.status, 503, "{page:?}");
            assert_eq!(page.code().as_deref(), Some("upstream_unavailable"), "{}", page.body);
            assert!(page.links().iter().any(|link| link == "https://app.example.com/"));
        }
        wecom.clear_faults();
        noisy.tokens(&mut nodes.world.browser(), "LiSi").await;
        assert_eq!(noisy.users().await.len(), 2);
        assert_eq!(quiet.users().await.len(), 1);
        nodes.stop().await;
    }
}
