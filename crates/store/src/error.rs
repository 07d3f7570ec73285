//! What can go wrong with stored state.

/// Result of a store operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong with stored state. "Not found" is no error but `None`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database or Redis does not answer; it may again in a moment.
    #[error("a store is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The in-process ephemeral store has reached its bound.
    #[error("the ephemeral store is full")]
    Full,
    /// A unique value is taken.
    #[error("a row with this unique value exists")]
    Conflict,
    /// The row names one that is not there, or is still named by another.
    #[error("the row refers to one that does not exist, or is still referred to")]
    Reference,
    /// The row changed since the caller read it.
    #[error("the row has another version than the caller's")]
    Stale,
    /// A sealed value could not be opened: the key is not in the ring, or the value was moved.
    #[error("a sealed value of {column} cannot be opened: {reason}")]
    Sealed {
        /// `table.column`.
        column: &'static str,
        /// What is wrong.
        reason: &'static str,
    },
    /// The settings are unusable; the text says which and how to mend it.
    #[error("{0}")]
    Settings(&'static str),
    /// A migration failed.
    #[error("the schema could not be brought up to date")]
    Migration(#[source] sqlx::migrate::MigrateError),
    /// The operating system gave no random bytes.
    #[error("no random bytes are available")]
    Random,
    /// Any other fault of the database.
    #[error("the database refused a statement")]
    Database(#[source] sqlx::Error),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::error::ErrorKind;
        match &error {
            sqlx::Error::Database(database) => match database.kind() {
                ErrorKind::UniqueViolation => Self::Conflict,
                ErrorKind::ForeignKeyViolation => Self::Reference,
                _ if database.code().is_some_and(|code| may_pass(&code)) => {
                    Self::Unavailable(Box::new(error))
                }
                _ => Self::Database(error),
            },
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::Protocol(_)
            | sqlx::Error::WorkerCrashed => Self::Unavailable(Box::new(error)),
            _ => Self::Database(error),
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ffi;
        match error.sqlite_error().map(|failure| failure.extended_code) {
            Some(ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY) => {
                Self::Conflict
            }
            Some(ffi::SQLITE_CONSTRAINT_FOREIGNKEY) => Self::Reference,
            // The result code is in the low byte.
            Some(code) if PASSING_RESULTS.contains(&(code & 0xff)) => {
                Self::Unavailable(Box::new(error))
            }
            _ => Self::Database(sqlx::Error::AnyDriverError(Box::new(error))),
        }
    }
}

/// SQLite's result codes for faults that may be over in a moment: busy, locked, read-only,
/// input/output, full, cannot open.
const PASSING_RESULTS: [i32; 6] = [5, 6, 8, 10, 13, 14];

/// Whether the fault that this SQLSTATE of PostgreSQL names may be over in a moment.
fn may_pass(code: &str) -> bool {
    // Five characters: connection lost (08), read-only (25006), serialization or deadlock (40), out
    // of resources (53), shutting down or starting (57P), system error (58); a statement or a
    // transaction that took too long (57014, 25P03).
    const CLASSES: [&str; 8] = ["08", "25006", "25P03", "40", "53", "57014", "57P", "58"];
    CLASSES.iter().any(|class| code.starts_with(class))
}
