//! The exchange itself: time, size, redirects, broken connections, ways out.

use std::time::{Duration, Instant};

use serde_json::json;
use wecom::{Action, Client, Credentials, Egress, Error, Settings, TransportError, UserInfo};

use crate::support::{
    Bed, answering, code, credentials, everything, ok, server::Reply, settings, token_reply,
    zhangsan,
};

/// What `user/get` makes of a reply, and how often it asked.
async fn failure(reply: Reply, change: impl FnOnce(&mut Settings)) -> (TransportError, usize) {
    let bed = Bed::with(answering(reply), change).await;
    let error = bed.client.member(&bed.credentials, &zhangsan()).await.unwrap_err();
    assert_eq!(error.action(), Action::Retry);
    match error {
        Error::Transport { path: "cgi-bin/user/get", source } => {
            (source, bed.server.count("/user/get"))
        }
        other => panic!("{other:?}"),
    }
}

fn raw(text: &str) -> Reply {
    Reply::Raw(text.as_bytes().to_vec())
}

#[tokio::test]
async fn a_slow_wecom_is_given_up_in_time() {
    let late = Reply::After(Duration::from_secs(30), Box::new(Reply::Drop));
    let stalled = Reply::Stall("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{");
    for reply in [late, stalled] {
        let began = Instant::now();
        let short = |settings: &mut Settings| settings.call_timeout = Duration::from_millis(500);
        let (error, calls) = failure(reply, short).await;
        assert!(matches!(error, TransportError::TimedOut(_)), "{error:?}");
        assert_eq!(calls, 1);
        assert!(began.elapsed() < Duration::from_secs(10));
    }
}

#[tokio::test]
async fn a_body_cut_short_is_no_reply() {
    let half = raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"userid\":\"ZhangSan\"}");
    let (error, _) = failure(half, |_| {}).await;
    assert!(matches!(error, TransportError::Broken(_)), "{error:?}");
}

#[tokio::test]
async fn a_body_too_large_is_not_read() {
    let large = "x".repeat(256 * 1024 + 1);
    let announced = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{large}", large.len());
    let (error, _) = failure(raw(&announced), |_| {}).await;
    assert!(matches!(error, TransportError::TooLarge), "{error:?}");
    // Without a length: until the connection ends
    let endless = format!("HTTP/1.1 200 OK\r\n\r\n{large}{large}");
    let (error, _) = failure(raw(&endless), |_| {}).await;
    assert!(matches!(error, TransportError::TooLarge), "{error:?}");
}

#[tokio::test]
async fn a_body_just_small_enough_is_read() {
    let bed = Bed::new(answering(ok(json!({
        "userid": "ZhangSan", "extattr": "x".repeat(255 * 1024)
    }))))
    .await;
    bed.client.member(&bed.credentials, &zhangsan()).await.unwrap();
}

#[tokio::test]
async fn a_compressed_body_is_not_unpacked() {
    let body = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\n\x1f\x08\x00";
    let (error, _) = failure(raw(body), |_| {}).await;
    assert!(matches!(error, TransportError::NotJson), "{error:?}");
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let evil = crate::support::server::Server::start(|_| ok(json!({ "userid": "ZhangSan" }))).await;
    for status in [301, 302, 303, 307, 308] {
        let reply = raw(&format!(
            "HTTP/1.1 {status} Moved\r\nlocation: {}/\r\ncontent-length: 0\r\n\r\n",
            evil.base_url()
        ));
        let (error, calls) = failure(reply, |_| {}).await;
        assert!(matches!(error, TransportError::Redirect(found) if found == status), "{error:?}");
        assert_eq!(calls, 1);
    }
    assert!(evil.lines().is_empty());
}

