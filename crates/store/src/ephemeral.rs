//! State that may be lost: in this process or in Redis, behind five atomic operations.
//!
//! | operation | what it does | Redis |
//! |---|---|---|
//! | [`put`](Ephemeral::put) | writes, over an older value | `SET PX` |
//! | [`put_new`](Ephemeral::put_new) | writes only where nothing is | `SET NX PX` |
//! | [`get`](Ephemeral::get) | reads | `GET` |
//! | [`take`](Ephemeral::take) | reads and removes: one winner | `GETDEL` |
//! | [`count`](Ephemeral::count) | counts in a window | `SET NX PX` + `INCR` in one `MULTI` |
//!
//! Each works on a typed place, a [`Slot`], so that what was put as a state can never be found
//! where a code is expected. Every value dies with its slot's time to live.
//!
//! ```
//! # use std::time::Duration;
//! # use store::ephemeral::{Ephemeral, MemorySettings, Owner, Slot};
//! const GREETING: Slot<String> = Slot::new("greeting", Duration::from_secs(60));
//! const TRIES: Slot<u64> = Slot::new("tries", Duration::from_secs(60));
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> store::Result<()> {
//! let ephemeral = Ephemeral::memory(MemorySettings::default());
//! ephemeral.put(&GREETING, Owner::Deployment, "key", &"hello".to_owned()).await?;
//! assert_eq!(ephemeral.take(&GREETING, Owner::Deployment, "key").await?.as_deref(), Some("hello"));
//! assert_eq!(ephemeral.take(&GREETING, Owner::Deployment, "key").await?, None);
//! assert_eq!(ephemeral.count(&TRIES, Owner::Deployment, "key").await?, 1);
//! # Ok(())
//! # }
//! ```
//!
//! # Locks
//!
//! A lock is [`put_new`](Ephemeral::put_new); whoever gets `true` holds it until the slot's time
//! to live is over. It is released by [`take`](Ephemeral::take), but only while it is certainly
//! still the holder's: note the time *before* `put_new`, and release only if what has passed since
//! plus one call's time-out is less than the time to live. Until then nobody else can have it, so
//! `take` removes nobody else's. Past that, don't release: the lock ends by itself. A holder that
//! overruns does not know that it has lost the lock, so what the lock guards must bear two holders
//! (it saves work, it does not make anything single-use: that is what `take` is for).
//!
//! # Faults
//!
//! [`Error::Unavailable`] means that the outcome is unknown: a `take` whose answer got lost has
//! taken. Nothing is tried again here; the caller refuses, and the person starts again.

mod memory;
mod redis;

use std::fmt::{self, Write};
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use self::memory::{Memory, MemorySettings, Usage};
pub use self::redis::{Redis, RedisSettings};
use crate::error::{Error, Result};
use crate::id::TenantId;

/// Longest time to live: what lives longer is not ephemeral. Longer ones are cut to it.
const MAX_TTL: Duration = Duration::from_hours(31 * 24);

/// A typed place for values that live equally long, such as authorization codes.
pub struct Slot<T> {
    name: &'static str,
    ttl: Duration,
    holds: PhantomData<fn() -> T>,
}

impl<T> Slot<T> {
    /// A place called `name` (lower-case letters, digits and `_`; unique in the program) whose
    /// values live for `ttl`, at least a millisecond and at most 31 days.
    ///
    /// # Panics
    /// On another name: while compiling, when the slot is a constant, as it should be.
    pub const fn new(name: &'static str, ttl: Duration) -> Self {
        let bytes = name.as_bytes();
        assert!(!bytes.is_empty(), "a slot needs a name");
        let mut at = 0;
        while at < bytes.len() {
            assert!(
                matches!(bytes[at], b'a'..=b'z' | b'0'..=b'9' | b'_'),
                "a slot's name has lower-case letters, digits and '_'"
            );
            at += 1;
        }
        Self { name, ttl, holds: PhantomData }
    }

    /// The same place for a value that lives for another time, such as a token that says how long
    /// it is valid.
    #[must_use]
    pub const fn lasting(self, ttl: Duration) -> Self {
        Self { name: self.name, ttl, holds: PhantomData }
    }

    /// How long a value lives.
    pub fn ttl(&self) -> Duration {
        self.ttl.clamp(Duration::from_millis(1), MAX_TTL)
    }
}

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Slot<T> {}

impl<T> fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("name", &self.name).field("ttl", &self.ttl).finish()
    }
}

/// Whose a key is. The same key of two owners is two places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// A tenant's.
    Tenant(TenantId),
    /// No tenant's, such as the lock of a job of the whole deployment.
    Deployment,
}

impl From<TenantId> for Owner {
    fn from(tenant: TenantId) -> Self {
        Self::Tenant(tenant)
    }
}

/// A slot, an owner and the digest of a key: where a value is.
struct Place {
    slot: &'static str,
    owner: Owner,
    digest: [u8; 32],
}

impl Place {
    fn new<T>(slot: &Slot<T>, owner: Owner, key: &[u8]) -> Self {
        let mut place = Self { slot: slot.name, owner, digest: [0; 32] };
        let mut context = digest::Context::new(&digest::SHA256);
        // Neither part contains a colon, so no two places have one text.
        context.update(place.label().as_bytes());
        context.update(key);
        place.digest.copy_from_slice(context.finish().as_ref());
        place
    }

    /// `{slot}:{tenant}:`
    fn label(&self) -> String {
        let mut label = String::with_capacity(self.slot.len() + 38);
        // Writing to a string cannot fail.
        let _ = match self.owner {
            Owner::Tenant(tenant) => write!(label, "{}:{tenant}:", self.slot),
            Owner::Deployment => write!(label, "{}:-:", self.slot),
        };
        label
    }

