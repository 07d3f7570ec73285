//! One endpoint, asked by many connections at once.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tokio::task::JoinSet;

use crate::http::Connection;
use crate::process::{Process, Spent, Stopwatch};
use crate::report::{rate, real};

/// Connections that ask at once.
const CONNECTIONS: usize = 32;

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
#[derive(Debug)]
pub(crate) struct Target {
    /// What the table calls it.
    pub(crate) name: &'static str,
    requests: Requests,
    status: u16,
}

/// What came of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    /// Answers.
    pub(crate) per_second: f64,
    /// Microseconds of the server's processor that each request took.
    pub(crate) micros: f64,
}

impl Target {
    /// One that gets the same request again and again, and has to answer with this status.
    pub(crate) fn same(name: &'static str, request: Vec<u8>, status: u16) -> Arc<Self> {
        Arc::new(Self { name, requests: Requests::Same(request.into()), status })
    }

    /// One that gets each of these once, and has to answer with 200.
    pub(crate) fn each(name: &'static str, requests: Vec<Vec<u8>>) -> Arc<Self> {
        Arc::new(Self { name, requests: Requests::Each(Mutex::new(requests)), status: 200 })
    }

    /// Asks for as long, or until there is nothing left to ask.
    pub(crate) async fn measure(
        self: &Arc<Self>,
        process: &Process,
        port: u16,
        time: Duration,
    ) -> Result<Rate> {
        let (watch, end) = (Stopwatch::start(process)?, Instant::now() + time);
        let mut tasks = JoinSet::new();
        for _ in 0..CONNECTIONS {
            tasks.spawn(ask(port, Arc::clone(self), end));
        }
        let mut asked = 0;
        while let Some(task) = tasks.join_next().await {
            asked += task??;
        }
        let Spent { elapsed, processor } = watch.stop(process)?;
        ensure!(asked > 0, "{} was not asked", self.name);
        Ok(Rate {
            per_second: rate(asked, elapsed),
            micros: processor.as_secs_f64() * 1e6 / real(asked),
        })
    }
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
