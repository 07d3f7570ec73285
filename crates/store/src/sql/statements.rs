//! One connection to SQLite, and what it knows of the statements that it has run.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{CachedStatement, Connection, OpenFlags};
use sqlx::FromRow;

use super::driver::{Columns, Row, Values};
use super::sqlite::SqlitePlace;
use crate::error::{Error, Result};

/// A connection, for one statement at a time.
pub(super) struct Statements {
    connection: Connection,
    /// By the place and the length of the text, which are quicker to hash than the text.
    known: HashMap<(usize, usize), Known>,
    in_transaction: bool,
}

/// What is known of a statement.
struct Known {
    /// Which value each parameter takes: SQLite numbers `$1 … $n` as they come in the text.
    order: Vec<usize>,
    columns: Arc<Columns>,
}

/// How many plans are kept: more than there are texts.
const PLANS: usize = 512;
/// How long a lock is waited for that another process holds, or in memory the writer.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

impl Known {
    fn of(statement: &CachedStatement<'_>) -> Self {
        let number = |at| statement.parameter_name(at)?.strip_prefix('$')?.parse().ok();
        Self {
            order: (1..=statement.parameter_count()).map(|at| number(at).unwrap_or(at)).collect(),
            columns: Columns::named(&statement.column_names()).into(),
        }
    }
}

impl Statements {
    /// Opens a connection that writes, and makes the file if there is none.
    pub(super) fn writer(place: &SqlitePlace) -> Result<Self> {
        let this = Self::open(place, OpenFlags::SQLITE_OPEN_CREATE)?;
        this.connection.pragma_update(None, "foreign_keys", true)?;
        if matches!(place, SqlitePlace::Disk(_)) {
            // What is read in place relies on it: readers do not wait.
            let mode: String =
                this.connection
                    .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
            if mode != "wal" {
                return Err(Error::Settings(
                    "the file system of database.url has no WAL for SQLite: put the file on a local disk",
                ));
            }
            // A session that was ended must not come back after a power cut.
            this.connection.pragma_update(None, "synchronous", "FULL")?;
        }
        Ok(this)
    }

    /// Opens a connection that reads only.
    pub(super) fn reader(place: &SqlitePlace) -> Result<Self> {
        let this = Self::open(place, OpenFlags::empty())?;
        this.connection.pragma_update(None, "query_only", true)?;
        Ok(this)
    }

    fn open(place: &SqlitePlace, more: OpenFlags) -> Result<Self> {
        // A reader of WAL writes too: into the memory that the connections share.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | more;
        let connection = match place {
            SqlitePlace::Disk(path) => Connection::open_with_flags(path, flags)?,
            SqlitePlace::Memory(name) => {
                Connection::open_with_flags_and_vfs(format!("/{name}"), flags, c"memdb")?
            }
        };
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(PLANS);
        Ok(Self { connection, known: HashMap::new(), in_transaction: false })
    }

    /// The first row, if there is one.
    pub(super) fn optional<R>(&mut self, text: &'static str, values: &Values) -> Result<Option<R>>
    where
        R: for<'r> FromRow<'r, Row>,
    {
        let (mut statement, columns) = self.bound(text, values)?;
        let mut rows = statement.raw_query();
        let Some(row) = rows.next()? else { return Ok(None) };
        Ok(Some(R::from_row(&read(&columns, row)?)?))
    }

    /// Every row.
    pub(super) fn all<R>(&mut self, text: &'static str, values: &Values) -> Result<Vec<R>>
    where
        R: for<'r> FromRow<'r, Row>,
    {
        let (mut statement, columns) = self.bound(text, values)?;
        let mut rows = statement.raw_query();
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(R::from_row(&read(&columns, row)?)?);
        }
        Ok(all)
    }

    /// Runs a statement for its effect; the number of rows it touched.
    pub(super) fn execute(&mut self, text: &'static str, values: &Values) -> Result<u64> {
        let touched = self.bound(text, values)?.0.raw_execute()?;
        Ok(u64::try_from(touched).unwrap_or(u64::MAX))
    }

    fn bound(
        &mut self,
        text: &'static str,
        values: &Values,
    ) -> Result<(CachedStatement<'_>, Arc<Columns>)> {
        if self.in_transaction && self.connection.is_autocommit() {
            // SQLite has rolled back by itself, as it does after a fault of the disk: what comes
            // now must not last without what came before.
            return Err(Error::Unavailable("the transaction is over".into()));
        }
        let mut statement = self.connection.prepare_cached(text)?;
        let place = (text.as_ptr().addr(), text.len());
        let known = self.known.entry(place).or_insert_with(|| Known::of(&statement));
        for (at, number) in known.order.iter().enumerate() {
            let value = number.checked_sub(1).and_then(|number| values.0.get(number));
            let value =
                value.ok_or(rusqlite::Error::InvalidParameterCount(values.0.len(), *number));
            statement.raw_bind_parameter(at + 1, value?)?;
        }
        Ok((statement, Arc::clone(&known.columns)))
    }

    /// Begins a transaction. IMMEDIATE: one that reads first and writes later would otherwise fail
    /// when another process wrote meanwhile.
    pub(super) fn begin(&mut self) -> Result<()> {
        self.roll_back();
        self.run("BEGIN IMMEDIATE")?;
        self.in_transaction = true;
        Ok(())
    }

    /// Ends the transaction, and makes it last.
    pub(super) fn commit(&mut self) -> Result<()> {
        self.run("COMMIT")?;
        self.in_transaction = false;
        Ok(())
    }

    /// Ends the transaction, if one is open: as if it had never been.
    pub(super) fn roll_back(&mut self) {
        self.in_transaction = false;
        if !self.connection.is_autocommit()
            && let Err(error) = self.run("ROLLBACK")
        {
            tracing::error!(%error, "a transaction could not be rolled back");
        }
    }

    fn run(&mut self, text: &'static str) -> Result<()> {
        self.connection.prepare_cached(text)?.raw_execute()?;
        Ok(())
    }
}

fn read(columns: &Arc<Columns>, row: &rusqlite::Row<'_>) -> Result<Row> {
    let values = (0..columns.len()).map(|at| row.get(at)).collect::<Result<_, rusqlite::Error>>();
    Ok(Row::new(Arc::clone(columns), values?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As after a fault of the disk, which SQLite answers by rolling back itself.
    #[test]
    fn what_comes_after_a_rollback_of_sqlites_own_does_not_last() -> Result<()> {
        let place = SqlitePlace::Memory("rolled back".to_owned());
        let mut writer = Statements::writer(&place)?;
        writer.execute("CREATE TABLE t (n INTEGER)", &Values::default())?;
        let insert = "INSERT INTO t VALUES (1)";
        writer.begin()?;
        writer.execute(insert, &Values::default())?;
        writer.execute("ROLLBACK", &Values::default())?;
        let after = writer.execute(insert, &Values::default());
        assert!(matches!(after, Err(Error::Unavailable(_))), "{after:?}");
        assert!(writer.commit().is_err());
        writer.roll_back();
        // Positive control: the next transaction is whole again.
        writer.begin()?;
        writer.execute(insert, &Values::default())?;
        writer.commit()?;
        assert_eq!(writer.execute("DELETE FROM t", &Values::default())?, 1);
        Ok(())
    }
}
