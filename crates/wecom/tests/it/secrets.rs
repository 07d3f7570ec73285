//! Canaries: no error and no log line may hold a secret, a code, a ticket, a token, a query, or
//! what is looked up.

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::json;
use tracing::subscriber::DefaultGuard;
use wecom::{AgentId, EmailKind, Error};

use crate::support::{
    Bed, EMAIL, MOBILE, answering, code, everything, ok, refused, server::Reply, ticket, token_for,
    zhangsan,
};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Everything that this thread logs from now on, until the guard is dropped.
    fn begin() -> (Self, DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || writer.clone())
            .with_ansi(false)
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

/// Every way in which a reply can be wrong, echoing what it can echo.
fn wrong_replies() -> Vec<Reply> {
    let echo =
        |value: &str| ok(json!({ "userid": value, "agentid": value, "access_token": [value] }));
    let raw = |text: &str| Reply::Raw(text.as_bytes().to_vec());
    vec![
        refused(-1),
        refused(40014),
        refused(40029),
        refused(40001),
        refused(45009),
        refused(46004),
        refused(77777),
        Reply::Drop,
        Reply::Body("canary-token is not JSON"),
        Reply::Body(r#"{"userid":{"canary-token":1},"agentid":"canary-token"}"#),
        echo("canary-token canary-code"),
        echo("canary-mobile/canary-email@acme.cn"),
        ok(json!({ "userid": "canary-code", "agentid": 5 })),
        raw("HTTP/1.1 302 X\r\nlocation: http://evil.localhost/?t=canary-token\r\n\r\n"),
        raw("HTTP/1.1 500 canary-token\r\ncontent-length: 12\r\n\r\ncanary-token"),
        raw("HTTP/1.1 canary-token\r\n\r\n"),
        raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\ncanary-token"),
        raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\ncanary-token"),
        Reply::After(Duration::from_secs(30), Box::new(Reply::Drop)),
    ]
}

/// What each call says about a server that answers with `reply`.
async fn errors(bed: &Bed) -> Vec<Error> {
    let (client, credentials) = (&bed.client, &bed.credentials);
    let mut errors = Vec::new();
    errors.extend(client.verify_secret(credentials).await.err());
    errors.extend(client.user_info(credentials, &code()).await.err());
    errors.extend(client.user_detail(credentials, &ticket(), &zhangsan()).await.err());
    errors.extend(client.member(credentials, &zhangsan()).await.err());
    errors.extend(client.user_id_by_mobile(credentials, MOBILE).await.err());
    errors.extend(client.user_id_by_email(credentials, EMAIL, EmailKind::Corp).await.err());
    let (long, kind) = (EMAIL.repeat(20), EmailKind::Personal);
    errors.extend(client.user_id_by_mobile(credentials, &long).await.err());
    errors.extend(client.user_id_by_email(credentials, &long, kind).await.err());
    errors.extend(client.agent(credentials, AgentId(1)).await.err());
    errors
}

fn assert_clean(text: &str) {
    for forbidden in ["canary", "access_token=", "corpsecret=", "&code=", "?"] {
        let line = text.lines().find(|line| line.contains(forbidden));
        assert_eq!(line, None, "{forbidden} is told");
    }
}

/// The calls on a server whose `gettoken` works, then on one where that fails as well.
async fn try_everything() -> Vec<Error> {
    let mut all = Vec::new();
    for reply in wrong_replies() {
        let short = |settings: &mut wecom::Settings| {
            settings.call_timeout = Duration::from_secs(1);
        };
        let bed = Bed::with(answering(reply.clone()), short).await;
        all.extend(errors(&bed).await);
        let bed = Bed::with(move |_| reply.clone(), short).await;
        all.extend(errors(&bed).await);
    }
    all
}

#[tokio::test]
async fn no_error_and_no_log_line_tells_a_secret() {
    let (log, _guard) = Log::begin();
    let all = try_everything().await;
    assert!(all.len() > 100, "{} errors", all.len());
    for error in &all {
        assert_clean(&everything(error));
    }
    let log = log.text();
    assert_clean(&log);
    // The log is there, and tells what it should
    assert!(log.contains("WeCom refused") && log.contains("hint=\"1782316307617340314383562\""));
    assert!(log.contains("errcode=40029") && log.contains("path=\"cgi-bin/user/get\""));
    assert!(log.contains("elapsed_ms=") && log.contains("path=\"cgi-bin/user/getuserid\""));
}

#[tokio::test]
async fn what_holds_a_secret_does_not_show_it() {
    let bed =
        Bed::new(answering(ok(json!({ "userid": "a", "user_ticket": "canary-ticket" })))).await;
    let info = bed.client.user_info(&bed.credentials, &code()).await.unwrap();
    let entry = bed.cache.entry(&bed.credentials.token_key);
    let egress = wecom::Egress { name: "e".into(), proxy_url: "http://u:canary@p".into() };
    let state = wecom::State::parse("canary").unwrap();
    assert_clean(&format!("{info:?}{:?}{entry:?}{egress:?}{state:?}", bed.credentials));
}

#[tokio::test]
async fn a_renewal_that_fails_is_logged_without_the_token() {
    let (log, _guard) = Log::begin();
    let bed =
        Bed::new(|request| if request.gettokens == 0 { token_for("", 7200) } else { Reply::Drop })
            .await;
    bed.client.access_token(&bed.credentials).await.unwrap();
    bed.env.advance(7000);
    bed.client.access_token(&bed.credentials).await.unwrap();
    assert!(log.text().contains("renewal of the access token failed"), "{}", log.text());
    assert_clean(&log.text());
}
