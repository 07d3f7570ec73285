//! Two databases, one text. The only file that knows that there are two.
//!
//! A statement is written once, in the SQL that SQLite and PostgreSQL share, with `$1 … $n`
//! placeholders. What belongs to a tenant runs through a [`Scope`](crate::Scope), which binds the tenant as `$1`
//! by itself and takes only texts that name it: [`sql!`](macro@crate::sql) checks that while compiling.

mod driver;
mod never;
mod sqlite;
mod statements;
mod together;

use std::path::PathBuf;
use std::time::Duration;

use sqlx::postgres::{
    PgArguments, PgConnectOptions, PgConnection, PgPool, PgPoolOptions, PgRow, Postgres,
};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{Arguments as _, Connection as _, Encode, Executor as _, FromRow, Type};

use self::driver::{Rusqlite, Values};
use self::sqlite::{Sqlite, SqlitePlace, Writing};
use self::statements::BUSY_TIMEOUT;
use crate::error::{Error, Result};

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");

/// A value that both engines can bind.
pub(crate) trait Value:
    for<'q> Encode<'q, Rusqlite>
    + Type<Rusqlite>
    + for<'q> Encode<'q, Postgres>
    + Type<Postgres>
    + Send
    + 'static
{
}
impl<T> Value for T where
    T: for<'q> Encode<'q, Rusqlite>
        + Type<Rusqlite>
        + for<'q> Encode<'q, Postgres>
        + Type<Postgres>
        + Send
        + 'static
{
}

/// A row that both engines can decode; `#[derive(sqlx::FromRow)]` suffices.
pub(crate) trait Record:
    for<'r> FromRow<'r, driver::Row> + for<'r> FromRow<'r, PgRow> + Send + Unpin + 'static
{
}
impl<T> Record for T where
    T: for<'r> FromRow<'r, driver::Row> + for<'r> FromRow<'r, PgRow> + Send + Unpin + 'static
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

/// An open database: connections to one of the two engines.
#[derive(Debug, Clone)]
pub enum Database {
    /// SQLite.
    Sqlite {
        /// The connections.
        sqlite: Sqlite,
        /// How sqlx connects to it, for the migrations.
        options: Box<SqliteConnectOptions>,
    },
    /// PostgreSQL.
    Postgres(PgPool),
}

