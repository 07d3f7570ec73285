//! The control, in process and over HTTP, and the journal.

use reqwest::Method;
use serde_json::{Value, json};
use wecom_sim::{Error, Member, World};

use crate::support::{AGENT, CORP, SECRET, Sim};

#[tokio::test]
async fn the_journal_holds_calls_with_their_errcodes() {
    let sim = Sim::start().await;
    sim.gettoken("wrong").await;
    sim.gettoken(SECRET).await;
    let calls = sim.control.calls_of("/cgi-bin/gettoken");
    assert_eq!(calls.len(), 2);
    assert_eq!((calls[0].status, calls[0].errcode), (200, Some(40_001)));
    assert_eq!(calls[1].errcode, Some(0));
    assert_eq!(calls[1].query, format!("corpid={CORP}&corpsecret={SECRET}"));
    assert_eq!(calls[1].at.timestamp(), 1_800_000_000);
    sim.control.clear_journal();
    sim.control.switch_journal(false);
    sim.gettoken(SECRET).await;
    assert!(sim.control.journal().is_empty());
}

#[tokio::test]
async fn the_journal_is_a_ring() {
    let sim = Sim::start().await;
    let sim = std::sync::Arc::new(sim);
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let sim = sim.clone();
            tokio::spawn(async move {
                for _ in 0..1_260 {
                    sim.get("/cgi-bin/gettoken").await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(sim.control.journal().len(), 10_000);
}

#[tokio::test]
async fn unknown_things_are_refused() {
    let sim = Sim::start().await;
    let control = &sim.control;
    let unknown = Error::UnknownCorp("wwnobody".to_owned());
    assert_eq!(control.set_member("wwnobody", Member::new("a", "a")), Err(unknown));
    let unknown = Error::UnknownApp { corp: CORP.to_owned(), agentid: 7 };
    assert_eq!(control.set_closed(CORP, 7, true), Err(unknown));
    let invalid = Err(Error::InvalidUserid("a/b".to_owned()));
    assert_eq!(control.set_member(CORP, Member::new("a/b", "a")), invalid);
    assert!(matches!(control.remove_member(CORP, "nobody"), Err(Error::UnknownMember { .. })));
}

#[tokio::test]
async fn the_world_goes_over_http_and_back() {
    let sim = Sim::start().await;
    let world: World = sim.get("/control/world").await.json().await.unwrap();
    assert_eq!(world, sim.control.world());
    let small = json!({ "corps": [{ "corp_id": "wwsmall", "name": "小" }] });
    assert_eq!(sim.send(Method::PUT, "/control/world", &small).await.status(), 200);
    assert_eq!(sim.control.world().corps[0].corp_id, "wwsmall");
    let wrong = sim.send(Method::PUT, "/control/world", &json!({ "corp": [] })).await;
    assert_eq!(wrong.status(), 400);
}

#[tokio::test]
async fn members_apps_and_the_client_over_http() {
    let sim = Sim::start().await;
    let path = format!("/control/members/{CORP}/newbie");
    let put = sim.send(Method::PUT, &path, &json!({ "name": "新人", "department": [2] })).await;
    assert_eq!(put.status(), 204);
    assert_eq!(sim.control.member(CORP, "NEWBIE").unwrap().name, "新人");
    assert_eq!(sim.send(Method::DELETE, &path, &Value::Null).await.status(), 204);
    assert_eq!(sim.send(Method::DELETE, &path, &Value::Null).await.status(), 404);
    let bad = format!("/control/members/{CORP}/a%2Fb");
    assert_eq!(sim.send(Method::PUT, &bad, &json!({})).await.status(), 422);
    let app = json!({ "secret": "fresh", "name": "新" });
    let put = sim.send(Method::PUT, &format!("/control/apps/{CORP}/{AGENT}"), &app).await;
    assert_eq!(put.status(), 204);
    assert_eq!(sim.gettoken("fresh").await["errcode"], 0);
    let client = json!({ "corp": CORP, "member": "lisi" });
    assert_eq!(sim.send(Method::PUT, "/control/client", &client).await.status(), 204);
    assert_eq!(sim.control.world().corps[0].client_member.as_deref(), Some("lisi"));
}

#[tokio::test]
async fn faults_tokens_and_the_journal_over_http() {
    let sim = Sim::start().await;
    let token = sim.token().await;
    let call = format!("user/get?access_token={token}&userid=lisi");
    let body = json!({ "corp": CORP, "how": "expired" });
    let killed = sim.send(Method::POST, "/control/tokens/invalidate", &body).await;
    assert_eq!(killed.json::<u64>().await.unwrap(), 1);
    assert_eq!(sim.errcode(&call).await, 42_001);
    let fault = json!({ "path": "/cgi-bin/", "remaining": 1, "kind": { "errcode": 45033 } });
    assert_eq!(sim.send(Method::POST, "/control/faults", &fault).await.status(), 200);
    assert_eq!(sim.errcode(&call).await, 45_033);
    sim.send(Method::POST, "/control/faults", &json!({ "path": "/", "kind": "drop_connection" }))
        .await;
    assert_eq!(sim.send(Method::DELETE, "/control/faults", &Value::Null).await.status(), 200);
    let journal: Vec<Value> = sim.get("/control/journal").await.json().await.unwrap();
    assert_eq!(journal.len(), 3, "the control itself is not in it");
    assert_eq!(journal[2]["errcode"], 45_033);
    sim.send(Method::DELETE, "/control/journal", &Value::Null).await;
    assert!(sim.control.journal().is_empty());
}
