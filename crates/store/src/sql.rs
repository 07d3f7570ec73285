//! Two databases, one text. The only file that knows that there are two.
//!
//! A statement is written once, in the SQL that SQLite and PostgreSQL share, with `$1 … $n`
//! placeholders. What belongs to a tenant runs through a [`Scope`](crate::Scope), which binds the tenant as `$1`
//! by itself and takes only texts that name it: [`sql!`](macro@crate::sql) checks that while compiling.

mod readers;

use std::path::PathBuf;
use std::time::Duration;

use sqlx::postgres::{PgArguments, PgConnectOptions, PgPool, PgPoolOptions, PgRow, Postgres};
use sqlx::sqlite::{
    Sqlite, SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePool,
    SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{Arguments as _, Connection as _, Encode, Executor as _, FromRow, Type};

use self::readers::Readers;
use crate::error::{Error, Result};

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");

/// A value that both engines can bind.
pub(crate) trait Value:
    for<'q> Encode<'q, Sqlite>
    + Type<Sqlite>
    + for<'q> Encode<'q, Postgres>
    + Type<Postgres>
    + Send
    + 'static
{
}
impl<T> Value for T where
    T: for<'q> Encode<'q, Sqlite>
        + Type<Sqlite>
        + for<'q> Encode<'q, Postgres>
        + Type<Postgres>
        + Send
        + 'static
{
}

/// A row that both engines can decode; `#[derive(sqlx::FromRow)]` suffices.
pub(crate) trait Record:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}
impl<T> Record for T where
    T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

/// Where the durable state lives.
#[derive(Debug, Clone)]
pub enum DatabaseUrl {
    /// A file, in WAL mode, every commit flushed to the disk.
    SqliteFile(PathBuf),
    /// In this process's memory, gone with it. The name keeps several of them apart.
    SqliteMemory(String),
    /// `postgres://user:password@host/database`, or `…?host=/socket/folder` for a unix socket.
    Postgres(String),
}

/// An open database: pools of connections to one of the two engines.
#[derive(Debug, Clone)]
pub enum Database {
    /// One connection writes, some read: SQLite has one writer at a time, and waiting for it in
    /// the pool's queue is cheaper and fairer than busy-waiting on the file's lock.
    Sqlite {
        /// The writer.
        write: SqlitePool,
        /// The readers.
        read: Readers,
    },
    /// PostgreSQL.
    Postgres(PgPool),
}

impl Database {
    /// Opens the database. `connections` bounds the pool (PostgreSQL) or the readers (SQLite).
    pub async fn open(url: &DatabaseUrl, connections: u32) -> Result<Self> {
        match url {
            DatabaseUrl::SqliteFile(path) => {
                let options = sqlite_options()
                    .filename(path)
                    .create_if_missing(true)
                    .journal_mode(SqliteJournalMode::Wal)
                    // A session that was ended must not come back after a power cut.
                    .synchronous(SqliteSynchronous::Full);
                Self::open_sqlite(options, connections).await
            }
            DatabaseUrl::SqliteMemory(name) => {
                let options = sqlite_options().vfs("memdb").filename(format!("/{name}"));
                Self::open_sqlite(options, connections).await
            }
            DatabaseUrl::Postgres(url) => {
                let options: PgConnectOptions = url
                    .parse()
                    .map_err(|_| Error::Settings("database.url is not a URL of PostgreSQL"))?;
                let pool = PgPoolOptions::new()
                    .max_connections(connections.max(2))
                    .acquire_timeout(ACQUIRE_TIMEOUT)
                    // A statement of its own, not a parameter of the connection: pools between us
                    // and the server know that.
                    .after_connect(|connection, _| {
                        Box::pin(async move { connection.execute(TIME_OUTS).await.map(drop) })
                    })
                    // A connection that lay idle may have died with the server's restart; asking
                    // each time would cost a round trip a statement.
                    .test_before_acquire(false)
                    .before_acquire(|connection, state| {
                        Box::pin(async move {
                            Ok(state.idle_for < IDLE || connection.ping().await.is_ok())
                        })
                    })
                    .connect_with(options)
                    .await?;
                Ok(Self::Postgres(pool))
            }
        }
    }

