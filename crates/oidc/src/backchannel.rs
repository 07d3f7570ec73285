//! Telling apps that a session has ended (OpenID Connect Back-Channel Logout 1.0), at least once.
//!
//! ```text
//! session::end ─▶ outbox, in the same transaction        the answer to the browser waits for nothing
//!                    │ take_due: to one node, put off meanwhile
//!                    ▼
//! Courier::round ─▶ a lane for each host ─▶ POST ─▶ told, refused ─▶ removed
//!                                             └▶ anything else ─▶ put off, given up after a day
//! ```
//!
//! Deliveries of all tenants share what there is: a host gets two calls at once, all hosts together
//! sixteen. An app that does not answer is left alone for a while, with everything that is for it.

mod circuit;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{StreamExt as _, stream};
use moka::sync::Cache;
use serde_json::json;
use store::app::{self, App};
use store::audit::{self, Event};
use store::id::{AppId, TenantId};
use store::logout_delivery::{self, Delivery};
use store::source::Status;
use store::tenant::{self, Tenant, TenantStatus};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};

use self::circuit::Circuits;
use crate::error::Result;
use crate::{Provider, logout_token};

/// Calls at once, over all.
const AT_ONCE: usize = 16;
/// Calls at once to one host.
const AT_ONE_HOST: usize = 2;
/// Deliveries that are taken at once.
const BATCH: i64 = 64;
/// How soon somebody looks for what this node did not hear of: deliveries that were put off, those of
/// other nodes that fell over.
const LOOK: Duration = Duration::from_secs(2);
/// When a delivery is taken by somebody else if we fall over. Longer than any lane.
const AGAIN: TimeDelta = TimeDelta::minutes(1);
/// How long a lane begins calls; what is left is taken anew, behind what else is due.
const LANE: Duration = Duration::from_secs(20);
/// How long a delivery waits whose host is busy.
const BUSY: TimeDelta = TimeDelta::seconds(5);
/// How long a delivery waits whose tenant is suspended: its keys are not served.
const SUSPENDED: TimeDelta = TimeDelta::minutes(10);
/// When a delivery is given up.
const GIVEN_UP_AFTER: TimeDelta = TimeDelta::hours(24);

/// Delivers what is due.
#[derive(Debug, Clone)]
pub struct Courier {
    provider: Provider,
    calls: Arc<Semaphore>,
    /// Who holds a host's permit, has its lane.
    hosts: Cache<String, Arc<Semaphore>>,
    circuits: Circuits,
}

/// Whom a delivery is for.
struct Receiver {
    tenant: Tenant,
    app: App,
    uri: String,
}

/// What is known of an app that is to be told.
#[derive(Clone)]
enum Found {
    /// It can be told.
    There(Arc<Receiver>),
    /// Its tenant is suspended.
    Suspended,
    /// It is gone, disabled, or does not want to be told.
    Gone,
}

/// A delivery on its way.
struct Errand {
    delivery: Delivery,
    to: Arc<Receiver>,
}

/// What becomes of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// The app was told, or there is none to tell.
    Done,
    /// The app was told, and could or would not sign the person out (§2.8).
    Refused,
    /// It was not told for a day.
    GivenUp,
    /// The app is to be tried again then.
    Failed(DateTime<Utc>),
    /// Nobody tried: to be looked at again then.
    PutOff(DateTime<Utc>),
}

impl Courier {
    /// One that delivers for this provider.
    #[must_use]
    pub fn new(provider: Provider) -> Self {
        Self {
            provider,
            calls: Arc::new(Semaphore::new(AT_ONCE)),
            hosts: Cache::new(10_000),
            circuits: Circuits::default(),
        }
    }

