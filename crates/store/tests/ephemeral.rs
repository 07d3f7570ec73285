//! Ephemeral state: one contract for both implementations. Redis is where `HUFU_TEST_REDIS` says.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails, fails its test")]

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use futures_util::future::join_all;
use store::ephemeral::{Ephemeral, MemorySettings, Owner, RedisSettings, Slot};
use store::id::TenantId;
use store::{Error, Result};
use uuid::Uuid;

const MINUTE: Duration = Duration::from_mins(1);
const CODE: Slot<String> = Slot::new("code", MINUTE);
const STATE: Slot<String> = Slot::new("state", MINUTE);
const BYTES: Slot<Vec<u8>> = Slot::new("bytes", MINUTE);
const TRIES: Slot<u64> = Slot::new("tries", MINUTE);
const ACME: TenantId = TenantId(Uuid::from_u128(1));
const OTHER: TenantId = TenantId(Uuid::from_u128(2));

/// Two handles on one state: in Redis with connections of their own, as two nodes have.
struct Nodes {
    one: Ephemeral,
    two: Ephemeral,
}

fn in_memory() -> Nodes {
    let one = Ephemeral::memory(MemorySettings::default());
    Nodes { two: one.clone(), one }
}

fn in_redis() -> Nodes {
    let settings = redis_settings();
    let open = || Ephemeral::redis(&settings).unwrap();
    Nodes { one: open(), two: open() }
}

#[expect(clippy::disallowed_methods, reason = "the test command names its Redis this way")]
fn redis_settings() -> RedisSettings {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let url = std::env::var("HUFU_TEST_REDIS")
        .expect("set HUFU_TEST_REDIS to the URL of a Redis, as the README's test command does");
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos();
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    // Long enough for a machine that is busy with other tests.
    let timeout = Duration::from_secs(20);
    let prefix = format!("test-{now}-{}-{next}", std::process::id());
    RedisSettings { prefix, timeout, ..RedisSettings::new(url) }
}

macro_rules! contract {
    ($($case:ident,)*) => {
        mod memory { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $case() { super::$case(super::in_memory()).await.unwrap(); }
        )* }
        mod redis { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $case() {
                let nodes = super::in_redis();
                let last = nodes.one.clone();
                super::$case(nodes).await.unwrap();
                last.flush_all().await.unwrap();
            }
        )* }
    };
}

contract! {
    put_writes_over_and_get_reads,
    put_new_writes_only_where_nothing_is,
    take_removes,
    values_expire,
    put_starts_the_time_to_live_anew,
    lasting_sets_another_time_to_live,
    the_window_of_a_count_does_not_slide,
    one_taker_wins_each_of_10_000_races,
    one_writer_wins_each_race,
    counts_are_exact,
    slots_and_owners_are_apart,
    any_key_and_value_will_do,
    an_unreadable_value_is_absent,
    flush_all_empties,
}

fn text(value: &str) -> String {
    value.to_owned()
}

async fn put_writes_over_and_get_reads(Nodes { one, two }: Nodes) -> Result<()> {
    one.ping().await?;
    assert_eq!(one.get(&CODE, ACME, "k").await?, None);
    one.put(&CODE, ACME, "k", &text("first")).await?;
    two.put(&CODE, ACME, "k", &text("second")).await?;
    assert_eq!(one.get(&CODE, ACME, "k").await?.as_deref(), Some("second"));
    assert_eq!(two.get(&CODE, ACME, "k").await?.as_deref(), Some("second"));
    Ok(())
}

async fn put_new_writes_only_where_nothing_is(Nodes { one, two }: Nodes) -> Result<()> {
    assert!(one.put_new(&CODE, ACME, "k", &text("first")).await?);
    assert!(!two.put_new(&CODE, ACME, "k", &text("second")).await?);
    assert_eq!(two.take(&CODE, ACME, "k").await?.as_deref(), Some("first"));
    assert!(two.put_new(&CODE, ACME, "k", &text("third")).await?);
    Ok(())
}

