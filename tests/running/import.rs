//! Imports by the real program: many rows in one request, bounded memory, and connections that break.

use std::fmt::Write as _;
use std::time::Duration;

use e2e::{Backend, Tenant};
use reqwest::header::{CONTENT_TYPE, HOST};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::nodes::Nodes;
use crate::program::until;

const ROWS: usize = 100_000;
/// Most memory that a node may have had at once, in KiB.
const MEMORY: u64 = 256 * 1024;

/// A file of so many people.
fn file(rows: usize) -> String {
    let mut text =
        "external_id,name,username,email,email_verified,phone_number,phone_number_verified\n"
            .to_owned();
    for at in 0..rows {
        writeln!(
            text,
            "E{at:06},张{at},user{at},user{at}@example.com,true,139{at:08},{}",
            at % 2 == 0
        )
        .unwrap();
    }
    text
}

fn path(tenant: &Tenant) -> String {
    format!("/api/v1/tenants/{}/users/import", tenant.id)
}

/// Imports a file by the first node; the lines of the answer.
async fn import(nodes: &Nodes, tenant: &Tenant, query: &str, file: String) -> Vec<Value> {
    let url = format!("http://127.0.0.1:{}{}{query}", nodes.world.ports()[0], path(tenant));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request =
        client.post(url).header(HOST, "console.localhost").bearer_auth(tenant.admin.key());
    let answer = request.header(CONTENT_TYPE, "text/csv").body(file).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let text = answer.text().await.unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Rows, created, updated, unchanged, failed.
fn sums(lines: &[Value]) -> [u64; 5] {
    let sums = lines.last().unwrap();
    ["rows", "created", "updated", "unchanged", "failed"].map(|name| sums[name].as_u64().unwrap())
}

async fn a_hundred_thousand_rows(backend: Backend) {
    let nodes = Nodes::start(backend, 1, &[]).await;
    let tenant = nodes.world.tenant("acme").await;
    let rows = u64::try_from(ROWS).unwrap();
    let first = import(&nodes, &tenant, "", file(ROWS)).await;
    assert_eq!(sums(&first), [rows, rows, 0, 0, 0]);
    let second = import(&nodes, &tenant, "", file(ROWS)).await;
    assert_eq!(sums(&second), [rows, 0, 0, rows, 0]);
    assert_eq!(nodes.number("SELECT count(*) FROM users").await, i64::try_from(ROWS).unwrap());
    let query = format!("/tenants/{}/users?external_id=e099999", tenant.id);
    let found = tenant.admin.get(&query).await;
    assert_eq!(found["items"][0]["phone_number"], "+8613900099999");
    // Every row refused: the longest answer there is.
    let bad = import(&nodes, &tenant, "", file(ROWS).replace('@', "(at)")).await;
    assert_eq!(sums(&bad), [rows, 0, 0, 0, rows]);
    assert_eq!((&bad[ROWS - 1]["line"], &bad[0]["field"]), (&json!(ROWS + 1), &json!("email")));
    let peak = nodes.peak_memory(0);
    assert!(peak < MEMORY, "{peak} KiB");
    nodes.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_rows_on_sqlite() {
    a_hundred_thousand_rows(Backend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_rows_on_postgres() {
    a_hundred_thousand_rows(Backend::Postgres).await;
}

/// Sends a head that announces `length` bytes, and then `body`.
async fn begin(nodes: &Nodes, tenant: &Tenant, length: usize, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", nodes.world.ports()[0])).await.unwrap();
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: console.localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: text/csv\r\nContent-Length: {length}\r\n\r\n",
        path(tenant),
        tenant.admin.key()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body.as_bytes()).await.unwrap();
    stream
}

async fn imports(tenant: &Tenant) -> Vec<Value> {
    let events = tenant.admin.get(&format!("/tenants/{}/audit-events?limit=200", tenant.id)).await;
    let events = events["items"].as_array().unwrap().iter();
    events.filter(|event| event["action"] == "user.import").cloned().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_written_before_a_connection_broke_stays() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let nodes = Nodes::start(backend, 1, &[]).await;
        let tenant = nodes.world.tenant("acme").await;
        let file = file(3_000);
        // In the middle of a row: no half of one is taken for a whole.
        let part = &file[..file.find("E002700").unwrap() + 20];
        let stream = begin(&nodes, &tenant, file.len(), part).await;
        let written = async || nodes.number("SELECT count(*) FROM users").await;
        until("the whole chunks are written", async || written().await == 2_500).await;
        // Another one meanwhile is refused.
        let mut second = begin(&nodes, &tenant, file.len(), "").await;
        let mut answer = vec![0; 4096];
        let read = second.read(&mut answer).await.unwrap();
        assert!(answer[..read].starts_with(b"HTTP/1.1 409 "), "{answer:?}");
        drop((stream, second));
        until("its event is there", async || imports(&tenant).await.len() == 1).await;
        let event = imports(&tenant).await.remove(0);
        assert_eq!(
            (&event["result"], &event["detail"]["created"]),
            (&json!("incomplete"), &json!(2_500))
        );
        assert_eq!(written().await, 2_500);
        // The same file again does the rest.
        let lines = import(&nodes, &tenant, "", file).await;
        assert_eq!(sums(&lines), [3_000, 500, 0, 2_500, 0]);
        nodes.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_large_is_refused_before_it_comes() {
    let nodes = Nodes::start(Backend::Sqlite, 1, &[]).await;
    let tenant = nodes.world.tenant("acme").await;
    let mut stream = begin(&nodes, &tenant, 64 * 1024 * 1024 + 1, "").await;
    let mut answer = vec![0; 4096];
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read(&mut answer)).await;
    let answer = &answer[..read.unwrap().unwrap()];
    assert!(answer.starts_with(b"HTTP/1.1 413 "), "{}", String::from_utf8_lossy(answer));
    assert!(imports(&tenant).await.is_empty());
    nodes.stop().await;
}
