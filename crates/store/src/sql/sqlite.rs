//! SQLite, by rusqlite: one connection writes, some read.
//!
//! A driver that gives each connection a thread of its own goes there and back for each statement,
//! which costs twice what a small statement does. Here one row is read where it is asked for: a
//! file's readers wait for nobody (its journal is WAL), and nor does a transaction that has begun.
//! What may take longer runs on a thread for what blocks: lists, what writes by itself, the begin and
//! the end of a transaction; and every read in memory, where readers do wait for the writer.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use sqlx::FromRow;
use tokio::runtime::Handle;
use tokio::sync::{OwnedMappedMutexGuard, OwnedMutexGuard, Semaphore};
use tokio::task::coop;
use tokio::time::timeout;

use super::driver::{Row, Values};
use super::statements::Statements;
use super::together::Waiting;
use crate::error::Result;

/// An open database. Cheap to clone.
#[derive(Clone)]
pub struct Sqlite(Arc<Inner>);

/// Nothing of what is in it.
impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sqlite").field(&self.0.place).finish()
    }
}

struct Inner {
    place: SqlitePlace,
    idle: Mutex<Vec<Statements>>,
    /// How many threads may read at once, beside those that read in place.
    threads: Arc<Semaphore>,
    /// SQLite has one writer at a time, and waiting for it in a queue is cheaper and fairer than
    /// busy-waiting on the file's lock.
    writer: Arc<tokio::sync::Mutex<Option<Statements>>>,
    waiting: Waiting,
    /// Whose threads are used: those of whoever opened it. A worker's own are few, and hash passwords.
    runtime: Handle,
}

/// The writer's turn.
type Writer = OwnedMappedMutexGuard<Option<Statements>, Statements>;

/// Where a database is.
#[derive(Debug, Clone)]
pub(super) enum SqlitePlace {
    /// In a file.
    Disk(PathBuf),
    /// In this process's memory, under a name.
    Memory(String),
}

impl Sqlite {
    /// Opens a writer and a first reader; up to `at_most` threads will read at once.
    pub(super) fn open(place: SqlitePlace, at_most: usize) -> Result<Self> {
        let writer = Arc::new(tokio::sync::Mutex::new(Some(Statements::writer(&place)?)));
        let idle = Mutex::new(vec![Statements::reader(&place)?]);
        Ok(Self(Arc::new(Inner {
            place,
            idle,
            threads: Arc::new(Semaphore::new(at_most)),
            writer,
            waiting: Waiting::default(),
            runtime: Handle::current(),
        })))
    }

    /// The row that a reading statement finds, if there is one.
    pub(super) async fn optional<R>(&self, text: &'static str, values: Values) -> Result<Option<R>>
    where
        R: for<'r> FromRow<'r, Row> + Send + 'static,
    {
        if matches!(self.0.place, SqlitePlace::Memory(_)) {
            return self.reads(move |reader| reader.optional(text, &values)).await;
        }
        coop::consume_budget().await;
        self.0.reads(|reader| reader.optional(text, &values))
    }

    /// Every row that a reading statement finds.
    pub(super) async fn all<R>(&self, text: &'static str, values: Values) -> Result<Vec<R>>
    where
        R: for<'r> FromRow<'r, Row> + Send + 'static,
    {
        self.reads(move |reader| reader.all(text, &values)).await
    }

    /// Runs a writing statement by itself, or with others that wait as it does; the number of rows
    /// it touched.
    pub(super) async fn execute(&self, text: &'static str, values: Values) -> Result<u64> {
        let (ticket, mut outcome) = self.0.waiting.add(text, values);
        let gone = |_| sqlx::Error::WorkerCrashed;
        tokio::select! {
            biased;
            outcome = &mut outcome => return outcome.map_err(gone)?,
            writer = self.writer() => match writer {
                Ok(mut writer) => {
                    let inner = Arc::clone(&self.0);
                    on_a_thread(&self.0.runtime, move || inner.waiting.run(&mut writer)).await?;
                }
                // What somebody runs already is waited for: who is told that it failed will not
                // find it done.
                Err(error) if self.0.waiting.withdraw(ticket) => return Err(error),
                Err(_) => {}
            }
        }
        outcome.await.map_err(gone)?
    }

    /// Waits for the writer's turn. The transaction begins with its first statement.
    pub(super) async fn begin(&self) -> Result<Writing> {
        let writer = self.writer().await?;
        let turn = Some(Turn { writer, is_open: false });
        Ok(Writing { turn, runtime: self.0.runtime.clone() })
    }

    async fn writer(&self) -> Result<Writer> {
        let turn = timeout(super::ACQUIRE_TIMEOUT, Arc::clone(&self.0.writer).lock_owned()).await;
        let turn = turn.map_err(|_| sqlx::Error::PoolTimedOut)?;
        let open = OwnedMutexGuard::try_map(turn, Option::as_mut);
        Ok(open.map_err(|_| sqlx::Error::PoolClosed)?)
    }

    async fn reads<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Statements) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let turn =
            timeout(super::ACQUIRE_TIMEOUT, Arc::clone(&self.0.threads).acquire_owned()).await;
        let turn = turn.map_err(|_| sqlx::Error::PoolTimedOut)?;
        let turn = turn.map_err(|_| sqlx::Error::PoolClosed)?;
        let inner = Arc::clone(&self.0);
        on_a_thread(&self.0.runtime, move || {
            let outcome = inner.reads(work);
            drop(turn);
            outcome
        })
        .await?
    }