async fn take_removes(Nodes { one, two }: Nodes) -> Result<()> {
    one.put(&CODE, ACME, "k", &text("once")).await?;
    assert_eq!(two.take(&CODE, ACME, "k").await?.as_deref(), Some("once"));
    assert_eq!(one.take(&CODE, ACME, "k").await?, None);
    assert_eq!(one.get(&CODE, ACME, "k").await?, None);
    Ok(())
}

async fn values_expire(Nodes { one, .. }: Nodes) -> Result<()> {
    let brief = CODE.lasting(Duration::from_millis(30));
    for key in ["get", "take", "new"] {
        one.put(&brief, ACME, key, &text("v")).await?;
    }
    one.count(&TRIES.lasting(brief.ttl()), ACME, "count").await?;
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert_eq!(one.get(&brief, ACME, "get").await?, None);
    assert_eq!(one.take(&brief, ACME, "take").await?, None);
    assert!(one.put_new(&brief, ACME, "new", &text("w")).await?);
    assert_eq!(one.get(&TRIES, ACME, "count").await?, None);
    assert_eq!(one.count(&TRIES, ACME, "count").await?, 1);
    Ok(())
}

async fn put_starts_the_time_to_live_anew(Nodes { one, .. }: Nodes) -> Result<()> {
    one.put(&CODE.lasting(Duration::from_millis(30)), ACME, "k", &text("brief")).await?;
    one.put(&CODE, ACME, "k", &text("long")).await?;
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert_eq!(one.get(&CODE, ACME, "k").await?.as_deref(), Some("long"));
    Ok(())
}

async fn lasting_sets_another_time_to_live(Nodes { one, .. }: Nodes) -> Result<()> {
    // Neither end of what a caller may ask for is an error.
    one.put(&CODE.lasting(Duration::MAX), ACME, "long", &text("v")).await?;
    one.put(&CODE.lasting(Duration::ZERO), ACME, "brief", &text("v")).await?;
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(one.get(&CODE, ACME, "long").await?.as_deref(), Some("v"));
    assert_eq!(one.get(&CODE, ACME, "brief").await?, None);
    Ok(())
}

async fn the_window_of_a_count_does_not_slide(Nodes { one, two }: Nodes) -> Result<()> {
    let window = TRIES.lasting(Duration::from_millis(400));
    assert_eq!(one.count(&window, ACME, "k").await?, 1);
    let begun = Instant::now();
    let mut counts = 1;
    // Each count comes long before a sliding window would have ended.
    while begun.elapsed() < Duration::from_millis(450) {
        tokio::time::sleep(Duration::from_millis(50)).await;
        counts += 1;
        two.count(&window, ACME, "k").await?;
    }
    assert!(one.get(&TRIES, ACME, "k").await?.unwrap_or(0) < counts);
    one.take(&TRIES, ACME, "k").await?;
    assert_eq!(one.count(&window, ACME, "k").await?, 1);
    Ok(())
}

/// Lets 50 tasks do one thing at once, half of them on each node, and says how many succeeded.
async fn race<F>(nodes: &Nodes, act: impl Fn(Ephemeral) -> F) -> usize
where
    F: Future<Output = bool> + Send + 'static,
{
    let act = |node: &Ephemeral| tokio::spawn(act(node.clone()));
    let tasks: Vec<_> = (0..25).flat_map(|_| [act(&nodes.one), act(&nodes.two)]).collect();
    join_all(tasks).await.into_iter().filter(|won| *won.as_ref().unwrap()).count()
}

async fn one_taker_wins_each_of_10_000_races(nodes: Nodes) -> Result<()> {
    for round in 0..10_000_u32 {
        let key = round.to_be_bytes();
        nodes.one.put(&CODE, ACME, key, &text("v")).await?;
        let winners = race(&nodes, move |node| async move {
            node.take(&CODE, ACME, key).await.unwrap().is_some()
        });
        assert_eq!(winners.await, 1, "round {round}");
    }
    Ok(())
}

