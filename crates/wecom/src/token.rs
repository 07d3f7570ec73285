//! Where access tokens are kept between calls: the caller's cache, shared by all nodes.

use std::{future::Future, net::IpAddr, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// An access token of one app [D 91039].
#[derive(Debug, Clone)]
pub struct CachedToken {
    /// The token, 512 bytes at most.
    pub token: SecretString,
    /// From then on (Unix seconds) it must not be used.
    pub expires_at_unix: u64,
    /// From then on (Unix seconds) one caller renews it while the others go on using it.
    pub refresh_at_unix: u64,
}

/// Why the last `gettoken` gave no token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// WeCom's code.
    pub errcode: i64,
    /// The reference for WeCom's support.
    pub hint: Option<String>,
    /// Our address as WeCom saw it.
    pub from_ip: Option<IpAddr>,
}

/// What stands in the cache for one key.
#[derive(Debug, Clone)]
pub enum CacheEntry {
    /// A token.
    Token(CachedToken),
    /// No token: everybody who waited for it, on any node, takes this answer instead of asking
    /// again. With a wrong secret each further question brings the ban nearer [D 90312].
    Refused(Refusal),
}

/// [`CacheEntry`] as text.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Written {
    Token { token: String, expires_at_unix: u64, refresh_at_unix: u64 },
    Refused(Refusal),
}

impl CacheEntry {
    /// The entry as text, for caches that keep texts. It holds the token.
    pub fn to_text(&self) -> SecretString {
        let written = match self {
            Self::Token(CachedToken { token, expires_at_unix, refresh_at_unix }) => {
                Written::Token {
                    token: token.expose_secret().to_owned(),
                    expires_at_unix: *expires_at_unix,
                    refresh_at_unix: *refresh_at_unix,
                }
            }
            Self::Refused(refusal) => Written::Refused(refusal.clone()),
        };
        // Texts, numbers and an address are always JSON; an empty text would read as no entry
        SecretString::from(serde_json::to_string(&written).unwrap_or_default())
    }

    /// The entry that [`CacheEntry::to_text`] wrote; nothing if it was written otherwise, as by
    /// another version: a cache may forget.
    pub fn from_text(text: &str) -> Option<Self> {
        Some(match serde_json::from_str(text).ok()? {
            Written::Token { token, expires_at_unix, refresh_at_unix } => {
                let token = SecretString::from(token);
                Self::Token(CachedToken { token, expires_at_unix, refresh_at_unix })
            }
            Written::Refused(refusal) => Self::Refused(refusal),
        })
    }
}

/// What a cache gave for a lock; it proves at the unlocking that the lock is still ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockGuardToken(pub String);

/// The cache of access tokens, shared by all nodes. Keys are [`crate::Credentials::token_key`]; an
/// entry and a lock of the same key are two things. Losing it costs a `gettoken`.
pub trait TokenCache: Send + Sync + 'static {
    /// Why the cache can't answer.
    type Error: std::error::Error + Send + Sync + 'static;

    /// The entry, unless its time is over.
    fn get(
        &self,
        key: &str,
    ) -> impl Future<Output = Result<Option<CacheEntry>, Self::Error>> + Send;

    /// Sets the entry for `ttl`, whatever stood there.
    fn put(
        &self,
        key: &str,
        entry: &CacheEntry,
        ttl: Duration,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Removes the entry if it holds exactly `token`.
    fn forget_if(
        &self,
        key: &str,
        token: &SecretString,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Takes the lock for at most `ttl`; nothing if somebody has it. Atomic across nodes.
    fn try_lock(
        &self,
        key: &str,
        ttl: Duration,
    ) -> impl Future<Output = Result<Option<LockGuardToken>, Self::Error>> + Send;

    /// Gives the lock back, if it is still the one that `guard` stands for.
    fn unlock(
        &self,
        key: &str,
        guard: LockGuardToken,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}
