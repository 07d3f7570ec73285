//! A token cache in memory, as strict as the trait's words.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use secrecy::{ExposeSecret, SecretString};
use wecom::{CacheEntry, LockGuardToken, TokenCache};

#[derive(Debug, thiserror::Error)]
#[error("the cache is down")]
pub(crate) struct Down;

#[derive(Clone, Default)]
pub(crate) struct MemoryCache(Arc<Shared>);

#[derive(Default)]
struct Shared {
    down: AtomicBool,
    guards: AtomicU64,
    arriving: Mutex<Option<(String, CacheEntry)>>,
    entries: Mutex<HashMap<String, (SecretString, Instant)>>,
    locks: Mutex<HashMap<String, (LockGuardToken, Instant)>>,
}

impl MemoryCache {
    pub(crate) fn set_down(&self, down: bool) {
        self.0.down.store(down, Ordering::SeqCst);
    }

    /// The entry, for a look from outside.
    pub(crate) fn entry(&self, key: &str) -> Option<CacheEntry> {
        let entries = self.0.entries.lock().unwrap();
        let (text, until) = entries.get(key)?;
        (Instant::now() < *until).then(|| CacheEntry::from_text(text.expose_secret()).unwrap())
    }

    /// Another node finishes between somebody's look and the lock: `entry` is there by then.
    pub(crate) fn arrives_before_the_next_lock(&self, key: &str, entry: CacheEntry) {
        *self.0.arriving.lock().unwrap() = Some((key.to_owned(), entry));
    }

    /// How long the entry will stay.
    pub(crate) fn ttl(&self, key: &str) -> Duration {
        self.0.entries.lock().unwrap()[key].1.duration_since(Instant::now())
    }

    pub(crate) fn is_locked(&self, key: &str) -> bool {
        self.0.locks.lock().unwrap().contains_key(key)
    }

    fn check(&self) -> Result<(), Down> {
        if self.0.down.load(Ordering::SeqCst) { Err(Down) } else { Ok(()) }
    }
}

impl TokenCache for MemoryCache {
    type Error = Down;

    async fn get(&self, key: &str) -> Result<Option<CacheEntry>, Down> {
        self.check()?;
        Ok(self.entry(key))
    }

    async fn put(&self, key: &str, entry: &CacheEntry, ttl: Duration) -> Result<(), Down> {
        self.check()?;
        let value = (entry.to_text(), Instant::now() + ttl);
        self.0.entries.lock().unwrap().insert(key.to_owned(), value);
        Ok(())
    }

    async fn forget_if(&self, key: &str, token: &SecretString) -> Result<(), Down> {
        self.check()?;
        if let Some(CacheEntry::Token(kept)) = self.entry(key)
            && kept.token.expose_secret() == token.expose_secret()
        {
            self.0.entries.lock().unwrap().remove(key);
        }
        Ok(())
    }

    async fn try_lock(&self, key: &str, ttl: Duration) -> Result<Option<LockGuardToken>, Down> {
        self.check()?;
        let arriving = self.0.arriving.lock().unwrap().take();
        if let Some((key, entry)) = arriving {
            self.put(&key, &entry, ttl).await?;
        }
        let mut locks = self.0.locks.lock().unwrap();
        if locks.get(key).is_some_and(|(_, until)| Instant::now() < *until) {
            return Ok(None);
        }
        let guard = LockGuardToken(self.0.guards.fetch_add(1, Ordering::SeqCst).to_string());
        locks.insert(key.to_owned(), (guard.clone(), Instant::now() + ttl));
        Ok(Some(guard))
    }

    async fn unlock(&self, key: &str, guard: LockGuardToken) -> Result<(), Down> {
        self.check()?;
        let mut locks = self.0.locks.lock().unwrap();
        if locks.get(key).is_some_and(|(held, _)| *held == guard) {
            locks.remove(key);
        }
        Ok(())
    }
}
