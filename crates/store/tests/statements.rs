//! Every statement of the crate is prepared on both engines: what a misspelt column would break
//! breaks here. The statements are read out of the source, with its macros expanded.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails, fails its test")]

#[path = "statements/source.rs"]
mod source;
mod support;

use sqlx::{AssertSqlSafe, Executor as _, SqlSafeStr as _, SqlitePool};
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

/// Tables that grow with a tenant's people.
const GROW: [&str; 9] = [
    "users",
    "identities",
    "sessions",
    "grants",
    "refresh_tokens",
    "passwords",
    "consents",
    "audit_events",
    "link_events",
];

/// What does read them all, by file and a part of the text: a page of a list in its order, the report on
/// all users, the change of the key ring, and the end of a tenant.
const READ_ALL: [(&str, &str); 5] = [
    ("user_search.rs", "ORDER BY u.created_at, u.id LIMIT $5"),
    ("link_event.rs", "ORDER BY id LIMIT $7"),
    ("survey.rs", "count(*) AS users"),
    ("maintenance.rs", "SET successor = NULL"),
    ("tenant.rs", "DELETE FROM tenants"),
];

/// No other statement reads all that a tenant has in such a table.
#[tokio::test]
async fn a_search_among_people_goes_by_more_than_the_tenant() {
    let url = DatabaseUrl::SqliteMemory("plans".to_owned());
    let database = Database::open(&url, 1).await.unwrap();
    database.migrate().await.unwrap();
    let Database::Sqlite { options, .. } = &database else { unreachable!() };
    let beside = beside(options);
    let (mut expected, mut wide) = (0, Vec::new());
    for (file, texts) in source::statements() {
        for text in texts {
            let step = plan(&beside, &text).await.into_iter().find(|step| reads_all(step, &text));
            let Some(step) = step else { continue };
            if READ_ALL.iter().any(|(known, part)| file == *known && text.contains(part)) {
                expected += 1;
            } else {
                wide.push(format!("{file}: {step}\n{text}"));
            }
        }
    }
    assert!(wide.is_empty(), "{}", wide.join("\n\n"));
    // Positive control: what does is seen.
    assert_eq!(expected, READ_ALL.len());
}

async fn plan(beside: &SqlitePool, text: &str) -> Vec<String> {
    let text = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {text}"));
    let rows: Vec<(i64, i64, i64, String)> = sqlx::query_as(text).fetch_all(beside).await.unwrap();
    rows.into_iter().map(|row| row.3).collect()
}

/// Whether a step of a plan reads all rows that a tenant has in a table that grows.
fn reads_all(step: &str, text: &str) -> bool {
    let mut words = step.split(' ');
    let (verb, name) = (words.next(), words.next().unwrap_or_default());
    let is_whole = verb == Some("SCAN") || verb == Some("SEARCH") && step.contains("(tenant_id=?)");
    let called = |table: &str| {
        let named = |end: char| text.contains(&format!(" {table} {name}{end}"));
        name == table || named(' ') || named('\n')
    };
    is_whole && GROW.into_iter().any(called)
}
