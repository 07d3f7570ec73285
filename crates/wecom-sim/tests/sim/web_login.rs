//! The Web-login page.

use crate::support::{AGENT, CORP, Sim, location, page_error, web_query};

#[tokio::test]
async fn the_page_is_a_form_that_works() {
    let sim = Sim::start().await;
    let response = sim.get(&format!("/wwlogin/sso/login?{}", web_query("a%26b"))).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["cache-control"], "no-store");
    let html = response.text().await.unwrap();
    assert!(html.contains(r#"action="/wwlogin/sso/choose" target="_top""#));
    assert!(html.contains(r#"name="state" value="a&#38;b""#), "escaped");
    for userid in ["zhangsan", "lisi", "wangwu", "zhaomin", "sunyue"] {
        assert!(html.contains(&format!(r#"name="userid" value="{userid}""#)));
    }
    assert!(html.contains("不在可见范围") && html.contains(r#"name="deny" value="1""#));
    let chosen = sim.get(&format!("/wwlogin/sso/choose?{}&userid=lisi", web_query("a%26b"))).await;
    let to = location(&chosen);
    assert!(to.starts_with("https://broker.test/cb?code=") && to.ends_with("&state=a%26b"), "{to}");
}

#[tokio::test]
async fn english_on_request() {
    let sim = Sim::start().await;
    let query = web_query("s").replace("lang=zh", "lang=en");
    let html = sim.get(&format!("/wwlogin/sso/login?{query}")).await.text().await.unwrap();
    assert!(html.contains("WeCom sign-in") && html.contains(r#"<html lang="en">"#));
}

#[tokio::test]
async fn each_wrong_parameter_has_its_code_and_no_redirect() {
    let sim = Sim::start().await;
    let good = web_query("s");
    for (from, to, code) in [
        ("login_type=CorpApp", "login_type=", "-31040"),
        ("login_type=CorpApp", "login_type=Other", "-31040"),
        ("login_type=CorpApp", "login_type=ServiceApp", "-31037"),
        (CORP, "wwnobody", "-31027"),
        ("agentid=1000002", "x=1", "-31028"),
        ("agentid=1000002", "agentid=abc", "-31028"),
        ("agentid=1000002", "agentid=1000009", "-31028"),
        ("https%3A%2F%2Fbroker.test%2Fcb", "", "-31035"),
        ("broker.test", "sub.broker.test", "-31039"),
        ("broker.test", "broker.test%3A8443", "-31039"),
        ("broker.test", "broker.test%40evil.test", "-31039"),
        ("broker.test", "broker.test%0A", "-31039"),
        ("https%3A", "javascript%3A", "-31039"),
        ("lang=zh", "lang=fr", "40035"),
        ("lang=zh", "lang=zh&lang=en", "40035"),
        ("lang=zh", "redirect_type=popup", "40035"),
        ("lang=zh", "panel_size=large", "40035"),
    ] {
        let query = good.replace(from, to);
        assert_ne!(query, good);
        for path in ["login", "choose"] {
            let response = sim.get(&format!("/wwlogin/sso/{path}?{query}&userid=lisi")).await;
            assert_eq!(page_error(response).await, code, "{path} {from} to {to}");
        }
    }
    sim.control.set_closed(CORP, AGENT, true).unwrap();
    assert_eq!(page_error(sim.get(&format!("/wwlogin/sso/login?{good}")).await).await, "50003");
}

#[tokio::test]
async fn either_domain_will_do_and_the_port_counts() {
    let sim = Sim::start().await;
    sim.control.set_web_login_callback_domain(CORP, AGENT, Some("login.test:8443")).unwrap();
    for (host, ok) in [
        ("broker.test", true),
        ("login.test%3A8443", true),
        ("LOGIN.test%3A8443", true),
        ("login.test", false),
        ("login.test%3A8444", false),
    ] {
        let query = web_query("s").replace("broker.test", host);
        let response = sim.get(&format!("/wwlogin/sso/login?{query}")).await;
        if ok {
            assert_eq!(response.status(), 200, "{host}");
        } else {
            assert_eq!(page_error(response).await, "-31020", "{host}");
        }
    }
}

#[tokio::test]
async fn a_refusal_returns_the_state_only() {
    let sim = Sim::start().await;
    let response = sim.get(&format!("/wwlogin/sso/choose?{}&deny=1", web_query("s7"))).await;
    assert_eq!(location(&response), "https://broker.test/cb?state=s7");
    let without = web_query("s7").replace("&state=s7", "");
    let response = sim.get(&format!("/wwlogin/sso/choose?{without}&deny=1")).await;
    assert_eq!(location(&response), "https://broker.test/cb");
}

#[tokio::test]
async fn a_query_and_a_fragment_of_the_redirect_uri_stay() {
    let sim = Sim::start().await;
    let query = web_query("s7").replace("%2Fcb", "%2Fcb%3Fa%3D1%26b%3D%2523%23top");
    let response = sim.get(&format!("/wwlogin/sso/choose?{query}&deny=1")).await;
    assert_eq!(location(&response), "https://broker.test/cb?a=1&b=%23&state=s7#top");
}

#[tokio::test]
async fn who_may_not_gets_no_code() {
    let sim = Sim::start().await;
    let choose = async |who: &str| {
        page_error(sim.get(&format!("/wwlogin/sso/choose?{}&{who}", web_query("s"))).await).await
    };
    assert_eq!(choose("userid=sunyue").await, "92000");
    assert_eq!(choose("userid=nobody").await, "60111");
    assert_eq!(choose("openid=nobody").await, "60111");
    assert_eq!(choose("").await, "40035");
    let mut lisi = sim.control.member(CORP, "lisi").unwrap();
    lisi.status = 4;
    sim.control.set_member(CORP, lisi).unwrap();
    assert_eq!(choose("userid=lisi").await, "60111");
}

#[tokio::test]
async fn a_frame_of_a_foreign_page_is_refused() {
    let sim = Sim::start().await;
    let url = format!("{}/wwlogin/sso/login?{}", sim.base, web_query("s"));
    let get = async |dest: &str, referer: &str| {
        let mut request = sim.http.get(&url).header("sec-fetch-dest", dest);
        if !referer.is_empty() {
            request = request.header("referer", referer);
        }
        request.send().await.unwrap()
    };
    assert_eq!(page_error(get("iframe", "https://evil.test/").await).await, "-31033");
    assert_eq!(get("iframe", "https://broker.test/login").await.status(), 200);
    assert_eq!(get("iframe", "").await.status(), 200);
    assert_eq!(get("document", "https://app.test/").await.status(), 200);
}

#[tokio::test]
async fn redirect_types_and_sizes_are_honoured() {
    let sim = Sim::start().await;
    let own = format!("{}&redirect_type=self&panel_size=small&version=2.4.4", web_query("s"));
    let html = sim.get(&format!("/wwlogin/sso/login?{own}")).await.text().await.unwrap();
    assert!(!html.contains("target=\"_top\"") && html.contains("<body class=\"small\""));
    let message = format!("{}&redirect_type=callback&userid=lisi", web_query("s"));
    let response = sim.get(&format!("/wwlogin/sso/choose?{message}")).await;
    assert_eq!(response.status(), 200);
    let html = response.text().await.unwrap();
    assert!(html.contains(r#"data-origin="https://broker.test""#));
    let code = html.split_once("data-code=\"").unwrap().1.split_once('"').unwrap().0;
    assert_eq!(sim.redeem(code).await["userid"], "lisi");
}

#[tokio::test]
async fn the_qr_code_lets_another_device_choose() {
    let sim = Sim::start().await;
    let page = sim.get(&format!("/wwlogin/sso/login?{}", web_query("s9"))).await;
    let html = page.text().await.unwrap();
    let source = html.split_once("src=\"").unwrap().1.split_once('"').unwrap().0;
    let source = source.replace("&amp;", "&").replace("&#38;", "&");
    let key = source.split_once("key=").unwrap().1.split_once('&').unwrap().0.to_owned();
    let picture = sim.get(&source).await;
    assert_eq!(picture.headers()["content-type"], "image/svg+xml");
    assert!(picture.text().await.unwrap().contains("<svg"));
    let scan = async |path: &str| sim.get(&format!("/wwlogin/sso/scan{path}key={key}")).await;
    assert!(scan("/result?").await.text().await.unwrap().contains("waiting"));
    assert_eq!(page_error(scan("/continue?").await).await, "3");
    assert!(scan("?").await.text().await.unwrap().contains("value=\"lisi\""));
    assert_eq!(scan("/choose?userid=lisi&").await.status(), 200);
    assert!(scan("/result?").await.text().await.unwrap().contains("done"));
    let to = location(&scan("/continue?").await);
    assert!(to.ends_with("&state=s9"), "{to}");
    assert_eq!(sim.redeem(&crate::support::code_of(&to)).await["userid"], "lisi");
    assert_eq!(page_error(scan("/choose?userid=zhangsan&").await).await, "2", "chosen once");
}
