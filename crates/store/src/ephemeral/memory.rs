//! Ephemeral state in this process: bounded, sharded, freed as it expires.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::{Owner, Place};
use crate::error::{Error, Result};

/// A power of two.
const SHARDS: usize = 32;

/// Expired values that an operation frees in passing. More than one, so that a shard in use
/// shrinks faster than it can grow.
const SWEEP_IN_PASSING: usize = 4;

/// Expired values that the sweep frees before it lets others have the shard.
const SWEEP_AT_ONCE: usize = 512;

/// Bytes that a value costs beyond its own: its places in the two maps, with their room to grow,
/// and the allocator's share.
const OVERHEAD: usize = 320;

/// A table with fewer places than this is not made smaller.
const SMALL_TABLE: usize = 64;

/// Bounds of [`Memory`].
#[derive(Debug, Clone, Copy)]
pub struct MemorySettings {
    /// Most values.
    pub max_entries: usize,
    /// Most bytes: of the values, and 320 for each of them.
    pub max_bytes: usize,
}

impl Default for MemorySettings {
    /// 1,000,000 values, 256 MiB.
    fn default() -> Self {
        Self { max_entries: 1_000_000, max_bytes: 256 * 1024 * 1024 }
    }
}

/// What a [`Memory`] holds, what has expired and is not swept yet included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Values.
    pub entries: usize,
    /// Bytes, as [`MemorySettings::max_bytes`] counts them.
    pub bytes: usize,
    /// Values that there is room for without another allocation of a table.
    pub capacity: usize,
}

/// A digest of slot, owner and key.
type Key = [u8; 32];

/// Ephemeral state in this process. Expiry goes by tokio's clock. A bound that is reached refuses
/// new values with [`Error::Full`]; it never drops others' values.
pub struct Memory {
    shards: Box<[Mutex<Shard>]>,
    budget: Budget,
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("usage", &self.usage()).finish()
    }
}

impl Memory {
    /// Empty state with these bounds.
    pub fn new(settings: MemorySettings) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            budget: Budget {
                entries: AtomicUsize::new(0),
                bytes: AtomicUsize::new(0),
                of_owners: Mutex::default(),
                max: settings,
            },
        }
    }

    /// Frees everything that has expired, and says how many values that were. Holds each shard
    /// for a moment only.
    pub fn sweep(&self) -> usize {
        let now = Instant::now();
        let mut swept = 0;
        for shard in &self.shards {
            loop {
                let freed = lock(shard).sweep(now, SWEEP_AT_ONCE, &self.budget);
                swept += freed;
                if freed < SWEEP_AT_ONCE {
                    break;
                }
            }
        }
        swept
    }

    /// What it holds now.
    pub fn usage(&self) -> Usage {
        Usage {
            entries: self.budget.entries.load(Ordering::Relaxed),
            bytes: self.budget.bytes.load(Ordering::Relaxed),
            capacity: self.shards.iter().map(|shard| lock(shard).values.capacity()).sum(),
        }
    }

    pub(super) fn put(&self, place: &Place, value: &[u8], ttl: Duration) -> Result<()> {
        let (key, owner) = (place.digest, place.owner);
        self.write(key, |shard, now| shard.insert(key, owner, value, now + ttl, &self.budget))
    }

    pub(super) fn put_new(&self, place: &Place, value: &[u8], ttl: Duration) -> Result<bool> {
        let (key, owner) = (place.digest, place.owner);
        self.write(key, |shard, now| {
            if shard.live(&key, now).is_some() {
                return Ok(false);
            }
            shard.insert(key, owner, value, now + ttl, &self.budget)?;
            Ok(true)
        })
    }

    pub(super) fn get(&self, key: Key) -> Option<Box<[u8]>> {
        let (shard, now) = self.enter(key);
        shard.live(&key, now).map(|value| value.bytes.clone())
    }

    pub(super) fn take(&self, key: Key) -> Option<Box<[u8]>> {
        let (mut shard, now) = self.enter(key);
        let value = shard.remove(&key, &self.budget)?;
        (value.expires > now).then_some(value.bytes)
    }

    pub(super) fn count(&self, place: &Place, ttl: Duration) -> Result<u64> {
        let (key, owner) = (place.digest, place.owner);
        self.write(key, |shard, now| {
            let (count, expires) = match shard.live(&key, now) {
                Some(value) => (next_count(&value.bytes)?, value.expires),
                None => (1, now + ttl),
            };
            shard.insert(key, owner, count.to_string().as_bytes(), expires, &self.budget)?;
            Ok(count)
        })
    }

    pub(super) fn flush_all(&self) {
        for shard in &self.shards {
            let mut shard = lock(shard);
            for value in shard.values.values() {
                self.budget.release(value.owner, 1, value.cost());
            }
            *shard = Shard::default();
        }
    }

    /// Runs an operation that may need room; when there is none, sweeps and runs it once more.
    fn write<R>(
        &self,
        key: Key,
        operation: impl Fn(&mut Shard, Instant) -> Result<R>,
    ) -> Result<R> {
        let result = {
            let (mut shard, now) = self.enter(key);
            operation(&mut shard, now)
        };
        // The shard is free again here: a sweep takes all of them, one after another.
        if matches!(result, Err(Error::Full)) {
            self.sweep();
            let (mut shard, now) = self.enter(key);
            return operation(&mut shard, now);
        }
        result
    }

    /// The key's shard, a little swept, and the time.
    fn enter(&self, key: Key) -> (MutexGuard<'_, Shard>, Instant) {
        let mut shard = lock(&self.shards[usize::from(key[0]) % SHARDS]);
        let now = Instant::now();
        shard.sweep(now, SWEEP_IN_PASSING, &self.budget);
        (shard, now)
    }
}

