//! A database that takes no writes for a while (attack S3) says so, and goes on when it is over.

use store::{Database, DatabaseUrl, Error, Result, Store, user};

use crate::support::each_engine;
use crate::world::{Sample, World, profile};

each_engine! {
    s3_a_read_only_database_is_unavailable_for_writes,
    s3_a_closed_database_is_unavailable,
}

/// The same state through connections that were opened now.
async fn reopened(world: &World, url: &DatabaseUrl) -> Result<Store> {
    Ok(Store { database: Database::open(url, 2).await?, ..world.store.clone() })
}

async fn set_read_only(database: &Database, on: bool) {
    match database {
        Database::Sqlite { write, .. } => {
            let text = if on { "PRAGMA query_only = TRUE" } else { "PRAGMA query_only = FALSE" };
            sqlx::query(text).execute(write).await.unwrap();
        }
        Database::Postgres(pool) => {
            let text = "SELECT set_config('default_transaction_read_only', $1, false)";
            // On each of its connections.
            let mut held = Vec::new();
            for _ in 0..2 {
                let mut connection = pool.acquire().await.unwrap();
                let value = if on { "on" } else { "off" };
                sqlx::query(text).bind(value).execute(&mut *connection).await.unwrap();
                held.push(connection);
            }
        }
    }
}

async fn s3_a_read_only_database_is_unavailable_for_writes(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url.clone()).await?;
    let of = world.sample("acme.example.com").await?;
    let store = reopened(&world, &url).await?;
    set_read_only(&store.database, true).await;
    let outcome = write(&store, &of).await;
    assert!(matches!(outcome, Err(Error::Unavailable(_))), "{outcome:?}");
    assert!(user::find(&mut store.tenant(of.tenant.id), of.user).await?.is_some());
    store.ping().await?;

    set_read_only(&store.database, false).await;
    write(&store, &of).await
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
