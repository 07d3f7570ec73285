//! Signing in and out against a scripted provider: what the app sends, what it refuses, what it
//! shows.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod browser;
mod op;

use reqwest::{Method, StatusCode};
use serde_json::json;

use browser::Browser;
use op::Op;

#[tokio::test]
async fn a_request_carries_code_pkce_state_and_nonce() {
    let mut browser = Browser::open().await;
    let asked = browser.get("/login?connection=wecom-qr&prompt=login&login_hint=zhang").await;
    assert!(asked.location.starts_with(&format!("{}/auth?", browser.op.issuer())));
    let redirect = format!("{}/callback", browser.app.base_url());
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "sample"),
        ("redirect_uri", &redirect),
        ("code_challenge_method", "S256"),
        ("connection", "wecom-qr"),
        ("prompt", "login"),
        ("login_hint", "zhang"),
        ("scope", "openid profile email phone"),
    ] {
        assert_eq!(asked.parameter(name).as_deref(), Some(value), "{name}");
    }
    for name in ["state", "nonce", "code_challenge"] {
        assert_eq!(asked.parameter(name).unwrap().len(), 43, "{name}");
    }
    let plain = browser.get("/login").await;
    assert_eq!((plain.parameter("connection"), plain.parameter("prompt")), (None, None));
    assert_ne!(plain.parameter("state"), asked.parameter("state"));
}

#[tokio::test]
async fn both_algorithms_sign_in_and_the_claims_are_shown() {
    for algorithm in ["ES256", "RS256"] {
        let mut browser = Browser::open().await;
        assert_eq!(browser.claims().await, None);
        let answer = browser.sign_in(|script| script.algorithm = algorithm.to_owned()).await;
        assert_eq!((answer.status, &*answer.location), (StatusCode::SEE_OTHER, "/"), "{algorithm}");
        let claims = browser.claims().await.unwrap();
        assert_eq!(claims["id_token"]["sub"], "somebody");
        assert_eq!(claims["id_token"]["sid"], "a-session");
        assert_eq!(claims["userinfo"]["name"], "张三");
        assert_eq!(claims["userinfo"]["department"], json!([1, 2]));
        let page = browser.get("/").await.text;
        for shown in
            ["张三", "somebody", "a-session", "zhang@example.com", "2023-11-14 22:13:20 UTC"]
        {
            assert!(page.contains(shown), "{shown}");
        }
    }
}

#[tokio::test]
async fn two_tabs_can_sign_in_at_once() {
    let mut browser = Browser::open().await;
    let issuer = browser.op.issuer().to_owned();
    let (one, first) = browser.begin().await;
    let (two, second) = browser.begin().await;
    for (asked, script) in [(two, second), (one, first)] {
        browser.op.play(script);
        let callback = asked.answered(&[("code", "a-code"), ("iss", &issuer)]);
        assert_eq!(browser.get(&callback).await.location, "/");
    }
}