    /// Closes the connections; what runs is finished first.
    pub(super) async fn close(&self) {
        self.0.threads.close();
        drop(self.0.writer.lock().await.take());
        self.0.idle().clear();
    }
}

impl Inner {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Statements>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reads<T>(&self, work: impl FnOnce(&mut Statements) -> Result<T>) -> Result<T> {
        if self.threads.is_closed() {
            return Err(sqlx::Error::PoolClosed.into());
        }
        let waiting = self.idle().pop();
        let mut reader = waiting.map_or_else(|| Statements::reader(&self.place), Ok)?;
        let outcome = work(&mut reader);
        let mut idle = self.idle();
        if !self.threads.is_closed() {
            idle.push(reader);
        }
        outcome
    }
}

async fn on_a_thread<T: Send + 'static>(
    runtime: &Handle,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    Ok(runtime.spawn_blocking(work).await.map_err(|_| sqlx::Error::WorkerCrashed)?)
}

/// A writing transaction. Dropped without [`commit`](Self::commit), it rolls back.
pub(crate) struct Writing {
    turn: Option<Turn>,
    runtime: Handle,
}

/// The writer, as long as a transaction has it. It is on its way between the threads at times; if
/// nobody waits for it to come back, it rolls back where it is.
struct Turn {
    writer: Writer,
    is_open: bool,
}

impl Turn {
    fn open(&mut self) -> Result<()> {
        if !self.is_open {
            self.writer.begin()?;
            self.is_open = true;
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<()> {
        self.writer.commit()?;
        self.is_open = false;
        Ok(())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.is_open {
            self.writer.roll_back();
        }
    }
}

impl Writing {
    /// The row, if there is one.
    pub(super) async fn optional<R>(
        &mut self,
        text: &'static str,
        values: Values,
    ) -> Result<Option<R>>
    where
        R: for<'r> FromRow<'r, Row> + Send + 'static,
    {
        coop::consume_budget().await;
        match &mut self.turn {
            Some(turn) if turn.is_open => turn.writer.optional(text, &values),
            _ => self.on_a_thread(move |writer| writer.optional(text, &values)).await,
        }
    }

    /// Every row.
    pub(super) async fn all<R>(&mut self, text: &'static str, values: Values) -> Result<Vec<R>>
    where
        R: for<'r> FromRow<'r, Row> + Send + 'static,
    {
        self.on_a_thread(move |writer| writer.all(text, &values)).await
    }

    /// Runs a statement for its effect; the number of rows it touched.
    pub(super) async fn execute(&mut self, text: &'static str, values: Values) -> Result<u64> {
        self.on_a_thread(move |writer| writer.execute(text, &values)).await
    }

    async fn on_a_thread<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Statements) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let mut turn = self.turn.take().ok_or(sqlx::Error::WorkerCrashed)?;
        let (turn, outcome) = on_a_thread(&self.runtime, move || {
            let outcome = turn.open().and_then(|()| work(&mut turn.writer));
            (turn, outcome)
        })
        .await?;
        self.turn = Some(turn);
        outcome
    }

    /// Makes it last.
    pub(super) async fn commit(mut self) -> Result<()> {
        let mut turn = self.turn.take().ok_or(sqlx::Error::WorkerCrashed)?;
        if !turn.is_open {
            return Ok(());
        }
        on_a_thread(&self.runtime, move || turn.commit()).await?
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Database, DatabaseUrl};
    use super::*;

    #[derive(FromRow)]
    struct Step {
        detail: String,
    }

    const LOOK: &str = "EXPLAIN QUERY PLAN SELECT id FROM users
        WHERE tenant_id = $1 AND (username_key = $1 OR external_id_key = $1
        OR (email_verified AND email_key = $1) OR (phone_number_verified AND phone_key = $1))";

    /// What a connection knows of the indexes, it has read with the schema.
    #[tokio::test]
    async fn connections_that_were_open_before_learn_the_statistics() -> Result<()> {
        let folder = tempfile::tempdir().map_err(sqlx::Error::from)?;
        let url = DatabaseUrl::SqliteFile(folder.path().join("hufu.db"));
        let database = Database::open(&url, 1).await?;
        database.ping().await?;
        database.migrate().await?;
        let Database::Sqlite { sqlite, .. } = &database else { return Ok(()) };
        let bound = || Values(vec![rusqlite::types::Value::Null]);
        let mut writing = sqlite.begin().await?;
        for plan in [sqlite.all(LOOK, bound()).await?, writing.all(LOOK, bound()).await?] {
            let steps: Vec<String> = plan.into_iter().map(|step: Step| step.detail).collect();
            assert!(steps.iter().all(|step| !step.contains("(tenant_id=?)")), "{steps:?}");
        }
        Ok(())
    }
}
