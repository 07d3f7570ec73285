//! Apps that do not answer: none is tried again for each delivery by itself.

use chrono::{DateTime, TimeDelta, Utc};
use moka::sync::Cache;
use store::id::{AppId, TenantId};

/// How long an app is left alone after so many failures in a row; the last one stays.
const PAUSES: [TimeDelta; 5] = [
    TimeDelta::seconds(5),
    TimeDelta::seconds(30),
    TimeDelta::minutes(2),
    TimeDelta::minutes(10),
    TimeDelta::hours(1),
];

/// An app, in its tenant.
type Key = (TenantId, AppId);

/// Which apps failed when they were called last, as far as this node has seen.
#[derive(Debug, Clone)]
pub(super) struct Circuits(Cache<Key, Circuit>);

#[derive(Debug, Clone, Copy)]
struct Circuit {
    failures: i64,
    until: DateTime<Utc>,
}

impl Default for Circuits {
    fn default() -> Self {
        Self(Cache::new(10_000))
    }
}

impl Circuits {
    /// Until when the app is to be left alone, if it is.
    pub(super) fn open_until(&self, key: Key, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.0.get(&key).map(|circuit| circuit.until).filter(|until| *until > now)
    }

    /// The app failed: until when it is left alone. The delivery had failed before so many times,
    /// perhaps at another node.
    pub(super) fn open(&self, key: Key, now: DateTime<Utc>, before: i64) -> DateTime<Utc> {
        let known = self.0.get(&key);
        // A call that was under way beside the one that opened it.
        if let Some(circuit) = known.filter(|circuit| circuit.until > now) {
            return circuit.until;
        }
        let failures = known.map_or(0, |circuit| circuit.failures).max(before) + 1;
        let until = now + pause(failures);
        self.0.insert(key, Circuit { failures, until });
        until
    }

    /// The app answered.
    pub(super) fn close(&self, key: Key) {
        self.0.invalidate(&key);
    }
}

fn pause(failures: i64) -> TimeDelta {
    let at = usize::try_from(failures - 1).unwrap_or_default();
    PAUSES[at.min(PAUSES.len() - 1)]
}

#[cfg(test)]
mod tests {
    use store::id::{AppId, TenantId};
    use uuid::Uuid;

    use super::*;

    fn key(app: u128) -> Key {
        (TenantId(Uuid::from_u128(1)), AppId(Uuid::from_u128(app)))
    }

    #[test]
    fn k5_pauses_grow_until_the_app_answers() {
        let (circuits, mut now) = (Circuits::default(), DateTime::UNIX_EPOCH);
        for seconds in [5, 30, 120, 600, 3600, 3600, 3600] {
            assert_eq!(circuits.open_until(key(1), now), None);
            let until = circuits.open(key(1), now, 0);
            assert_eq!((until - now).num_seconds(), seconds);
            // The second call at once does not count by itself.
            assert_eq!(circuits.open(key(1), now, 0), until);
            assert_eq!(circuits.open_until(key(1), now), Some(until));
            assert_eq!(circuits.open_until(key(2), now), None, "another app");
            now = until;
        }
        circuits.close(key(1));
        let seconds = |until: DateTime<Utc>| (until - now).num_seconds();
        assert_eq!(seconds(circuits.open(key(1), now, 0)), 5);
        assert_eq!(seconds(circuits.open(key(2), now, 3)), 600, "other nodes had tried before");
    }
}