    /// Delivers for ever. What is under way ends with it, and is tried again by whoever comes next.
    pub async fn run(self) {
        let mut lanes = JoinSet::new();
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = look.tick() => {}
                () = self.provider.store.logout_due.notified() => {}
            }
            while lanes.try_join_next().is_some() {}
            loop {
                match self.round(&mut lanes).await {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(error) => {
                        tracing::warn!(%error, "logout tokens could not be looked for");
                        break;
                    }
                }
            }
        }
    }

    /// Takes what is due and sends it on its way. Whether there was anything.
    async fn round(&self, lanes: &mut JoinSet<()>) -> Result<bool> {
        let store = &self.provider.store;
        let taken = logout_delivery::take_due(&store.database, &store.env, AGAIN, BATCH).await?;
        let any = !taken.is_empty();
        let mut known = HashMap::new();
        let mut by_host: HashMap<String, Vec<Errand>> = HashMap::new();
        for delivery in taken {
            match self.receiver(&mut known, &delivery).await? {
                Found::There(to) => {
                    by_host.entry(host(&to.uri)).or_default().push(Errand { delivery, to });
                }
                Found::Suspended => {
                    let fate = self.late(&delivery).unwrap_or(Fate::PutOff(self.after(SUSPENDED)));
                    self.settle(&delivery, fate).await?;
                }
                Found::Gone => self.settle(&delivery, Fate::Done).await?,
            }
        }
        for (host, errands) in by_host {
            let lane = self.hosts.get_with(host, || Arc::new(Semaphore::new(1)));
            if let Ok(lane) = lane.try_acquire_owned() {
                lanes.spawn(self.clone().lane(lane, errands));
            } else {
                for errand in errands {
                    self.settle(&errand.delivery, Fate::PutOff(self.after(BUSY))).await?;
                }
            }
        }
        Ok(any)
    }

    /// Whom a delivery is for.
    async fn receiver(
        &self,
        known: &mut HashMap<(TenantId, AppId), Found>,
        of: &Delivery,
    ) -> Result<Found> {
        let key = (of.tenant_id, of.app_id);
        if let Some(found) = known.get(&key) {
            return Ok(found.clone());
        }
        let store = &self.provider.store;
        let app = app::find(&mut store.tenant(of.tenant_id), of.app_id).await?;
        let app = app.filter(|app| app.status == Status::Active);
        let tenant = tenant::find(&store.database, of.tenant_id).await?;
        let found = match (tenant, app) {
            (Some(tenant), Some(App { backchannel_logout_uri: Some(_), .. }))
                if tenant.status != TenantStatus::Active =>
            {
                Found::Suspended
            }
            (Some(tenant), Some(app)) => match app.backchannel_logout_uri.clone() {
                Some(uri) => Found::There(Arc::new(Receiver { tenant, app, uri })),
                None => Found::Gone,
            },
            _ => Found::Gone,
        };
        known.insert(key, found.clone());
        Ok(found)
    }

    /// Runs one host's errands.
    async fn lane(self, _lane: OwnedSemaphorePermit, errands: Vec<Errand>) {
        let end = Instant::now() + LANE;
        let run = async |errand: Errand| {
            let done = match self.deliver(&errand, end).await {
                Ok(fate) => self.settle(&errand.delivery, fate).await,
                Err(error) => Err(error),
            };
            if let Err(error) = done {
                let app = errand.delivery.app_id;
                // It is taken again after a while.
                tracing::warn!(%error, %app, "a logout token could not be seen to");
            }
        };
        stream::iter(errands).for_each_concurrent(AT_ONE_HOST, run).await;
    }

    /// Tells an app, unless it is to be left alone.
    async fn deliver(&self, errand: &Errand, end: Instant) -> Result<Fate> {
        let Errand { delivery, to } = errand;
        let key = (to.tenant.id, to.app.id);
        let Ok(Ok(_call)) = timeout_at(end, self.calls.acquire()).await else {
            return Ok(Fate::PutOff(self.after(TimeDelta::zero())));
        };
        if Instant::now() >= end {
            return Ok(Fate::PutOff(self.after(TimeDelta::zero())));
        }
        let now = self.provider.store.env.now();
        if let Some(until) = self.circuits.open_until(key, now) {
            return Ok(self.late(delivery).unwrap_or(Fate::PutOff(until)));
        }
        let (session, user) = (delivery.session_id, delivery.user_id);
        let token = logout_token::issue(&self.provider, &to.tenant, &to.app, session, user).await?;
        // A token has no character that a form would have to escape (§2.5).
        let form = format!("logout_token={token}");
        let app = to.app.id;
        match self.provider.outgoing.post_form(&to.uri, form).await {
            Ok(200 | 204) => {
                self.circuits.close(key);
                tracing::debug!(%app, %session, "an app was told of a logout");
                return Ok(Fate::Done);
            }
            Ok(400) => {
                self.circuits.close(key);
                tracing::warn!(%app, %session, "an app refused a logout token");
                return Ok(Fate::Refused);
            }
            Ok(status) => tracing::warn!(%app, status, "an app was not told of a logout"),
            Err(error) => tracing::warn!(%app, %error, "an app was not told of a logout"),
        }
        let now = self.provider.store.env.now();
        let until = self.circuits.open(key, now, delivery.attempts);
        Ok(self.late(delivery).unwrap_or(Fate::Failed(until)))
    }

    /// If it has waited long enough.
    fn late(&self, delivery: &Delivery) -> Option<Fate> {
        let age = self.provider.store.env.now() - delivery.created_at;
        (age >= GIVEN_UP_AFTER).then_some(Fate::GivenUp)
    }

    fn after(&self, time: TimeDelta) -> DateTime<Utc> {
        self.provider.store.env.now() + time
    }

    /// Writes down what became of a delivery.
    async fn settle(&self, delivery: &Delivery, fate: Fate) -> Result<()> {
        let store = &self.provider.store;
        let mut tx = store.begin(delivery.tenant_id).await?;
        let mut of = delivery.clone();
        match fate {
            Fate::Done => logout_delivery::remove(&mut tx, &of).await?,
            Fate::Refused | Fate::GivenUp => {
                logout_delivery::remove(&mut tx, &of).await?;
                let result = if fate == Fate::Refused { "refused" } else { "given_up" };
                let event = Event {
                    app_id: Some(of.app_id),
                    user_id: Some(of.user_id),
                    detail: json!({ "session": of.session_id }),
                    ..Event::system("backchannel_logout", result)
                };
                audit::record(&mut tx, &store.env, event).await?;
            }
            Fate::Failed(until) => {
                of.attempts += 1;
                logout_delivery::put_off(&mut tx, &of, until).await?;
            }
            Fate::PutOff(until) => logout_delivery::put_off(&mut tx, &of, until).await?,
        }
        Ok(tx.commit().await?)
    }
}

/// Host and port of a URL; of what is none, all of it: it is called all the same, and refused.
fn host(uri: &str) -> String {
    url::Url::parse(uri).map_or_else(|_| uri.to_owned(), |url| url.authority().to_owned())
}