    async fn open_sqlite(options: SqliteConnectOptions, connections: u32) -> Result<Self> {
        let writer = || {
            SqlitePoolOptions::new()
                .max_connections(1)
                .acquire_timeout(ACQUIRE_TIMEOUT)
                .test_before_acquire(false)
                .min_connections(1)
                .idle_timeout(None)
                .max_lifetime(None)
        };
        let write = retried(|| writer().connect_with(options.clone())).await?;
        // Each connection is a thread: more than processors only switch between them.
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        let readers = connections.clamp(1, u32::try_from(processors).unwrap_or(2).max(2));
        let read = Readers::open(options, readers, ACQUIRE_TIMEOUT).await?;
        Ok(Self::Sqlite { write, read })
    }

    /// Brings the schema up to date. Safe when several nodes do it at once.
    pub async fn migrate(&self) -> Result<()> {
        match self {
            Self::Postgres(pool) => {
                // Not by the pool: a migration takes its time, and waits for that of another node,
                // because sqlx holds an advisory lock meanwhile.
                let patient = PgPoolOptions::new().max_connections(1).after_connect(|own, _| {
                    Box::pin(async { own.execute("SET statement_timeout = 0").await.map(drop) })
                });
                let own = patient.connect_with((*pool.connect_options()).clone()).await?;
                let outcome = MIGRATIONS.run(&own).await.map_err(Error::Migration);
                own.close().await;
                outcome
            }
            Self::Sqlite { write, .. } => {
                retried(|| MIGRATIONS.run(write)).await.map_err(Error::Migration)
            }
        }
    }

    /// Whether every migration that this build knows has been applied.
    pub async fn is_migrated(&self) -> Result<bool> {
        #[derive(FromRow)]
        struct Applied {
            version: i64,
        }
        let applied: Vec<Applied> = match self
            .query("SELECT version FROM _sqlx_migrations WHERE success = TRUE")
            .all()
            .await
        {
            Ok(rows) => rows,
            Err(Error::Unavailable(source)) => return Err(Error::Unavailable(source)),
            Err(_) => return Ok(false),
        };
        Ok(MIGRATIONS.iter().all(|known| applied.iter().any(|row| row.version == known.version)))
    }

    /// A statement outside any tenant; for this crate's own global tables only.
    pub(crate) fn query(&self, text: &'static str) -> Query<'_> {
        Query::new(Target::Pool(self), text)
    }

    /// Begins a writing transaction.
    pub(crate) async fn begin(&self) -> Result<Transaction> {
        Ok(match self {
            // IMMEDIATE: a transaction that reads first and writes later would otherwise fail with
            // "database is locked" when another one wrote meanwhile.
            Self::Sqlite { write, .. } => {
                Transaction::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?)
            }
            Self::Postgres(pool) => Transaction::Postgres(pool.begin().await?),
        })
    }

    /// Asks the database whether it answers.
    pub async fn ping(&self) -> Result<()> {
        #[derive(FromRow)]
        struct One {
            #[expect(dead_code, reason = "only the arrival of the row counts")]
            one: i32,
        }
        self.query("SELECT 1 AS one").one::<One>().await.map(|_| ())
    }

