//! A database that takes no writes for a while (attack S3) says so, and goes on when it is over.

use std::time::Duration;

use futures_util::future::join_all;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, PgPool, SqliteConnection};
use store::secret::SecretHash;
use store::{Database, DatabaseUrl, Error, Result, Store, refresh_token, user};

use crate::support::{Engine, each_engine, run};
use crate::world::{HOUR, Sample, World, profile};

each_engine! {
    s3_a_database_that_takes_no_writes_is_unavailable_for_them,
    s3_a_closed_database_is_unavailable,
    s3_who_is_told_that_a_write_failed_does_not_find_it_done,
    a_write_that_nobody_waits_for_any_more_is_not_done_later,
}

/// The same state through connections that were opened now.
async fn reopened(world: &World, url: &DatabaseUrl) -> Result<Store> {
    Ok(Store { database: Database::open(url, 2).await?, ..world.store.clone() })
}

/// Keeps everybody else from writing: SQLite by the lock of a process beside us, PostgreSQL by being
/// read-only. Ended by [`let_write`].
async fn keep_from_writing(database: &Database) -> Option<SqliteConnection> {
    match database {
        Database::Sqlite { options, .. } => {
            let mut beside = SqliteConnection::connect_with(options).await.unwrap();
            beside.execute("BEGIN IMMEDIATE").await.unwrap();
            Some(beside)
        }
        Database::Postgres(pool) => {
            set_read_only(pool, "on").await;
            None
        }
    }
}

async fn let_write(database: &Database, lock: Option<SqliteConnection>) {
    if let Some(lock) = lock {
        lock.close().await.unwrap();
    }
    if let Database::Postgres(pool) = database {
        set_read_only(pool, "off").await;
    }
}

async fn set_read_only(pool: &PgPool, value: &str) {
    let text = "SELECT set_config('default_transaction_read_only', $1, false)";
    // On each of its connections.
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut connection = pool.acquire().await.unwrap();
        sqlx::query(text).bind(value).execute(&mut *connection).await.unwrap();
        held.push(connection);
    }
}

async fn s3_a_database_that_takes_no_writes_is_unavailable_for_them(
    url: DatabaseUrl,
) -> Result<()> {
    let world = World::open(url.clone()).await?;
    let of = world.sample("acme.example.com").await?;
    let store = reopened(&world, &url).await?;
    let lock = keep_from_writing(&store.database).await;
    let outcome = write(&store, &of).await;
    assert!(matches!(outcome, Err(Error::Unavailable(_))), "{outcome:?}");
    // In memory a lock keeps readers off as well.
    if !matches!(url, DatabaseUrl::SqliteMemory(_)) {
        assert!(user::find(&mut store.tenant(of.tenant.id), of.user).await?.is_some());
        store.ping().await?;
    }

    let_write(&store.database, lock).await;
    write(&store, &of).await?;
    assert!(user::find(&mut store.tenant(of.tenant.id), of.user).await?.is_some());
    Ok(())
}

/// Writes a row. SQLite refuses the transaction, PostgreSQL the statement.
async fn write(store: &Store, of: &Sample) -> Result<()> {
    let mut tx = store.begin(of.tenant.id).await?;
    user::create(&mut tx, &store.env, &profile()).await?;
    tx.commit().await
}

async fn s3_a_closed_database_is_unavailable(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url.clone()).await?;
    let of = world.sample("acme.example.com").await?;
    let store = reopened(&world, &url).await?;
    store.ping().await?;
    store.database.close().await;
    assert!(matches!(store.ping().await, Err(Error::Unavailable(_))));
    assert!(matches!(store.begin(of.tenant.id).await, Err(Error::Unavailable(_))));
    let found = user::find(&mut store.tenant(of.tenant.id), of.user).await;
    assert!(matches!(found, Err(Error::Unavailable(_))), "{found:?}");
    assert!(user::find(&mut world.store.tenant(of.tenant.id), of.user).await?.is_some());
    Ok(())
}

/// SQLite has one writer, and nothing but the disk to wait for.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn s3_postgresql_gives_up_what_takes_too_long() {
    run(Engine::Postgres, too_long).await;
}

