//! Ephemeral state in Redis: what a dump shows, and faults, tried on servers of the tests' own
//! (`redis-server` must be in the path).

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails, fails its test")]

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use redis::Commands;
use store::ephemeral::{Ephemeral, Owner, RedisSettings, Slot};
use store::id::TenantId;
use store::{Error, Result};
use tempfile::TempDir;
use uuid::Uuid;

const CODE: Slot<String> = Slot::new("code", Duration::from_mins(1));
const TRIES: Slot<u64> = Slot::new("tries", Duration::from_mins(1));
const ACME: TenantId = TenantId(Uuid::from_u128(1));
const TIMEOUT: Duration = Duration::from_secs(1);

/// What scheduling adds on a busy machine.
const GRACE: Duration = Duration::from_secs(1);

/// A Redis on a unix socket in a folder of its own.
struct Server {
    folder: TempDir,
    process: Child,
}

impl Server {
    fn start(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let process = spawn(&folder, options);
        Self { folder, process }
    }

    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    fn restart(&mut self) {
        self.process = spawn(&self.folder, &[]);
    }

    /// Lets the process sleep or wake up.
    fn signal(&self, signal: &str) {
        let process = self.process.id().to_string();
        assert!(Command::new("kill").args([signal, &process]).status().unwrap().success());
    }

    fn url(&self) -> String {
        format!("redis+unix://{}", socket(&self.folder).display())
    }

    fn open(&self) -> Ephemeral {
        let settings = RedisSettings { timeout: TIMEOUT, ..RedisSettings::new(self.url()) };
        Ephemeral::redis(&settings).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn socket(folder: &TempDir) -> PathBuf {
    folder.path().join("redis.sock")
}

/// Starts the server and waits until it answers.
fn spawn(folder: &TempDir, options: &[&str]) -> Child {
    let process = Command::new("redis-server")
        .args(["--port", "0", "--save", "", "--dir"])
        .arg(folder.path())
        .arg("--unixsocket")
        .arg(socket(folder))
        .args(options)
        .stdout(Stdio::null())
        .spawn()
        .expect("redis-server is installed");
    let client = redis::Client::open(format!("unix://{}", socket(folder).display())).unwrap();
    let begun = Instant::now();
    while client.get_connection().and_then(|mut redis| redis.ping::<String>()).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20), "redis-server does not start");
        std::thread::sleep(Duration::from_millis(10));
    }
    process
}

fn text(value: &str) -> String {
    value.to_owned()
}

#[track_caller]
fn assert_unavailable<T: std::fmt::Debug>(result: &Result<T>, begun: Instant) {
    assert!(matches!(result, Err(Error::Unavailable(_))), "{result:?}");
    assert!(begun.elapsed() < TIMEOUT + GRACE, "took {:?}", begun.elapsed());
}

#[tokio::test]
async fn a_dump_shows_slots_and_tenants_but_no_keys() -> Result<()> {
    let server = Server::start(&[]);
    let ephemeral = server.open();
    ephemeral.put(&CODE, ACME, "usable-code", &text("v")).await?;
    ephemeral.count(&TRIES, Owner::Deployment, "user@example.com").await?;
    let mut redis = redis::Client::open(server.url()).unwrap().get_connection().unwrap();
    let mut keys: Vec<String> = redis.keys("*").unwrap();
    keys.sort();
    let digest = |key: &str| key.rsplit(':').next().unwrap().to_owned();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], format!("hufu:code:{ACME}:{}", digest(&keys[0])));
    assert_eq!(keys[1], format!("hufu:tries:-:{}", digest(&keys[1])));
    for key in keys {
        assert_eq!(digest(&key).len(), 43);
        let left: u64 = redis.pttl(&key).unwrap();
        assert!((1..=60_000).contains(&left), "{key} lives for {left} ms");
    }
    Ok(())
}

#[tokio::test]
async fn flush_all_leaves_other_prefixes_alone() -> Result<()> {
    let server = Server::start(&[]);
    let ours = server.open();
    let settings = RedisSettings { prefix: text("hufu2"), ..RedisSettings::new(server.url()) };
    let theirs = Ephemeral::redis(&settings)?;
    ours.put(&CODE, ACME, "k", &text("ours")).await?;
    theirs.put(&CODE, ACME, "k", &text("theirs")).await?;
    ours.flush_all().await?;
    assert_eq!(ours.get(&CODE, ACME, "k").await?, None);
    assert_eq!(theirs.get(&CODE, ACME, "k").await?.as_deref(), Some("theirs"));
    Ok(())
}

