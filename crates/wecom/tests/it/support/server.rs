//! A tiny HTTP server that says what the test's script says, byte for byte.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// What the client sent.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// Method and target, as on the first line.
    pub(crate) line: String,
    /// The header lines, in lower case.
    pub(crate) head: String,
    pub(crate) body: String,
    /// How many requests came before this one.
    pub(crate) number: usize,
    /// How many of them were `gettoken`.
    pub(crate) gettokens: usize,
}

impl Request {
    pub(crate) fn is_gettoken(&self) -> bool {
        self.line.contains("/cgi-bin/gettoken?")
    }
}

/// What the server does.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// Status 200 and this JSON.
    Json(Value),
    /// Status 200 and this body.
    Body(&'static str),
    /// These bytes, whatever they are; then the connection ends.
    Raw(Vec<u8>),
    /// These bytes; then nothing, with the connection open.
    Stall(&'static str),
    /// The connection ends without a byte.
    Drop,
    /// Nothing for a time, then the other reply.
    After(Duration, Box<Reply>),
}

/// The first byte of a TLS connection, which this server does not speak (RFC 8446 §5.1).
const TLS_HANDSHAKE: u8 = 22;

type Script = Arc<dyn Fn(&Request) -> Reply + Send + Sync>;

pub(crate) struct Server {
    address: SocketAddr,
    journal: Arc<Mutex<Vec<Request>>>,
    accepting: tokio::task::JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(script: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let journal = Arc::new(Mutex::new(Vec::new()));
        let (script, seen): (Script, _) = (Arc::new(script), Arc::clone(&journal));
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&script), Arc::clone(&seen)));
            }
        });
        Self { address, journal, accepting }
    }

    /// Under a name that only the client's own resolver knows.
    pub(crate) fn base_url(&self) -> String {
        format!("http://wecom.localhost:{}", self.address.port())
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.journal.lock().unwrap().clone()
    }

    /// The first lines of all requests.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.requests().into_iter().map(|request| request.line).collect()
    }

    /// How many requests had `part` in their first line.
    pub(crate) fn count(&self, part: &str) -> usize {
        self.lines().iter().filter(|line| line.contains(part)).count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(mut stream: TcpStream, script: Script, journal: Arc<Mutex<Vec<Request>>>) {
    let Some((line, head, body)) = read(&mut stream).await else { return };
    let request = {
        let mut journal = journal.lock().unwrap();
        let gettokens = journal.iter().filter(|request: &&Request| request.is_gettoken()).count();
        let request = Request { line, head, body, number: journal.len(), gettokens };
        journal.push(request.clone());
        request
    };
    let mut reply = script(&request);
    while let Reply::After(pause, then) = reply {
        tokio::time::sleep(pause).await;
        reply = *then;
    }
    let bytes = match reply {
        Reply::Json(value) => success(&value.to_string()),
        Reply::Body(text) => success(text),
        Reply::Raw(bytes) => bytes,
        Reply::Stall(text) => {
            let _ = stream.write_all(text.as_bytes()).await;
            return tokio::time::sleep(Duration::from_mins(1)).await;
        }
        Reply::Drop | Reply::After(..) => Vec::new(),
    };
    // The client may have gone: that is its affair
    let _ = stream.write_all(&bytes).await;
}

fn success(body: &str) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body.as_bytes()].concat()
}

async fn read(stream: &mut TcpStream) -> Option<(String, String, String)> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let read = stream.read(&mut chunk).await.ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&chunk[..read]);
        if bytes[0] == TLS_HANDSHAKE {
            return None;
        }
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let (line, headers) = head.split_once("\r\n").unwrap_or((head, ""));
        let headers = headers.to_ascii_lowercase();
        let length = headers.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= length.and_then(|length| length.parse().ok()).unwrap_or(0) {
            let line = line.strip_suffix(" HTTP/1.1").unwrap_or(line);
            return Some((line.to_owned(), headers, body.to_owned()));
        }
    }
}
