//! The command line.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use store::Env;

use crate::node::{Node, open_store};
use crate::settings::Settings;
use crate::{demo, telemetry};

/// Hufu, a multi-tenant identity broker: people sign in with WeCom, apps use OpenID Connect.
#[derive(Debug, Parser)]
#[command(version, about)]
pub enum Command {
    /// Serves the console API and all tenants' hosts until SIGTERM.
    Serve(File),
    /// Brings the database's schema up to date. Safe on several nodes at once.
    Migrate(File),
    /// Work on the keys that seal secrets at rest.
    #[command(subcommand)]
    Keys(Keys),
    /// Starts everything for a look, with a simulated WeCom. Keeps nothing.
    Demo(demo::Options),
    /// Asks the node on this machine whether it runs and answers. Fails if it does not.
    Health(File),
}

/// Where the settings are.
#[derive(Debug, clap::Args)]
pub struct File {
    /// The settings file. Environment variables (`HUFU_DATABASE__URL`) go over it.
    #[arg(long, short, value_name = "FILE")]
    settings: Option<PathBuf>,
}

/// Work on the sealing keys.
#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Seals every secret with the first of `secrets.keys`. Then the others can be taken out.
    Rotate(File),
}

impl Command {
    /// Runs the command to its end.
    pub async fn run(self) -> Result<()> {
        match self {
            Self::Serve(file) => serve(&file).await,
            Self::Migrate(file) => migrate(&file).await,
            Self::Keys(Keys::Rotate(file)) => rotate(&file).await,
            Self::Demo(options) => demo::run(options).await,
            Self::Health(file) => health(&file).await,
        }
    }
}

impl File {
    fn read(&self) -> Result<Settings> {
        Settings::read(self.settings.as_deref())
    }
}

async fn serve(file: &File) -> Result<()> {
    let settings = file.read()?;
    let _telemetry = telemetry::start(&settings.telemetry)?;
    telemetry::metrics();
    let node = Node::start(&settings, Env::system()).await?;
    tracing::info!(address = %node.address, management = %node.management, "serving");
    stop_signal().await?;
    tracing::info!("stopping");
    node.stop(true).await;
    Ok(())
}

/// Waits for SIGTERM or SIGINT.
pub(crate) async fn stop_signal() -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be watched for")?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        interrupt = tokio::signal::ctrl_c() => Ok(interrupt?),
    }
}

/// How long `health` waits for the node's answer.
const HEALTH_PATIENCE: Duration = Duration::from_secs(3);

async fn health(file: &File) -> Result<()> {
    let mut address = file.read()?.server.management;
    // What listens everywhere is asked at home.
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    let client = reqwest::Client::builder().no_proxy().timeout(HEALTH_PATIENCE).build()?;
    let answer = client.get(format!("http://{address}/healthz")).send().await;
    let answer = answer.with_context(|| format!("nothing answers at {address}"))?;
    answer.error_for_status()?;
    Ok(())
}

async fn migrate(file: &File) -> Result<()> {
    let mut settings = file.read()?;
    let _telemetry = telemetry::start(&settings.telemetry)?;
    settings.database.migrate = true;
    let store = open_store(&settings, Env::system(), settings.key_ring()?).await?;
    store.check_key_ring().await?;
    tracing::info!("the schema is up to date");
    Ok(())
}

async fn rotate(file: &File) -> Result<()> {
    let settings = file.read()?;
    let _telemetry = telemetry::start(&settings.telemetry)?;
    let store = open_store(&settings, Env::system(), settings.key_ring()?).await?;
    store.check_key_ring().await?;
    let rotated = store.rotate_keys().await?;
    tracing::info!(resealed = rotated.resealed, already_current = rotated.current, "keys rotated");
    Ok(())
}
