//! Ephemeral state in Redis 6.2 or later (`GETDEL`).
//!
//! Few connections, each shared by everybody: a connection takes any number of commands at once,
//! and those that are ready together travel together. deadpool opens and replaces the connections;
//! a [`Lane`] keeps one in use. (A pool that lends a connection to one command at a time, and
//! probes it each time, costs three times the CPU and serves less than half as much.)

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use deadpool_redis::{Connection, Manager, Pool};
use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, FromRedisValue, IntoConnectionInfo, Pipeline, ProtocolVersion, PushInfo,
    PushKind, RedisError,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{Instant, timeout_at};

use super::Place;
use crate::error::{Error, Result};

/// How long nobody tries again after a connection could not be opened.
const PAUSE: Duration = Duration::from_millis(100);

/// Keys that are removed with one command.
const SCAN_COUNT: usize = 1000;

/// Where Redis is, and how it is used.
#[derive(Debug, Clone)]
pub struct RedisSettings {
    /// `redis://[user:password@]host[:port][/db]`, or a unix socket as
    /// `redis+unix:///path[?db=n&user=u&pass=p]` or `unix:///path`. `rediss://` is TLS. The
    /// server's memory policy must be `noeviction`.
    pub url: SecretString,
    /// Begins every key: letters, digits, `-` and `_`. Deployments with different prefixes share
    /// a Redis without noticing.
    pub prefix: String,
    /// Connections, each shared by any number of tasks.
    pub connections: usize,
    /// The most that an operation takes, connecting included.
    pub timeout: Duration,
}

impl RedisSettings {
    /// The prefix `hufu`, two connections, a time-out of two seconds.
    pub fn new(url: impl Into<SecretString>) -> Self {
        Self {
            url: url.into(),
            prefix: "hufu".to_owned(),
            connections: 2,
            timeout: Duration::from_secs(2),
        }
    }
}

/// Ephemeral state in Redis. Recovers by itself when Redis comes back.
pub struct Redis {
    pool: Pool,
    lanes: Arc<[Lane]>,
    prefix: String,
    timeout: Duration,
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis")
            .field("prefix", &self.prefix)
            .field("connections", &self.lanes.len())
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl Redis {
    /// Checks the settings. Connects at the first use.
    pub(super) fn open(settings: &RedisSettings) -> Result<Self> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if settings.prefix.is_empty() || !settings.prefix.chars().all(allowed) {
            return Err(Error::Settings("the Redis prefix has letters, digits, '-' and '_' only"));
        }
        if settings.connections == 0 || settings.timeout.is_zero() {
            return Err(Error::Settings("Redis needs a connection and a time-out above zero"));
        }
        let lanes: Arc<[Lane]> = (0..settings.connections).map(|_| Lane::default()).collect();
        let manager = manager(settings, Arc::downgrade(&lanes))
            // The source is left out: it may quote the URL, and with it a password.
            .map_err(|_| Error::Settings("the Redis URL cannot be used"))?;
        let pool = Pool::builder(manager)
            .max_size(settings.connections)
            .build()
            .map_err(|_| Error::Settings("the Redis connections cannot be set up"))?;
        Ok(Self { pool, lanes, prefix: settings.prefix.clone(), timeout: settings.timeout })
    }

    pub(super) async fn put(&self, place: &Place, value: &[u8], ttl: Duration) -> Result<()> {
        let mut commands = redis::pipe();
        commands.cmd("SET").arg(place.redis_key(&self.prefix)).arg(value);
        commands.arg("PX").arg(millis(ttl)).ignore();
        self.run(self.lane(place), &commands).await
    }

    pub(super) async fn put_new(&self, place: &Place, value: &[u8], ttl: Duration) -> Result<bool> {
        let mut commands = redis::pipe();
        commands.cmd("SET").arg(place.redis_key(&self.prefix)).arg(value);
        commands.arg("NX").arg("PX").arg(millis(ttl));
        let (written,): (Option<String>,) = self.run(self.lane(place), &commands).await?;
        Ok(written.is_some())
    }

    pub(super) async fn get(&self, place: &Place) -> Result<Option<Box<[u8]>>> {
        self.read("GET", place).await
    }

    pub(super) async fn take(&self, place: &Place) -> Result<Option<Box<[u8]>>> {
        self.read("GETDEL", place).await
    }

    pub(super) async fn count(&self, place: &Place, ttl: Duration) -> Result<u64> {
        let key = place.redis_key(&self.prefix);
        let mut commands = redis::pipe();
        // Redis' clock stands still within a transaction, so the key that `SET` found is there
        // for `INCR`, which would otherwise make one that never expires.
        commands.atomic().cmd("SET").arg(&key).arg(0).arg("PX").arg(millis(ttl)).arg("NX").ignore();
        commands.cmd("INCR").arg(&key);
        let (count,) = self.run(self.lane(place), &commands).await?;
        Ok(count)
    }

    pub(super) async fn ping(&self) -> Result<()> {
        let mut commands = redis::pipe();
        commands.cmd("PING").ignore();
        for lane in &*self.lanes {
            self.run::<()>(lane, &commands).await?;
        }
        Ok(())
    }

    pub(super) async fn flush_all(&self) -> Result<()> {
        let lane = &self.lanes[0];
        let mut cursor = 0_u64;
        loop {
            let mut scan = redis::pipe();
            scan.cmd("SCAN").arg(cursor).arg("MATCH").arg(format!("{}:*", self.prefix));
            scan.arg("COUNT").arg(SCAN_COUNT);
            let ((next, keys),): ((u64, Vec<Vec<u8>>),) = self.run(lane, &scan).await?;
            if !keys.is_empty() {
                let mut unlink = redis::pipe();
                unlink.cmd("UNLINK").arg(keys).ignore();
                self.run::<()>(lane, &unlink).await?;
            }
            if next == 0 {
                return Ok(());
            }
            cursor = next;
        }
    }

