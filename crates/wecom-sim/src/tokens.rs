//! Access tokens and the ban for wrong secrets.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, RwLock},
};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    lock::{lock, read, write},
    random,
};

/// How long a dead token is still known, to tell 42001 from 40014.
const REMEMBER: TimeDelta = TimeDelta::hours(24);

/// How a token that was invalidated early answers: both occur [D 91039].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Invalidation {
    /// 40014, invalid access_token.
    Invalid,
    /// 42001, access_token expired.
    Expired,
}

/// Whose token it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Role {
    /// An app's, by agentid.
    App(i64),
    /// Contact sync's.
    Contact,
}

/// What a token stands for.
#[derive(Debug)]
pub(crate) struct Access {
    pub(crate) corp: String,
    pub(crate) role: Role,
    expires_at: DateTime<Utc>,
}

struct Current {
    secret: String,
    token: String,
    expires_at: DateTime<Utc>,
}

#[derive(Default)]
struct Table {
    by_token: HashMap<String, (Arc<Access>, Option<Invalidation>)>,
    current: HashMap<(String, Role), Current>,
}

/// All access tokens. One is current per (corp, secret) and is given again until it expires.
#[derive(Default)]
pub(crate) struct Tokens(RwLock<Table>);

impl Tokens {
    /// The current token and its remaining seconds, or a new one of `life` seconds.
    pub(crate) fn issue(
        &self,
        now: DateTime<Utc>,
        (corp, role): (&str, Role),
        secret: &str,
        life: u32,
    ) -> (String, i64) {
        let place = (corp.to_owned(), role);
        if let Some(found) = remaining(&read(&self.0), &place, secret, now) {
            return found;
        }
        let mut table = write(&self.0);
        if let Some(found) = remaining(&table, &place, secret, now) {
            return found;
        }
        let expires_at = now + TimeDelta::seconds(i64::from(life));
        // 160 random bytes: as long as real ones are, and more than many a column allows.
        let token = random::text(&random::bytes::<160>());
        table.by_token.retain(|_, (access, _)| access.expires_at + REMEMBER > now);
        let access = Arc::new(Access { corp: corp.to_owned(), role, expires_at });
        table.by_token.insert(token.clone(), (access, None));
        let current = Current { secret: secret.to_owned(), token: token.clone(), expires_at };
        table.current.insert(place, current);
        (token, i64::from(life))
    }

    /// What the token stands for, or why not.
    pub(crate) fn check(
        &self,
        now: DateTime<Utc>,
        token: &str,
    ) -> Result<Arc<Access>, Invalidation> {
        let table = read(&self.0);
        let (access, revoked) = table.by_token.get(token).ok_or(Invalidation::Invalid)?;
        match revoked {
            Some(how) => Err(*how),
            None if now >= access.expires_at => Err(Invalidation::Expired),
            None => Ok(Arc::clone(access)),
        }
    }

    /// Kills tokens now: of one corp or all, of one app or all. Returns how many.
    pub(crate) fn invalidate(
        &self,
        corp: Option<&str>,
        agentid: Option<i64>,
        how: Invalidation,
    ) -> usize {
        let mut table = write(&self.0);
        let hit = |of: &str, role: Role| {
            corp.is_none_or(|corp| corp == of) && agentid.is_none_or(|id| role == Role::App(id))
        };
        table.current.retain(|(of, role), _| !hit(of, *role));
        let mut count = 0;
        for (access, revoked) in table.by_token.values_mut() {
            if revoked.is_none() && hit(&access.corp, access.role) {
                *revoked = Some(how);
                count += 1;
            }
        }
        count
    }
}

fn remaining(
    table: &Table,
    place: &(String, Role),
    secret: &str,
    now: DateTime<Utc>,
) -> Option<(String, i64)> {
    let current = table.current.get(place).filter(|current| current.secret == secret)?;
    let left = (current.expires_at - now).num_seconds();
    (left > 0).then(|| (current.token.clone(), left))
}

#[derive(Default)]
struct Record {
    wrong: u32,
    until: Option<DateTime<Utc>>,
}

/// Wrong secrets per caller's IP [D 90313, help of 45009].
#[derive(Default)]
pub(crate) struct Bans(Mutex<HashMap<String, Record>>);

impl Bans {
    pub(crate) fn is_banned(&self, now: DateTime<Utc>, ip: &str) -> bool {
        lock(&self.0).get(ip).and_then(|record| record.until).is_some_and(|until| now < until)
    }

    /// Counts a wrong secret: at the limit the IP is blocked and the count starts again.
    pub(crate) fn wrong_secret(&self, now: DateTime<Utc>, ip: &str, limit: u32, seconds: u32) {
        let mut records = lock(&self.0);
        let record = records.entry(ip.to_owned()).or_default();
        record.wrong += 1;
        if record.wrong >= limit.max(1) {
            let until = now + TimeDelta::seconds(i64::from(seconds));
            *record = Record { wrong: 0, until: Some(until) };
        }
    }

    /// A right secret ends the row.
    pub(crate) fn right_secret(&self, ip: &str) {
        if let Some(record) = lock(&self.0).get_mut(ip) {
            record.wrong = 0;
        }
    }

    pub(crate) fn lift(&self) {
        lock(&self.0).clear();
    }
}