async fn one_writer_wins_each_race(nodes: Nodes) -> Result<()> {
    for round in 0..200_u32 {
        let key = round.to_be_bytes();
        let winners = race(&nodes, move |node| async move {
            node.put_new(&STATE, ACME, key, &text("v")).await.unwrap()
        });
        assert_eq!(winners.await, 1, "round {round}");
    }
    Ok(())
}

async fn counts_are_exact(Nodes { one, two }: Nodes) -> Result<()> {
    let tasks = (0..100)
        .flat_map(|_| [one.clone(), two.clone()])
        .map(|node| tokio::spawn(async move { node.count(&TRIES, ACME, "k").await.unwrap() }));
    let seen: BTreeSet<u64> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(seen, (1..=200).collect());
    assert_eq!(one.get(&TRIES, ACME, "k").await?, Some(200));
    Ok(())
}

async fn slots_and_owners_are_apart(Nodes { one, .. }: Nodes) -> Result<()> {
    one.put(&STATE, ACME, "k", &text("state")).await?;
    assert_eq!(one.take(&CODE, ACME, "k").await?, None);
    assert_eq!(one.take(&STATE, OTHER, "k").await?, None);
    assert_eq!(one.take(&STATE, Owner::Deployment, "k").await?, None);
    assert_eq!(one.take(&STATE, ACME, format!("{ACME}:k")).await?, None);
    assert!(one.put_new(&STATE, Owner::Deployment, "k", &text("ours")).await?);
    assert_eq!(one.take(&STATE, ACME, "k").await?.as_deref(), Some("state"));
    assert_eq!(one.take(&STATE, Owner::Deployment, "k").await?.as_deref(), Some("ours"));
    Ok(())
}

async fn any_key_and_value_will_do(Nodes { one, two }: Nodes) -> Result<()> {
    let mebibyte: Vec<u8> = (0..1 << 20).map(|at: u32| at.to_le_bytes()[0]).collect();
    let odd: [&[u8]; 7] =
        [b"", b"\0", b"\xff\xfe", b"a:b", b"*?[a]\r\n", "\u{1f42f}\"\\".as_bytes(), &mebibyte];
    for key in odd {
        one.put(&BYTES, ACME, key, &key.to_vec()).await?;
        let lossy = String::from_utf8_lossy(key).into_owned();
        one.put(&CODE, ACME, key, &lossy).await?;
    }
    for key in odd {
        assert_eq!(two.take(&BYTES, ACME, key).await?.as_deref(), Some(key));
        assert_eq!(two.take(&CODE, ACME, key).await?, Some(String::from_utf8_lossy(key).into()));
    }
    Ok(())
}

async fn an_unreadable_value_is_absent(Nodes { one, .. }: Nodes) -> Result<()> {
    const CODE_OF_NEXT_VERSION: Slot<u64> = Slot::new("code", MINUTE);
    one.put(&CODE, ACME, "k", &text("no number")).await?;
    assert_eq!(one.get(&CODE_OF_NEXT_VERSION, ACME, "k").await?, None);
    assert_eq!(one.get(&CODE, ACME, "k").await?.as_deref(), Some("no number"));
    let count = one.count(&CODE_OF_NEXT_VERSION, ACME, "k").await;
    assert!(matches!(count, Err(Error::Unavailable(_))), "{count:?}");
    assert_eq!(one.take(&CODE_OF_NEXT_VERSION, ACME, "k").await?, None);
    assert_eq!(one.get(&CODE, ACME, "k").await?, None);
    Ok(())
}

async fn flush_all_empties(Nodes { one, two }: Nodes) -> Result<()> {
    for key in 0..2500_u32 {
        one.put(&CODE, ACME, key.to_be_bytes(), &text("v")).await?;
    }
    two.flush_all().await?;
    for key in 0..2500_u32 {
        assert_eq!(one.get(&CODE, ACME, key.to_be_bytes()).await?, None);
    }
    assert!(one.put_new(&CODE, ACME, "k", &text("v")).await?);
    Ok(())
}
