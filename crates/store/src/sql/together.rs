//! Writing statements that need no others beside them, and happen to come at once: they share a
//! transaction, because waiting for the disk costs more than all of them.

use std::error::Error as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot::{self, Receiver, Sender};

use super::driver::Values;
use super::statements::Statements;
use crate::error::{Error, Result};

/// The statements that wait for the writer's turn.
#[derive(Default)]
pub(super) struct Waiting {
    singles: Mutex<Vec<Single>>,
    tickets: AtomicU64,
}

struct Single {
    ticket: u64,
    text: &'static str,
    values: Values,
    done: Sender<Result<u64>>,
}

impl Waiting {
    /// Adds a statement; whoever has the next turn runs it, unless it has been withdrawn or the
    /// receiver is gone by then.
    pub(super) fn add(&self, text: &'static str, values: Values) -> (u64, Receiver<Result<u64>>) {
        let (done, outcome) = oneshot::channel();
        let ticket = self.tickets.fetch_add(1, Ordering::Relaxed);
        self.lock().push(Single { ticket, text, values, done });
        (ticket, outcome)
    }

    /// Takes a statement back. Whether it still waited: nobody will run it then.
    pub(super) fn withdraw(&self, ticket: u64) -> bool {
        let mut waiting = self.lock();
        let place = waiting.iter().position(|single| single.ticket == ticket);
        place.map(|place| waiting.remove(place)).is_some()
    }

    /// Runs what waits. A statement that fails by itself leaves the others as they are.
    pub(super) fn run(&self, writer: &mut Statements) {
        let mut waiting = std::mem::take(&mut *self.lock());
        waiting.retain(|single| !single.done.is_closed());
        if waiting.is_empty() {
            return;
        }
        let touched = writer.begin().map(|()| {
            let each = |single: &Single| writer.execute(single.text, &single.values);
            waiting.iter().map(each).collect::<Vec<_>>()
        });
        match touched.and_then(|touched| writer.commit().map(|()| touched)) {
            Ok(touched) => {
                for (single, touched) in waiting.into_iter().zip(touched) {
                    single.end(touched);
                }
            }
            Err(error) => {
                writer.roll_back();
                for single in waiting {
                    single.end(Err(same(&error)));
                }
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Single>> {
        self.singles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Single {
    fn end(self, outcome: Result<u64>) {
        // Nobody may be waiting any more.
        drop(self.done.send(outcome));
    }
}

/// What the beginning or the end of the transaction came to, for one more of those who shared it.
fn same(error: &Error) -> Error {
    let why = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    match error {
        Error::Unavailable(_) => Error::Unavailable(why.into()),
        _ => Error::Database(sqlx::Error::AnyDriverError(why.into())),
    }
}
