//! State. **Durable** (SQLite or PostgreSQL): everything whose loss a person would notice.
//! **Ephemeral** (in process or Redis): what dies within minutes. Emptying the ephemeral store at
//! any moment costs nobody more than starting an unfinished sign-in again.
//!
//! ```text
//! Store ─┬─ tenant(id) ─▶ TenantRead   statements of one tenant, each by itself
//!        ├─ begin(id)  ─▶ TenantWrite  the same in one transaction, which lasts if committed
//!        ├─ single(id) ─▶ TenantSingle writes, each statement by itself
//!        ├─ ephemeral  ─▶ Slot<T>      put · put_new · get · take · count, each with a time to live
//!        └─ env, keys                  time, randomness, the ring that seals secrets
//! ```
//! One file per aggregate: the struct, then its statements as plain functions over a [`Scope`].
//! Only `sql.rs` knows that there are two databases.

pub mod account;
pub mod account_change;
pub mod api_key;
pub mod app;
pub mod audit;
pub mod branding;
pub mod candidate;
pub mod consent;
pub mod contact_callback;
pub mod corp;
pub mod departure;
pub mod env;
pub mod ephemeral;
mod error;
pub mod grant;
pub mod granted;
pub mod hand_over;
pub mod id;
pub mod idempotency;
pub mod identity;
pub mod initial_access_token;
pub mod link_event;
pub mod logout_delivery;
pub mod maintenance;
pub mod normal;
pub mod page;
pub mod password;
pub mod policy;
pub mod protocol;
pub mod refresh_token;
pub mod registration;
pub mod revoked_token;
mod scope;
pub mod secret;
pub mod session;
pub mod signing_key;
pub mod source;
mod sql;
pub mod survey;
pub mod tenant;
pub mod trace;
pub mod user;
pub mod user_search;
pub mod verification_file;
pub mod way_in;

use std::sync::Arc;

use tokio::sync::Notify;

pub use crate::env::{Clock, Env, Random};
pub use crate::ephemeral::Ephemeral;
pub use crate::error::{Error, Result};
use crate::id::TenantId;
pub use crate::scope::{Scope, TenantRead, TenantSingle, TenantSql, TenantWrite, WriteScope};
pub use crate::secret::KeyRing;
pub use crate::sql::{Database, DatabaseUrl};

/// All state, and what is needed to make some: time, randomness and the key ring. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    /// The durable part.
    pub database: Database,
    /// The ephemeral part.
    pub ephemeral: Ephemeral,
    /// Time and randomness.
    pub env: Env,
    /// What seals secrets.
    pub keys: Arc<KeyRing>,
    /// Rings when a transaction of this process has left logout tokens to be delivered.
    pub logout_due: Arc<Notify>,
}

impl Store {
    /// A handle that reads the rows of one tenant.
    #[must_use]
    pub fn tenant(&self, id: TenantId) -> TenantRead {
        TenantRead::new(self.database.clone(), id)
    }

    /// Begins a transaction on the rows of one tenant.
    pub async fn begin(&self, id: TenantId) -> Result<TenantWrite> {
        TenantWrite::begin(&self.database, id, Arc::clone(&self.logout_due)).await
    }

    /// A handle that writes the rows of one tenant, each statement by itself.
    #[must_use]
    pub fn single(&self, id: TenantId) -> TenantSingle {
        TenantSingle::new(self.database.clone(), id)
    }

    /// Asks both parts whether they answer.
    pub async fn ping(&self) -> Result<()> {
        self.database.ping().await?;
        self.ephemeral.ping().await
    }
}
