//! A bounded place for things that live for a fixed time.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Things by random keys. All live equally long, so that the order in which they came is the order
/// in which they go; when it is full the oldest goes early.
pub(crate) struct Shelf<T> {
    life: Duration,
    capacity: usize,
    inner: Mutex<Inner<T>>,
}

struct Inner<T> {
    things: HashMap<String, T>,
    /// When each key ends. Keys that were taken stay here until then.
    ends: VecDeque<(Instant, String)>,
}

impl<T> Shelf<T> {
    pub(crate) fn new(life: Duration, capacity: usize) -> Self {
        let inner = Inner { things: HashMap::new(), ends: VecDeque::new() };
        Self { life, capacity, inner: Mutex::new(inner) }
    }

    /// Puts a thing under a key that was never used before.
    pub(crate) fn put(&self, key: String, thing: T) {
        let mut inner = self.fresh();
        while inner.ends.len() >= self.capacity
            && let Some((_, oldest)) = inner.ends.pop_front()
        {
            inner.things.remove(&oldest);
        }
        inner.ends.push_back((Instant::now() + self.life, key.clone()));
        inner.things.insert(key, thing);
    }

    /// Takes the thing of this key, if it is the right one; a wrong one stays.
    pub(crate) fn take_if(&self, key: &str, right: impl FnOnce(&T) -> bool) -> Option<T> {
        let mut inner = self.fresh();
        if !right(inner.things.get(key)?) {
            return None;
        }
        inner.things.remove(key)
    }

    /// A copy of the thing of this key.
    pub(crate) fn get(&self, key: &str) -> Option<T>
    where
        T: Clone,
    {
        self.fresh().things.get(key).cloned()
    }

    /// The content without what has ended.
    fn fresh(&self) -> MutexGuard<'_, Inner<T>> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        while inner.ends.front().is_some_and(|(end, _)| *end <= now)
            && let Some((_, key)) = inner.ends.pop_front()
        {
            inner.things.remove(&key);
        }
        inner
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Shelf;

    const HOUR: Duration = Duration::from_hours(1);

    #[test]
    fn only_the_right_one_is_taken_and_only_once() {
        let shelf = Shelf::new(HOUR, 10);
        shelf.put("key".to_owned(), 7);
        assert_eq!(shelf.take_if("key", |thing| *thing == 8), None);
        assert_eq!(shelf.take_if("key", |thing| *thing == 7), Some(7));
        assert_eq!(shelf.take_if("key", |_| true), None);
    }

    #[test]
    fn a_full_shelf_drops_the_oldest() {
        let shelf = Shelf::new(HOUR, 3);
        for thing in 0..5 {
            shelf.put(thing.to_string(), thing);
        }
        let left: Vec<_> = (0..5).filter_map(|thing: i32| shelf.get(&thing.to_string())).collect();
        assert_eq!(left, [2, 3, 4]);
    }

    #[test]
    fn what_has_ended_is_gone() {
        let shelf = Shelf::new(Duration::ZERO, 3);
        shelf.put("key".to_owned(), 7);
        assert_eq!(shelf.get("key"), None);
    }
}
