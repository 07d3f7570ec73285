//! An app's own server on loopback: it remembers what it was sent, and answers as it is told.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;

/// More than any delivery takes, on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(40);

/// What an app's server answers.
#[derive(Debug, Clone)]
pub struct Reply {
    status: u16,
    headers: String,
    body: Vec<u8>,
    after: Duration,
}

impl Reply {
    /// This status, and no body.
    pub fn status(status: u16) -> Self {
        Self { status, headers: String::new(), body: Vec::new(), after: Duration::ZERO }
    }

    /// With a body.
    #[must_use]
    pub fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self }
    }

    /// With a header.
    #[must_use]
    pub fn header(self, name: &str, value: &str) -> Self {
        Self { headers: format!("{}{name}: {value}\r\n", self.headers), ..self }
    }

    /// Only after this time.
    #[must_use]
    pub fn after(self, after: Duration) -> Self {
        Self { after, ..self }
    }
}

/// A request that came.
#[derive(Debug, Clone)]
pub struct Received {
    /// Method, path and headers, as they came.
    pub head: String,
    /// The path.
    pub path: String,
    /// The body.
    pub body: String,
}

/// An app's own server.
#[derive(Clone)]
pub struct AppServer {
    port: u16,
    state: Arc<State>,
}

struct State {
    replies: Mutex<(VecDeque<Reply>, Reply)>,
    received: watch::Sender<Vec<Received>>,
    connections: watch::Sender<usize>,
}

impl AppServer {
    /// Starts one on 127.0.0.1, which the nodes may call.
    pub async fn start() -> Self {
        Self::start_at([127, 0, 0, 1].into()).await
    }

    /// Starts one at an address of this machine.
    pub async fn start_at(address: IpAddr) -> Self {
        let listener = TcpListener::bind((address, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            replies: Mutex::new((VecDeque::new(), Reply::status(200))),
            received: watch::Sender::default(),
            connections: watch::Sender::default(),
        });
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.connections.send_modify(|count| *count += 1);
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { port, state }
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A URL of it.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The next requests are answered by these, in order.
    pub fn reply_next(&self, replies: impl IntoIterator<Item = Reply>) {
        self.state.replies.lock().unwrap().0.extend(replies);
    }

    /// From now on every request is answered by this.
    pub fn reply(&self, reply: Reply) {
        *self.state.replies.lock().unwrap() = (VecDeque::new(), reply);
    }

    /// What came so far.
    pub fn received(&self) -> Vec<Received> {
        self.state.received.borrow().clone()
    }

    /// How many connections were made so far.
    pub fn connections(&self) -> usize {
        *self.state.connections.borrow()
    }

    /// What came, as soon as there are so many requests.
    pub async fn wait_for(&self, count: usize) -> Vec<Received> {
        let mut received = self.state.received.subscribe();
        let enough = received.wait_for(|received| received.len() >= count);
        let Ok(received) = timeout(PATIENCE, enough).await else {
            panic!("{count} requests never came, but {:?}", self.received());
        };
        received.unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, state: Arc<State>) {
    let Some(request) = read(&mut stream).await else { return };
    let reply = {
        let mut replies = state.replies.lock().unwrap();
        let next = replies.0.pop_front();
        next.unwrap_or_else(|| replies.1.clone())
    };
    state.received.send_modify(|all| all.push(request));
    tokio::time::sleep(reply.after).await;
    let head = format!(
        "HTTP/1.1 {} Reply\r\nconnection: close\r\n{}content-length: {}\r\n\r\n",
        reply.status,
        reply.headers,
        reply.body.len()
    );
    // The caller may have gone.
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(&reply.body).await;
    let _ = stream.shutdown().await;
}

async fn read(stream: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    loop {
        if let Some(request) = parse(&bytes) {
            return Some(request);
        }
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(read @ 1..) => bytes.extend_from_slice(&chunk[..read]),
            _ => return None,
        }
    }
}

/// A request, if it is all there.
fn parse(bytes: &[u8]) -> Option<Received> {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
    });
    if body.len() < length.unwrap_or(0) {
        return None;
    }
    let path = head.split(' ').nth(1)?.to_owned();
    Some(Received { head: head.to_owned(), path, body: body.to_owned() })
}