    /// `{prefix}:{slot}:{tenant}:{digest}`, so that a dump of Redis shows what there is but no
    /// usable code or state.
    fn redis_key(&self, prefix: &str) -> String {
        let mut key = String::with_capacity(prefix.len() + self.slot.len() + 83);
        key.push_str(prefix);
        key.push(':');
        key.push_str(&self.label());
        BASE64_URL_SAFE_NO_PAD.encode_string(self.digest, &mut key);
        key
    }
}

/// State that may be lost, at any moment, at nobody's cost but an unfinished sign-in. Cheap to
/// clone; clones share one state.
#[derive(Debug, Clone)]
pub enum Ephemeral {
    /// In this process: for one node.
    Memory(Arc<Memory>),
    /// In Redis: for any number of nodes.
    Redis(Arc<Redis>),
}

impl Ephemeral {
    /// State in this process. Its owner calls [`sweep`](Self::sweep) now and then.
    pub fn memory(settings: MemorySettings) -> Self {
        Self::Memory(Arc::new(Memory::new(settings)))
    }

    /// State in Redis 6.2 or later. Connects at the first use, so Redis may still be away; fails
    /// only with [`Error::Settings`].
    pub fn redis(settings: &RedisSettings) -> Result<Self> {
        Ok(Self::Redis(Arc::new(Redis::open(settings)?)))
    }

    /// Writes, over an older value if there is one. The time to live starts anew.
    pub async fn put<T: Serialize>(
        &self,
        slot: &Slot<T>,
        owner: impl Into<Owner>,
        key: impl AsRef<[u8]>,
        value: &T,
    ) -> Result<()> {
        let place = Place::new(slot, owner.into(), key.as_ref());
        let value = encode(value)?;
        match self {
            Self::Memory(memory) => memory.put(&place, &value, slot.ttl()),
            Self::Redis(redis) => redis.put(&place, &value, slot.ttl()).await,
        }
    }

    /// Writes only where nothing is. Of several callers at once, one gets `true`.
    pub async fn put_new<T: Serialize>(
        &self,
        slot: &Slot<T>,
        owner: impl Into<Owner>,
        key: impl AsRef<[u8]>,
        value: &T,
    ) -> Result<bool> {
        let place = Place::new(slot, owner.into(), key.as_ref());
        let value = encode(value)?;
        match self {
            Self::Memory(memory) => memory.put_new(&place, &value, slot.ttl()),
            Self::Redis(redis) => redis.put_new(&place, &value, slot.ttl()).await,
        }
    }

    /// Reads. A value that `T` can no longer be read from counts as absent.
    pub async fn get<T: DeserializeOwned>(
        &self,
        slot: &Slot<T>,
        owner: impl Into<Owner>,
        key: impl AsRef<[u8]>,
    ) -> Result<Option<T>> {
        let place = Place::new(slot, owner.into(), key.as_ref());
        let value = match self {
            Self::Memory(memory) => memory.get(place.digest),
            Self::Redis(redis) => redis.get(&place).await?,
        };
        Ok(value.and_then(|value| decode(slot, &value)))
    }

    /// Reads and removes. Of several callers at once, one gets the value. A value that `T` can no
    /// longer be read from is removed and counts as absent.
    pub async fn take<T: DeserializeOwned>(
        &self,
        slot: &Slot<T>,
        owner: impl Into<Owner>,
        key: impl AsRef<[u8]>,
    ) -> Result<Option<T>> {
        let place = Place::new(slot, owner.into(), key.as_ref());
        let value = match self {
            Self::Memory(memory) => memory.take(place.digest),
            Self::Redis(redis) => redis.take(&place).await?,
        };
        Ok(value.and_then(|value| decode(slot, &value)))
    }

    /// Counts one more and says how many, this one included. The window is the slot's time to
    /// live; it starts at the first count and does not slide. [`get`](Self::get) reads a count,
    /// [`take`](Self::take) ends its window.
    pub async fn count(
        &self,
        slot: &Slot<u64>,
        owner: impl Into<Owner>,
        key: impl AsRef<[u8]>,
    ) -> Result<u64> {
        let place = Place::new(slot, owner.into(), key.as_ref());
        match self {
            Self::Memory(memory) => memory.count(&place, slot.ttl()),
            Self::Redis(redis) => redis.count(&place, slot.ttl()).await,
        }
    }

    /// Whether the state is there, for readiness.
    pub async fn ping(&self) -> Result<()> {
        match self {
            Self::Memory(_) => Ok(()),
            Self::Redis(redis) => redis.ping().await,
        }
    }

    /// Frees what has expired, and says how many values that were. A task of the owner calls it
    /// every few seconds; Redis does it by itself.
    pub fn sweep(&self) -> usize {
        match self {
            Self::Memory(memory) => memory.sweep(),
            Self::Redis(_) => 0,
        }
    }

    /// Removes everything, in Redis everything under the prefix of the settings. Not atomic.
    pub async fn flush_all(&self) -> Result<()> {
        match self {
            Self::Memory(memory) => {
                memory.flush_all();
                Ok(())
            }
            Self::Redis(redis) => redis.flush_all().await,
        }
    }
}

fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(|error| Error::Unavailable(error.into()))
}

/// An older or newer version of the program may have written the value. The event does not repeat
/// serde's text, which may quote from the value.
fn decode<T: DeserializeOwned>(slot: &Slot<T>, value: &[u8]) -> Option<T> {
    serde_json::from_slice(value)
        .inspect_err(|error| {
            tracing::warn!(
                slot = slot.name,
                column = error.column(),
                "an ephemeral value is not readable any more and counts as absent"
            );
        })
        .ok()
}
