//! The access token's life: one refresher at a time across all nodes.
//!
//! ```text
//! cache has ── token before its renewal ───────▶ use it
//!           ── token in its renewal ── lock? ─no─▶ use it
//!           │                            └─yes──▶ gettoken ▶ put ▶ unlock
//!           ── refusal ────────────────────────▶ that refusal
//!           └─ nothing ─────────────── lock? ─yes▶ gettoken ▶ put ▶ unlock
//!                                        └─no───▶ wait, look again; at last: busy
//! ```

use std::{sync::Arc, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::time::{Instant, sleep};
use tracing::Instrument as _;

use crate::{
    Action, ApiError, CacheEntry, CachedToken, Credentials, Error, LockGuardToken, Refusal,
    TokenCache, client::Inner, lenient, transport::Call,
};

/// The path of `gettoken` [D 91039].
pub(crate) const GETTOKEN: &str = "cgi-bin/gettoken";

/// Renewal begins so long before the end, and up to [`JITTER`] earlier, in seconds.
const MARGIN: u64 = 300;
const JITTER: u64 = 60;
/// No token lives longer (7200 s is usual); it keeps the arithmetic small.
const MAX_LIFE: u64 = 24 * 3600;
/// A token with less left than this, in seconds, is about to be replaced by WeCom.
const NEAR_ZERO: u64 = 3;
/// First pause of who waits for somebody else's `gettoken`, and the longest.
const FIRST_LOOK: Duration = Duration::from_millis(25);
const LONGEST_LOOK: Duration = Duration::from_millis(400);
/// A renewal that failed while the old token lives is tried again after this time, in seconds.
const NEXT_RENEWAL: u64 = 30;

/// The reply of `gettoken`.
#[derive(Deserialize)]
struct Fetched {
    #[serde(default, deserialize_with = "lenient::secret")]
    access_token: Option<SecretString>,
    /// Seconds that are left: the same token comes back until its end.
    #[serde(default, deserialize_with = "lenient::integer")]
    expires_in: Option<i64>,
}

impl<C: TokenCache> Inner<C> {
    /// A token that is good now.
    pub(crate) async fn access_token(
        self: &Arc<Self>,
        credentials: &Credentials,
    ) -> Result<SecretString, Error> {
        let deadline = Instant::now() + self.settings.token_wait;
        let mut pause = FIRST_LOOK;
        loop {
            let usable = self.look(credentials).await?;
            if let Some(token) = usable.as_ref().filter(|token| self.is_fresh(token)) {
                return Ok(token.token.clone());
            }
            if let Some(guard) = self.try_lock(credentials).await? {
                return self.renew_to_the_end(credentials, guard).await;
            }
            if let Some(token) = usable {
                return Ok(token.token);
            }
            if Instant::now() >= deadline {
                return Err(Error::Busy);
            }
            sleep(pause).await;
            pause = (pause * 3 / 2).min(LONGEST_LOOK);
        }
    }

    /// One `gettoken` now, whatever the cache says: an administrator's test. It is never repeated.
    /// Only a verdict on the credentials replaces what stands in the cache.
    pub(crate) async fn fetch_once(&self, credentials: &Credentials) -> Result<(), Error> {
        match self.fetch(credentials, false).await {
            Err(error) if !error.is_misconfigured() => Err(error),
            verdict => self.keep(credentials, verdict, None).await.map(drop),
        }
    }

    /// The cached token, unless it has expired.
    async fn look(&self, credentials: &Credentials) -> Result<Option<CachedToken>, Error> {
        match self.cache.get(&credentials.token_key).await.map_err(Error::cache)? {
            Some(CacheEntry::Refused(refusal)) => {
                Err(Error::Api(ApiError::from_refusal(GETTOKEN, &refusal)))
            }
            Some(CacheEntry::Token(token)) => {
                Ok((self.env.now_unix() < token.expires_at_unix).then_some(token))
            }
            None => Ok(None),
        }
    }

    fn is_fresh(&self, token: &CachedToken) -> bool {
        self.env.now_unix() < token.refresh_at_unix
    }

    async fn try_lock(&self, credentials: &Credentials) -> Result<Option<LockGuardToken>, Error> {
        // Two fetches of twice the call's time, and the wait between them: the longest renewal
        let ttl = self.settings.call_timeout * 4 + Duration::from_secs(NEAR_ZERO + 2);
        self.cache.try_lock(&credentials.token_key, ttl).await.map_err(Error::cache)
    }

    /// Renews in a task of its own: a caller that goes away must not leave the lock behind.
    async fn renew_to_the_end(
        self: &Arc<Self>,
        credentials: &Credentials,
        guard: LockGuardToken,
    ) -> Result<SecretString, Error> {
        let (inner, credentials) = (Arc::clone(self), credentials.clone());
        let renewal = async move {
            let renewed = inner.renew(&credentials).await;
            let unlocked = inner.cache.unlock(&credentials.token_key, guard).await;
            let token = renewed?;
            // The token is good; the lock ends by itself
            if let Err(error) = unlocked {
                tracing::warn!(%error, "the token lock could not be given back");
            }
            Ok(token)
        };
        let task = tokio::spawn(renewal.in_current_span());
        // It fails only when the runtime ends
        task.await.map_err(|_| Error::Busy)?
    }

    /// Under the lock. Looks first: the token may have come between the last look and the lock.
    async fn renew(&self, credentials: &Credentials) -> Result<SecretString, Error> {
        let old = self.look(credentials).await?;
        if let Some(token) = old.as_ref().filter(|token| self.is_fresh(token)) {
            return Ok(token.token.clone());
        }
        let mut fetched = self.fetch(credentials, true).await;
        if let Ok(token) = &fetched {
            let left = token.expires_at_unix.saturating_sub(self.env.now_unix());
            if left < NEAR_ZERO {
                // The old token at its very end: once it is over, a new one comes
                sleep(Duration::from_secs(left + 1)).await;
                fetched = self.fetch(credentials, true).await;
            }
        }
        self.keep(credentials, fetched, old).await
    }

    async fn fetch(&self, credentials: &Credentials, retry: bool) -> Result<CachedToken, Error> {
        let call = Call {
            path: GETTOKEN,
            query: vec![
                ("corpid", credentials.corp_id.as_str()),
                ("corpsecret", credentials.secret.expose_secret()),
            ],
            body: None,
        };
        // Before the call: the token's life is counted from WeCom's answer, so this errs safely
        let now = self.env.now_unix();
        let reply: Fetched = if retry {
            self.call_retrying(credentials, &call, None, is_busy).await?
        } else {
            self.call_once(credentials, &call, None).await?
        };
        let token = reply.access_token.ok_or_else(|| Error::lacks(GETTOKEN, "access_token"))?;
        let life = reply.expires_in.ok_or_else(|| Error::lacks(GETTOKEN, "expires_in"))?;
        let life = u64::try_from(life).unwrap_or(0).min(MAX_LIFE);
        let refresh_in = refresh_in(life, self.env.random());
        Ok(CachedToken { token, expires_at_unix: now + life, refresh_at_unix: now + refresh_in })
    }

    /// Puts the outcome where everybody finds it. While `old` lives, only a refusal of the
    /// credentials themselves replaces it.
    async fn keep(
        &self,
        credentials: &Credentials,
        fetched: Result<CachedToken, Error>,
        old: Option<CachedToken>,
    ) -> Result<SecretString, Error> {
        match (fetched, old) {
            (Ok(token), _) => self.put_token(credentials, token).await,
            (Err(error), Some(mut old)) if !error.is_misconfigured() => {
                tracing::warn!(%error, "renewal of the access token failed, the old one lives");
                old.refresh_at_unix = self.env.now_unix() + NEXT_RENEWAL;
                self.put_token(credentials, old).await
            }
            (Err(error), _) => {
                if let Some(refused) = error.api() {
                    self.put_refusal(credentials, refused).await?;
                }
                Err(error)
            }
        }
    }

    async fn put_token(
        &self,
        credentials: &Credentials,
        token: CachedToken,
    ) -> Result<SecretString, Error> {
        let left = token.expires_at_unix.saturating_sub(self.env.now_unix()).max(1);
        let secret = token.token.clone();
        let entry = CacheEntry::Token(token);
        let ttl = Duration::from_secs(left);
        self.cache.put(&credentials.token_key, &entry, ttl).await.map_err(Error::cache)?;
        Ok(secret)
    }

    async fn put_refusal(&self, credentials: &Credentials, error: &ApiError) -> Result<(), Error> {
        let (hint, from_ip) = (error.hint.clone(), error.from_ip);
        let entry = CacheEntry::Refused(Refusal { errcode: error.errcode, hint, from_ip });
        let ttl = refusal_ttl(error);
        self.cache.put(&credentials.token_key, &entry, ttl).await.map_err(Error::cache)
    }
}

/// `gettoken` changes nothing: it may be repeated whenever WeCom is busy.
pub(crate) fn is_busy(errcode: i64) -> bool {
    matches!(errcode, -1 | 6000 | 45033)
}

/// Seconds from now to the renewal of a token that lives `life` seconds. A token that comes
/// within its renewal (the same one, with what is left) is asked for again after half of that:
/// a few times until its end, not at every call.
fn refresh_in(life: u64, random: u64) -> u64 {
    let early = MARGIN + random % (JITTER + 1);
    if life > MARGIN + JITTER { (life - early).max(1) } else { (life / 2).max(NEAR_ZERO) }
}

/// A wrong secret stays wrong; a limit's shortest window is a minute [D 90313]; of anything else
/// only those who wait this very moment learn.
fn refusal_ttl(error: &ApiError) -> Duration {
    let seconds = match error.action {
        _ if error.misconfigured => 3600,
        Action::Wait => 60,
        _ => 5,
    };
    Duration::from_secs(seconds)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn renewal_begins_five_to_six_minutes_early() {
        assert_eq!(refresh_in(7200, 0), 6900);
        assert_eq!(refresh_in(7200, 60), 6840);
        assert_eq!(refresh_in(7200, 61), 6900);
        assert_eq!(refresh_in(200, 7), 100);
        assert_eq!(refresh_in(0, 7), NEAR_ZERO);
    }

    proptest! {
        #[test]
        fn renewal_never_begins_at_once(life in 0..=MAX_LIFE, random: u64) {
            prop_assert!(refresh_in(life, random) > 0);
        }
    }
}
