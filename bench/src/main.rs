//! Measures Hufu: complete sign-ins through a simulated WeCom, single endpoints beside a bare
//! actix-web hello, memory, and the time to start. Prints figures and asserts none of them;
//! `docs/performance.md` keeps them.
//!
//! ```text
//! core 0          hufu serve (1 worker), or the hello
//! other cores     load generator (this process, one thread) · WeCom simulator
//! ```

mod browser;
mod console;
mod endpoints;
mod hello;
mod http;
mod id_token;
mod installation;
mod load;
mod machine;
mod memory;
mod peer;
mod process;
mod provider;
mod report;
mod search;
mod sign_in;
mod simulator;
mod start;
mod target;

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};

use crate::installation::Backend;
use crate::report::Row;

// As the server has it, so that the hello is no worse off.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures a release build of Hufu on one core of this machine.
#[derive(Debug, Parser)]
#[command(version)]
struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Complete QR sign-ins, from an app's authorization request to a verified ID token.
    SignIn(sign_in::Options),
    /// Requests per second of endpoints that need nobody signed in, beside a bare hello.
    Endpoints(endpoints::Options),
    /// Token endpoint, UserInfo, introspection and pushed requests, beside npm `oidc-provider`.
    Provider(provider::Options),
    /// Resident memory: idle, after many sign-ins, with many unfinished interactions.
    Memory(memory::Options),
    /// Time from starting the program to the first answer that it is ready.
    Start(start::Options),
    /// Searches among a million users, on PostgreSQL.
    Search(search::Options),
    /// A short run of everything, for `docs/performance.md`.
    All(AllOptions),
    #[command(hide = true)]
    Simulator(simulator::Options),
    #[command(hide = true)]
    Hello(hello::Options),
}

/// Options of `all`.
#[derive(Debug, Clone, clap::Args)]
struct AllOptions {
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Where Hufu keeps its state.
    #[arg(long, value_enum, default_value_t = Backend::Sqlite)]
    backend: Backend,
    /// Where npm put `oidc-provider`.
    #[arg(long)]
    node_modules: Option<PathBuf>,
}

fn main() -> Result<()> {
    let what = Options::parse().what;
    // The other processes of ours were put on their cores by whoever started them.
    if !matches!(what, What::Simulator(_) | What::Hello(_)) {
        machine::leave_the_servers_core()?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("no runtime can be made")?.block_on(run(what))
}

async fn run(what: What) -> Result<()> {
    let rows = match what {
        What::Simulator(options) => return simulator::run(options).await,
        What::Hello(options) => return hello::run(options).await,
        What::SignIn(options) => sign_in::run(&options).await?,
        What::Endpoints(options) => endpoints::run(&options).await?,
        What::Provider(options) => provider::run(&options).await?,
        What::Memory(options) => memory::run(&options).await?,
        What::Search(options) => search::run(&options).await?,
        What::Start(options) => start::run(&options).await?,
        What::All(options) => all(&options).await?,
    };
    report::print(&rows)
}

async fn all(options: &AllOptions) -> Result<Vec<Row>> {
    let AllOptions { seconds, backend, node_modules } = options.clone();
    let mut rows = sign_in::both(backend, seconds).await?;
    let short = seconds.min(5);
    rows.extend(endpoints::run(&endpoints::Options { seconds: short, backend }).await?);
    rows.extend(provider::run(&provider::Options::short(backend, short, node_modules)).await?);
    rows.extend(memory::run(&memory::Options::short(backend)).await?);
    rows.extend(start::run(&start::Options { times: 20, backend }).await?);
    Ok(rows)
}
