//! `bench endpoints`: single endpoints, each beside a bare hello on the same core right before.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tokio::task::JoinSet;

use crate::browser::{Browser, Lines};
use crate::http::{Connection, get, send};
use crate::installation::{Backend, Installation, Site};
use crate::machine::Core;
use crate::process::{Process, Spent, Stopwatch, free_port};
use crate::report::{Row, note, rate, real};

/// Connections that ask at once.
const CONNECTIONS: usize = 32;

/// Options of `endpoints`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How long to measure each.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Where Hufu keeps its state.
    #[arg(long, value_enum, default_value_t = Backend::Sqlite)]
    backend: Backend,
    /// Codes that are exchanged. They live for a minute, in which they have to be made as well.
    #[arg(long, default_value_t = 10_000)]
    codes: usize,
}

impl Options {
    /// For the short run of everything.
    pub(crate) fn short(backend: Backend, seconds: u64) -> Self {
        Self { seconds: seconds.min(5), backend, codes: 5_000 }
    }
}

/// What is sent.
#[derive(Debug)]
enum Requests {
    /// The same again and again.
    Same(Arc<[u8]>),
    /// Each once.
    Each(Mutex<Vec<Vec<u8>>>),
}

impl Requests {
    fn next(&self) -> Option<Arc<[u8]>> {
        match self {
            Self::Same(request) => Some(Arc::clone(request)),
            Self::Each(left) => {
                left.lock().unwrap_or_else(PoisonError::into_inner).pop().map(Arc::from)
            }
        }
    }
}

/// An endpoint and what it is asked.
struct Target {
    name: &'static str,
    requests: Requests,
    status: u16,
}

/// What came of it.
#[derive(Debug, Clone, Copy)]
struct Rate {
    per_second: f64,
    /// Microseconds of the server's processor that each request took.
    micros: f64,
}

/// Measures all endpoints.
pub(crate) async fn run(options: &Options) -> Result<Vec<Row>> {
    let installation = Installation::start(options.backend, 1, "info").await?;
    let port = free_port()?;
    let arguments = ["hello", "--port", &port.to_string()];
    let mut hello =
        Process::start(&std::env::current_exe()?, arguments, Core::Server, Path::new("/dev/null"))?;
    hello.ready(port, "/").await?;
    let greeting = get("localhost", "/", "");
    let greeting = target("bare hello", greeting, 200);
    let time = Duration::from_secs(options.seconds);
    let site = &installation.site;
    // To warm both up.
    measure(&hello, port, &greeting, time / 4).await?;
    let mut rows = Vec::new();
    for target in targets(site).await? {
        let bare = measure(&hello, port, &greeting, time).await?;
        let own = measure(&installation.hufu, site.port, &target, time).await?;
        rows.push(row(&target, own, bare));
    }
    let bare = measure(&hello, port, &greeting, time).await?;
    note(&format!("making {} codes", options.codes));
    let requests = Requests::Each(Mutex::new(exchanges(site, options.codes).await?));
    let target = Arc::new(Target { name: "token endpoint, code exchange", requests, status: 200 });
    let own = measure(&installation.hufu, site.port, &target, time).await?;
    rows.push(row(&target, own, bare));
    Ok(rows)
}

fn row(target: &Target, own: Rate, bare: Rate) -> Row {
    let (ratio, work) = (own.per_second / bare.per_second, own.micros / bare.micros);
    let figure = format!(
        "{:.0}/s, {:.1} µs CPU · hello {:.0}/s, {:.1} µs · {ratio:.2} of its rate, {work:.1} × its CPU",
        own.per_second, own.micros, bare.per_second, bare.micros
    );
    let row = Row::new(target.name, figure);
    if target.name.starts_with('D') || target.name.starts_with('J') {
        return row.aim("≥ 0.5 of the hello's rate");
    }
    row
}

fn target(name: &'static str, request: Vec<u8>, status: u16) -> Arc<Target> {
    Arc::new(Target { name, requests: Requests::Same(request.into()), status })
}

async fn targets(site: &Arc<Site>) -> Result<Vec<Arc<Target>>> {
    let host = &site.host;
    let form =
        format!("{}Content-Type: application/x-www-form-urlencoded\r\n", site.authorization());
    let unknown =
        "grant_type=authorization_code&code=hufu_code_unknown&redirect_uri=https%3A%2F%2Fa";
    let token = Browser::new(site, &mut Lines::open(site).await?).sign_in(0).await?;
    let bearer = format!("Authorization: Bearer {token}\r\n");
    Ok(vec![
        target("Discovery", get(host, "/oidc/.well-known/openid-configuration", ""), 200),
        target("JWKS", get(host, "/oidc/.well-known/jwks.json", ""), 200),
        target("UserInfo", get(host, "/oidc/me", &bearer), 200),
        target(
            "token endpoint, unknown code",
            send("POST", host, "/oidc/token", &form, unknown),
            400,
        ),
    ])
}

/// Token requests with codes that a session got.
async fn exchanges(site: &Arc<Site>, codes: usize) -> Result<Vec<Vec<u8>>> {
    const BROWSERS: usize = 8;
    let mut tasks = JoinSet::new();
    for _ in 0..BROWSERS {
        let site = Arc::clone(site);
        tasks.spawn(async move {
            let mut lines = Lines::open(&site).await?;
            let mut browser = Browser::new(&site, &mut lines);
            browser.sign_in(0).await?;
            let mut requests = Vec::with_capacity(codes / BROWSERS);
            for _ in 0..codes / BROWSERS {
                requests.push(browser.single_sign_on().await?);
            }
            Ok::<_, anyhow::Error>(requests)
        });
    }
    let mut requests = Vec::with_capacity(codes);
    while let Some(task) = tasks.join_next().await {
        requests.extend(task??);
    }
    Ok(requests)
}

/// Asks for as long, or until there is nothing left to ask.
async fn measure(
    process: &Process,
    port: u16,
    target: &Arc<Target>,
    time: Duration,
) -> Result<Rate> {
    let (watch, end) = (Stopwatch::start(process)?, Instant::now() + time);
    let mut tasks = JoinSet::new();
    for _ in 0..CONNECTIONS {
        tasks.spawn(ask(port, Arc::clone(target), end));
    }
    let mut asked = 0;
    while let Some(task) = tasks.join_next().await {
        asked += task??;
    }
    let Spent { elapsed, processor } = watch.stop(process)?;
    ensure!(asked > 0, "{} was not asked", target.name);
    Ok(Rate {
        per_second: rate(asked, elapsed),
        micros: processor.as_secs_f64() * 1e6 / real(asked),
    })
}

async fn ask(port: u16, target: Arc<Target>, end: Instant) -> Result<u64> {
    let mut line = Connection::open(port).await?;
    let mut asked = 0;
    while Instant::now() < end
        && let Some(request) = target.requests.next()
    {
        let answer = line.exchange(&request).await?;
        let (status, expected) = (answer.status, target.status);
        ensure!(status == expected, "{}: {status} {}", target.name, answer.excerpt());
        asked += 1;
    }
    Ok(asked)
}
