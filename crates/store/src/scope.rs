//! The handle that was made for one tenant: the only way to a tenant's rows.
//!
//! A statement for a [`Scope`] is made by [`sql!`](macro@crate::sql), which refuses, while compiling, a
//! text that does not confine itself to the tenant:
//!
//! ```compile_fail
//! const FORGETFUL: store::TenantSql = store::sql!("SELECT id FROM users WHERE id = $2");
//! ```
//! ```
//! const RIGHT: store::TenantSql =
//!     store::sql!("SELECT id FROM users WHERE tenant_id = $1 AND id = $2");
//! ```

use std::sync::Arc;

use tokio::sync::Notify;

use crate::error::Result;
use crate::id::TenantId;
use crate::sql::{Database, Query, Transaction};

/// A statement that names its tenant as `$1`. Made by [`sql!`](macro@crate::sql).
#[derive(Debug, Clone, Copy)]
pub struct TenantSql(&'static str);

impl TenantSql {
    /// Accepts a text whose rows are confined to `$1`: it compares `tenant_id = $1`, or inserts
    /// `$1` as its first column `tenant_id`.
    ///
    /// # Panics
    /// On any other text: while compiling, as [`sql!`](macro@crate::sql) calls it.
    #[must_use]
    pub const fn new(text: &'static str) -> Self {
        let inserts = contains(text, "INSERT INTO ")
            && contains(text, " (tenant_id,")
            && (contains(text, "VALUES ($1,") || contains(text, "SELECT $1,"));
        assert!(
            inserts || contains(text, "tenant_id = $1"),
            "this statement forgets its tenant: compare tenant_id = $1, or insert it first"
        );
        Self(text)
    }

    /// The text, for tests that prepare every statement.
    #[must_use]
    pub const fn text(self) -> &'static str {
        self.0
    }
}

const fn contains(text: &str, part: &str) -> bool {
    let (text, part) = (text.as_bytes(), part.as_bytes());
    let mut start = 0;
    while start + part.len() <= text.len() {
        let mut at = 0;
        while at < part.len() && text[start + at] == part[at] {
            at += 1;
        }
        if at == part.len() {
            return true;
        }
        start += 1;
    }
    false
}

/// Makes a [`TenantSql`], checking while compiling that it names its tenant.
#[macro_export]
macro_rules! sql {
    ($text:expr) => {
        const { $crate::TenantSql::new($text) }
    };
}

mod sealed {
    pub trait Sealed {}
}

/// Where a tenant's statements run: [`TenantRead`], [`TenantWrite`] or [`TenantSingle`].
pub trait Scope: sealed::Sealed + Send {
    /// The tenant of every row that this scope can see.
    fn tenant(&self) -> TenantId;

    #[doc(hidden)]
    #[expect(private_interfaces, reason = "the trait is sealed; only this crate runs statements")]
    fn query(&mut self, sql: TenantSql) -> Query<'_>;
}

/// Where a tenant's rows may be written: [`TenantWrite`], or [`TenantSingle`] by statements that need
/// no others beside them.
pub trait WriteScope: Scope {}

/// Reads a tenant's rows, each statement by itself.
#[derive(Debug, Clone)]
pub struct TenantRead {
    database: Database,
    tenant: TenantId,
}

/// Writes a tenant's rows, each statement by itself: in one round trip, where a transaction takes three.
#[derive(Debug, Clone)]
pub struct TenantSingle(TenantRead);

/// Reads and writes a tenant's rows in one transaction, which lasts only if
/// [`commit`](Self::commit) is called.
pub struct TenantWrite {
    transaction: Transaction,
    tenant: TenantId,
    /// Whom to wake when it lasts, if apps are to be told that a session has ended.
    logout_due: Arc<Notify>,
    ends_sessions: bool,
}

impl TenantRead {
    pub(crate) fn new(database: Database, tenant: TenantId) -> Self {
        Self { database, tenant }
    }
}

impl TenantSingle {
    pub(crate) fn new(database: Database, tenant: TenantId) -> Self {
        Self(TenantRead::new(database, tenant))
    }
}

impl TenantWrite {
    pub(crate) async fn begin(
        database: &Database,
        tenant: TenantId,
        logout_due: Arc<Notify>,
    ) -> Result<Self> {
        let transaction = database.begin().await?;
        Ok(Self { transaction, tenant, logout_due, ends_sessions: false })
    }

    /// Makes everything that was written lasting.
    pub async fn commit(self) -> Result<()> {
        self.transaction.commit().await?;
        if self.ends_sessions {
            self.logout_due.notify_one();
        }
        Ok(())
    }

    /// Notes that apps are to be told that a session has ended, as soon as it has.
    pub(crate) fn will_tell_apps(&mut self) {
        self.ends_sessions = true;
    }

    /// The transaction itself, for this crate's tables that are no tenant's.
    pub(crate) fn transaction(&mut self) -> &mut Transaction {
        &mut self.transaction
    }
}

impl std::fmt::Debug for TenantWrite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TenantWrite").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

impl sealed::Sealed for TenantRead {}
impl sealed::Sealed for TenantWrite {}
impl sealed::Sealed for TenantSingle {}
impl WriteScope for TenantWrite {}
impl WriteScope for TenantSingle {}

#[expect(private_interfaces, reason = "the trait is sealed; only this crate runs statements")]
impl Scope for TenantRead {
    fn tenant(&self) -> TenantId {
        self.tenant
    }

    fn query(&mut self, sql: TenantSql) -> Query<'_> {
        self.database.query(sql.text()).bind(self.tenant)
    }
}

#[expect(private_interfaces, reason = "the trait is sealed; only this crate runs statements")]
impl Scope for TenantWrite {
    fn tenant(&self) -> TenantId {
        self.tenant
    }

    fn query(&mut self, sql: TenantSql) -> Query<'_> {
        self.transaction.query(sql.text()).bind(self.tenant)
    }
}

#[expect(private_interfaces, reason = "the trait is sealed; only this crate runs statements")]
impl Scope for TenantSingle {
    fn tenant(&self) -> TenantId {
        self.0.tenant
    }

    fn query(&mut self, sql: TenantSql) -> Query<'_> {
        self.0.database.query(sql.text()).bind(self.0.tenant)
    }
}
