//! Ephemeral state in this process: expiry by tokio's clock, bounds, memory given back, and a
//! comparison with a model.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use store::ephemeral::{Ephemeral, Memory, MemorySettings, Owner, Slot};
use store::id::TenantId;
use store::{Error, Result};
use tokio::time::advance;

const SECOND: Duration = Duration::from_secs(1);
const FLOW: Slot<String> = Slot::new("flow", Duration::from_mins(10));
const TRIES: Slot<u64> = Slot::new("tries", Duration::from_secs(10));
const OURS: Owner = Owner::Deployment;

/// What one value costs beyond its own bytes, as `MemorySettings` says.
const OVERHEAD: usize = 320;

fn state(max_entries: usize, max_bytes: usize) -> (Ephemeral, Arc<Memory>) {
    let memory = Arc::new(Memory::new(MemorySettings { max_entries, max_bytes }));
    (Ephemeral::Memory(memory.clone()), memory)
}

fn text(value: &str) -> String {
    value.to_owned()
}

#[tokio::test(start_paused = true)]
async fn values_expire_to_the_moment() -> Result<()> {
    let (ephemeral, memory) = state(10, 10_000);
    ephemeral.put(&FLOW, OURS, "k", &text("v")).await?;
    ephemeral.count(&TRIES, OURS, "k").await?;
    advance(Duration::from_millis(9_999)).await;
    assert_eq!(ephemeral.count(&TRIES, OURS, "k").await?, 2);
    advance(Duration::from_millis(1)).await;
    assert_eq!(ephemeral.count(&TRIES, OURS, "k").await?, 1);
    advance(Duration::from_millis(589_999)).await;
    assert_eq!(ephemeral.get(&FLOW, OURS, "k").await?.as_deref(), Some("v"));
    advance(Duration::from_millis(1)).await;
    assert_eq!(ephemeral.get(&FLOW, OURS, "k").await?, None);
    ephemeral.sweep();
    assert_eq!(memory.usage().entries, 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_flood_that_is_never_used_is_gone_after_its_time() -> Result<()> {
    let (ephemeral, memory) = state(1_000_000, 256 << 20);
    for key in 0..100_000_u32 {
        ephemeral.put(&FLOW, OURS, key.to_be_bytes(), &"x".repeat(500)).await?;
    }
    let flood = memory.usage();
    assert_eq!(flood.entries, 100_000);
    assert_eq!(flood.bytes, 100_000 * (502 + OVERHEAD));
    advance(FLOW.ttl()).await;
    assert_eq!(ephemeral.sweep(), 100_000);
    let after = memory.usage();
    assert_eq!((after.entries, after.bytes), (0, 0));
    assert!(after.capacity < flood.capacity / 20, "{after:?} after {flood:?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn operations_alone_free_what_has_expired() -> Result<()> {
    let (ephemeral, memory) = state(1_000_000, 256 << 20);
    for key in 0..10_000_u32 {
        ephemeral.put(&FLOW, OURS, key.to_be_bytes(), &text("v")).await?;
    }
    advance(FLOW.ttl()).await;
    for key in 0..5_000_u32 {
        ephemeral.get(&FLOW, OURS, key.to_be_bytes()).await?;
    }
    assert_eq!(memory.usage().entries, 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_is_used_up_leaves_nothing_behind() -> Result<()> {
    let (ephemeral, memory) = state(1_000_000, 256 << 20);
    for key in 0..50_000_u32 {
        ephemeral.put(&FLOW, OURS, key.to_be_bytes(), &text("v")).await?;
        assert!(ephemeral.take(&FLOW, OURS, key.to_be_bytes()).await?.is_some());
        ephemeral.put(&FLOW, OURS, "same", &text("v")).await?;
        ephemeral.count(&TRIES, OURS, "same").await?;
    }
    let usage = memory.usage();
    // The text in quotes, and five digits of the count.
    assert_eq!((usage.entries, usage.bytes), (2, 2 * OVERHEAD + 3 + 5));
    assert!(usage.capacity < 1000, "{usage:?}");
    ephemeral.flush_all().await?;
    assert_eq!((memory.usage().entries, memory.usage().bytes), (0, 0));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn too_many_values_are_refused_until_some_expire() -> Result<()> {
    let (ephemeral, _) = state(3, 1 << 20);
    let brief = FLOW.lasting(SECOND);
    for (slot, key) in [(&FLOW, "a"), (&FLOW, "b"), (&brief, "c")] {
        ephemeral.put(slot, OURS, key, &text("v")).await?;
    }
    let full = |result| assert!(matches!(result, Err(Error::Full)), "{result:?}");
    full(ephemeral.put(&FLOW, OURS, "d", &text("v")).await);
    full(ephemeral.put_new(&FLOW, OURS, "d", &text("v")).await.map(drop));
    full(ephemeral.count(&TRIES, OURS, "d").await.map(drop));
    // Others keep theirs, and may write over them.
    for key in ["a", "b", "c"] {
        assert_eq!(ephemeral.get(&FLOW, OURS, key).await?.as_deref(), Some("v"));
    }
    ephemeral.put(&FLOW, OURS, "a", &text("w")).await?;
    advance(SECOND).await;
    ephemeral.put(&FLOW, OURS, "d", &text("v")).await?;
    full(ephemeral.put(&FLOW, OURS, "e", &text("v")).await);
    assert!(ephemeral.take(&FLOW, OURS, "d").await?.is_some());
    ephemeral.put(&FLOW, OURS, "e", &text("v")).await?;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn too_many_bytes_are_refused_until_some_expire() -> Result<()> {
    let room = 1000;
    let (ephemeral, memory) = state(1000, 2 * OVERHEAD + room);
    ephemeral.put(&FLOW, OURS, "a", &"a".repeat(room - 10)).await?;
    let refused = ephemeral.put(&FLOW, OURS, "b", &"b".repeat(room)).await;
    assert!(matches!(refused, Err(Error::Full)), "{refused:?}");
    // A value that has no room to grow stays as it is.
    ephemeral.put(&FLOW.lasting(SECOND), OURS, "b", &text("b")).await?;
    let before = memory.usage();
    let refused = ephemeral.put(&FLOW, OURS, "b", &"b".repeat(100)).await;
    assert!(matches!(refused, Err(Error::Full)), "{refused:?}");
    assert_eq!(ephemeral.get(&FLOW, OURS, "b").await?.as_deref(), Some("b"));
    assert_eq!(memory.usage(), before);
    // A smaller value gives its room to others.
    ephemeral.put(&FLOW, OURS, "a", &text("a")).await?;
    ephemeral.put(&FLOW, OURS, "b", &"b".repeat(100)).await?;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn r4_one_tenants_values_take_half_of_the_bytes_at_most() -> Result<()> {
    let one: Owner = TenantId(uuid::Uuid::from_u128(1)).into();
    let other: Owner = TenantId(uuid::Uuid::from_u128(2)).into();
    // A value of 80 letters costs 400 with its quotes, so half of the room is ten of them.
    let value = "x".repeat(78);
    let (ephemeral, memory) = state(1000, 20 * (OVERHEAD + 80));
    let fills = async |slot: &Slot<String>| {
        for key in 0..10_u32 {
            ephemeral.put(slot, one, key.to_be_bytes(), &value).await.unwrap();
        }
        let before = memory.usage();
        let full = |result| assert!(matches!(result, Err(Error::Full)), "{result:?}");
        full(ephemeral.put(&FLOW, one, "more", &value).await);
        full(ephemeral.put_new(&FLOW, one, "more", &value).await.map(drop));
        full(ephemeral.count(&TRIES, one, "more").await.map(drop));
        full(ephemeral.put(slot, one, 0_u32.to_be_bytes(), &"x".repeat(79)).await);
        assert_eq!(memory.usage(), before, "a refused value takes nothing");
    };
    let has_room = async || {
        ephemeral.put(&FLOW, one, "more", &value).await.unwrap();
        assert!(ephemeral.take(&FLOW, one, "more").await.unwrap().is_some());
    };
    // Others have the rest of the room, and the deployment more than half.
    fills(&FLOW).await;
    for key in 0..5_u32 {
        ephemeral.put(&FLOW, other, key.to_be_bytes(), &value).await?;
        ephemeral.put(&FLOW, OURS, key.to_be_bytes(), &value).await?;
    }
    assert_eq!(memory.usage().bytes, 20 * (OVERHEAD + 80));
    // Room comes back by taking,
    assert!(ephemeral.take(&FLOW, other, 0_u32.to_be_bytes()).await?.is_some());
    assert!(ephemeral.take(&FLOW, one, 0_u32.to_be_bytes()).await?.is_some());
    has_room().await;
    // by writing less over it,
    fills(&FLOW).await;
    ephemeral.put(&FLOW, one, 0_u32.to_be_bytes(), &text("")).await?;
    ephemeral.put(&FLOW, one, 1_u32.to_be_bytes(), &"x".repeat(78 + 78)).await?;
    ephemeral.put(&FLOW, one, 1_u32.to_be_bytes(), &value).await?;
    // by being emptied,
    ephemeral.flush_all().await?;
    let brief = FLOW.lasting(SECOND);
    fills(&brief).await;
    // and by expiry.
    advance(SECOND).await;
    has_room().await;
    fills(&FLOW).await;
    for key in 0..15_u32 {
        let result = ephemeral.put(&FLOW, OURS, key.to_be_bytes(), &value).await;
        assert_eq!(result.is_ok(), key < 10, "{key}: {result:?}");
    }
    Ok(())
}

/// Keys and values are few, so that operations meet.
#[derive(Debug, Clone)]
enum Act {
    Put(u8, u64, u64),
    PutNew(u8, u64, u64),
    Get(u8),
    Take(u8),
    Count(u8, u64),
    Pass(u64),
    Sweep,
}

fn act() -> impl Strategy<Value = Act> {
    let (key, value, seconds) = (0..4_u8, 0..1000_u64, 1..20_u64);
    prop_oneof![
        (key.clone(), value.clone(), seconds.clone()).prop_map(|(k, v, s)| Act::Put(k, v, s)),
        (key.clone(), value, seconds.clone()).prop_map(|(k, v, s)| Act::PutNew(k, v, s)),
        key.clone().prop_map(Act::Get),
        key.clone().prop_map(Act::Take),
        (key, seconds.clone()).prop_map(|(k, s)| Act::Count(k, s)),
        seconds.prop_map(Act::Pass),
        Just(Act::Sweep),
    ]
}

/// The state as a person would write it down: value and end of each key, by seconds.
#[derive(Default)]
struct Model {
    values: HashMap<u8, (u64, u64)>,
    now: u64,
}

impl Model {
    fn live(&mut self, key: u8) -> Option<&mut (u64, u64)> {
        let now = self.now;
        self.values.get_mut(&key).filter(|(_, ends)| *ends > now)
    }

    /// What the act answers; writes that answer nothing answer `None`.
    fn act(&mut self, act: &Act) -> Option<u64> {
        match *act {
            Act::Put(key, value, seconds) => {
                self.values.insert(key, (value, self.now + seconds));
                None
            }
            Act::PutNew(key, value, seconds) => {
                let free = self.live(key).is_none();
                if free {
                    self.values.insert(key, (value, self.now + seconds));
                }
                Some(u64::from(free))
            }
            Act::Get(key) => self.live(key).map(|(value, _)| *value),
            Act::Take(key) => {
                let value = self.live(key).map(|(value, _)| *value);
                self.values.remove(&key);
                value
            }
            Act::Count(key, seconds) => {
                if self.live(key).is_none() {
                    self.values.insert(key, (0, self.now + seconds));
                }
                self.live(key).map(|(value, _)| {
                    *value += 1;
                    *value
                })
            }
            Act::Pass(seconds) => {
                self.now += seconds;
                None
            }
            Act::Sweep => None,
        }
    }
}

async fn act_on(ephemeral: &Ephemeral, act: &Act) -> Result<Option<u64>> {
    let lasting = |seconds| TRIES.lasting(Duration::from_secs(seconds));
    Ok(match *act {
        Act::Put(key, value, seconds) => {
            ephemeral.put(&lasting(seconds), OURS, [key], &value).await?;
            None
        }
        Act::PutNew(key, value, seconds) => {
            Some(u64::from(ephemeral.put_new(&lasting(seconds), OURS, [key], &value).await?))
        }
        Act::Get(key) => ephemeral.get(&TRIES, OURS, [key]).await?,
        Act::Take(key) => ephemeral.take(&TRIES, OURS, [key]).await?,
        Act::Count(key, seconds) => Some(ephemeral.count(&lasting(seconds), OURS, [key]).await?),
        Act::Pass(seconds) => {
            advance(Duration::from_secs(seconds)).await;
            None
        }
        Act::Sweep => {
            ephemeral.sweep();
            None
        }
    })
}

proptest! {
    #[test]
    fn it_does_as_the_model_does(acts in prop::collection::vec(act(), 1..200)) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()?;
        runtime.block_on(async {
            let (ephemeral, memory) = state(4, 1 << 20);
            let mut model = Model::default();
            for act in &acts {
                prop_assert_eq!(act_on(&ephemeral, act).await.unwrap(), model.act(act), "{:?}", act);
            }
            ephemeral.sweep();
            let live = model.values.values().filter(|(_, ends)| *ends > model.now);
            prop_assert_eq!(memory.usage().entries, live.count());
            Ok(())
        })?;
    }
}
