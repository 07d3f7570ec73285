//! The connections that read a SQLite database.
//!
//! They are not in a pool of sqlx, which asks a connection for a sign of life whenever it takes it
//! back: a connection is a thread, and going there and back once more costs as much as a small
//! statement does.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{self, Metrics, Object, PoolError, RecycleResult};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Error};

/// The readers, opened as they are needed. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Readers(managed::Pool<Opener>);

#[derive(Debug)]
struct Opener(SqliteConnectOptions);

impl managed::Manager for Opener {
    type Type = SqliteConnection;
    type Error = Error;

    async fn create(&self) -> Result<SqliteConnection, Error> {
        self.0.connect().await
    }

    async fn recycle(&self, _: &mut SqliteConnection, _: &Metrics) -> RecycleResult<Error> {
        Ok(())
    }
}

/// A reader for one statement.
pub(super) struct Reader(Object<Opener>);

impl Readers {
    /// Up to `at_most` readers, which are waited for no longer than `patience`. One is opened now: a
    /// database in memory lives as long as a connection to it.
    pub(super) async fn open(
        options: SqliteConnectOptions,
        at_most: u32,
        patience: Duration,
    ) -> Result<Self, Error> {
        let pool = managed::Pool::builder(Opener(options))
            .max_size(usize::try_from(at_most).unwrap_or(usize::MAX))
            .wait_timeout(Some(patience))
            .runtime(Runtime::Tokio1)
            .build();
        let readers = Self(pool.map_err(|error| Error::Configuration(error.into()))?);
        readers.take().await?;
        Ok(readers)
    }

    /// The next reader that is free.
    pub(super) async fn take(&self) -> Result<Reader, Error> {
        self.0.get().await.map(Reader).map_err(|error| match error {
            PoolError::Timeout(_) => Error::PoolTimedOut,
            PoolError::Backend(error) => error,
            _ => Error::PoolClosed,
        })
    }

    /// Closes them; what runs is finished first.
    pub(super) fn close(&self) {
        self.0.close();
    }
}

impl Reader {
    /// Gives it back, unless its thread is gone.
    pub(super) fn give_back<T>(self, outcome: &Result<T, Error>) {
        if matches!(outcome, Err(Error::WorkerCrashed)) {
            drop(Object::take(self.0));
        }
    }
}

impl Deref for Reader {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.0
    }
}

impl DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.0
    }
}
