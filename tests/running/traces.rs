//! Traces go to a collector (OTLP over HTTP) and continue the caller's.

use std::sync::{Arc, Mutex};

use e2e::Backend;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::nodes::Nodes;

/// A collector that keeps what it gets.
struct Collector {
    port: u16,
    got: Arc<Mutex<Vec<Export>>>,
}

/// A request to the collector.
struct Export {
    /// Request line and headers, in lower case.
    head: String,
    body: Vec<u8>,
}

impl Collector {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let got = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&got);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(collect(stream, Arc::clone(&into)));
            }
        });
        Self { port, got }
    }

    /// Whether these bytes stand in one of the bodies.
    fn has(&self, bytes: &[u8]) -> bool {
        let got = self.got.lock().unwrap();
        got.iter().any(|export| export.body.windows(bytes.len()).any(|window| window == bytes))
    }
}

/// Reads requests and answers each with an empty `ExportTraceServiceResponse`.
async fn collect(mut stream: TcpStream, into: Arc<Mutex<Vec<Export>>>) {
    let mut bytes = Vec::new();
    while stream.read_buf(&mut bytes).await.is_ok_and(|read| read > 0) {
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
        let length = head.split("content-length: ").nth(1).unwrap();
        let length: usize = length.lines().next().unwrap().trim().parse().unwrap();
        if bytes.len() < end + 4 + length {
            continue;
        }
        let body = bytes[end + 4..end + 4 + length].to_vec();
        bytes.drain(..end + 4 + length);
        into.lock().unwrap().push(Export { head, body });
        let answer =
            "HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spans_arrive_and_continue_the_callers_trace() {
    let collector = Collector::start().await;
    let endpoint = format!("'http://127.0.0.1:{}/v1/traces'", collector.port);
    let settings = [("telemetry", "otlp_endpoint", endpoint.as_str())];
    let mut nodes = Nodes::start(Backend::Sqlite, 1, &settings).await;
    let tenant = nodes.world.tenant("acme").await;
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let status = nodes.ask(0, &tenant.host, "/no-such-page", ("traceparent", parent)).await;
    assert_eq!(status, 404);
    let tokens = tenant.tokens(&mut nodes.world.browser(), "zhangsan").await;
    // What is buffered is sent before the end.
    nodes.signal(0, "TERM").await;
    let ended = nodes.ended(0).await;
    assert!(ended.status.success(), "{}", ended.said());
    {
        let got = collector.got.lock().unwrap();
        assert!(!got.is_empty(), "nothing arrived: {}", ended.said());
        for export in &*got {
            assert!(export.head.starts_with("post /v1/traces http/1.1"), "{}", export.head);
            assert!(export.head.contains("content-type: application/x-protobuf"));
        }
    }
    let trace = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128;
    assert!(collector.has(&trace.to_be_bytes()), "the caller's trace id");
    assert!(collector.has(&0x00f0_67aa_0ba9_02b7_u64.to_be_bytes()), "the caller's span id");
    assert!(collector.has(b"hufu"), "the service's name");
    // F9 holds for traces as well.
    for token in ["access_token", "id_token"] {
        assert!(!collector.has(tokens[token].as_str().unwrap().as_bytes()), "{token}");
    }
    for call in nodes.world.wecom().calls_of("/cgi-bin/auth/getuserinfo") {
        let url = url::Url::parse(&format!("http://wecom/?{}", call.query)).unwrap();
        for (name, value) in url.query_pairs() {
            assert!(!collector.has(value.as_bytes()), "WeCom's {name}");
        }
    }
    nodes.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_away_harms_nobody() {
    let settings = [("telemetry", "otlp_endpoint", "'http://127.0.0.1:1/v1/traces'")];
    let nodes = Nodes::start(Backend::Sqlite, 1, &settings).await;
    let tenant = nodes.world.tenant("acme").await;
    tenant.tokens(&mut nodes.world.browser(), "zhangsan").await;
    let said = nodes.stop().await;
    assert!(!said.contains("panicked"), "{said}");
}