#[tokio::test]
async fn an_absent_redis_is_unavailable_and_then_back_by_itself() -> Result<()> {
    let mut server = Server::start(&[]);
    let ephemeral = server.open();
    ephemeral.put(&CODE, ACME, "k", &text("v")).await?;
    server.kill();
    for _ in 0..100 {
        let begun = Instant::now();
        assert_unavailable(&ephemeral.get(&CODE, ACME, "k").await, begun);
        assert_unavailable(&ephemeral.put(&CODE, ACME, "k", &text("v")).await, begun);
        assert_unavailable(&ephemeral.put_new(&CODE, ACME, "k", &text("v")).await, begun);
        assert_unavailable(&ephemeral.take(&CODE, ACME, "k").await, begun);
        assert_unavailable(&ephemeral.count(&TRIES, ACME, "k").await, begun);
        assert_unavailable(&ephemeral.ping().await, begun);
    }
    server.restart();
    tokio::time::sleep(Duration::from_millis(200)).await;
    ephemeral.ping().await?;
    assert_eq!(ephemeral.get(&CODE, ACME, "k").await?, None);
    assert!(ephemeral.put_new(&CODE, ACME, "k", &text("v")).await?);
    Ok(())
}

#[tokio::test]
async fn a_restart_between_two_operations_goes_unnoticed() -> Result<()> {
    let mut server = Server::start(&[]);
    let ephemeral = server.open();
    ephemeral.ping().await?;
    server.kill();
    server.restart();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(ephemeral.count(&TRIES, ACME, "k").await?, 1);
    ephemeral.ping().await
}

#[tokio::test]
async fn a_redis_that_comes_later_is_found() -> Result<()> {
    let mut server = Server::start(&[]);
    server.kill();
    let ephemeral = server.open();
    let begun = Instant::now();
    assert_unavailable(&ephemeral.ping().await, begun);
    server.restart();
    tokio::time::sleep(Duration::from_millis(200)).await;
    ephemeral.ping().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_hangs_is_unavailable_within_the_time_out() -> Result<()> {
    let server = Server::start(&[]);
    let ephemeral = server.open();
    ephemeral.put(&CODE, ACME, "k", &text("v")).await?;
    server.signal("-STOP");
    for _ in 0..2 {
        let begun = Instant::now();
        let tasks = (0..200).map(|_| {
            let ephemeral = ephemeral.clone();
            tokio::spawn(async move { ephemeral.get(&CODE, ACME, "k").await })
        });
        for task in futures_util::future::join_all(tasks).await {
            assert_unavailable(&task.unwrap(), begun);
        }
    }
    server.signal("-CONT");
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(ephemeral.get(&CODE, ACME, "k").await?.as_deref(), Some("v"));
    Ok(())
}

#[tokio::test]
async fn a_redis_without_memory_is_full() -> Result<()> {
    let server = Server::start(&["--maxmemory", "1", "--maxmemory-policy", "noeviction"]);
    let ephemeral = server.open();
    let refused = ephemeral.put(&CODE, ACME, "k", &text("v")).await;
    assert!(matches!(refused, Err(Error::Full)), "{refused:?}");
    let refused = ephemeral.count(&TRIES, ACME, "k").await;
    assert!(matches!(refused, Err(Error::Full)), "{refused:?}");
    assert_eq!(ephemeral.get(&CODE, ACME, "k").await?, None);
    Ok(())
}

#[tokio::test]
async fn unusable_settings_are_refused_without_quoting_the_password() {
    let right = RedisSettings::new("redis://user:hunter2@localhost/0");
    assert!(Ephemeral::redis(&right).is_ok());
    let wrong = [
        RedisSettings::new("redis://user:hunter2@localhost:port/0"),
        RedisSettings::new("https://user:hunter2@localhost/"),
        RedisSettings::new("hunter2"),
        RedisSettings { prefix: text("a*"), ..right.clone() },
        RedisSettings { prefix: text(""), ..right.clone() },
        RedisSettings { connections: 0, ..right.clone() },
        RedisSettings { timeout: Duration::ZERO, ..right.clone() },
    ];
    for settings in wrong {
        let error = Ephemeral::redis(&settings).unwrap_err();
        assert!(matches!(error, Error::Settings(_)), "{error:?} for {settings:?}");
        assert!(!format!("{error:?} {error} {settings:?}").contains("hunter2"));
    }
    assert!(!format!("{:?}", Ephemeral::redis(&right)).contains("hunter2"));
}
