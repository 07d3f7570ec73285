//! The bounded pool in which hashes are computed, off the async threads.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tokio::{sync::Semaphore, task};

use crate::{Error, Settings};

/// What the pool is doing and has done: for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Hashes being computed, or about to be.
    pub running: usize,
    /// Callers waiting for their turn.
    pub waiting: usize,
    /// Hashes begun since the start, of real and of nobody's passwords alike.
    pub computed: u64,
    /// Calls refused as [`Error::Busy`] since the start.
    pub refused: u64,
}

/// At most `at_once` threads compute and at most `waiting` callers wait for one.
pub(crate) struct Pool {
    settings: Settings,
    /// One for each caller that computes or waits.
    places: Arc<Semaphore>,
    /// One for each caller that computes.
    turns: Arc<Semaphore>,
    computed: Arc<AtomicU64>,
    refused: AtomicU64,
}

impl Pool {
    /// A pool of checked settings.
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings,
            places: Arc::new(Semaphore::new(settings.at_once + settings.waiting)),
            turns: Arc::new(Semaphore::new(settings.at_once)),
            computed: Arc::default(),
            refused: AtomicU64::new(0),
        }
    }

    /// Does `work` on a thread of its own when its turn comes; refuses at once if all places are
    /// taken. Who stops waiting frees the place; work that has its turn keeps it to its end, even
    /// when nobody waits for the result any more, or giving up early would get round the bound.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| {
            self.refused.fetch_add(1, Ordering::Relaxed);
            Error::Busy
        })?;
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| Error::Stopped)?;
        let computed = Arc::clone(&self.computed);
        let thread = task::spawn_blocking(move || {
            let _held = (place, turn);
            computed.fetch_add(1, Ordering::Relaxed);
            work()
        });
        thread.await.map_err(|_| Error::Stopped)
    }

    /// What it is doing and has done.
    pub(crate) fn load(&self) -> Load {
        let Settings { at_once, waiting, .. } = self.settings;
        let running = at_once - self.turns.available_permits();
        let inside = at_once + waiting - self.places.available_permits();
        Load {
            running,
            waiting: inside.saturating_sub(running),
            computed: self.computed.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
        }
    }
}
