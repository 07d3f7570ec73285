//! Passwords: set, replaced, and gone with their users.

use chrono::TimeDelta;
use store::user::{self, UserStatus};
use store::{DatabaseUrl, Error, Result, password};

use crate::support::each_engine;
use crate::world::{PASSWORD, World};

each_engine! {
    a_password_comes_back,
    only_an_unchanged_password_is_rehashed,
    m15_a_tombstone_takes_no_password,
}

async fn a_password_comes_back(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let begun = world.env().now();
    let read = &mut world.store.tenant(of.tenant.id);
    let found = password::find(read, of.user).await?.unwrap();
    assert_eq!((found.hash.as_str(), found.changed_at), (PASSWORD, begun));
    assert!(!format!("{found:?}").contains("argon2"), "a hash is not for logs");
    world.clock.advance(TimeDelta::seconds(1));
    let mut tx = world.store.begin(of.tenant.id).await?;
    password::set(&mut tx, world.env(), of.user, "$argon2id$2").await?;
    tx.commit().await?;
    let found = password::find(read, of.user).await?.unwrap();
    assert_eq!((found.hash.as_str(), found.changed_at), ("$argon2id$2", world.env().now()));
    let mut tx = world.store.begin(of.tenant.id).await?;
    password::remove(&mut tx, of.user).await?;
    password::remove(&mut tx, of.user).await?;
    tx.commit().await?;
    assert!(password::find(read, of.user).await?.is_none());
    Ok(())
}

async fn only_an_unchanged_password_is_rehashed(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let begun = world.env().now();
    world.clock.advance(TimeDelta::seconds(1));
    let read = &mut world.store.tenant(of.tenant.id);
    // A sign-in checked a password that was changed meanwhile.
    for (before, after) in [("$argon2id$old", PASSWORD), (PASSWORD, "$argon2id$new")] {
        let mut tx = world.store.begin(of.tenant.id).await?;
        password::rehash(&mut tx, of.user, before, "$argon2id$new").await?;
        tx.commit().await?;
        let found = password::find(read, of.user).await?.unwrap();
        assert_eq!((found.hash.as_str(), found.changed_at), (after, begun));
    }
    Ok(())
}

/// A reset that read the user before it was deleted, and writes after.
async fn m15_a_tombstone_takes_no_password(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    for status in UserStatus::ALL {
        let mut tx = world.store.begin(of.tenant.id).await?;
        user::set_status(&mut tx, world.env(), of.user, 1, *status).await?;
        let outcome = password::set(&mut tx, world.env(), of.user, "$argon2id$2").await;
        let found = password::find(&mut tx, of.user).await?;
        if *status == UserStatus::Deleted {
            assert!(matches!(outcome, Err(Error::Reference)), "{outcome:?}");
            assert!(found.is_none());
        } else {
            outcome?;
            assert_eq!(found.unwrap().hash, "$argon2id$2", "{status}");
        }
    }
    Ok(())
}
