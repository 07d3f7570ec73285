//! The export of audit events: all of them, each on a line of its own; or it does not end.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::Method;
use actix_web::{App, HttpServer};
use serde_json::{Value, json};
use sqlx::SqlitePool;
use store::Database;
use store::audit::{self, Event};

use crate::support::{Bed, Caller};

async fn record(tenant: &Caller, events: impl IntoIterator<Item = Event>) {
    let store = &tenant.bed.store;
    let mut tx = store.begin(tenant.tenant.parse().unwrap()).await.unwrap();
    for event in events {
        audit::record(&mut tx, &store.env, event).await.unwrap();
    }
    tx.commit().await.unwrap();
}

fn many(count: usize) -> impl Iterator<Item = Event> {
    (0..count).map(|at| Event { detail: json!({ "at": at }), ..Event::system("many", "ok") })
}

#[actix_web::test]
async fn every_event_is_exported_once() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    for (more, expected) in [(0, 0), (1, 1), (198, 199), (1, 200), (1, 201), (249, 450)] {
        record(&tenant, many(more)).await;
        let export = tenant.get("audit-events/export?action=many").await;
        export.assert(200);
        assert_eq!(export.header("content-type"), "application/x-ndjson");
        assert_eq!(
            export.header("content-disposition"),
            "attachment; filename=\"audit-events.ndjson\""
        );
        assert_eq!(export.header("cache-control"), "no-store");
        let lines: Vec<&str> = export.text.split_terminator('\n').collect();
        assert_eq!(lines.len(), expected);
        let mut ids: Vec<Value> = lines
            .iter()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].clone())
            .collect();
        assert!(ids.is_sorted_by_key(|id| id.as_str().unwrap().to_owned()));
        ids.dedup();
        assert_eq!(ids.len(), expected);
        let down = tenant.get("audit-events/export?action=many&order=desc").await;
        assert!(down.text.split_terminator('\n').rev().eq(lines));
    }
}

#[actix_web::test]
async fn what_goes_wrong_before_the_first_line_is_a_problem() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    bed.request(Method::GET, &format!("{}/audit-events/export", tenant.home))
        .send()
        .await
        .assert_problem(401, "unauthenticated");
    tenant.get("audit-events/export").await.assert(200);
    bed.store.database.close().await;
    tenant.get("audit-events/export").await.assert_problem(503, "unavailable");
}

/// Whatever an answer over HTTP/1.1 has until the connection ends.
async fn raw(address: SocketAddr, tenant: &Caller) -> String {
    let request = format!(
        "GET {}/audit-events/export?action=many HTTP/1.1\r\nHost: console.example\r\n\
         Authorization: Bearer {}\r\nConnection: close\r\n\r\n",
        tenant.home, tenant.key
    );
    let read = actix_web::rt::task::spawn_blocking(move || {
        let mut connection = TcpStream::connect(address).unwrap();
        connection.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        connection.write_all(request.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        // However it ends: it may be reset.
        let _ = connection.read_to_end(&mut bytes);
        String::from_utf8(bytes).unwrap()
    });
    read.await.unwrap()
}

fn exported(answer: &str) -> usize {
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer:.300}");
    assert!(answer.contains("transfer-encoding: chunked"), "{answer:.300}");
    answer.lines().filter(|line| line.ends_with("}}")).count()
}

/// The last chunk (RFC 9112 §7.1), without which the answer is not whole.
const END: &str = "\r\n0\r\n\r\n";

#[actix_web::test]
async fn a_failure_on_the_way_does_not_look_like_the_end() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    record(&tenant, many(450)).await;
    let console = Arc::clone(&bed.console);
    let server = HttpServer::new(move || App::new().configure(api::routes(Arc::clone(&console))));
    let server = server.workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
    let address = server.addrs()[0];
    let running = server.run();
    let handle = running.handle();
    actix_web::rt::spawn(running);

    // A row that cannot be read, on the third page.
    let Database::Sqlite { options, .. } = &bed.store.database else { unreachable!() };
    let beside = SqlitePool::connect_lazy_with((**options).clone());
    let spoil = "UPDATE audit_events SET detail = $1 WHERE id = (SELECT max(id) FROM audit_events)";
    sqlx::query(spoil).bind("no JSON").execute(&beside).await.unwrap();
    let broken = raw(address, &tenant).await;
    assert_eq!(exported(&broken), 400);
    assert!(!broken.ends_with(END), "{}", &broken[broken.len() - 300..]);

    // Positive control.
    sqlx::query(spoil).bind("{}").execute(&beside).await.unwrap();
    let whole = raw(address, &tenant).await;
    assert_eq!(exported(&whole), 450);
    assert!(whole.ends_with(END));
    handle.stop(false).await;
}

/// Attack R8: what an event holds can neither begin a line, nor end its text, nor move a terminal.
#[actix_web::test]
async fn r8_what_an_event_holds_stays_within_its_text() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let attacks = [
        "198.51.100.7\r\n{\"action\":\"forged\"}",
        "x\"},\"action\":\"forged\",\"y\":{\"z\":\"",
        "\u{1b}[2J\u{1b}]0;title\u{7}",
        "\u{9b}2J\u{85}next\u{7f}",
        "\u{2028}line\u{2029}paragraph\u{b}\u{c}\u{0}",
        "\u{202e}gnp.exe\u{2066}",
        "\\",
        "张三 🐅",
    ];
    let event = |text: &str| Event {
        address: Some(text.to_owned()),
        trace: Some("R8".to_owned()),
        detail: json!({ "text": text, text: [text] }),
        ..Event::system("sign_in", "ok")
    };
    record(&tenant, attacks.iter().map(|text| event(text))).await;
    let list = tenant.get("audit-events?trace=R8").await;
    let export = tenant.get("audit-events/export?trace=R8").await;
    let is_plain = |text: &str| {
        text.chars()
            .all(|c| !c.is_control() && !('\u{2028}'..='\u{202e}').contains(&c) && c != '\u{2066}')
    };
    assert!(is_plain(&list.assert(200).text), "{:?}", list.text);
    assert!(is_plain(&export.assert(200).text.replace('\n', "")), "{:?}", export.text);

    // Positive control: every text comes back as it was, in its place, and none is lost.
    let lines: Vec<Value> =
        export.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), attacks.len());
    for events in [list.items(), &lines] {
        let mut texts: Vec<&str> =
            events.iter().map(|event| event["address"].as_str().unwrap()).collect();
        let mut expected = attacks.to_vec();
        texts.sort_unstable();
        expected.sort_unstable();
        assert_eq!(texts, expected);
        for event in events {
            let text = &event["address"];
            assert_eq!(event["action"], "sign_in");
            assert_eq!(event["detail"], json!({ "text": text, text.as_str().unwrap(): [text] }));
        }
    }
    assert!(export.text.contains("张三 🐅"));
}
