//! Users: profiles, suspension, and tombstones.

use chrono::TimeDelta;
use store::account::{self, AccountSettings};
use store::candidate::{self, Wanted};
use store::id::UserId;
use store::normal::{Email, Phone};
use store::user::{self, Profile, User, UserStatus};
use store::{DatabaseUrl, Error, Result, identity, password};

use crate::support::each_engine;
use crate::world::{Sample, World, account_settings, link, profile};

each_engine! {
    a_profile_is_never_overwritten_with_nothing,
    what_an_administrator_keeps_is_not_the_upstreams,
    m11_what_is_verified_is_not_the_upstreams,
    m15_a_deleted_user_leaves_a_tombstone_without_personal_data,
    a_tombstone_stays_one,
}

async fn a_profile_is_never_overwritten_with_nothing(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let told = |name: &str| Some(name.to_owned());
    let tellings = [
        Profile::default(),
        Profile { name: told(" "), email: told(""), phone_number: told(""), picture: told("") },
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
        let something = |told: Option<String>| told.filter(|text| !text.trim().is_empty());
        expected = Profile {
            name: something(telling.name).or(expected.name),
            email: something(telling.email).or(expected.email),
            phone_number: something(telling.phone_number).or(expected.phone_number),
            picture: something(telling.picture).or(expected.picture),
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

/// What the upstream tells at a sign-in.
fn told() -> Profile {
    Profile {
        name: Some("王五".to_owned()),
        email: Some("wang@example.cn".to_owned()),
        phone_number: Some("13700000000".to_owned()),
        picture: Some("https://cdn.example.com/王五.png".to_owned()),
    }
}

/// The user after a sign-in that told this, and whom its address leads to, unverified.
async fn refreshed(world: &World, of: &Sample, id: UserId) -> Result<(User, bool)> {
    let mut tx = world.store.begin(of.tenant.id).await?;
    user::refresh_profile(&mut tx, world.env(), id, &told()).await?;
    tx.commit().await?;
    let read = &mut world.store.tenant(of.tenant.id);
    let wanted = Wanted { email: Email::parse("wang@example.cn").ok(), ..Wanted::default() };
    let found = candidate::unverified(read, &of.subject.corp_id, &wanted).await?;
    let leads = found.iter().any(|row| row.user_id == id);
    Ok((user::find(read, id).await?.unwrap(), leads))
}

async fn what_an_administrator_keeps_is_not_the_upstreams(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let full = account_settings("lisi");
    let claimed = AccountSettings { email_verified: false, ..account_settings("zhao") };
    for settings in [full, claimed, AccountSettings::default()] {
        let mut tx = world.store.begin(of.tenant.id).await?;
        let before = account::create(&mut tx, world.env(), &settings).await?;
        tx.commit().await?;
        let (found, leads) = refreshed(&world, &of, before.id).await?;
        // An empty name is filled, an empty address is not; nobody but the upstream has a picture.
        assert_eq!(found.name, before.name.or(told().name));
        assert_eq!((found.username, found.external_id), (before.username, before.external_id));
        assert_eq!((found.email, found.email_verified), (before.email, before.email_verified));
        assert_eq!(found.phone_number, before.phone_number);
        assert_eq!(found.phone_number_verified, before.phone_number_verified);
        assert_eq!((found.picture, found.version, leads), (told().picture, 1, false));
        let again = account::taken(&mut world.store.tenant(of.tenant.id), None, &settings).await?;
        assert_eq!(again.is_some(), settings.username.is_some(), "it is found as before");
    }
    // Positive control: of whom a sign-in made, everything follows.
    let (found, leads) = refreshed(&world, &of, of.user).await?;
    assert_eq!((found.name, found.email), (told().name, told().email));
    assert_eq!((found.phone_number, found.picture), (told().phone_number, told().picture));
    assert!(leads, "the new address is what it is looked for by");
    Ok(())
}

/// Attack M11: the upstream gives a person an address that is verified to be another one.
async fn m11_what_is_verified_is_not_the_upstreams(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let (mail, number) = (Email::parse("zhang@example.cn").ok(), Phone::parse("13600000000").ok());
    let read = &mut world.store.tenant(of.tenant.id);
    let mut tx = world.store.begin(of.tenant.id).await?;
    account::set_verified(&mut tx, world.env(), of.user, mail.as_ref(), None).await?;
    tx.commit().await?;
    let (found, leads) = refreshed(&world, &of, of.user).await?;
    assert_eq!((found.email.as_deref(), found.email_verified), (Some("zhang@example.cn"), true));
    assert_eq!((found.name, found.phone_number), (told().name, told().phone_number));
    assert!(!leads && !found.phone_number_verified);
    let mut tx = world.store.begin(of.tenant.id).await?;
    account::set_verified(&mut tx, world.env(), of.user, None, number.as_ref()).await?;
    tx.commit().await?;
    let (found, leads) = refreshed(&world, &of, of.user).await?;
    assert_eq!(found.phone_number.as_deref(), Some("+8613600000000"));
    assert!(!leads && found.phone_number_verified && found.email_verified);
    for (typed, known) in [
        ("zhang@example.cn", true),
        ("13600000000", true),
        ("wang@example.cn", false),
        ("13700000000", false),
    ] {
        assert_eq!(account::by_name(read, typed).await?.len(), usize::from(known), "{typed}");
    }
    Ok(())
}

/// A text as both engines show bytes.
fn hex(text: &str) -> String {
    text.bytes().fold(String::new(), |shown, byte| format!("{shown}{byte:02x}"))
}

async fn m15_a_deleted_user_leaves_a_tombstone_without_personal_data(
    url: DatabaseUrl,
) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let env = world.env();
    let settings = AccountSettings {
        name: profile().name,
        phone_number_verified: true,
        ..account_settings("zhangsan")
    };
    let mut tx = world.store.begin(of.tenant.id).await?;
    account::update(&mut tx, env, of.user, 1, &settings).await?;
    tx.commit().await?;
    let mut tx = world.store.begin(of.tenant.id).await?;
    let tombstone = user::set_status(&mut tx, env, of.user, 2, UserStatus::Deleted).await?;
    tx.commit().await?;
    let read = &mut world.store.tenant(of.tenant.id);
    for found in [tombstone, user::find(read, of.user).await?.unwrap()] {
        assert_eq!((found.status, found.version), (UserStatus::Deleted, 3));
        assert_eq!((found.name, found.username, found.external_id), (None, None, None));
        assert_eq!((found.email, found.email_verified), (None, false));
        assert!(!found.phone_number_verified);
        assert_eq!((found.phone_number, found.picture), (None, None));
    }
    assert!(identity::of_user(read, of.user).await?.is_empty());
    assert!(identity::linked_user(read, &of.subject).await?.is_none());
    assert!(password::find(read, of.user).await?.is_none());
    // The journal of links goes on knowing which userid it told of. Keys are shown
    // in hexadecimal.
    let rows = world.dump(of.tenant.id).await;
    let rows = rows.iter().filter(|row| !row.starts_with("link_events "));
    let rows = rows.cloned().collect::<String>().to_lowercase();
    for personal in ["张三", "zhangsan", "13800000000", "13900000000", "argon2"] {
        assert!(!rows.contains(personal), "{personal} is still there");
        let key = hex(personal);
        assert!(!rows.contains(&key), "a key of {personal} is still there");
    }

    // The person who comes with that identity next is somebody new.
    let mut tx = world.store.begin(of.tenant.id).await?;
    let newcomer = user::create(&mut tx, env, &profile()).await?;
    link(&mut tx, env, newcomer.id, &of.subject, None).await?.unwrap();
    tx.commit().await?;
    assert_ne!(newcomer.id, of.user);
    let linked = identity::linked_user(read, &of.subject).await?.unwrap();
    assert_eq!(linked.user_id, newcomer.id);

    // Somebody else may have what the tombstone was found by.
    let mut tx = world.store.begin(of.tenant.id).await?;
    let heir = account::create(&mut tx, env, &settings).await?;
    tx.commit().await?;
    for typed in ["zhangsan", "zhangsan@example.cn", "13900000000"] {
        let found = account::by_name(read, typed).await?;
        assert_eq!((found.len(), found[0].id, &found[0].password), (1, heir.id, &None), "{typed}");
    }
    let id = settings.external_id.unwrap();
    assert_eq!(account::find_by_external_id(read, &id).await?, Some(heir.id));
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
