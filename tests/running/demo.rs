//! `hufu demo`: one command, a whole sign-in, nothing left behind.

use e2e::{Browser, PHONE};
use serde_json::Value;

use crate::nodes::free_port;
use crate::program::{Program, until};

/// Four ports in a row that are free.
fn four_free_ports() -> u16 {
    loop {
        let first = free_port();
        if (1..4).all(|next| free_port() == first + next) {
            return first;
        }
    }
}

/// What stands behind a label of the announcement.
fn announced(said: &str, label: &str) -> String {
    let line = said.lines().find_map(|line| line.trim().strip_prefix(label));
    let line = line.unwrap_or_else(|| panic!("no {label:?} in: {said}"));
    line.split_whitespace().next().unwrap().to_owned()
}

/// From the sample app's home page through WeCom and back; the claims that the app got.
async fn sign_in(browser: &mut Browser, app: &str) -> Value {
    let home = browser.get(app).await;
    assert!(home.status.is_success(), "{home:?}");
    let login = browser.get(format!("{app}/login")).await.location().unwrap();
    let page = browser.follow(login.as_str()).await;
    let link = page.links().into_iter().find(|link| link.contains("/connections/social/wecom-qr"));
    let link = page.url.join(&link.unwrap_or_else(|| panic!("{page:?}"))).unwrap();
    let mut choose = browser.get(link.as_str()).await.location().unwrap();
    choose.set_path("/wwlogin/sso/choose");
    choose.query_pairs_mut().append_pair("userid", "zhangsan");
    let callback = browser.get(choose.as_str()).await.location().unwrap();
    let to_app = browser.get(callback.as_str()).await.location().unwrap();
    assert!(to_app.as_str().starts_with(&format!("{app}/callback?")), "{to_app}");
    let back = browser.get(to_app.as_str()).await;
    let back = back.location().unwrap_or_else(|| panic!("{back:?}"));
    let account = browser.get(back.as_str()).await;
    assert!(account.body.contains("张三"), "{}", account.body);
    browser.get(format!("{app}/claims.json")).await.json()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_signs_in_and_leaves_nothing_behind() {
    for signal in ["INT", "TERM"] {
        let folder = tempfile::tempdir().unwrap();
        let port = four_free_ports();
        let variables = [("TMPDIR", folder.path().to_str().unwrap())];
        let mut demo = Program::start(&["demo", "--port", &port.to_string()], &variables);
        until("it says what to open", async || {
            assert!(demo.runs(), "it ended: {}", demo.stdout());
            demo.stdout().contains("Ctrl-C")
        })
        .await;
        let said = demo.stdout();
        let millis = said.split("ready after ").nth(1).unwrap().split(' ').next().unwrap();
        assert!(millis.parse::<u64>().is_ok(), "{said}");
        assert_eq!(announced(&said, "Issuer"), format!("http://demo.localhost:{port}/oidc"));
        let mut browser = Browser::on_this_machine();
        let claims = sign_in(&mut browser, &announced(&said, "Sample app")).await;
        assert!(claims.to_string().contains("张三"), "{claims}");
        let own = browser.follow(announced(&said, "Account page")).await;
        assert!(own.body.contains("张三"), "{}", own.body);
        // Another person, on a phone, at the same time, is somebody else's browser.
        let app = announced(&said, "Sample app");
        let phone = Browser::on_this_machine().saying(PHONE).get(&app).await;
        assert!(!phone.body.contains("张三"));
        // The keys and the other URLs that it prints are good.
        let url =
            format!("{}/tenants/{}", announced(&said, "Console API"), announced(&said, "Tenant "));
        for (label, path) in [("Operator key", ""), ("Tenant key", "/users")] {
            let status = console(port, &format!("{url}{path}"), &announced(&said, label)).await;
            assert_eq!(status, 200, "{label}");
        }
        assert_eq!(console(port, &url, "no-key").await, 401);
        let metrics = announced(&said, "Metrics");
        assert!(browser.get(&metrics).await.body.contains("hufu_http_requests_total"));
        // Everything is in the folder, and goes with the end.
        assert_ne!(std::fs::read_dir(&folder).unwrap().count(), 0);
        demo.signal(signal).await;
        let ended = demo.ended().await;
        assert_eq!(ended.status.code(), Some(0), "{}", ended.said());
        let left: Vec<_> = std::fs::read_dir(&folder).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
        for port in port..port + 4 {
            assert!(std::net::TcpListener::bind(("127.0.0.1", port)).is_ok(), "{port}");
        }
    }
}

/// The status of a console call.
async fn console(port: u16, url: &str, key: &str) -> u16 {
    let url = url::Url::parse(url).unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.get(format!("http://127.0.0.1:{port}{}", url.path()));
    let host = format!("{}:{port}", url.host_str().unwrap());
    let answer = request.header("host", host).bearer_auth(key).send().await.unwrap();
    answer.status().as_u16()
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let port = four_free_ports();
    let variables = [("TMPDIR", folder.path().to_str().unwrap())];
    for taken in port..port + 4 {
        let _taken = std::net::TcpListener::bind(("127.0.0.1", taken)).unwrap();
        let ended = Program::run(&["demo", "--port", &port.to_string()], &variables).await;
        assert_eq!(ended.status.code(), Some(1), "{}", ended.said());
        assert!(ended.stderr.contains(&taken.to_string()), "{taken}: {}", ended.said());
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "{taken}");
    }
}