/// No operation panics half-way, so a poisoned shard is whole.
fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The count after the one that is stored. Refuses like Redis what is no count.
fn next_count(stored: &[u8]) -> Result<u64> {
    std::str::from_utf8(stored)
        .ok()
        .and_then(|text| text.parse::<u64>().ok())
        .and_then(|count| count.checked_add(1))
        .ok_or_else(|| Error::Unavailable("the stored value is no count".into()))
}

struct Value {
    owner: Owner,
    bytes: Box<[u8]>,
    expires: Instant,
    /// Tells values apart that expire at one moment.
    number: u64,
}

impl Value {
    fn cost(&self) -> usize {
        cost(&self.bytes)
    }
}

fn cost(bytes: &[u8]) -> usize {
    bytes.len().saturating_add(OVERHEAD)
}

#[derive(Default)]
struct Shard {
    values: HashMap<Key, Value>,
    /// The keys of `values`, in the order in which they expire.
    expiry: BTreeMap<(Instant, u64), Key>,
    next_number: u64,
}

impl Shard {
    fn live(&self, key: &Key, now: Instant) -> Option<&Value> {
        self.values.get(key).filter(|value| value.expires > now)
    }

    /// Writes over an older value. Refused for want of room, it leaves the older one.
    fn insert(
        &mut self,
        key: Key,
        owner: Owner,
        bytes: &[u8],
        expires: Instant,
        budget: &Budget,
    ) -> Result<()> {
        match self.values.get(&key).map(Value::cost) {
            Some(old) => {
                budget.reserve(owner, 0, cost(bytes).saturating_sub(old))?;
                budget.release(owner, 0, old.saturating_sub(cost(bytes)));
            }
            None => budget.reserve(owner, 1, cost(bytes))?,
        }
        let number = self.next_number;
        self.next_number = number.wrapping_add(1);
        if let Some(old) =
            self.values.insert(key, Value { owner, bytes: bytes.into(), expires, number })
        {
            self.expiry.remove(&(old.expires, old.number));
        }
        self.expiry.insert((expires, number), key);
        Ok(())
    }

    fn remove(&mut self, key: &Key, budget: &Budget) -> Option<Value> {
        let value = self.values.remove(key)?;
        self.expiry.remove(&(value.expires, value.number));
        budget.release(value.owner, 1, value.cost());
        self.shrink();
        Some(value)
    }

    /// Frees up to `limit` values that have expired by `now`.
    fn sweep(&mut self, now: Instant, limit: usize, budget: &Budget) -> usize {
        let mut swept = 0;
        while swept < limit
            && let Some((&(expires, _), &key)) = self.expiry.first_key_value()
            && expires <= now
        {
            self.expiry.pop_first();
            self.remove(&key, budget);
            swept += 1;
        }
        swept
    }

    /// Gives memory back after a flood. At most once for as many removals as values remain, so
    /// that its cost is spread over them.
    fn shrink(&mut self) {
        let (len, capacity) = (self.values.len(), self.values.capacity());
        if capacity > SMALL_TABLE && len < capacity / 4 {
            self.values.shrink_to(len * 2);
        }
    }
}

/// What all shards together may still take.
struct Budget {
    entries: AtomicUsize,
    bytes: AtomicUsize,
    /// Bytes by tenant: half of all at most, so that a flood of one tenant's visitors leaves room
    /// for everybody else (attack R4).
    of_owners: Mutex<HashMap<Owner, usize>>,
    max: MemorySettings,
}

impl Budget {
    fn reserve(&self, owner: Owner, entries: usize, bytes: usize) -> Result<()> {
        self.reserve_of_owner(owner, bytes)?;
        add(&self.entries, entries, self.max.max_entries)
            .and_then(|()| {
                add(&self.bytes, bytes, self.max.max_bytes)
                    .inspect_err(|_| _ = self.entries.fetch_sub(entries, Ordering::Relaxed))
            })
            .inspect_err(|_| self.release_of_owner(owner, bytes))
    }

    fn release(&self, owner: Owner, entries: usize, bytes: usize) {
        self.entries.fetch_sub(entries, Ordering::Relaxed);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.release_of_owner(owner, bytes);
    }

    fn reserve_of_owner(&self, owner: Owner, bytes: usize) -> Result<()> {
        if owner == Owner::Deployment {
            return Ok(());
        }
        let mut owners = self.of_owners.lock().unwrap_or_else(PoisonError::into_inner);
        let used = owners.entry(owner).or_default();
        let more = used.saturating_add(bytes);
        if bytes > 0 && more > self.max.max_bytes / 2 {
            return Err(Error::Full);
        }
        *used = more;
        Ok(())
    }

    fn release_of_owner(&self, owner: Owner, bytes: usize) {
        let mut owners = self.of_owners.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(used) = owners.get_mut(&owner) {
            *used = used.saturating_sub(bytes);
            if *used == 0 {
                owners.remove(&owner);
            }
        }
    }
}

/// Adds, unless it gets more than `max`. Relaxed will do: the shards' locks order the values, and
/// the sums guard nothing but themselves.
fn add(sum: &AtomicUsize, more: usize, max: usize) -> Result<()> {
    sum.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| {
        now.checked_add(more).filter(|&sum| more == 0 || sum <= max)
    })
    .map(drop)
    .map_err(|_| Error::Full)
}
