//! `bench memory`: resident memory of the server, and what ephemeral state costs and gives back.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use store::ephemeral::{Ephemeral, MemorySettings, Owner, Slot};
use tokio::task::JoinSet;

use crate::browser::AppRequest;
use crate::http::{Connection, get};
use crate::installation::{Backend, Installation, Site};
use crate::load::{Turns, closed, introduce};
use crate::process::resident;
use crate::report::{Row, mebibytes};

/// Options of `memory`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Where Hufu keeps its state.
    #[arg(long, value_enum, default_value_t = Backend::Sqlite)]
    backend: Backend,
    /// Sign-ins.
    #[arg(long, default_value_t = 100_000)]
    sign_ins: u64,
    /// Interactions that are begun and never finished.
    #[arg(long, default_value_t = 100_000)]
    interactions: u64,
    /// Members who sign in, in turn.
    #[arg(long, default_value_t = 10_000)]
    members: u64,
}

impl Options {
    /// For the short run of everything.
    pub(crate) fn short(backend: Backend) -> Self {
        Self { backend, sign_ins: 10_000, interactions: 10_000, members: 1_000 }
    }
}

/// Sign-ins at once.
const BROWSERS: u64 = 16;
/// Connections that begin interactions.
const CONNECTIONS: u64 = 16;

/// Measures the server, after what ephemeral state does by itself. What goes wrong on the way is a
/// figure as well.
pub(crate) async fn run(options: &Options) -> Result<Vec<Row>> {
    let mut rows = vec![ephemeral_state().await?];
    if let Err(error) = server(options, &mut rows).await {
        let reason = error.to_string();
        let reason: String =
            reason.lines().take(1).flat_map(|line| line.chars().take(120)).collect();
        rows.push(Row::new("here the measurement ended", reason));
    }
    Ok(rows)
}

async fn server(options: &Options, rows: &mut Vec<Row>) -> Result<()> {
    let members = options.members.max(1);
    let installation = Installation::start(options.backend, members, "info").await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let now = || installation.hufu.resident().map(mebibytes);
    rows.push(Row::new("resident memory, idle", now()?).aim("< 40 MiB"));
    introduce(&installation, members).await?;
    let quarter = options.sign_ins / 4;
    for step in 1..=4 {
        closed(&installation, Turns::of(0, members, quarter), BROWSERS).await?;
        let sign_ins = members + step * quarter;
        let row = Row::new(format!("resident memory after {sign_ins} sign-ins"), now()?);
        rows.push(row.aim("< 150 MiB after 100,000, flat from there"));
    }
    begin(&installation.site, options.interactions).await?;
    let interactions = options.interactions;
    let what = format!("resident memory after {interactions} interactions more, unfinished");
    rows.push(Row::new(what, now()?).aim("bounded"));
    Ok(())
}

/// Begins interactions in new browsers and leaves them so.
async fn begin(site: &Arc<Site>, count: u64) -> Result<()> {
    let mut tasks = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let site = Arc::clone(site);
        tasks.spawn(async move {
            let mut line = Connection::open(site.port).await?;
            for _ in 0..count / CONNECTIONS {
                let target = AppRequest::new(&site)?.target();
                let answer = line.exchange(&get(&site.host, &target, "")).await?;
                if answer.status != 303 {
                    bail!("an interaction was refused: {}", answer.excerpt());
                }
            }
            Ok(())
        });
    }
    while let Some(task) = tasks.join_next().await {
        task??;
    }
    Ok(())
}

/// What values of an interaction's size cost in this process, and what stays after their time.
async fn ephemeral_state() -> Result<Row> {
    const VALUES: u64 = 100_000;
    const LIFE: Duration = Duration::from_secs(5);
    const SLOT: Slot<String> = Slot::new("bench", LIFE);
    let value = "x".repeat(700);
    let ephemeral = Ephemeral::memory(MemorySettings::default());
    let own = || resident(std::process::id()).context("our own memory");
    let before = own()?;
    for key in 0..VALUES {
        ephemeral.put(&SLOT, Owner::Deployment, key.to_be_bytes(), &value).await?;
    }
    let full = own()?;
    tokio::time::sleep(LIFE).await;
    let swept = ephemeral.sweep();
    // The allocator gives back what has been free for a moment, while it is used.
    for key in 0..1_000_u64 {
        ephemeral.put(&SLOT, Owner::Deployment, key.to_be_bytes(), &value).await?;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let (cost, rest) = (full.saturating_sub(before), own()?.saturating_sub(before));
    let (cost, rest) = (mebibytes(cost), mebibytes(rest));
    let what =
        format!("ephemeral state alone: {VALUES} values of 700 bytes, then their time is over");
    Ok(Row::new(what, format!("{cost}, then {rest} ({swept} swept)")).aim("gone after their time"))
}
