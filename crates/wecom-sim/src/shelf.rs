//! Short-lived things by random key: sharded, bounded, purged from the oldest.

use std::{
    collections::{HashMap, VecDeque},
    sync::Mutex,
};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    lock::lock,
    random::{self, Key},
};

const SHARDS: usize = 16;
/// Beyond this the oldest goes, used or not: 131,072 things a shelf.
const PER_SHARD: usize = 8_192;

/// One thing and when it was put.
pub(crate) struct Item<V> {
    pub(crate) at: DateTime<Utc>,
    pub(crate) value: V,
}

struct Shard<V> {
    items: HashMap<Key, Item<V>>,
    order: VecDeque<(DateTime<Utc>, Key)>,
}

/// Things kept for a while after they were put.
pub(crate) struct Shelf<V> {
    shards: Vec<Mutex<Shard<V>>>,
    keep: TimeDelta,
}

impl<V> Shelf<V> {
    /// A shelf that forgets what is older than `keep`.
    pub(crate) fn new(keep: TimeDelta) -> Self {
        let shard = || Mutex::new(Shard { items: HashMap::new(), order: VecDeque::new() });
        Self { shards: (0..SHARDS).map(|_| shard()).collect(), keep }
    }

    /// Puts a thing under a new random key and returns the key's text.
    pub(crate) fn mint(&self, now: DateTime<Utc>, value: V) -> String {
        let key = random::bytes();
        self.put(now, key, value);
        random::text(&key)
    }

    /// Puts a thing under a key, unless something is there already.
    pub(crate) fn put(&self, now: DateTime<Utc>, key: Key, value: V) {
        let mut shard = lock(self.shard(&key));
        while let Some(&(at, oldest)) = shard.order.front() {
            if shard.order.len() < PER_SHARD && now.signed_duration_since(at) <= self.keep {
                break;
            }
            shard.order.pop_front();
            shard.items.remove(&oldest);
        }
        if let std::collections::hash_map::Entry::Vacant(place) = shard.items.entry(key) {
            place.insert(Item { at: now, value });
            shard.order.push_back((now, key));
        }
    }

    /// Looks at, and may change, the thing under a key: one atomic step.
    pub(crate) fn with<R>(&self, text: &str, act: impl FnOnce(Option<&mut Item<V>>) -> R) -> R {
        match random::key(text) {
            Some(key) => act(lock(self.shard(&key)).items.get_mut(&key)),
            None => act(None),
        }
    }

    fn shard(&self, key: &Key) -> &Mutex<Shard<V>> {
        &self.shards[usize::from(key[0]) % SHARDS]
    }
}
