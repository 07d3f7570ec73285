//! Writing statements that need no others beside them, and happen to come at once: they share a
//! transaction, because waiting for the disk costs more than all of them.

use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot::{self, Receiver, Sender};

use super::driver::Values;
use super::statements::Statements;
use crate::error::{Error, Result};

/// The statements that wait for the writer's turn.
#[derive(Debug, Default)]
pub(super) struct Waiting(Mutex<Vec<Single>>);

#[derive(Debug)]
struct Single {
    text: &'static str,
    values: Values,
    done: Sender<Result<u64>>,
}

impl Waiting {
    /// Adds a statement; whoever has the next turn runs it, unless the receiver is gone by then.
    pub(super) fn add(&self, text: &'static str, values: Values) -> Receiver<Result<u64>> {
        let (done, outcome) = oneshot::channel();
        self.lock().push(Single { text, values, done });
        outcome
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
        // After a fault of the disk the transaction is over, and its end fails.
        match touched.and_then(|touched| writer.commit().map(|()| touched)) {
            Ok(touched) => {
                for (single, touched) in waiting.into_iter().zip(touched) {
                    single.end(touched);
                }
            }
            Err(error) => {
                writer.roll_back();
                let why = format!("{error}: {:?}", std::error::Error::source(&error));
                for single in waiting {
                    single.end(Err(Error::Unavailable(why.clone().into())));
                }
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Single>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Single {
    fn end(self, outcome: Result<u64>) {
        // Nobody may be waiting any more.
        drop(self.done.send(outcome));
    }
}
