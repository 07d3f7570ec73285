//! The block for wrong look-ups of members [D 90312].
//!
//! The documents give neither an errcode of its own, nor how the two look-ups count, nor when the
//! count starts again. Here it is 45009, "call limit exceeded" [D 90313]; both look-ups of a corp
//! share one count and one block; and a wrong look-up counts for as long as a block lasts.

use std::{
    collections::{HashMap, VecDeque},
    sync::Mutex,
};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{directory::Company, lock::lock, world::Rules};

/// What the wrong look-ups of a corp have come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongLookups {
    /// Those that count now; a block starts the count again.
    pub counted: usize,
    /// How many may count without a block. `None`: any number.
    pub allowed: Option<usize>,
    /// Until when the look-ups answer 45009.
    pub blocked_until: Option<DateTime<Utc>>,
}

/// How many wrong look-ups a corp may make, in which time.
#[derive(Clone, Copy)]
pub(crate) struct Limit {
    allowed: usize,
    span: TimeDelta,
}

impl Limit {
    /// The corp's limit; `None` if the rule is off.
    pub(crate) fn of(rules: &Rules, company: &Company) -> Option<Self> {
        let percent = usize::try_from(rules.wrong_lookup_percent?).unwrap_or(usize::MAX);
        let allowed = company.size().saturating_mul(percent) / 100;
        Some(Self { allowed, span: TimeDelta::seconds(rules.lookup_block_seconds.into()) })
    }
}

#[derive(Default)]
struct Record {
    wrong: VecDeque<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
}

impl Record {
    /// Drops what no longer counts.
    fn age(&mut self, now: DateTime<Utc>, limit: Limit) {
        self.until = self.until.filter(|until| now < *until);
        self.wrong.retain(|at| now.signed_duration_since(at) < limit.span);
    }
}

/// Wrong look-ups per corp.
#[derive(Default)]
pub(crate) struct Lookups(Mutex<HashMap<String, Record>>);

impl Lookups {
    pub(crate) fn is_blocked(&self, now: DateTime<Utc>, corp: &str) -> bool {
        lock(&self.0).get(corp).and_then(|record| record.until).is_some_and(|until| now < until)
    }

    /// Counts a wrong look-up: beyond the limit the corp is blocked and the count starts again.
    pub(crate) fn wrong(&self, now: DateTime<Utc>, corp: &str, limit: Limit) {
        let mut records = lock(&self.0);
        let record = records.entry(corp.to_owned()).or_default();
        record.age(now, limit);
        record.wrong.push_back(now);
        if record.wrong.len() > limit.allowed {
            *record = Record { wrong: VecDeque::new(), until: Some(now + limit.span) };
        }
    }

    /// What they have come to.
    pub(crate) fn told(
        &self,
        now: DateTime<Utc>,
        corp: &str,
        limit: Option<Limit>,
    ) -> WrongLookups {
        let mut told = WrongLookups { counted: 0, allowed: None, blocked_until: None };
        let Some(limit) = limit else { return told };
        told.allowed = Some(limit.allowed);
        if let Some(record) = lock(&self.0).get_mut(corp) {
            record.age(now, limit);
            told.counted = record.wrong.len();
            told.blocked_until = record.until;
        }
        told
    }

    pub(crate) fn forget(&self) {
        lock(&self.0).clear();
    }
}