    /// Closes all connections; what runs is finished first.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { write, read } => {
                read.close();
                write.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long PostgreSQL works on a statement of ours, and waits for the next one of a transaction: what
/// takes longer has gone wrong, and would hold locks that others wait for.
const TIME_OUTS: &str =
    "SET statement_timeout = '30s'; SET idle_in_transaction_session_timeout = '30s'";
/// After lying idle for so long, a connection is asked whether it still is one.
const IDLE: Duration = Duration::from_millis(500);

/// Does what makes a SQLite file, up to six times: it has no lock to wait for while several do it at
/// once, and whoever comes second finds it done on a later try.
async fn retried<T, E, F>(mut work: impl FnMut() -> F) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
{
    for _ in 0..5 {
        if let Ok(done) = work().await {
            return Ok(done);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    work().await
}

fn sqlite_options() -> SqliteConnectOptions {
    SqliteConnectOptions::new().foreign_keys(true).busy_timeout(Duration::from_secs(5))
}

/// A writing transaction. Dropped without [`commit`](Self::commit), it rolls back.
pub(crate) enum Transaction {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

impl Transaction {
    pub(crate) fn query(&mut self, text: &'static str) -> Query<'_> {
        Query::new(Target::Transaction(self), text)
    }

    pub(crate) async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}

enum Target<'t> {
    Pool(&'t Database),
    Transaction(&'t mut Transaction),
}

enum Bound {
    Sqlite(SqliteArguments),
    Postgres(PgArguments),
}

/// A statement with its values, about to run.
pub(crate) struct Query<'t> {
    target: Target<'t>,
    text: &'static str,
    bound: Bound,
    planned_anew: bool,
    failed: Option<sqlx::error::BoxDynError>,
}

/// Runs `$call` on whichever engine the query is for. SQLite reads by a reader.
macro_rules! on_engine {
    ($query:expr, |$args:ident, $executor:ident| $call:expr) => {
        on_engine!($query, |$args, $executor| $call, read, |pool| {
            let mut reader = pool.take().await?;
            let $executor = &mut *reader;
            let outcome = $call;
            reader.give_back(&outcome);
            outcome
        })
    };
    ($query:expr, |$args:ident, $executor:ident| $call:expr, $sqlite:ident, |$pool:ident| $own:expr) => {{
        let query = $query;
        if let Some(error) = query.failed {
            return Err(Error::Database(sqlx::Error::Encode(error)));
        }
        match (query.target, query.bound) {
            (Target::Pool(Database::Sqlite { $sqlite: $pool, .. }), Bound::Sqlite($args)) => $own,
            (Target::Pool(Database::Postgres(pool)), Bound::Postgres($args)) => {
                let $executor = pool;
                $call
            }
            (Target::Transaction(Transaction::Sqlite(tx)), Bound::Sqlite($args)) => {
                let $executor = &mut **tx;
                $call
            }
            (Target::Transaction(Transaction::Postgres(tx)), Bound::Postgres($args)) => {
                let $executor = &mut **tx;
                $call
            }
            // `Query::new` chooses both from the same target.
            _ => Err(sqlx::Error::WorkerCrashed),
        }
        .map_err(Error::from)
    }};
}

impl<'t> Query<'t> {
    fn new(target: Target<'t>, text: &'static str) -> Self {
        let bound = match &target {
            Target::Pool(Database::Sqlite { .. }) | Target::Transaction(Transaction::Sqlite(_)) => {
                Bound::Sqlite(SqliteArguments::default())
            }
            Target::Pool(Database::Postgres(_)) | Target::Transaction(Transaction::Postgres(_)) => {
                Bound::Postgres(PgArguments::default())
            }
        };
        Self { target, text, bound, planned_anew: false, failed: None }
    }

    /// Binds the next placeholder.
    pub(crate) fn bind<V: Value>(mut self, value: V) -> Self {
        let added = match &mut self.bound {
            Bound::Sqlite(arguments) => sqlx::Arguments::add(arguments, value),
            Bound::Postgres(arguments) => arguments.add(value),
        };
        if let Err(error) = added {
            self.failed.get_or_insert(error);
        }
        self
    }

    /// Has the engine plan the statement for these very values, each time. For a list with many
    /// filters that may be missing: PostgreSQL's one plan for all of them would use no index.
    pub(crate) fn planned_anew(mut self) -> Self {
        self.planned_anew = true;
        self
    }

    /// The row, if there is one.
    pub(crate) async fn optional<R: Record>(self) -> Result<Option<R>> {
        let text = self.text;
        on_engine!(self, |arguments, executor| {
            sqlx::query_as_with(text, arguments).fetch_optional(executor).await
        })
    }

    /// The only row.
    pub(crate) async fn one<R: Record>(self) -> Result<R> {
        let text = self.text;
        on_engine!(self, |arguments, executor| {
            sqlx::query_as_with(text, arguments).fetch_one(executor).await
        })
    }

    /// Every row.
    pub(crate) async fn all<R: Record>(self) -> Result<Vec<R>> {
        let (text, kept) = (self.text, !self.planned_anew);
        on_engine!(self, |arguments, executor| {
            sqlx::query_as_with(text, arguments).persistent(kept).fetch_all(executor).await
        })
    }

    /// Runs a statement for its effect; the number of rows it touched.
    pub(crate) async fn execute(self) -> Result<u64> {
        let text = self.text;
        on_engine!(
            self,
            |arguments, executor| {
                sqlx::query_with(text, arguments)
                    .execute(executor)
                    .await
                    .map(|done| done.affected())
            },
            write,
            |pool| {
                let done = sqlx::query_with(text, arguments).execute(pool).await;
                done.map(|done| done.affected())
            }
        )
    }
}

/// Rows touched, by whichever engine.
trait Affected {
    fn affected(&self) -> u64;
}
impl Affected for sqlx::sqlite::SqliteQueryResult {
    fn affected(&self) -> u64 {
        self.rows_affected()
    }
}
impl Affected for sqlx::postgres::PgQueryResult {
    fn affected(&self) -> u64 {
        self.rows_affected()
    }
}
