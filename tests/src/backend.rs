//! Where a deployment keeps its state.

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

/// Where a deployment keeps its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// An SQLite file and in-process state: one node.
    Sqlite,
    /// PostgreSQL and Redis: two nodes.
    Postgres,
}

/// A place for one deployment, apart from all others.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) database: String,
    pub(crate) ephemeral: String,
    pub(crate) prefix: String,
    drop_database: Option<(String, String)>,
}

/// A variable that the test command sets; without it there is nothing to test against, and that is
/// a failure.
fn needed(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: run the tests by `tests/run`, which starts what they need")
    })
}

impl Place {
    pub(crate) async fn make(backend: Backend, folder: &std::path::Path) -> Self {
        let name = format!("hufu_{}", hex(&random::<8>()));
        match backend {
            Backend::Sqlite => Self {
                database: format!("sqlite:{}", folder.join("hufu.db").display()),
                ephemeral: "memory".to_owned(),
                prefix: name,
                drop_database: None,
            },
            Backend::Postgres => {
                let admin = needed("HUFU_TEST_POSTGRES");
                let mut connection =
                    PgConnection::connect(&admin).await.expect("PostgreSQL answers");
                let create = format!("CREATE DATABASE {name}");
                connection.execute(AssertSqlSafe(create)).await.expect("a database of its own");
                Self {
                    database: admin.replacen("/postgres?", &format!("/{name}?"), 1),
                    ephemeral: needed("HUFU_TEST_REDIS"),
                    prefix: name.clone(),
                    drop_database: Some((admin, name)),
                }
            }
        }
    }

    pub(crate) async fn remove(&self) {
        if let Some((admin, name)) = &self.drop_database {
            let mut connection = PgConnection::connect(admin).await.expect("PostgreSQL answers");
            let drop = format!("DROP DATABASE {name} WITH (FORCE)");
            connection.execute(AssertSqlSafe(drop)).await.expect("the database goes");
        }
    }
}

/// Random bytes for names and verifiers of tests.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).expect("random bytes");
    bytes
}

/// Bytes as text.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
