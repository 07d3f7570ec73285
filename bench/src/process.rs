//! The processes that are measured, and what the kernel knows about them.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::http::{Connection, get};
use crate::machine::{Core, command_on};

/// A running process; dropping it kills it.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    name: String,
}

impl Process {
    /// Starts a program on its core. What it prints goes into a file, as a log would.
    pub(crate) fn start<A: AsRef<OsStr>>(
        program: &Path,
        arguments: impl IntoIterator<Item = A>,
        core: Core,
        output: &Path,
    ) -> Result<Self> {
        let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut command = command_on(core, program)?;
        // `HUFU_…` variables are meant for us, and go over the server's settings.
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().starts_with("HUFU_") {
                command.env_remove(variable);
            }
        }
        let child = command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(File::options().create(true).append(true).open(output)?)
            .spawn()
            .with_context(|| format!("{name} cannot be started (with taskset, of util-linux)"))?;
        Ok(Self { child, name })
    }

    /// The processor time that all its threads have taken, in steps of 10 ms.
    fn processor_time(&self) -> Result<Duration> {
        const TICK: Duration = Duration::from_millis(10);
        let text = fs::read_to_string(format!("/proc/{}/stat", self.child.id()));
        let text = text.with_context(|| format!("{} is gone", self.name))?;
        // The name in parentheses may hold anything; utime and stime are fields 14 and 15.
        let (_, fields) = text.rsplit_once(')').context("no stat")?;
        let ticks = fields.split_ascii_whitespace().skip(11).take(2).map(str::parse::<u32>);
        Ok(TICK * ticks.sum::<Result<u32, _>>()?)
    }

    /// Resident memory, in bytes.
    pub(crate) fn resident(&self) -> Result<u64> {
        resident(self.child.id()).with_context(|| self.name.clone())
    }

    /// Waits until a path is answered with 200, and says how long that took.
    pub(crate) async fn ready(&mut self, port: u16, path: &str) -> Result<Duration> {
        const PATIENCE: Duration = Duration::from_secs(30);
        let began = Instant::now();
        let request = get("localhost", path, "");
        while began.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended: {status}", self.name);
            }
            if let Ok(mut line) = Connection::open(port).await
                && let Ok(answer) = line.exchange(&request).await
                && answer.status == 200
            {
                return Ok(began.elapsed());
            }
            tokio::time::sleep(Duration::from_micros(500)).await;
        }
        bail!("{} does not get ready", self.name)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a measurement took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spent {
    /// Time on the wall.
    pub(crate) elapsed: Duration,
    /// Processor time of the measured process.
    pub(crate) processor: Duration,
}

/// Measures both from now on.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    began: Instant,
    before: Duration,
}

impl Stopwatch {
    /// Starts.
    pub(crate) fn start(process: &Process) -> Result<Self> {
        Ok(Self { before: process.processor_time()?, began: Instant::now() })
    }

    /// Stops. The process has to be the same.
    pub(crate) fn stop(self, process: &Process) -> Result<Spent> {
        let elapsed = self.began.elapsed();
        Ok(Spent { elapsed, processor: process.processor_time()?.saturating_sub(self.before) })
    }
}

/// Resident memory of a process, in bytes.
pub(crate) fn resident(process: u32) -> Result<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_ascii_whitespace().next());
    Ok(kibibytes.context("no VmRSS")?.parse::<u64>()? * 1024)
}

/// A program of the same build.
pub(crate) fn beside_us(name: &str) -> Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(name);
    if !path.is_file() {
        bail!(
            "there is no {}: build it first, with `cargo build --release -p {name}`",
            path.display()
        );
    }
    Ok(path)
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
