//! A deployment whose nodes are processes.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use e2e::{Backend, World};
use reqwest::header::HOST;
use reqwest::{Client, Response};
use secrecy::ExposeSecret as _;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use tempfile::TempDir;

use crate::program::{Ended, Program, until};

/// A deployment whose nodes are processes.
pub(crate) struct Nodes {
    pub(crate) world: World,
    /// Ports of the nodes' management.
    pub(crate) management: Vec<u16>,
    /// What the nodes that ended had said.
    pub(crate) said: String,
    files: Vec<PathBuf>,
    running: Vec<Option<Program>>,
    client: Client,
    _folder: TempDir,
}

/// A port that is free, and that no outgoing connection gets meanwhile: Linux takes those from
/// 32768 on.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(20_000);
    loop {
        let port = NEXT.fetch_add(1, Ordering::Relaxed);
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Sets one of the settings; the value is written as in the file.
pub(crate) fn set(text: &str, table: &str, name: &str, value: &str) -> String {
    let header = format!("[{table}]");
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let begin = lines.iter().position(|line| *line == header).unwrap_or_else(|| {
        lines.push(header.clone());
        lines.len() - 1
    });
    let end = lines[begin + 1..].iter().position(|line| line.starts_with('['));
    let end = end.map_or(lines.len(), |end| begin + 1 + end);
    let old = (begin + 1..end).find(|at| lines[*at].starts_with(&format!("{name} = ")));
    let line = format!("{name} = {value}");
    match old {
        Some(at) => lines[at] = line,
        None => lines.insert(begin + 1, line),
    }
    lines.join("\n")
}

impl Nodes {
    /// A deployment of so many nodes, none of which runs yet. `settings`: table, name, value.
    pub(crate) async fn prepare(
        backend: Backend,
        count: usize,
        settings: &[(&str, &str, &str)],
    ) -> Self {
        let ports: Vec<u16> = (0..count).map(|_| free_port()).collect();
        let management: Vec<u16> = (0..count).map(|_| free_port()).collect();
        let (world, mut text) = World::without_nodes(backend, ports.clone()).await;
        text = set(&text, "server", "shutdown_seconds", "30");
        for (table, name, value) in settings {
            text = set(&text, table, name, value);
        }
        let folder = tempfile::tempdir().unwrap();
        let mut files = Vec::new();
        for (port, management) in ports.iter().zip(&management) {
            let text = set(&text, "server", "listen", &format!("'127.0.0.1:{port}'"));
            let text = set(&text, "server", "management", &format!("'127.0.0.1:{management}'"));
            let file = folder.path().join(format!("{port}.toml"));
            std::fs::write(&file, text).unwrap();
            files.push(file);
        }
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap();
        let running = (0..count).map(|_| None).collect();
        Self { world, management, said: String::new(), files, running, client, _folder: folder }
    }

    /// A deployment of so many running nodes, all started at once.
    pub(crate) async fn start(
        backend: Backend,
        count: usize,
        settings: &[(&str, &str, &str)],
    ) -> Self {
        let mut nodes = Self::prepare(backend, count, settings).await;
        for node in 0..count {
            nodes.begin(node);
        }
        for node in 0..count {
            nodes.ready(node).await;
        }
        nodes
    }

    /// The settings file of a node.
    pub(crate) fn file(&self, node: usize) -> &str {
        self.files[node].to_str().unwrap()
    }

    /// Changes a node's settings for its next start.
    pub(crate) fn set(&self, node: usize, table: &str, name: &str, value: &str) {
        let text = std::fs::read_to_string(&self.files[node]).unwrap();
        std::fs::write(&self.files[node], set(&text, table, name, value)).unwrap();
    }

    /// Starts a node without waiting for it.
    pub(crate) fn begin(&mut self, node: usize) {
        let program = Program::start(&["serve", "--settings", self.file(node)], &[]);
        self.running[node] = Some(program);
    }

    /// Waits until a node says that it is ready.
    pub(crate) async fn ready(&mut self, node: usize) {
        let url = format!("http://127.0.0.1:{}/readyz", self.management[node]);
        let (client, running) = (&self.client, &mut self.running[node]);
        until("a node is ready", async || {
            let program = running.as_mut().unwrap();
            assert!(program.runs(), "it ended: {}", program.stdout());
            let answer = client.get(&url).send().await;
            answer.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
    }

    /// Starts a node and waits until it is ready.
    pub(crate) async fn restart(&mut self, node: usize) {
        self.begin(node);
        self.ready(node).await;
    }

    /// Asks a node's management.
    pub(crate) async fn manage(&self, node: usize, path: &str) -> Response {
        let url = format!("http://127.0.0.1:{}{path}", self.management[node]);
        self.client.get(url).send().await.unwrap()
    }

    /// Asks a node for something of a host, with another header.
    pub(crate) async fn ask(
        &self,
        node: usize,
        host: &str,
        path: &str,
        header: (&str, &str),
    ) -> u16 {
        let url = format!("http://127.0.0.1:{}{path}", self.world.ports()[node]);
        let request = self.client.get(url).header(HOST, host).header(header.0, header.1);
        request.send().await.unwrap().status().as_u16()
    }

    /// Whether a node still runs.
    pub(crate) fn runs(&mut self, node: usize) -> bool {
        self.running[node].as_mut().is_some_and(Program::runs)
    }

    /// The most memory that a node has had at once, in KiB.
    pub(crate) fn peak_memory(&self, node: usize) -> u64 {
        let status = format!("/proc/{}/status", self.running[node].as_ref().unwrap().id());
        let status = std::fs::read_to_string(status).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// Sends a node a signal.
    pub(crate) async fn signal(&self, node: usize, name: &str) {
        self.running[node].as_ref().unwrap().signal(name).await;
    }

    /// Waits for a node's end.
    pub(crate) async fn ended(&mut self, node: usize) -> Ended {
        let ended = self.running[node].take().unwrap().ended().await;
        self.said.push_str(&ended.said());
        ended
    }

    /// `kill -9`.
    pub(crate) async fn kill(&mut self, node: usize) {
        let ended = self.running[node].take().unwrap().kill().await;
        self.said.push_str(&ended.said());
    }

    /// The database's URL.
    pub(crate) fn database(&self) -> String {
        self.world.settings().database.url.as_ref().unwrap().expose_secret().to_owned()
    }

    /// The only number that a query finds in the database.
    pub(crate) async fn number(&self, query: &str) -> i64 {
        let (url, query) = (self.database(), AssertSqlSafe(query.to_owned()));
        if url.starts_with("sqlite:") {
            let mut connection = SqliteConnection::connect(&url).await.unwrap();
            sqlx::query_scalar(query).fetch_one(&mut connection).await.unwrap()
        } else {
            let mut connection = PgConnection::connect(&url).await.unwrap();
            sqlx::query_scalar(query).fetch_one(&mut connection).await.unwrap()
        }
    }

    /// Stops everything; the nodes end well. Returns all that they said.
    pub(crate) async fn stop(mut self) -> String {
        for node in 0..self.running.len() {
            if self.running[node].is_some() {
                self.signal(node, "TERM").await;
                let ended = self.ended(node).await;
                assert!(ended.status.success(), "{} {}", ended.status, ended.said());
            }
        }
        self.world.stop().await;
        self.said
    }
}
