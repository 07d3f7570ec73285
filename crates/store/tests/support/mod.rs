//! An empty database for each test: SQLite in memory, SQLite in a file, PostgreSQL where
//! `HUFU_TEST_POSTGRES` says.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use store::DatabaseUrl;

/// The three ways to keep durable state.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Engine {
    SqliteMemory,
    SqliteFile,
    Postgres,
}

/// Makes a test of each case for each engine. A case is an async function of [`DatabaseUrl`].
macro_rules! each_engine {
    ($($case:ident,)*) => {
        each_engine! { @engine sqlite_memory SqliteMemory $($case)* }
        each_engine! { @engine sqlite_file SqliteFile $($case)* }
        each_engine! { @engine postgres Postgres $($case)* }
    };
    (@engine $module:ident $engine:ident $($case:ident)*) => {
        mod $module {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $case() {
                    crate::support::run(crate::support::Engine::$engine, super::$case).await;
                }
            )*
        }
    };
}
pub(crate) use each_engine;

/// Runs a case on a database of its own, which is gone afterwards, whatever became of the case.
pub(crate) async fn run<F>(engine: Engine, case: impl FnOnce(DatabaseUrl) -> F)
where
    F: Future<Output = store::Result<()>> + Send + 'static,
{
    let name = unused_name();
    match engine {
        Engine::SqliteMemory => case(DatabaseUrl::SqliteMemory(name)).await.unwrap(),
        Engine::SqliteFile => {
            let folder = tempfile::tempdir().unwrap();
            case(DatabaseUrl::SqliteFile(folder.path().join("hufu.db"))).await.unwrap();
        }
        Engine::Postgres => {
            let mut url = server();
            let mut connection = PgConnection::connect(url.as_str()).await.unwrap();
            let create = AssertSqlSafe(format!("CREATE DATABASE {name}"));
            connection.execute(create).await.unwrap();
            url.set_path(&name);
            let outcome = tokio::spawn(case(DatabaseUrl::Postgres(url.into()))).await;
            let drop = AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"));
            connection.execute(drop).await.unwrap();
            match outcome {
                Ok(result) => result.unwrap(),
                Err(panic) => std::panic::resume_unwind(panic.into_panic()),
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the test command names its PostgreSQL this way")]
fn server() -> url::Url {
    std::env::var("HUFU_TEST_POSTGRES")
        .expect("set HUFU_TEST_POSTGRES to the URL of a PostgreSQL server on which databases can be made, as the README's test command does")
        .parse()
        .expect("HUFU_TEST_POSTGRES is a URL")
}

fn unused_name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos();
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("hufu_test_{}_{now}_{next}", std::process::id())
}

/// Connections of the test's own to a SQLite database.
pub(crate) fn beside(options: &SqliteConnectOptions) -> SqlitePool {
    SqlitePool::connect_lazy_with(options.clone())
}
