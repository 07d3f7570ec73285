//! `bench start`: from starting the program to its first answer that it is ready.

use std::time::Instant;

use anyhow::Result;

use crate::installation::{Backend, Installation};
use crate::load::introduce;
use crate::report::{Row, micros_as_millis};

/// Options of `start`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How many times.
    #[arg(long, default_value_t = 20)]
    pub(crate) times: usize,
    /// Where Hufu keeps its state.
    #[arg(long, value_enum, default_value_t = Backend::Sqlite)]
    pub(crate) backend: Backend,
}

/// Starts the server again and again on a database that is in use.
pub(crate) async fn run(options: &Options) -> Result<Vec<Row>> {
    let members = 1_000;
    let installation = Installation::start(options.backend, members, "info").await?;
    introduce(&installation, members).await?;
    let Installation { hufu, server, folder, .. } = installation;
    drop(hufu);
    let mut times = Vec::new();
    for _ in 0..options.times.max(1) {
        let began = Instant::now();
        let mut hufu = server.start()?;
        hufu.ready(server.management, "/readyz").await?;
        times.push(u64::try_from(began.elapsed().as_micros())?);
    }
    drop(folder);
    times.sort_unstable();
    let (median, most) = (times[times.len() / 2], times[times.len() - 1]);
    let what = format!("ready on an existing database, {} times: median / most", times.len());
    let figure = format!("{} / {}", micros_as_millis(median), micros_as_millis(most));
    Ok(vec![Row::new(what, figure).aim("≤ 200 ms")])
}
