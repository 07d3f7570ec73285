//! Every statement of the crate is prepared on both engines: what a misspelt column would break
//! breaks here. The statements are read out of the source, with its macros expanded.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails, fails its test")]

#[path = "statements/source.rs"]
mod source;
mod support;

use sqlx::{AssertSqlSafe, Executor as _, SqlSafeStr as _};
use store::{Database, DatabaseUrl, Result};
use support::{beside, each_engine};

each_engine! {
    every_statement_is_accepted,
}

async fn every_statement_is_accepted(url: DatabaseUrl) -> Result<()> {
    let database = Database::open(&url, 1).await?;
    database.migrate().await?;
    let mut refusals = Vec::new();
    for (file, texts) in source::statements() {
        for text in texts {
            if let Err(error) = prepare(&database, &text).await {
                refusals.push(format!("{file}: {error}\n{text}"));
            }
        }
    }
    assert!(refusals.is_empty(), "{}", refusals.join("\n\n"));

    // Positive control: what is wrong is refused.
    for wrong in [
        "SELECT nmae FROM users WHERE tenant_id = $1",
        "UPDATE users SET name = $2 WHERE tenat_id = $1",
        "INSERT INTO userz (tenant_id) VALUES ($1)",
        "SELECT id FROM users WHERE",
    ] {
        assert!(prepare(&database, wrong).await.is_err(), "{wrong}");
    }
    database.close().await;
    Ok(())
}

async fn prepare(database: &Database, text: &str) -> sqlx::Result<()> {
    let text = AssertSqlSafe(text.to_owned()).into_sql_str();
    match database {
        Database::Sqlite { options, .. } => {
            beside(options).acquire().await?.prepare(text).await.map(drop)
        }
        Database::Postgres(pool) => pool.acquire().await?.prepare(text).await.map(drop),
    }
}

/// The reader of the source finds as many statements as the source runs: none can hide from it.
#[test]
fn no_statement_is_overlooked() {
    let files = source::statements();
    for (file, texts) in &files {
        let run = source::calls(file);
        assert_eq!(texts.len(), run, "{file} runs {run} statements, found {texts:#?}");
    }
    let found: usize = files.iter().map(|(_, texts)| texts.len()).sum();
    assert!(found >= 70, "only {found} statements found");
    assert!(files.len() >= 14, "only {} files with statements found", files.len());
}