    async fn read(&self, command: &'static str, place: &Place) -> Result<Option<Box<[u8]>>> {
        let mut commands = redis::pipe();
        commands.cmd(command).arg(place.redis_key(&self.prefix));
        let (value,): (Option<Vec<u8>>,) = self.run(self.lane(place), &commands).await?;
        Ok(value.map(Vec::into_boxed_slice))
    }

    /// One key has one lane, so what a task does to it happens in the task's order.
    fn lane(&self, place: &Place) -> &Lane {
        &self.lanes[usize::from(place.digest[0]) % self.lanes.len()]
    }

    /// Sends commands once and waits for the answer, for no longer than the time-out.
    async fn run<T: FromRedisValue>(&self, lane: &Lane, commands: &Pipeline) -> Result<T> {
        let deadline = Instant::now() + self.timeout;
        let (mut connection, number) = match timeout_at(deadline, lane.connection(&self.pool)).await
        {
            Ok(connection) => connection?,
            Err(elapsed) => return Err(Error::Unavailable(elapsed.into())),
        };
        match timeout_at(deadline, commands.query_async(&mut connection)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => {
                if is_lost(&error) {
                    lane.close(Some(number));
                }
                Err(refused(error))
            }
            Err(elapsed) => {
                // The other end may be gone without a word: the next command gets a new one.
                lane.close(Some(number));
                Err(Error::Unavailable(elapsed.into()))
            }
        }
    }
}

/// A connection that everybody uses, and its replacement when it is lost.
#[derive(Default)]
struct Lane {
    current: Mutex<Option<Numbered>>,
    opening: tokio::sync::Mutex<Opening>,
}

struct Numbered {
    connection: Connection,
    number: u64,
}

#[derive(Default)]
struct Opening {
    opened: u64,
    failed: Option<Instant>,
}

impl Lane {
    /// The connection and its number. Only one task at a time tries to open one, and none right
    /// after a failure, so that an absent Redis is not stormed.
    async fn connection(&self, pool: &Pool) -> Result<(MultiplexedConnection, u64)> {
        if let Some(current) = self.current() {
            return Ok(current);
        }
        let mut opening = self.opening.lock().await;
        if let Some(current) = self.current() {
            return Ok(current);
        }
        if opening.failed.is_some_and(|at| at.elapsed() < PAUSE) {
            return Err(Error::Unavailable("Redis could not be reached a moment ago".into()));
        }
        let connection = pool.get().await.map_err(|error| {
            opening.failed = Some(Instant::now());
            Error::Unavailable(error.into())
        })?;
        opening.opened += 1;
        let number = opening.opened;
        let shared = MultiplexedConnection::clone(&connection);
        *self.slot() = Some(Numbered { connection, number });
        Ok((shared, number))
    }

    fn current(&self) -> Option<(MultiplexedConnection, u64)> {
        let slot = self.slot();
        slot.as_ref().map(|open| (MultiplexedConnection::clone(&open.connection), open.number))
    }

    /// Drops the connection if it is still this one, or whichever it is. Commands under way on it
    /// go on.
    fn close(&self, number: Option<u64>) {
        let closed = self.slot().take_if(|open| number.is_none_or(|number| number == open.number));
        // Taken from the pool as well: it opens a new one instead of probing this one.
        drop(closed.map(|open| Connection::take(open.connection)));
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Option<Numbered>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn manager(settings: &RedisSettings, lanes: Weak<[Lane]>) -> Result<Manager, RedisError> {
    let info = settings.url.expose_secret().into_connection_info()?;
    // RESP3 tells when a connection ends, so that a restart of Redis costs an idle node nothing.
    let redis = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    // Without it an unanswering host is noticed after a quarter of an hour.
    let tcp = TcpSettings::default().set_nodelay(true).set_user_timeout(settings.timeout);
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(settings.timeout))
        // `run` has the time-out, for opening and asking together.
        .set_response_timeout(None)
        .set_push_sender(move |push: PushInfo| {
            if push.kind == PushKind::Disconnection
                && let Some(lanes) = lanes.upgrade()
            {
                // It does not say which one; opening the few anew is cheap.
                lanes.iter().for_each(|lane| lane.close(None));
            }
            Ok::<(), redis::aio::SendError>(())
        });
    Manager::new_with_config(info.set_redis_settings(redis).set_tcp_settings(tcp), config)
}

/// Whether the connection is of no more use: broken, or to a server that no longer takes writes.
fn is_lost(error: &RedisError) -> bool {
    error.is_unrecoverable_error() || error.is_timeout() || answers(error, "READONLY")
}

/// `OOM` is the answer of a Redis at its `maxmemory`.
fn refused(error: RedisError) -> Error {
    if answers(&error, "OOM") { Error::Full } else { Error::Unavailable(error.into()) }
}

/// Whether Redis answered one of the commands with this error code.
fn answers(error: &RedisError, code: &str) -> bool {
    let errors = error.clone().into_server_errors();
    errors.is_some_and(|errors| errors.iter().any(|(_, error)| error.code() == code))
}

/// Redis takes whole milliseconds above zero; the slot's bounds keep it within an `i64`.
fn millis(ttl: Duration) -> u64 {
    u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX)
}
