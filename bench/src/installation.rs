//! What is measured: a server with a tenant to sign in to, and a simulated WeCom.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::ValueEnum;
use secrecy::ExposeSecret as _;
use serde_json::Value;
use store::Env;
use tempfile::TempDir;

use crate::console::{Caller, Client};
use crate::http::{Connection, get};
use crate::id_token::Keys;
use crate::machine::Core;
use crate::process::{Process, beside_us, free_port};

/// Where the server keeps its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Backend {
    /// A SQLite file in a temporary folder, ephemeral state in process.
    Sqlite,
    /// PostgreSQL and Redis, at `HUFU_BENCH_POSTGRES` and `HUFU_BENCH_REDIS` (or `HUFU_TEST_…`, as
    /// `tests/run --with` sets them). A tenant is added to the database and stays there.
    Postgres,
}

/// The host of the console.
const CONSOLE: &str = "console.bench.example";

/// What a browser and an app have to know.
#[derive(Debug)]
pub(crate) struct Site {
    /// The server's port. Hosts and scheme are those that a TLS proxy would pass on.
    pub(crate) port: u16,
    /// The simulator's port.
    pub(crate) simulator: u16,
    /// The tenant's host.
    pub(crate) host: String,
    /// The app.
    pub(crate) client: Client,
    /// The tenant's keys.
    pub(crate) keys: Keys,
    /// Clock and randomness.
    pub(crate) env: Env,
}

impl Site {
    /// The tenant's issuer.
    pub(crate) fn issuer(&self) -> String {
        format!("https://{}/oidc", self.host)
    }

    /// The app's `Authorization` header, as a line.
    pub(crate) fn authorization(&self) -> String {
        basic(&self.client.id, &self.client.secret)
    }
}

/// The `Authorization` header of an app, as a line (RFC 6749 §2.3.1).
pub(crate) fn basic(id: &str, secret: &str) -> String {
    format!("Authorization: Basic {}\r\n", STANDARD.encode(format!("{id}:{secret}")))
}

/// How the server is started.
#[derive(Debug)]
pub(crate) struct Server {
    program: PathBuf,
    settings: PathBuf,
    log: PathBuf,
    /// Port of health and readiness.
    pub(crate) management: u16,
}

impl Server {
    /// Starts it on its core.
    pub(crate) fn start(&self) -> Result<Process> {
        let arguments = ["serve".as_ref(), "--settings".as_ref(), self.settings.as_os_str()];
        Process::start(&self.program, arguments, Core::Server, &self.log)
    }
}

/// Everything that runs. Dropping it ends it and removes its folder.
#[derive(Debug)]
pub(crate) struct Installation {
    /// The server.
    pub(crate) hufu: Process,
    /// How it was started.
    pub(crate) server: Server,
    /// What there is to sign in to.
    pub(crate) site: Arc<Site>,
    #[expect(dead_code, reason = "ends when this is dropped")]
    simulator: Process,
    /// Settings, database and log.
    pub(crate) folder: TempDir,
}

impl Installation {
    /// Starts everything, with so many members in the simulated corp.
    pub(crate) async fn start(backend: Backend, members: u64, log: &str) -> Result<Self> {
        Self::start_with(backend, members, log, Value::Null).await
    }

    /// The same with an app that has these fields as well.
    pub(crate) async fn start_with(
        backend: Backend,
        members: u64,
        log: &str,
        app: Value,
    ) -> Result<Self> {
        let env = Env::system();
        let folder = tempfile::tempdir()?;
        let (port, management, simulator_port) = (free_port()?, free_port()?, free_port()?);
        let key = env.secret("hufu_operator_")?.expose_secret().to_owned();
        let settings = folder.path().join("hufu.toml");
        let text = [
            format!("[server]\nlisten = '127.0.0.1:{port}'\nmanagement = '127.0.0.1:{management}'"),
            format!("console_host = '{CONSOLE}'\nworkers = 1"),
            state(backend, &folder)?,
            // The same in each run: a database that is used again is sealed with it.
            format!(
                "[secrets]\noperator_key = '{key}'\nkeys = [{{ id = 'bench', key = '{}' }}]",
                sealing_key()
            ),
            wecom(simulator_port),
            format!("[telemetry]\nlog = '{log}'\n"),
        ];
        fs::write(&settings, text.join("\n"))?;
        let log = folder.path().join("hufu.log");
        let server = Server { program: beside_us("hufu")?, settings, log, management };
        let mut hufu = server.start()?;
        // The database keeps the tenants of earlier runs, so each has a host of its own.
        let host = format!("{}.bench.example", env.ordered_id()?);
        let mut simulator = simulator(simulator_port, members, &host, &folder)?;
        simulator.ready(simulator_port, "/avatar/default.svg").await?;
        hufu.ready(management, "/readyz").await?;
        let client = Caller { port, host: CONSOLE, key: &key }.make_tenant(&host, app).await?;
        let keys = keys(port, &host).await?;
        let site = Site { port, simulator: simulator_port, host, client, keys, env };
        Ok(Self { hufu, server, site: Arc::new(site), simulator, folder })
    }
}

fn sealing_key() -> String {
    STANDARD.encode((0..32).map(|index: u8| index * 7).collect::<Vec<_>>())
}

fn state(backend: Backend, folder: &TempDir) -> Result<String> {
    Ok(match backend {
        Backend::Sqlite => {
            let file = folder.path().join("hufu.db");
            format!("[database]\nurl = 'sqlite:{}'\nmigrate = true", file.display())
        }
        Backend::Postgres => {
            let postgres = address("POSTGRES")?;
            let (redis, prefix) = (address("REDIS")?, format!("bench-{}", std::process::id()));
            format!(
                "[database]\nurl = '{postgres}'\nmigrate = true\n\
                 [ephemeral]\nurl = '{redis}'\nprefix = '{prefix}'"
            )
        }
    })
}

/// Where a service is, as the environment says.
pub(crate) fn address(service: &str) -> Result<String> {
    let named = |kind: &str| std::env::var_os(format!("HUFU_{kind}_{service}"));
    let value = named("BENCH").or_else(|| named("TEST")).map(OsString::into_string);
    let value = value.and_then(std::result::Result::ok);
    value.with_context(|| {
        format!("HUFU_BENCH_{service} is not set; `tests/run --with` starts both services")
    })
}

fn wecom(port: u16) -> String {
    let base = format!("http://127.0.0.1:{port}");
    format!("[wecom]\napi = '{base}'\nweb_login = '{base}'\noauth = '{base}'")
}

fn simulator(port: u16, members: u64, host: &str, folder: &TempDir) -> Result<Process> {
    let (port, members) = (port.to_string(), members.to_string());
    let arguments =
        ["simulator", "--port", &port, "--members", &members, "--callback-domain", host];
    let output = folder.path().join("simulator.log");
    Process::start(&std::env::current_exe()?, arguments, Core::Load, &output)
}

async fn keys(port: u16, host: &str) -> Result<Keys> {
    let mut line = Connection::open(port).await?;
    let answer = line.exchange(&get(host, "/oidc/.well-known/jwks.json", "")).await?;
    Keys::parse(answer.body).with_context(|| format!("the keys are none: {}", answer.excerpt()))
}