#[tokio::test]
async fn a_state_counts_once_and_in_its_browser_only() {
    let mut browser = Browser::open().await;
    let issuer = browser.op.issuer().to_owned();
    let (asked, script) = browser.begin().await;
    browser.op.play(script);
    let callback = asked.answered(&[("code", "a-code"), ("iss", &issuer)]);
    let ours = std::mem::take(&mut browser.cookies);

    let lost = browser.get(&callback).await;
    assert_eq!(lost.status, StatusCode::BAD_REQUEST);
    assert!(lost.text.contains("This sign-in began elsewhere"), "{}", lost.text);
    browser.begin().await;
    let other = browser.get(&callback).await;
    assert_eq!(other.status, StatusCode::BAD_REQUEST);
    assert!(other.text.contains("This sign-in has ended"), "{}", other.text);

    browser.cookies = ours;
    for wrong in ["/callback?code=a-code", "/callback?code=a-code&state=guessed"] {
        assert_eq!(browser.get(wrong).await.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    assert_eq!(browser.claims().await, None);
    assert_eq!(browser.get(&callback).await.location, "/");
    assert_eq!(browser.get(&callback).await.status, StatusCode::BAD_REQUEST);
    assert!(browser.claims().await.is_some());
}

#[tokio::test]
async fn an_answer_of_another_issuer_is_refused() {
    let mut browser = Browser::open().await;
    let issuer = browser.op.issuer().to_owned();
    let wrong = format!("{issuer}/");
    for more in [
        vec![("code", "a-code")],
        vec![("code", "a-code"), ("iss", &wrong)],
        vec![("error", "access_denied"), ("iss", "https://other.example.com")],
        vec![("code", "a-code"), ("iss", &issuer), ("iss", &issuer)],
    ] {
        let (asked, script) = browser.begin().await;
        browser.op.play(script);
        let callback = asked.answered(&more);
        let refused = browser.get(&callback).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{more:?}");
        assert!(!refused.text.contains("access_denied"), "{more:?}");
        assert_eq!(browser.claims().await, None);
    }
    assert_eq!(browser.sign_in(|_| {}).await.location, "/");
}

#[tokio::test]
async fn tokens_that_do_not_hold_are_refused() {
    let mut browser = Browser::open().await;
    let wrong = [
        json!({ "iss": "https://other.example.com" }),
        json!({ "aud": "other" }),
        json!({ "exp": 1_700_000_000 }),
        json!({ "nonce": "other" }),
        json!({ "nonce": null }),
        json!({ "at_hash": "AAAAAAAAAAAAAAAAAAAAAA" }),
    ];
    for claims in wrong {
        let refused = browser.sign_in(|script| script.claims = claims.clone()).await;
        assert_eq!(refused.status, StatusCode::BAD_GATEWAY, "{claims}");
        assert_eq!(browser.claims().await, None, "{claims}");
    }
    let forged = browser.sign_in(|script| script.forged = true).await;
    assert_eq!(forged.status, StatusCode::BAD_GATEWAY);
    let other = browser.sign_in(|script| script.user_info_sub = Some("other".to_owned())).await;
    assert_eq!(other.status, StatusCode::BAD_GATEWAY);
    let unproven = browser.sign_in(|script| script.challenge = "other".to_owned()).await;
    assert!(unproven.text.contains("invalid_grant"), "{}", unproven.text);
    assert_eq!(browser.claims().await, None);
    assert_eq!(browser.sign_in(|_| {}).await.location, "/");
}

#[tokio::test]
async fn a_new_key_of_the_provider_is_fetched() {
    let mut browser = Browser::open().await;
    assert_eq!(browser.sign_in(|_| {}).await.location, "/");
    browser.op.rotate();
    assert_eq!(browser.sign_in(|_| {}).await.location, "/");
}

#[tokio::test]
async fn pages_escape_what_others_wrote() {
    let evil = "\"><script>alert(1)</script>";
    let mut browser = Browser::open().await;
    let issuer = browser.op.issuer().to_owned();
    let page = browser.get("/").await.text;
    assert!(page.contains("connection=wecom-qr") && !page.contains("<b>扫码"), "{page}");

    let (asked, _) = browser.begin().await;
    let more = [("error", evil), ("error_description", evil), ("iss", &*issuer)];
    let callback = asked.answered(&more);
    let error = browser.get(&callback).await;
    assert!(error.text.contains("alert(1)") && !error.text.contains("<script"), "{}", error.text);
    assert!(error.text.contains("Try again") && error.text.contains("href=\"/login\""));
    assert!(error.policy.starts_with("default-src 'none'; style-src 'self';"), "{}", error.policy);

    browser.sign_in(|script| script.name = Some(evil.to_owned())).await;
    let account = browser.get("/").await.text;
    assert!(account.contains("alert(1)") && !account.contains("<script"), "{account}");
}

#[tokio::test]
async fn pages_speak_the_browsers_language() {
    let mut browser = Browser::open().await;
    for (language, tag, word) in [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN", "登录"),
        ("en-GB", "en", "Sign in"),
        ("fr, en;q=0.2, zh;q=0.5", "zh-CN", "登录"),
        ("*", "en", "Sign in"),
    ] {
        browser.language = language;
        let page = browser.get("/").await.text;
        assert!(page.contains(&format!("<html lang=\"{tag}\">")), "{language}");
        assert!(page.contains(word), "{language}");
    }
    let again = browser.get("/?prompt=login").await.text;
    assert!(again.contains("/login?connection=wecom-qr&#38;prompt=login"), "{again}");
}

#[tokio::test]
async fn others_may_begin_a_sign_in_only_for_our_issuer() {
    let mut browser = Browser::open().await;
    let issuer = browser.op.issuer().to_owned();
    let query = format!("iss={issuer}&login_hint=a%26b&target_link_uri=https://evil.example.com");
    for answer in [
        browser.get(&format!("/initiate?{query}")).await,
        browser.send(Method::POST, "/initiate", &query).await,
    ] {
        assert_eq!(answer.location, "/login?login_hint=a%26b");
    }
    for wrong in ["/initiate", "/initiate?iss=https://evil.example.com"] {
        assert_eq!(browser.get(wrong).await.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
}

#[tokio::test]
async fn signing_out_ends_the_session_here_and_asks_the_provider() {
    let mut browser = Browser::open().await;
    browser.sign_in(|_| {}).await;
    let stolen = browser.cookies.clone();
    let policy = browser.get("/").await.policy;
    let origin = browser.op.issuer().trim_end_matches("/oidc");
    assert!(policy.contains(&format!("form-action 'self' {origin};")), "{policy}");

    let left = browser.send(Method::POST, "/sign-out", "").await;
    assert!(left.location.starts_with(&format!("{}/end?", browser.op.issuer())));
    assert_eq!(left.parameter("id_token_hint").unwrap().split('.').count(), 3);
    let back = format!("{}/signed-out", browser.app.base_url());
    assert_eq!(left.parameter("post_logout_redirect_uri"), Some(back));
    assert!(!browser.cookies.contains_key("__Host-sample_session"));
    let ours = std::mem::replace(&mut browser.cookies, stolen);
    assert_eq!(browser.claims().await, None);
    browser.cookies = ours;

    let state = left.parameter("state").unwrap();
    let guessed = browser.get("/signed-out?state=guessed").await.text;
    assert!(guessed.contains("no longer knows you"), "{guessed}");
    let page = browser.get(&format!("/signed-out?state={state}")).await.text;
    assert!(page.contains("and at the provider"), "{page}");
}

#[tokio::test]
async fn a_provider_that_is_away_is_asked_again_later() {
    let mut browser = Browser::open().await;
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let settings = sample_app::Settings {
        port: 0,
        public_base: "http://app.localhost:0".to_owned(),
        issuer: format!("http://op.localhost:{port}/oidc"),
        client_id: "sample".to_owned(),
        client_secret: None,
        popup_client_id: None,
        connections: Vec::new(),
        workers: 1,
    };
    browser.app = sample_app::start(settings).await.unwrap();
    let away = browser.get("/login").await;
    assert_eq!(away.status, StatusCode::BAD_GATEWAY);
    assert!(away.text.contains("The provider does not answer"), "{}", away.text);
    browser.op = Op::start(port);
    assert_eq!(browser.get("/login").await.status, StatusCode::SEE_OTHER);
}