impl Database {
    /// Opens the database. `connections` bounds the pool (PostgreSQL) or the threads that read
    /// (SQLite).
    pub async fn open(url: &DatabaseUrl, connections: u32) -> Result<Self> {
        match url {
            DatabaseUrl::SqliteFile(path) => {
                let options = SqliteConnectOptions::new().filename(path);
                Self::open_sqlite(SqlitePlace::Disk(path.clone()), options, connections).await
            }
            DatabaseUrl::SqliteMemory(name) => {
                let options = SqliteConnectOptions::new().vfs("memdb").filename(format!("/{name}"));
                Self::open_sqlite(SqlitePlace::Memory(name.clone()), options, connections).await
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

    async fn open_sqlite(
        place: SqlitePlace,
        options: SqliteConnectOptions,
        connections: u32,
    ) -> Result<Self> {
        // More threads than processors only switch between them.
        let processors = std::thread::available_parallelism().map_or(2, usize::from).max(2);
        let threads = usize::try_from(connections).unwrap_or(processors).clamp(1, processors);
        let sqlite = retried(async || Sqlite::open(place.clone(), threads)).await?;
        let options = Box::new(options.foreign_keys(true).busy_timeout(BUSY_TIMEOUT));
        Ok(Self::Sqlite { sqlite, options })
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
            Self::Sqlite { options, .. } => {
                let pool = SqlitePoolOptions::new().max_connections(1);
                let pool = pool.connect_with((**options).clone()).await?;
                let outcome = retried(|| MIGRATIONS.run(&pool)).await.map_err(Error::Migration);
                let told = sqlx::raw_sql(STATISTICS).execute(&pool).await;
                pool.close().await;
                outcome.and(told.map(drop).map_err(Error::from))
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
        Query::new(
            text,
            match self {
                Self::Sqlite { sqlite, .. } => On::Sqlite(sqlite, Values::default()),
                Self::Postgres(pool) => On::Pool(pool, PgArguments::default()),
            },
        )
    }

    /// Begins a writing transaction.
    pub(crate) async fn begin(&self) -> Result<Transaction> {
        Ok(match self {
            Self::Sqlite { sqlite, .. } => Transaction::Sqlite(sqlite.begin().await?),
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
            Self::Sqlite { sqlite, .. } => sqlite.close().await,
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

/// What SQLite is told of its indexes. Without statistics it takes a tenant for ten rows and reads all
/// of them, where two values that are asked for have indexes of their own; those of a young database
/// would say the same. So: a hundred thousand rows for a tenant, ten for what is asked for within it.
/// In one transaction, after which every connection reads its schema, and this, anew.
const STATISTICS: &str = "
    BEGIN IMMEDIATE;
    DROP TABLE IF EXISTS sqlite_stat1;
    PRAGMA analysis_limit = 1;
    ANALYZE;
    DELETE FROM sqlite_stat1;
    INSERT INTO sqlite_stat1 (tbl, idx, stat)
        SELECT t.name, i.name, '1000000' || group_concat(CASE
            WHEN c.seqno = 0 AND c.name = 'tenant_id' THEN ' 100000'
            WHEN i.\"unique\" AND c.seqno = (SELECT max(seqno) FROM pragma_index_info(i.name))
                THEN ' 1'
            ELSE ' 10' END, '' ORDER BY c.seqno)
        FROM sqlite_schema t JOIN pragma_index_list(t.name) i JOIN pragma_index_info(i.name) c
        WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' GROUP BY t.name, i.name;
    COMMIT;";

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

/// A writing transaction. Dropped without [`commit`](Self::commit), it rolls back.
pub(crate) enum Transaction {
    Sqlite(Writing),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

impl Transaction {
    pub(crate) fn query(&mut self, text: &'static str) -> Query<'_> {
        Query::new(
            text,
            match self {
                Self::Sqlite(tx) => On::SqliteTransaction(tx, Values::default()),
                Self::Postgres(tx) => On::PostgresTransaction(tx, PgArguments::default()),
            },
        )
    }

    pub(crate) async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}

/// Where a statement runs, and the values that are bound to it.
enum On<'t> {
    Sqlite(&'t Sqlite, Values),
    SqliteTransaction(&'t mut Writing, Values),
    Pool(&'t PgPool, PgArguments),
    PostgresTransaction(&'t mut PgConnection, PgArguments),
}

/// A statement with its values, about to run.
pub(crate) struct Query<'t> {
    text: &'static str,
    on: On<'t>,
    planned_anew: bool,
    failed: Option<sqlx::error::BoxDynError>,
}

/// Runs `$sqlite` or `$postgres`, as the query is for the one or the other.
macro_rules! on_engine {
    ($query:expr, |$engine:ident, $values:ident| $sqlite:expr, $postgres:expr) => {{
        let query = $query;
        if let Some(error) = query.failed {
            return Err(Error::Database(sqlx::Error::Encode(error)));
        }
        match query.on {
            On::Sqlite($engine, $values) => $sqlite.await,
            On::SqliteTransaction($engine, $values) => $sqlite.await,
            On::Pool($engine, $values) => Ok($postgres.await?),
            On::PostgresTransaction($engine, $values) => Ok($postgres.await?),
        }
    }};
}

impl<'t> Query<'t> {
    fn new(text: &'static str, on: On<'t>) -> Self {
        Self { text, on, planned_anew: false, failed: None }
    }

    /// Binds the next placeholder.
    pub(crate) fn bind<V: Value>(mut self, value: V) -> Self {
        let added = match &mut self.on {
            On::Sqlite(_, values) | On::SqliteTransaction(_, values) => values.add(value),
            On::Pool(_, values) | On::PostgresTransaction(_, values) => values.add(value),
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
        on_engine!(
            self,
            |engine, values| engine.optional(text, values),
            sqlx::query_as_with(text, values).fetch_optional(engine)
        )
    }

    /// The only row.
    pub(crate) async fn one<R: Record>(self) -> Result<R> {
        self.optional().await?.ok_or(Error::Database(sqlx::Error::RowNotFound))
    }

    /// Every row.
    pub(crate) async fn all<R: Record>(self) -> Result<Vec<R>> {
        let (text, kept) = (self.text, !self.planned_anew);
        on_engine!(
            self,
            |engine, values| engine.all(text, values),
            sqlx::query_as_with(text, values).persistent(kept).fetch_all(engine)
        )
    }

    /// Runs a statement for its effect; the number of rows it touched.
    pub(crate) async fn execute(self) -> Result<u64> {
        let text = self.text;
        on_engine!(self, |engine, values| engine.execute(text, values), async {
            let done = sqlx::query_with(text, values).execute(engine).await?;
            Ok::<_, sqlx::Error>(done.rows_affected())
        })
    }
}
