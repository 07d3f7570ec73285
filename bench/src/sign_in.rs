//! `bench sign-in`: complete sign-ins.

use std::time::Duration;

use anyhow::{Result, bail};

use crate::browser::REQUESTS;
use crate::installation::{Backend, Installation};
use crate::load::{Measured, Turns, closed, introduce, open};
use crate::report::{Row, mebibytes, micros_as_millis, millis_each, real};

/// Options of `sign-in`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Members who have signed in before (this is so by itself).
    #[arg(long, conflicts_with = "new")]
    returning: bool,
    /// Members who have not.
    #[arg(long)]
    new: bool,
    /// Where Hufu keeps its state.
    #[arg(long, value_enum, default_value_t = Backend::Sqlite)]
    backend: Backend,
    /// How long to measure.
    #[arg(long, default_value_t = 10, conflicts_with = "count")]
    seconds: u64,
    /// How many sign-ins to measure.
    #[arg(long)]
    count: Option<u64>,
    /// Sign-ins at once.
    #[arg(long, default_value_t = 16, conflicts_with = "rate")]
    concurrency: u64,
    /// Sign-ins begun a second, whether the server keeps up or not.
    #[arg(long)]
    rate: Option<f64>,
    /// Members who have signed in before; there are as many who have not.
    #[arg(long, default_value_t = 10_000)]
    members: u64,
    /// The server's `telemetry.log`.
    #[arg(long, default_value = "info")]
    log: String,
}

/// Measures one kind of sign-in.
pub(crate) async fn run(options: &Options) -> Result<Vec<Row>> {
    let members = options.members.max(1);
    let installation = Installation::start(options.backend, 2 * members, &options.log).await?;
    let idle = installation.hufu.resident()?;
    let known = if options.new { members.min(1000) } else { members };
    introduce(&installation, known).await?;
    let turns = match (options.new, options.count) {
        (true, count) => Turns::of(members, members, count.unwrap_or(members).min(members)),
        (false, count) => Turns::of(0, members, count.unwrap_or(u64::MAX)),
    };
    let turns = match options.count {
        Some(_) => turns,
        None => turns.within(Duration::from_secs(options.seconds)),
    };
    let (measured, how) = match options.rate {
        Some(rate) if rate > 0.0 => {
            (open(&installation, turns, rate).await?, format!("{rate} begun a second"))
        }
        Some(_) => bail!("--rate has to be above zero"),
        None => {
            let browsers = options.concurrency.max(1);
            (closed(&installation, turns, browsers).await?, format!("{browsers} at once"))
        }
    };
    let kind = if options.new { "new" } else { "returning" };
    let mut rows = rows(&format!("{kind} user, {how}"), options.backend, &measured);
    rows.push(memory(idle, &installation)?);
    Ok(rows)
}

/// Measures returning users at full and at half load, then new ones.
pub(crate) async fn both(backend: Backend, seconds: u64) -> Result<Vec<Row>> {
    const MEMBERS: u64 = 10_000;
    let time = Duration::from_secs(seconds);
    let installation = Installation::start(backend, 2 * MEMBERS, "info").await?;
    let idle = installation.hufu.resident()?;
    introduce(&installation, MEMBERS).await?;
    let returning = || Turns::of(0, MEMBERS, u64::MAX).within(time);
    let full = closed(&installation, returning(), 16).await?;
    let mut all = rows("returning user, 16 at once", backend, &full);
    let half = full.per_second() / 2.0;
    let measured = open(&installation, returning(), half).await?;
    all.extend(rows(
        &format!("returning user, half load ({half:.0} begun a second)"),
        backend,
        &measured,
    ));
    let new = Turns::of(MEMBERS, MEMBERS, MEMBERS).within(time);
    all.extend(rows("new user, 16 at once", backend, &closed(&installation, new, 16).await?));
    all.push(memory(idle, &installation)?);
    Ok(all)
}

fn rows(what: &str, backend: Backend, measured: &Measured) -> Vec<Row> {
    let Measured { spent, waited } = measured;
    let per_second = measured.per_second();
    let busy = 100.0 * spent.processor.as_secs_f64() / spent.elapsed.as_secs_f64();
    let cost = format!("{:.3} ms", millis_each(spent.processor, waited.len()));
    let cost = Row::new(format!("{what}: server's CPU per sign-in"), cost);
    let share = |quantile| micros_as_millis(waited.value_at_quantile(quantile));
    let share = format!("{} / {}", share(0.5), share(0.99));
    let share = Row::new(format!("{what}: p50 / p99 of Hufu's share"), share);
    let returning = what.starts_with("returning");
    vec![
        Row::new(
            format!("{what}: sign-ins / Hufu's requests per second"),
            format!(
                "{per_second:.0} / {:.0} (server's core {busy:.0} % busy)",
                per_second * real(REQUESTS)
            ),
        ),
        match backend {
            Backend::Sqlite if returning => cost.aim("≤ 1.0 ms"),
            Backend::Postgres if returning => cost.aim("≤ 1.5 ms"),
            _ => cost,
        },
        if what.contains("half load") { share.aim("p99 < 10 ms") } else { share },
    ]
}

fn memory(idle: u64, installation: &Installation) -> Result<Row> {
    let after = mebibytes(installation.hufu.resident()?);
    Ok(Row::new("resident memory before / after these", format!("{} / {after}", mebibytes(idle))))
}
