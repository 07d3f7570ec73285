//! Injected faults.

use std::time::{Duration, Instant};

use wecom_sim::{Fault, FaultKind};

use crate::support::{SECRET, Sim};

const TOKEN: &str = "/cgi-bin/gettoken";

#[tokio::test]
async fn errcodes_statuses_bodies_and_redirects_come_as_told() {
    let sim = Sim::start().await;
    sim.control.inject(Fault::times(TOKEN, 2, FaultKind::Errcode(-1)));
    sim.control.inject(Fault::once(TOKEN, FaultKind::HttpStatus(502)));
    sim.control.inject(Fault::once(TOKEN, FaultKind::Body("[]".to_owned())));
    let url = "http://127.0.0.1:1/x".to_owned();
    sim.control.inject(Fault::once(TOKEN, FaultKind::Redirect(url.clone())));
    for _ in 0..2 {
        let reply = sim.gettoken(SECRET).await;
        assert_eq!(reply["errcode"], -1);
        assert!(reply["errmsg"].as_str().unwrap().starts_with("system busy, hint: ["));
    }
    assert_eq!(sim.get(TOKEN).await.status(), 502);
    assert_eq!(sim.get(TOKEN).await.text().await.unwrap(), "[]");
    assert_eq!(sim.get(TOKEN).await.headers()["location"].to_str().unwrap(), url);
    assert_eq!(sim.gettoken(SECRET).await["errcode"], 0);
    assert!(sim.control.faults().is_empty());
}

#[tokio::test]
async fn a_dropped_connection_does_nothing_and_a_lost_reply_has_done_it() {
    let sim = Sim::start().await;
    let token = sim.token().await;
    for (kind, after) in [(FaultKind::DropConnection, 0), (FaultKind::LoseReply, 40_029)] {
        let code = sim.web_code("userid=lisi").await;
        let path = format!("/cgi-bin/auth/getuserinfo?access_token={token}&code={code}");
        sim.control.clear_journal();
        sim.control.inject(Fault::once("/cgi-bin/auth/", kind));
        assert!(sim.http.get(format!("{}{path}", sim.base)).send().await.is_err());
        let call = sim.control.journal().pop().unwrap();
        assert_eq!((call.status, call.errcode), (0, None));
        assert_eq!(sim.redeem(&code).await["errcode"], after);
    }
}

#[tokio::test]
async fn spoiled_replies() {
    let sim = Sim::start().await;
    let path = format!("{TOKEN}?corpid={}&corpsecret={SECRET}", crate::support::CORP);
    sim.control.inject(Fault::once(TOKEN, FaultKind::MalformedJson));
    let text = sim.get(&path).await.text().await.unwrap();
    assert!(text.starts_with('{') && serde_json::from_str::<serde_json::Value>(&text).is_err());
    sim.control.inject(Fault::once(TOKEN, FaultKind::HalfBody));
    let response = sim.http.get(format!("{}{path}", sim.base)).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.text().await.is_err(), "the connection closes too early");
    sim.control.inject(Fault::once(TOKEN, FaultKind::DuplicateKeys));
    let text = sim.get(&path).await.text().await.unwrap();
    assert!(text.starts_with(r#"{"errcode":-1,"#), "{text}");
    assert_eq!(text.matches("\"access_token\"").count(), 2);
}

#[tokio::test]
async fn latency_adds_to_what_happens_and_stays_until_cleared() {
    let sim = Sim::start().await;
    sim.control.inject(Fault::always("/cgi-bin/", FaultKind::Latency(150)));
    for _ in 0..2 {
        let begin = Instant::now();
        assert_eq!(sim.gettoken(SECRET).await["errcode"], 0);
        assert!(begin.elapsed() >= Duration::from_millis(150));
    }
    sim.control.inject(Fault::once(TOKEN, FaultKind::Errcode(45_033)));
    let begin = Instant::now();
    assert_eq!(sim.gettoken(SECRET).await["errcode"], 45_033);
    assert!(begin.elapsed() >= Duration::from_millis(150));
    sim.control.clear_faults();
    assert!(sim.control.faults().is_empty());
    assert_eq!(sim.gettoken(SECRET).await["errcode"], 0);
}
