//! The public keys of apps that prove themselves (`private_key_jwt`): registered with the app, or
//! fetched from where it publishes them (OpenID Connect Core §10.1.1, attack E5).
//!
//! Fetched keys are taken for five minutes. A token by a key that is not among them asks again at
//! once, once a minute. If what comes then is no set of keys, or nothing, the old keys go on for an
//! hour: an app whose web server is down can still sign people in.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use moka::sync::Cache;
use store::app::App;
use store::id::{AppId, TenantId};
use store::tenant::Tenant;
use tokio::sync::Mutex;

use crate::Provider;
use crate::jose::{self, JwkSet, Jws, Verified};

/// How long keys are taken without asking again.
const FRESH_FOR: TimeDelta = TimeDelta::minutes(5);
/// How long keys are taken at most, if asking again fails.
const KEPT_FOR: TimeDelta = TimeDelta::hours(1);
/// How often an app's server is asked because a key is missing, or although it failed.
const PAUSE: TimeDelta = TimeDelta::minutes(1);
/// How often it is asked although it failed, when no keys are known at all.
const PAUSE_WITHOUT_KEYS: TimeDelta = TimeDelta::seconds(10);
/// Longest answer, in bytes.
const LENGTH_AT_MOST: usize = 64 * 1024;
/// Most apps whose keys are kept.
const APPS_AT_MOST: u64 = 1000;

/// Whose keys, and from where: another address has other keys.
type Place = (TenantId, AppId, String);

/// The keys of apps as this node has fetched them.
#[derive(Clone)]
pub(crate) struct AppKeys(Cache<Place, Arc<Entry>>);

impl Default for AppKeys {
    fn default() -> Self {
        Self(Cache::new(APPS_AT_MOST))
    }
}

impl fmt::Debug for AppKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AppKeys")
    }
}

#[derive(Default)]
struct Entry {
    known: Mutex<Known>,
    /// Held by whoever asks the app's server: one at a time.
    asking: Mutex<()>,
}

#[derive(Clone, Default)]
struct Known {
    keys: Option<Fetched>,
    /// When asking failed last, if nothing was fetched since.
    failed_at: Option<DateTime<Utc>>,
    /// When somebody asked last because a key was missing.
    missed_at: Option<DateTime<Utc>>,
}

#[derive(Clone)]
struct Fetched {
    keys: Arc<JwkSet>,
    at: DateTime<Utc>,
}

impl Known {
    /// What may still be used.
    fn usable(&self, now: DateTime<Utc>) -> Option<Fetched> {
        self.keys.clone().filter(|keys| now - keys.at < KEPT_FOR)
    }

    /// Whether it is time to ask again.
    fn is_due(&self, now: DateTime<Utc>) -> bool {
        let keys = self.usable(now);
        let pause = if keys.is_some() { PAUSE } else { PAUSE_WITHOUT_KEYS };
        keys.is_none_or(|keys| now - keys.at >= FRESH_FOR)
            && self.failed_at.is_none_or(|at| now - at >= pause)
    }
}

/// The token, if one of the app's keys signed it.
pub(crate) async fn verify<'t>(
    provider: &Provider,
    tenant: &Tenant,
    app: &App,
    jws: &'t Jws<'_>,
) -> Option<Verified<'t>> {
    let Some(uri) = &app.protocol.jwks_uri else {
        let keys = app.protocol.jwks.as_ref()?.as_object()?;
        return jws.verify_with(&JwkSet::from_members(keys).ok()?).ok();
    };
    let place = (tenant.id, app.id, uri.clone());
    let entry = provider.app_keys.0.get_with(place, Arc::default);
    let source = Source { provider, app: app.id, uri, entry: &entry };
    let (keys, just_now) = source.keys().await?;
    match jws.verify_with(&keys.keys) {
        Ok(verified) => Some(verified),
        // Without a `kid` it may be any key's.
        Err(jose::Error::Signature) if jws.header().kid.is_some() => None,
        // What came just now would come again.
        Err(jose::Error::NoKey | jose::Error::Signature) if !just_now => {
            let keys = source.keys_after(&keys).await?;
            jws.verify_with(&keys.keys).ok()
        }
        Err(_) => None,
    }
}

/// Where an app publishes its keys, and what is known of them.
struct Source<'a> {
    provider: &'a Provider,
    app: AppId,
    uri: &'a str,
    entry: &'a Entry,
}

impl Source<'_> {
    fn now(&self) -> DateTime<Utc> {
        self.provider.store.env.now()
    }

    async fn known(&self) -> Known {
        self.entry.known.lock().await.clone()
    }

    /// The app's keys, and whether they came just now.
    async fn keys(&self) -> Option<(Fetched, bool)> {
        let known = self.known().await;
        let old = known.usable(self.now());
        if !known.is_due(self.now()) {
            return Some((old?, false));
        }
        let _asking = match (self.entry.asking.try_lock(), old) {
            (Ok(asking), _) => asking,
            // Somebody asks already; nobody else waits for an answer that may not be needed.
            (Err(_), Some(old)) => return Some((old, false)),
            (Err(_), None) => self.entry.asking.lock().await,
        };
        let due = self.known().await.is_due(self.now());
        if due {
            self.ask().await;
        }
        Some((self.known().await.usable(self.now())?, due))
    }

    /// The app's keys, after one was not among these.
    async fn keys_after(&self, seen: &Fetched) -> Option<Fetched> {
        let _asking = self.entry.asking.lock().await;
        let now = self.now();
        let mut known = self.known().await;
        let newer = known.usable(now).filter(|keys| keys.at > seen.at);
        if newer.is_some() {
            return newer;
        }
        let allowed = known.missed_at.is_none_or(|at| now - at >= PAUSE)
            && known.failed_at.is_none_or(|at| now - at >= PAUSE);
        if !allowed {
            return None;
        }
        known.missed_at = Some(now);
        *self.entry.known.lock().await = known;
        self.ask().await;
        self.known().await.usable(now).filter(|keys| keys.at > seen.at)
    }

    /// Asks the app's server. What is not a set of public keys changes nothing.
    async fn ask(&self) {
        let fetched = self.provider.outgoing.fetch(self.uri, LENGTH_AT_MOST).await;
        let now = self.now();
        let mut known = self.entry.known.lock().await;
        let app = self.app;
        let keys = match fetched {
            Ok(body) => JwkSet::parse(&body).inspect_err(|error| {
                tracing::warn!(%app, %error, "what an app publishes is no set of public keys");
            }),
            Err(error) => {
                tracing::warn!(%app, %error, "an app's keys could not be fetched");
                known.failed_at = Some(now);
                return;
            }
        };
        match keys {
            Ok(keys) => {
                known.keys = Some(Fetched { keys: Arc::new(keys), at: now });
                known.failed_at = None;
            }
            Err(_) => known.failed_at = Some(now),
        }
    }
}
