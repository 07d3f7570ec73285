//! Users: profiles, suspension, and tombstones.

use chrono::TimeDelta;
use store::user::{self, Profile, UserStatus};
use store::{DatabaseUrl, Error, Result, identity};

use crate::support::each_engine;
use crate::world::{World, profile};

each_engine! {
    a_profile_is_never_overwritten_with_nothing,
    m15_a_deleted_user_leaves_a_tombstone_without_personal_data,
    a_tombstone_stays_one,
}

async fn a_profile_is_never_overwritten_with_nothing(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let told = |name: &str| Some(name.to_owned());
    let tellings = [
        Profile::default(),
        Profile { name: told("李四"), ..Profile::default() },
        Profile { email: told("li@example.com"), ..Profile::default() },
        Profile { phone_number: told("139"), ..Profile::default() },
        Profile { picture: told("https://p.example.com/"), ..Profile::default() },
    ];
    let mut expected = profile();
    for telling in tellings {
        world.clock.advance(TimeDelta::seconds(1));
        let mut tx = world.store.begin(of.tenant.id).await?;
        user::refresh_profile(&mut tx, world.env(), of.user, &telling).await?;
        tx.commit().await?;
        expected = Profile {
            name: telling.name.or(expected.name),
            email: telling.email.or(expected.email),
            phone_number: telling.phone_number.or(expected.phone_number),
            picture: telling.picture.or(expected.picture),
        };
        let found = user::find(&mut world.store.tenant(of.tenant.id), of.user).await?.unwrap();
        assert_eq!(found.updated_at, world.env().now());
        assert_eq!(found.version, 1, "the version is for changes by an administrator");
        let kept = Profile {
            name: found.name,
            email: found.email,
            phone_number: found.phone_number,
            picture: found.picture,
        };
        assert_eq!(kept, expected);
    }
    Ok(())
}

async fn m15_a_deleted_user_leaves_a_tombstone_without_personal_data(
    url: DatabaseUrl,
) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let env = world.env();
    let mut tx = world.store.begin(of.tenant.id).await?;
    let tombstone = user::set_status(&mut tx, env, of.user, 1, UserStatus::Deleted).await?;
    tx.commit().await?;
    let read = &mut world.store.tenant(of.tenant.id);
    for found in [tombstone, user::find(read, of.user).await?.unwrap()] {
        assert_eq!((found.status, found.version), (UserStatus::Deleted, 2));
        assert_eq!((found.name, found.email), (None, None));
        assert_eq!((found.phone_number, found.picture), (None, None));
    }
    assert!(identity::of_user(read, of.user).await?.is_empty());
    assert!(identity::linked_user(read, &of.subject).await?.is_none());
    let rows = world.dump(of.tenant.id).await.concat();
    for personal in ["张三", "zhangsan", "13800000000"] {
        assert!(!rows.contains(personal), "{personal} is still there");
    }

    // The person who comes with that identity next is somebody new.
    let mut tx = world.store.begin(of.tenant.id).await?;
    let newcomer = user::create(&mut tx, env, &profile()).await?;
    identity::link(&mut tx, env, newcomer.id, &of.subject).await?.unwrap();
    tx.commit().await?;
    assert_ne!(newcomer.id, of.user);
    let linked = identity::linked_user(read, &of.subject).await?.unwrap();
    assert_eq!(linked.user_id, newcomer.id);
    Ok(())
}

async fn a_tombstone_stays_one(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let env = world.env();
    let mut tx = world.store.begin(of.tenant.id).await?;
    user::set_status(&mut tx, env, of.user, 1, UserStatus::Deleted).await?;
    for status in UserStatus::ALL {
        let outcome = user::set_status(&mut tx, env, of.user, 2, *status).await;
        assert!(matches!(outcome, Err(Error::Stale)), "{outcome:?}");
    }
    // A sign-in that read the user before it was deleted, and refreshes the profile after.
    user::refresh_profile(&mut tx, env, of.user, &profile()).await?;
    tx.commit().await?;
    let found = user::find(&mut world.store.tenant(of.tenant.id), of.user).await?.unwrap();
    assert_eq!((found.status, found.name, found.email), (UserStatus::Deleted, None, None));
    Ok(())
}
