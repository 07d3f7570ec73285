//! Everything that changes while the simulator runs.

use std::{
    collections::HashMap,
    sync::{
        Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    directory::{Company, Directory},
    fault::Faults,
    journal::Journal,
    lock::{lock, read, write},
    lookups::Lookups,
    pages::Scan,
    shelf::Shelf,
    simulator::{Clock, Settings},
    tokens::{Bans, Tokens},
    world::{SensitiveField, World},
};

/// A code lives five minutes [D 91022].
pub(crate) const CODE_LIFE: TimeDelta = TimeDelta::seconds(300);
/// A user_ticket lives 1800 seconds [D 91023].
pub(crate) const TICKET_LIFE: TimeDelta = TimeDelta::seconds(1_800);
/// A consent is remembered for 30 days [D 91022].
const CONSENT_LIFE: TimeDelta = TimeDelta::days(30);

/// Who came, as the pages chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Visitor {
    /// A member, by userid as stored.
    Member(String),
    /// Not a member of the corp.
    NonMember { openid: String, external_userid: Option<String> },
    /// Of a linked corp: `CorpId/userid`.
    Linked(String),
}

/// What a code stands for.
#[derive(Debug)]
pub(crate) struct Grant {
    pub(crate) corp: String,
    /// The app named by the page's URL; in the client it may be missing with `snsapi_base`.
    pub(crate) agentid: Option<i64>,
    /// `host[:port]` of the redirect URI.
    pub(crate) domain: String,
    /// Came by Web login: never a user_ticket.
    pub(crate) web: bool,
    pub(crate) visitor: Visitor,
    /// Fields consented to: `Some` with `snsapi_privateinfo` only.
    pub(crate) consent: Option<Vec<SensitiveField>>,
}

/// A code's life.
pub(crate) enum CodeState {
    /// Not redeemed yet.
    Fresh(Box<Grant>),
    /// Redeemed: kept for a while to be told from a code that never was.
    Used,
}

/// What a user_ticket stands for.
pub(crate) struct Ticket {
    pub(crate) corp: String,
    pub(crate) agentid: i64,
    pub(crate) userid: String,
    pub(crate) fields: Vec<SensitiveField>,
}

type Consents = HashMap<(String, i64, String), (DateTime<Utc>, Vec<SensitiveField>)>;

/// The simulator's state. Locks are short and never held across an await.
/// Order where two are taken: world, then anything else.
pub(crate) struct State {
    clock: Clock,
    /// Public base URL, without a slash at the end.
    pub(crate) base: String,
    caller_ip: Option<String>,
    world: RwLock<Directory>,
    pub(crate) tokens: Tokens,
    pub(crate) bans: Bans,
    pub(crate) lookups: Lookups,
    pub(crate) codes: Shelf<CodeState>,
    pub(crate) tickets: Shelf<Ticket>,
    pub(crate) scans: Shelf<Scan>,
    consents: Mutex<Consents>,
    pub(crate) faults: Faults,
    pub(crate) journal: Journal,
    hints: AtomicU64,
}

impl State {
    pub(crate) fn new(settings: Settings, base: String, world: World) -> Self {
        Self {
            clock: settings.now,
            base,
            caller_ip: settings.caller_ip,
            world: RwLock::new(world.into()),
            tokens: Tokens::default(),
            bans: Bans::default(),
            lookups: Lookups::default(),
            codes: Shelf::new(CODE_LIFE * 2),
            tickets: Shelf::new(TICKET_LIFE * 2),
            scans: Shelf::new(CODE_LIFE),
            consents: Mutex::default(),
            faults: Faults::default(),
            journal: Journal::default(),
            hints: AtomicU64::new(1),
        }
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }

    pub(crate) fn world(&self) -> RwLockReadGuard<'_, Directory> {
        read(&self.world)
    }

    pub(crate) fn world_mut(&self) -> RwLockWriteGuard<'_, Directory> {
        write(&self.world)
    }

    /// The IP that the API sees: the configured one, or the peer's.
    pub(crate) fn caller_ip(&self, peer: Option<std::net::IpAddr>) -> String {
        match (&self.caller_ip, peer) {
            (Some(ip), _) => ip.clone(),
            (None, Some(ip)) => ip.to_string(),
            (None, None) => "127.0.0.1".to_owned(),
        }
    }

    /// A number for support, as WeCom puts one into each failure.
    pub(crate) fn hint(&self) -> String {
        let seconds = self.now().timestamp();
        format!("{seconds}{:013}", self.hints.fetch_add(1, Ordering::Relaxed))
    }

    /// A new code.
    pub(crate) fn mint_code(&self, grant: Grant) -> String {
        self.codes.mint(self.now(), CodeState::Fresh(Box::new(grant)))
    }

    /// What the member consented to within the last 30 days.
    pub(crate) fn consent(
        &self,
        corp: &str,
        agentid: i64,
        userid: &str,
    ) -> Option<Vec<SensitiveField>> {
        let place = (corp.to_owned(), agentid, userid.to_ascii_lowercase());
        let consents = lock(&self.consents);
        let (at, fields) = consents.get(&place)?;
        (self.now() - *at < CONSENT_LIFE).then(|| fields.clone())
    }

    pub(crate) fn remember_consent(
        &self,
        corp: &Company,
        agentid: i64,
        userid: &str,
        fields: Vec<SensitiveField>,
    ) {
        let place = (corp.profile.corp_id.clone(), agentid, userid.to_ascii_lowercase());
        lock(&self.consents).insert(place, (self.now(), fields));
    }

    pub(crate) fn forget_consents(&self) {
        lock(&self.consents).clear();
    }
}