#[tokio::test]
async fn another_status_is_a_failure_whatever_the_body() {
    for status in [201, 204, 400, 404, 429, 500, 502, 503] {
        let body = r#"{"errcode":0,"userid":"ZhangSan"}"#;
        let body = if status == 204 { "" } else { body };
        let reply =
            raw(&format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{body}", body.len()));
        let (error, calls) = failure(reply, |_| {}).await;
        assert!(matches!(error, TransportError::Status(found) if found == status), "{error:?}");
        assert_eq!(calls, 1);
    }
}

#[tokio::test]
async fn nonsense_and_a_dropped_connection() {
    for reply in [Reply::Drop, raw("SSH-2.0-OpenSSH_9\r\n"), raw("HTTP/1.1 200 OK\r\nx")] {
        let (error, calls) = failure(reply, |_| {}).await;
        assert!(matches!(error, TransportError::Broken(_)), "{error:?}");
        assert_eq!(calls, 1);
    }
}

#[tokio::test]
async fn a_code_is_not_sent_again_after_a_lost_reply() {
    for reply in [Reply::Drop, raw("HTTP/1.1 502 X\r\ncontent-length: 0\r\n\r\n"), Reply::Body("x")]
    {
        let bed = Bed::new(answering(reply)).await;
        bed.client.user_info(&bed.credentials, &code()).await.unwrap_err();
        assert_eq!(bed.server.count("/getuserinfo"), 1);
    }
}

#[tokio::test]
async fn nobody_listening_is_a_failure_to_connect() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let bed = Bed::with(answering(Reply::Drop), |settings| {
        settings.base_urls.api = format!("http://wecom.localhost:{port}").parse().unwrap();
    })
    .await;
    let error = bed.client.access_token(&bed.credentials).await.unwrap_err();
    let connect = matches!(&error, Error::Transport { source: TransportError::Connect(_), .. });
    assert!(connect, "{error:?}");
}

#[tokio::test]
async fn what_is_no_tls_is_a_failure_to_connect() {
    let bed = Bed::new(answering(Reply::Drop)).await;
    let https = bed.server.base_url().replace("http://", "https://");
    let client = Client::new(settings(&https), bed.cache.clone(), bed.env.clone()).unwrap();
    let error = client.access_token(&bed.credentials).await.unwrap_err();
    let connect = matches!(&error, Error::Transport { source: TransportError::Connect(_), .. });
    assert!(connect, "{error:?}");
}

#[tokio::test]
async fn a_corp_goes_out_through_its_egress() {
    let proxy = crate::support::server::Server::start(|request| {
        if request.is_gettoken() { token_reply("") } else { ok(json!({ "userid": "a" })) }
    })
    .await;
    let proxy_url = proxy.base_url().replace("http://", "http://user:canary-password@");
    let bed = Bed::with(answering(ok(json!({ "openid": "direct" }))), |settings| {
        settings.egresses.push(Egress { name: "shanghai".into(), proxy_url: proxy_url.into() });
    })
    .await;
    let out =
        Credentials { egress: Some("shanghai".into()), token_key: "out".into(), ..credentials() };
    let info = bed.client.user_info(&out, &code()).await.unwrap();
    assert!(matches!(info, UserInfo::Member { .. }), "{info:?}");
    assert!(bed.server.lines().is_empty());
    let target = format!("GET {}/cgi-bin/gettoken?", bed.server.base_url());
    assert!(proxy.lines()[0].starts_with(&target), "{:?}", proxy.lines());
    assert!(proxy.requests()[0].head.contains("proxy-authorization: basic "));

    let info = bed.client.user_info(&bed.credentials, &code()).await.unwrap();
    assert!(matches!(info, UserInfo::NotMember { .. }), "{info:?}");
    assert_eq!(proxy.lines().len(), 2);
}

#[tokio::test]
async fn an_egress_that_cannot_be_is_refused_without_its_password() {
    let bed = Bed::new(answering(Reply::Drop)).await;
    for urls in [
        vec!["ftp://user:canary-password@proxy"],
        vec!["http://user:canary-password@"],
        vec!["http://a:1", "http://b:1"],
    ] {
        let mut settings = bed.client.settings().clone();
        for url in urls {
            settings.egresses.push(Egress { name: "one".into(), proxy_url: url.into() });
        }
        let Err(error) = Client::new(settings, bed.cache.clone(), bed.env.clone()) else {
            panic!("the settings were taken")
        };
        assert!(matches!(error, Error::Settings(..)), "{error:?}");
        assert!(!everything(&error).contains("canary"), "{error:?}");
    }
}
