//! The operator's settings: what a hash costs and how many there may be.

use std::{fmt::Display, ops::RangeInclusive, thread};

use argon2::Params;

use crate::Error;

/// Bytes of a hash.
pub(crate) const OUTPUT_LEN: usize = 32;

/// Callers that may wait by default, per thread: half a second, at 15 ms a hash.
const WAITING_PER_THREAD: usize = 32;

/// What a hash costs and how many there may be.
///
/// The ranges are those in which the algorithm works, so that a test can be quick; a real
/// installation should not go below the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Memory of one hash in KiB: 19456 (19 MiB). At least 8 for each of `parallelism`, at most
    /// 4194304 (4 GiB).
    pub memory_kib: u32,
    /// Passes over that memory: 2. From 1 to 1000.
    pub iterations: u32,
    /// Lanes of that memory: 1. From 1 to 64. They are computed one after another.
    pub parallelism: u32,
    /// Hashes computed at the same time: as many as there are processors. From 1 to 512. Together
    /// they take `at_once` × `memory_kib`.
    pub at_once: usize,
    /// Callers that may wait for their turn: 32 for each of `at_once`. From 0 to 100000.
    pub waiting: usize,
}

impl Default for Settings {
    /// The OWASP Password Storage Cheat Sheet's parameters of Argon2id.
    fn default() -> Self {
        let at_once = thread::available_parallelism().map_or(1, usize::from).min(512);
        Self {
            memory_kib: 19 * 1024,
            iterations: 2,
            parallelism: 1,
            at_once,
            waiting: WAITING_PER_THREAD * at_once,
        }
    }
}

impl Settings {
    /// Checks every setting, and gives Argon2's parameters.
    pub(crate) fn params(&self) -> Result<Params, Error> {
        within("parallelism", self.parallelism, 1..=64)?;
        within("iterations", self.iterations, 1..=1000)?;
        within("at_once", self.at_once, 1..=512)?;
        within("waiting", self.waiting, 0..=100_000)?;
        let least = 8 * self.parallelism;
        if self.memory_kib < least {
            let remedy = format!(
                "is {}; it must be at least {least}, 8 for each of parallelism: raise memory_kib \
                 (19456 is recommended), or lower parallelism",
                self.memory_kib
            );
            return Err(Error::Settings { setting: "memory_kib", remedy });
        }
        within("memory_kib", self.memory_kib, least..=4 * 1024 * 1024)?;
        Params::new(self.memory_kib, self.iterations, self.parallelism, Some(OUTPUT_LEN))
            .map_err(|error| Error::Argon2(error.into()))
    }
}

/// That `value` is in `range`.
fn within<T: PartialOrd + Display + Copy>(
    setting: &'static str,
    value: T,
    range: RangeInclusive<T>,
) -> Result<(), Error> {
    if range.contains(&value) {
        return Ok(());
    }
    let (least, most) = range.into_inner();
    let what = if value < least { "raise" } else { "lower" };
    let remedy = format!("is {value}; it must be from {least} to {most}: {what} {setting}");
    Err(Error::Settings { setting, remedy })
}