async fn too_long(url: DatabaseUrl) -> Result<()> {
    let DatabaseUrl::Postgres(address) = &url else { unreachable!("it was asked for") };
    let mut outside = PgConnection::connect(address).await?;
    let name: String =
        sqlx::query_scalar("SELECT current_database()").fetch_one(&mut outside).await?;
    // A server that has little patience, which is not for migrations.
    let impatient = format!("ALTER DATABASE {name} SET statement_timeout = '1ms'");
    outside.execute(AssertSqlSafe(impatient)).await?;
    let world = World::open(url.clone()).await?;
    let of = world.sample("acme.example.com").await?;
    let Database::Postgres(pool) = &world.store.database else { unreachable!("it is one") };
    let mut held = Vec::new();
    for _ in 0..8 {
        let mut connection = pool.acquire().await?;
        for setting in ["statement_timeout", "idle_in_transaction_session_timeout"] {
            let value: String = sqlx::query_scalar("SELECT current_setting($1)")
                .bind(setting)
                .fetch_one(&mut *connection)
                .await?;
            assert_eq!(value, "30s", "{setting}");
        }
        // So that the test need not wait for so long.
        connection.execute("SET statement_timeout = '200ms'").await?;
        held.push(connection);
    }
    drop(held);
    let mut lock = outside.begin().await?;
    lock.execute("UPDATE users SET status = status").await?;
    let mut tx = world.store.begin(of.tenant.id).await?;
    let outcome = user::lock(&mut tx, of.user).await;
    assert!(matches!(outcome, Err(Error::Unavailable(_))), "{outcome:?}");
    drop(tx);
    lock.rollback().await?;
    let mut tx = world.store.begin(of.tenant.id).await?;
    assert!(user::lock(&mut tx, of.user).await?.is_some());
    tx.commit().await
}

/// The writes wait longer than a turn is waited for (three seconds) and less than SQLite waits for
/// another process's lock (five).
async fn s3_who_is_told_that_a_write_failed_does_not_find_it_done(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url.clone()).await?;
    let of = world.sample("acme.example.com").await?;
    let count = "SELECT count(*) FROM refresh_tokens";
    let before = world.count(count).await;
    let Database::Sqlite { options, .. } = &world.store.database else { return Ok(()) };
    let mut lock = SqliteConnection::connect_with(options).await.unwrap();
    lock.execute("BEGIN IMMEDIATE").await.unwrap();
    // They gather meanwhile, and one of them runs all.
    let tx = world.store.begin(of.tenant.id).await?;
    let writes: Vec<_> = (0..4)
        .map(|at: usize| {
            let (world, of) = (world.clone(), of.clone());
            tokio::spawn(async move {
                let (mut single, hash) = (world.store.single(of.tenant.id), at.to_string());
                let hash = SecretHash::of(&hash);
                refresh_token::create(&mut single, world.env(), of.grant, &hash, HOUR).await
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(tx);
    tokio::time::sleep(Duration::from_millis(3_700)).await;
    lock.close().await.unwrap();
    let outcomes = join_all(writes).await.into_iter().map(|outcome| outcome.unwrap());
    let done = outcomes.flatten().count();
    assert_eq!(world.count(count).await - before, i64::try_from(done).unwrap());
    // Positive control: the one that had its turn is done.
    assert!(done > 0);
    Ok(())
}

/// PostgreSQL writes at once; where there is a turn to wait for, whoever has gone is passed over.
async fn a_write_that_nobody_waits_for_any_more_is_not_done_later(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    if matches!(world.store.database, Database::Postgres(_)) {
        return Ok(());
    }
    let count = "SELECT count(*) FROM refresh_tokens";
    let before = world.count(count).await;
    let write = |token: &'static str| {
        let (world, of) = (world.clone(), of.clone());
        tokio::spawn(async move {
            let (mut single, hash) = (world.store.single(of.tenant.id), SecretHash::of(token));
            refresh_token::create(&mut single, world.env(), of.grant, &hash, HOUR).await
        })
    };
    let tx = world.store.begin(of.tenant.id).await?;
    let (gone, stays) = (write("gone"), write("stays"));
    tokio::time::sleep(Duration::from_millis(50)).await;
    gone.abort();
    assert!(gone.await.is_err_and(|error| error.is_cancelled()));
    drop(tx);
    stays.await.unwrap()?;
    assert_eq!(world.count(count).await - before, 1);
    Ok(())
}
