//! Console calls that are repeated get the first one's answer.

use futures_util::future::join_all;
use secrecy::ExposeSecret as _;
use store::idempotency::{Attempt, claim, complete};
use store::secret::SecretHash;
use store::{DatabaseUrl, Error, Result, user};
use uuid::Uuid;

use crate::support::{beside, each_engine};
use crate::world::{Sample, World, profile};

each_engine! {
    a_repeated_call_gets_the_first_answer,
    callers_are_apart,
    a_call_that_failed_may_be_repeated,
    s1_of_twenty_claims_at_once_one_is_first,
    n7_an_answer_that_was_moved_does_not_open,
}

const NOBODY: Uuid = Uuid::nil();

/// Claims a key for a request, and answers if it is the first.
async fn call(
    world: &World,
    of: &Sample,
    caller: Uuid,
    key: &str,
    request: &str,
) -> Result<Attempt> {
    let (key, request) = (SecretHash::of(key), SecretHash::of(request));
    let (env, keys) = (world.env(), &world.store.keys);
    let mut tx = world.store.begin(of.tenant.id).await?;
    let attempt = claim(&mut tx, env, keys, caller, &key, &request).await?;
    if matches!(attempt, Attempt::First) {
        user::create(&mut tx, env, &profile()).await?;
        complete(&mut tx, env, keys, caller, &key, "{\"secret\":\"密\"}").await?;
    }
    tx.commit().await?;
    Ok(attempt)
}

async fn a_repeated_call_gets_the_first_answer(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    assert!(matches!(call(&world, &of, NOBODY, "k", "r").await?, Attempt::First));
    for _ in 0..2 {
        match call(&world, &of, NOBODY, "k", "r").await? {
            Attempt::Repeated(answer) => assert_eq!(answer.expose_secret(), "{\"secret\":\"密\"}"),
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(call(&world, &of, NOBODY, "k", "another").await?, Attempt::Mismatch));
    assert!(matches!(call(&world, &of, NOBODY, "k2", "another").await?, Attempt::First));
    let bare = world.count("SELECT count(*) FROM idempotency_keys WHERE response IS NULL").await;
    assert_eq!(bare, 0);
    Ok(())
}

async fn callers_are_apart(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let other = world.sample("other.example.com").await?;
    for (caller, of) in [(of.api_key.0, &of), (other.api_key.0, &other), (NOBODY, &of)] {
        assert!(matches!(call(&world, of, caller, "k", "r").await?, Attempt::First));
    }
    Ok(())
}

async fn a_call_that_failed_may_be_repeated(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let (key, request) = (SecretHash::of("k"), SecretHash::of("r"));
    let mut tx = world.store.begin(of.tenant.id).await?;
    let keys = &world.store.keys;
    let attempt = claim(&mut tx, world.env(), keys, NOBODY, &key, &request).await?;
    assert!(matches!(attempt, Attempt::First));
    drop(tx);
    assert!(matches!(call(&world, &of, NOBODY, "k", "r").await?, Attempt::First));
    Ok(())
}

async fn s1_of_twenty_claims_at_once_one_is_first(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    for round in 0..5 {
        let calls = (0..20).map(|_| {
            let (world, of) = (world.clone(), of.clone());
            let key = format!("round {round}");
            tokio::spawn(async move { call(&world, &of, NOBODY, &key, "r").await.unwrap() })
        });
        let attempts: Vec<Attempt> =
            join_all(calls).await.into_iter().map(|call| call.unwrap()).collect();
        let count = |is: fn(&Attempt) -> bool| attempts.iter().filter(|one| is(one)).count();
        assert_eq!(count(|one| matches!(one, Attempt::First)), 1, "{attempts:?}");
        assert_eq!(count(|one| matches!(one, Attempt::Repeated(_))), 19, "{attempts:?}");
    }
    assert_eq!(world.count("SELECT count(*) FROM users").await, 1 + 5);
    Ok(())
}

/// Attack N7: whoever can write to the database moves an answer to a call of their own.
async fn n7_an_answer_that_was_moved_does_not_open(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let other = world.sample("other.example.com").await?;
    for (caller, key) in [(of.api_key.0, "k"), (other.api_key.0, "k"), (other.api_key.0, "k2")] {
        call(&world, &of, caller, key, "r").await?;
    }
    let answered = "UPDATE idempotency_keys SET response = (SELECT response FROM idempotency_keys
                    WHERE caller = $1 AND key_hash = $2) WHERE caller = $3";
    let (victim, key) = (of.api_key.0, SecretHash::of("k").as_bytes().to_vec());
    match &world.store.database {
        store::Database::Sqlite { options, .. } => {
            let moved = sqlx::query(answered).bind(victim).bind(key).bind(other.api_key.0);
            moved.execute(&beside(options)).await.unwrap();
        }
        store::Database::Postgres(pool) => {
            let moved = sqlx::query(answered).bind(victim).bind(key).bind(other.api_key.0);
            moved.execute(pool).await.unwrap();
        }
    }
    for key in ["k", "k2"] {
        let outcome = call(&world, &other, other.api_key.0, key, "r").await;
        assert!(matches!(outcome, Err(Error::Sealed { .. })), "{outcome:?}");
    }
    let outcome = call(&world, &of, victim, "k", "r").await?;
    assert!(matches!(outcome, Attempt::Repeated(_)), "{outcome:?}");
    Ok(())
}
