//! Migrations: several nodes start at once, and each finds the schema up to date.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails, fails its test")]

mod support;

use futures_util::future::join_all;
use store::{Database, DatabaseUrl, Result};
use support::{beside, each_engine};

each_engine! {
    eight_nodes_migrate_at_once,
    a_database_says_whether_it_is_migrated,
}

async fn eight_nodes_migrate_at_once(url: DatabaseUrl) -> Result<()> {
    let nodes = (0..8).map(|_| {
        let url = url.clone();
        tokio::spawn(async move {
            let database = Database::open(&url, 2).await.unwrap();
            database.migrate().await.unwrap();
            assert!(database.is_migrated().await.unwrap());
            database
        })
    });
    // In memory the database lives as long as somebody has it open.
    let open: Vec<Database> = join_all(nodes).await.into_iter().map(|node| node.unwrap()).collect();
    for database in &open {
        database.migrate().await?;
        database.ping().await?;
        database.close().await;
    }
    Ok(())
}

async fn a_database_says_whether_it_is_migrated(url: DatabaseUrl) -> Result<()> {
    let database = Database::open(&url, 2).await?;
    assert!(!database.is_migrated().await?);
    database.migrate().await?;
    assert!(database.is_migrated().await?);
    // A build that knows a migration more than the database has seen.
    let forget = "DELETE FROM _sqlx_migrations WHERE version = \
                  (SELECT max(version) FROM _sqlx_migrations)";
    match &database {
        Database::Sqlite { options, .. } => {
            sqlx::query(forget).execute(&beside(options)).await.unwrap();
        }
        Database::Postgres(pool) => drop(sqlx::query(forget).execute(pool).await.unwrap()),
    }
    assert!(!database.is_migrated().await?);
    database.close().await;
    Ok(())
}
