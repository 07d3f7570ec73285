//! Many sign-ins at once.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use hdrhistogram::Histogram;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::browser::{Browser, Lines};
use crate::installation::{Installation, Site};
use crate::process::{Spent, Stopwatch};
use crate::report::{note, rate};

/// Whose turn it is, until the members or the time are used up.
#[derive(Debug)]
pub(crate) struct Turns {
    first: u64,
    /// Members before the first one comes again.
    members: u64,
    at_most: u64,
    taken: AtomicU64,
    time: Duration,
    began: Instant,
}

impl Turns {
    /// `count` turns of `members` members from `first` on.
    pub(crate) fn of(first: u64, members: u64, count: u64) -> Self {
        let (taken, time, began) = (AtomicU64::new(0), Duration::MAX, Instant::now());
        Self { first, members, at_most: count, taken, time, began }
    }

    /// The same, for no longer than this from now on.
    pub(crate) fn within(self, time: Duration) -> Self {
        Self { time, began: Instant::now(), ..self }
    }

    fn next(&self) -> Option<u64> {
        let turn = self.taken.fetch_add(1, Ordering::Relaxed);
        let go_on = turn < self.at_most && self.began.elapsed() < self.time;
        go_on.then(|| self.first + turn % self.members)
    }
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Measured {
    /// How long they took all together, and what they cost the server.
    pub(crate) spent: Spent,
    /// Microseconds of each one that the server's answers took, added up.
    pub(crate) waited: Histogram<u64>,
}

impl Measured {
    /// Sign-ins per second.
    pub(crate) fn per_second(&self) -> f64 {
        rate(self.waited.len(), self.spent.elapsed)
    }
}

/// So many browsers at once, each with the next sign-in as soon as one is done.
pub(crate) async fn closed(
    installation: &Installation,
    turns: Turns,
    browsers: u64,
) -> Result<Measured> {
    let turns = Arc::new(turns);
    let watch = Stopwatch::start(&installation.hufu)?;
    let mut tasks = JoinSet::new();
    for _ in 0..browsers {
        tasks.spawn(one_after_another(Arc::clone(&installation.site), Arc::clone(&turns)));
    }
    let mut waited = histogram()?;
    while let Some(task) = tasks.join_next().await {
        waited.add(task??)?;
    }
    Ok(Measured { spent: watch.stop(&installation.hufu)?, waited })
}

async fn one_after_another(site: Arc<Site>, turns: Arc<Turns>) -> Result<Histogram<u64>> {
    let mut lines = Lines::open(&site).await?;
    let mut waited = histogram()?;
    while let Some(member) = turns.next() {
        waited.record(sign_in(&site, &mut lines, member).await?)?;
    }
    Ok(waited)
}

/// So many sign-ins a second, whether the server keeps up or not.
pub(crate) async fn open(
    installation: &Installation,
    turns: Turns,
    per_second: f64,
) -> Result<Measured> {
    let pool: Arc<Mutex<Vec<Lines>>> = Arc::default();
    let watch = Stopwatch::start(&installation.hufu)?;
    let mut tick = tokio::time::interval(Duration::from_secs_f64(1.0 / per_second));
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut tasks = JoinSet::new();
    while let Some(member) = turns.next() {
        tick.tick().await;
        tasks.spawn(with_pool(Arc::clone(&installation.site), Arc::clone(&pool), member));
    }
    let mut waited = histogram()?;
    while let Some(task) = tasks.join_next().await {
        waited.record(task??)?;
    }
    Ok(Measured { spent: watch.stop(&installation.hufu)?, waited })
}

async fn with_pool(site: Arc<Site>, pool: Arc<Mutex<Vec<Lines>>>, member: u64) -> Result<u64> {
    let pooled = pool.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let mut lines = match pooled {
        Some(lines) => lines,
        None => Lines::open(&site).await?,
    };
    let waited = sign_in(&site, &mut lines, member).await?;
    pool.lock().unwrap_or_else(PoisonError::into_inner).push(lines);
    Ok(waited)
}

async fn sign_in(site: &Site, lines: &mut Lines, member: u64) -> Result<u64> {
    let mut browser = Browser::new(site, lines);
    browser.sign_in(member).await?;
    Ok(u64::try_from(browser.waited.as_micros())?)
}

/// Microseconds to a minute, to three digits.
fn histogram() -> Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1, 60_000_000, 3)?)
}

/// Lets so many members sign in for the first time, which also warms everything up.
pub(crate) async fn introduce(installation: &Installation, members: u64) -> Result<()> {
    let measured = closed(installation, Turns::of(0, members, members), 16).await?;
    let rate = measured.per_second();
    note(&format!("{members} members signed in for the first time, {rate:.0} a second"));
    Ok(())
}
