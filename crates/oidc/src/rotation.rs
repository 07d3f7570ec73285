//! Rotation of a tenant's signing keys: which changes are due. The pure decision; [`Hand`] makes the
//! changes, [`Rotator`] those that are due of every tenant.
//!
//! ```text
//! one signs for long enough ─▶ next ──published for PUBLISH_FOR──▶ active ──another takes over──▶
//! retired ──what it signed is dead──▶ removed
//! ```
//! OpenID Connect Core §10.1.1: a key is published before it signs, and stays published for as long as
//! somebody may have to verify what it signed. A key that must not be trusted any more does not go this
//! way: [`Hand::withdraw`].

mod hand;
mod rotator;

use chrono::{DateTime, TimeDelta, Utc};
use store::id::KeyId;
use store::signing_key::{Algorithm, KeyStatus, SigningKey};

pub use self::hand::{Hand, Withdrawal};
pub use self::rotator::Rotator;

/// How long a key is published before it signs. Longer than everybody goes on with keys they have
/// read: our nodes some seconds, clients the minute that the JWK Set allows (`max-age`), and those
/// that refresh by a timer of their own, which is rarely slower than this.
pub const PUBLISH_FOR: TimeDelta = TimeDelta::hours(1);

/// The longest that an app may have access tokens live; ID tokens live for minutes.
const LONGEST_TOKEN: TimeDelta = TimeDelta::days(1);

/// A node goes on signing with the keys it has read for a second, clocks differ, and a request that is
/// under way takes its time.
const MARGIN: TimeDelta = TimeDelta::hours(1);

/// When changes are due.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// How long a key signs until another is made; none is for ever.
    pub age: Option<TimeDelta>,
    /// The longest that a session lasts: for so long an app may hold an ID token that it shows at the
    /// end, expired by then (OpenID Connect RP-Initiated Logout 1.0 §2).
    pub session: TimeDelta,
}

impl Rules {
    /// How long a key verifies after it has stopped signing.
    #[must_use]
    pub fn kept(&self) -> TimeDelta {
        self.session.max(LONGEST_TOKEN) + MARGIN
    }
}

/// A key, as far as it matters here.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// Its id.
    pub id: KeyId,
    /// Its algorithm.
    pub algorithm: Algorithm,
    /// Whether it signs.
    pub status: KeyStatus,
    /// Since when it has its status.
    pub since: DateTime<Utc>,
}

impl From<&SigningKey> for Known {
    fn from(key: &SigningKey) -> Self {
        Self { id: key.id, algorithm: key.algorithm, status: key.status, since: key.changed_at }
    }
}

/// A change that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A new key is made.
    Create(Algorithm, KeyStatus),
    /// A next key begins to sign; the one that did retires.
    Activate(KeyId),
    /// A retired key goes.
    Remove(KeyId),
}

/// Which changes are due.
#[must_use]
pub fn due(keys: &[Known], now: DateTime<Utc>, rules: &Rules) -> Vec<Step> {
    let is_over = |key: Known, time: TimeDelta| now - key.since >= time;
    let of_algorithm = |algorithm: Algorithm| {
        let with = |status| {
            keys.iter().find(|key| key.algorithm == algorithm && key.status == status).copied()
        };
        match (with(KeyStatus::Active), with(KeyStatus::Next)) {
            // A tenant from before this algorithm.
            (None, None) => Some(Step::Create(algorithm, KeyStatus::Active)),
            // Nothing signs: a key that is not known everywhere is better.
            (None, Some(next)) => Some(Step::Activate(next.id)),
            (Some(_), Some(next)) => is_over(next, PUBLISH_FOR).then_some(Step::Activate(next.id)),
            (Some(active), None) => rules
                .age
                .is_some_and(|age| is_over(active, age))
                .then_some(Step::Create(algorithm, KeyStatus::Next)),
        }
    };
    let dead = keys
        .iter()
        .filter(|key| key.status == KeyStatus::Retired && is_over(**key, rules.kept()))
        .map(|key| Step::Remove(key.id));
    Algorithm::ALL.iter().copied().filter_map(of_algorithm).chain(dead).collect()
}

#[cfg(test)]
mod tests;
