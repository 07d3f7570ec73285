//! Accounts as administrators and one-time codes make them, and what must be unique about them.

use chrono::TimeDelta;
use store::account::{self, AccountSettings, Unique};
use store::id::UserId;
use store::normal::{Email, Handle, Phone};
use store::user::{self, Origin, User, UserStatus};
use store::{DatabaseUrl, Error, Result, TenantWrite};

use crate::support::each_engine;
use crate::world::{Sample, World, account_settings, profile};

each_engine! {
    an_account_comes_back_with_and_without_values,
    an_administrator_takes_over_what_a_sign_in_made,
    a_verified_value_is_one_persons,
    what_is_not_verified_may_stand_twice,
    handles_are_unique_whatever_their_case_and_width,
    what_is_taken_is_named,
    an_import_goes_on_after_a_conflict,
    a_code_verifies_a_value,
    a_code_cannot_verify_what_is_somebody_elses,
}

pub(crate) async fn world(url: DatabaseUrl) -> Result<(World, Sample)> {
    let world = World::open(url).await?;
    let sample = world.sample("acme.example.com").await?;
    Ok((world, sample))
}

pub(crate) fn email(text: &str) -> Option<Email> {
    Email::parse(text).ok()
}

pub(crate) fn phone(text: &str) -> Option<Phone> {
    Phone::parse(text).ok()
}

pub(crate) fn handle(text: &str) -> Option<Handle> {
    Handle::parse(text).ok()
}

/// An account with these settings, committed.
pub(crate) async fn make(world: &World, of: &Sample, settings: &AccountSettings) -> Result<UserId> {
    let mut tx = world.store.begin(of.tenant.id).await?;
    let made = account::create(&mut tx, world.env(), settings).await?;
    tx.commit().await?;
    Ok(made.id)
}

fn check(found: &User, settings: &AccountSettings) {
    let text = |handle: &Option<Handle>| handle.as_ref().map(|handle| handle.as_str().to_owned());
    assert_eq!((found.status, found.origin), (UserStatus::Active, Origin::Console));
    assert_eq!((&found.name, &found.picture), (&settings.name, &None));
    assert_eq!(found.username, text(&settings.username));
    assert_eq!(found.external_id, text(&settings.external_id));
    let email = settings.email.as_ref().map(Email::as_str);
    assert_eq!((found.email.as_deref(), found.email_verified), (email, settings.email_verified));
    let phone = settings.phone_number.as_ref().map(Phone::as_str);
    assert_eq!(found.phone_number.as_deref(), phone);
    assert_eq!(found.phone_number_verified, settings.phone_number_verified);
}

async fn an_account_comes_back_with_and_without_values(url: DatabaseUrl) -> Result<()> {
    let (world, of) = world(url).await?;
    let (full, none) = (account_settings("Li.Si"), AccountSettings::default());
    let swapped = AccountSettings {
        name: Some("李四 🐅".to_owned()),
        username: handle("ＬＩ"),
        email: email("Li@例子.中国"),
        email_verified: false,
        phone_number: phone("+852 2123 4567"),
        phone_number_verified: true,
        ..AccountSettings::default()
    };
    let begun = world.env().now();
    let id = make(&world, &of, &full).await?;
    let read = &mut world.store.tenant(of.tenant.id);
    let found = user::find(read, id).await?.unwrap();
    check(&found, &full);
    assert_eq!((found.version, found.created_at, found.updated_at), (1, begun, begun));
    for (version, settings) in [&none, &swapped, &full].into_iter().enumerate() {
        world.clock.advance(TimeDelta::microseconds(1));
        let mut tx = world.store.begin(of.tenant.id).await?;
        let version = i64::try_from(version + 1).unwrap();
        let updated = account::update(&mut tx, world.env(), id, version, settings).await?;
        tx.commit().await?;
        for found in [updated, user::find(read, id).await?.unwrap()] {
            check(&found, settings);
            assert_eq!((found.version, found.created_at), (version + 1, begun));
            assert_eq!(found.updated_at, world.env().now());
        }
    }
    // Nothing is not verified, whatever somebody says.
    let verified_nothing =
        AccountSettings { email_verified: true, phone_number_verified: true, ..none };
    let id = make(&world, &of, &verified_nothing).await?;
    check(&user::find(read, id).await?.unwrap(), &AccountSettings::default());
    Ok(())
}

async fn an_administrator_takes_over_what_a_sign_in_made(url: DatabaseUrl) -> Result<()> {
    let (world, of) = world(url).await?;
    let read = &mut world.store.tenant(of.tenant.id);
    let before = user::find(read, of.user).await?.unwrap();
    assert_eq!((before.origin, before.email_verified), (Origin::SignIn, false));
    assert!(!before.phone_number_verified);
    assert_eq!((before.username, before.external_id), (None, None));
    let mut tx = world.store.begin(of.tenant.id).await?;
    let settings = account_settings("zhangsan");
    account::update(&mut tx, world.env(), of.user, 1, &settings).await?;
    tx.commit().await?;
    let found = user::find(read, of.user).await?.unwrap();
    assert_eq!((found.origin, found.picture), (Origin::Console, before.picture));
    assert_eq!((found.name, found.username.as_deref()), (settings.name, Some("zhangsan")));
    Ok(())
}

async fn a_verified_value_is_one_persons(url: DatabaseUrl) -> Result<()> {
    let (world, of) = world(url).await?;
    let begin = async || world.store.begin(of.tenant.id).await.unwrap();
    let first = AccountSettings {
        email: email("a@example.com"),
        email_verified: true,
        phone_number: phone("13800000001"),
        phone_number_verified: true,
        ..AccountSettings::default()
    };
    make(&world, &of, &first).await?;
    let by_email = AccountSettings {
        email: email("A@EXAMPLE.com"),
        email_verified: true,
        ..AccountSettings::default()
    };
    let by_phone = AccountSettings {
        phone_number: phone("+86 138 0000 0001"),
        phone_number_verified: true,
        ..AccountSettings::default()
    };
    let second = make(&world, &of, &AccountSettings::default()).await?;
    for settings in [by_email, by_phone] {
        let outcome = account::create(&mut begin().await, world.env(), &settings).await;
        assert!(matches!(outcome, Err(Error::Conflict)), "{outcome:?}");
        let outcome = account::update(&mut begin().await, world.env(), second, 1, &settings).await;
        assert!(matches!(outcome, Err(Error::Conflict)), "{outcome:?}");
        // Positive control: the same, not verified, is anybody's.
        let claimed = AccountSettings {
            email_verified: false,
            phone_number_verified: false,
            ..settings.clone()
        };
        make(&world, &of, &claimed).await?;
    }
    // What is unique is so in its tenant.
    let other = world.sample("other.example.com").await?;
    make(&world, &other, &first).await?;
    Ok(())
}

async fn what_is_not_verified_may_stand_twice(url: DatabaseUrl) -> Result<()> {
    let (world, of) = world(url).await?;
    let claimed = AccountSettings {
        email: email("a@example.com"),
        phone_number: phone("13800000001"),
        ..AccountSettings::default()
    };
    for _ in 0..2 {
        make(&world, &of, &claimed).await?;
        let mut tx = world.store.begin(of.tenant.id).await?;
        user::create(&mut tx, world.env(), &profile()).await?;
        tx.commit().await?;
    }
    // Nor does it stand in the way of whom it belongs to.
    let verified =
        AccountSettings { email_verified: true, phone_number_verified: true, ..claimed.clone() };
    assert_eq!(account::taken(&mut world.store.tenant(of.tenant.id), None, &verified).await?, None);
    make(&world, &of, &verified).await?;
    make(&world, &of, &claimed).await?;
    assert_eq!(world.count("SELECT count(*) FROM users").await, 1 + 4 + 2);
    Ok(())
}

async fn handles_are_unique_whatever_their_case_and_width(url: DatabaseUrl) -> Result<()> {
    let (world, of) = world(url).await?;
    let named = |name: &str| AccountSettings { username: handle(name), ..Default::default() };
    let numbered = |id: &str| AccountSettings { external_id: handle(id), ..Default::default() };
    make(&world, &of, &named("LiSi")).await?;
    make(&world, &of, &numbered("E-７")).await?;
    for settings in [named("lisi"), named("ＬＩＳＩ"), numbered("e-7"), numbered("Ｅ-7")] {
        let mut tx = world.store.begin(of.tenant.id).await?;
        let outcome = account::create(&mut tx, world.env(), &settings).await;
        assert!(matches!(outcome, Err(Error::Conflict)), "{outcome:?}");
    }
    // Positive control: another letter, another person; and the two kinds do not meet.
    for settings in [named("lisi2"), named("е-7"), named("e-7"), numbered("lisi")] {
        make(&world, &of, &settings).await?;
    }
    let read = &mut world.store.tenant(of.tenant.id);
    let found = account::find_by_external_id(read, &handle("ｅ-7").unwrap()).await?;
    assert!(found.is_some());
    assert_eq!(account::find_by_external_id(read, &handle("e-8").unwrap()).await?, None);
    Ok(())
}

async fn what_is_taken_is_named(url: DatabaseUrl) -> Result<()> {
    let (world, of) = world(url).await?;
    let settings = AccountSettings { phone_number_verified: true, ..account_settings("lisi") };
    let owner = make(&world, &of, &settings).await?;
    let read = &mut world.store.tenant(of.tenant.id);
    let nobody = AccountSettings::default();
    let one = |at: Unique| match at {
        Unique::Username => AccountSettings { username: handle("LISI"), ..nobody.clone() },
        Unique::ExternalId => AccountSettings { external_id: handle("e-lisi"), ..nobody.clone() },
        Unique::Email => AccountSettings {
            email: email("LISI@example.cn"),
            email_verified: true,
            ..nobody.clone()
        },
        Unique::PhoneNumber => AccountSettings {
            phone_number: phone("+8613900000000"),
            phone_number_verified: true,
            ..nobody.clone()
        },
    };
    for unique in Unique::ALL {
        let wanted = one(*unique);
        assert_eq!(account::taken(read, None, &wanted).await?, Some(*unique), "{unique}");
        assert_eq!(account::taken(read, Some(of.user), &wanted).await?, Some(*unique), "{unique}");
        assert_eq!(account::taken(read, Some(owner), &wanted).await?, None, "{unique} is its own");
        let claimed =
            AccountSettings { email_verified: false, phone_number_verified: false, ..wanted };
        let taken = matches!(unique, Unique::Username | Unique::ExternalId);
        assert_eq!(account::taken(read, None, &claimed).await?.is_some(), taken, "{unique}");
    }
    assert_eq!(account::taken(read, None, &nobody).await?, None);
    // Of several that belong to several people, the first is named.
    make(&world, &of, &AccountSettings { username: handle("wangwu"), ..nobody.clone() }).await?;
    let both = AccountSettings { username: handle("wangwu"), ..one(Unique::Email) };
    assert_eq!(account::taken(read, None, &both).await?, Some(Unique::Username));
    Ok(())
}

async fn an_import_goes_on_after_a_conflict(url: DatabaseUrl) -> Result<()> {
    let (world, of) = world(url).await?;
    let mut tx = world.store.begin(of.tenant.id).await?;
    let mut made = Vec::new();
    for name in ["a", "A", "b", "ａ", "c"] {
        let settings = AccountSettings { username: handle(name), ..AccountSettings::default() };
        made.push(account::insert(&mut tx, world.env(), &settings).await?.is_some());
    }
    tx.commit().await?;
    assert_eq!(made, [true, false, true, false, true]);
    assert_eq!(world.count("SELECT count(*) FROM users").await, 1 + 3);
    Ok(())
}

async fn set_verified(
    tx: &mut TenantWrite,
    world: &World,
    id: UserId,
    email: Option<&Email>,
    phone: Option<&Phone>,
) -> Result<()> {
    account::set_verified(tx, world.env(), id, email, phone).await
}

async fn a_code_verifies_a_value(url: DatabaseUrl) -> Result<()> {
    let (world, of) = world(url).await?;
    let read = &mut world.store.tenant(of.tenant.id);
    let (mail, number) = (email("New@Example.com"), phone("13800000009"));
    world.clock.advance(TimeDelta::seconds(1));
    let mut tx = world.store.begin(of.tenant.id).await?;
    set_verified(&mut tx, &world, of.user, mail.as_ref(), None).await?;
    tx.commit().await?;
    let found = user::find(read, of.user).await?.unwrap();
    assert_eq!((found.email.as_deref(), found.email_verified), (Some("New@example.com"), true));
    assert_eq!((found.phone_number, found.phone_number_verified), (profile().phone_number, false));
    assert_eq!((found.version, found.updated_at), (2, world.env().now()));
    assert_eq!((found.origin, found.name), (Origin::SignIn, profile().name));
    let mut tx = world.store.begin(of.tenant.id).await?;
    set_verified(&mut tx, &world, of.user, None, number.as_ref()).await?;
    tx.commit().await?;
    let found = user::find(read, of.user).await?.unwrap();
    assert_eq!((found.email.as_deref(), found.email_verified), (Some("New@example.com"), true));
    assert_eq!(found.phone_number.as_deref(), Some("+8613800000009"));
    assert!(found.phone_number_verified);
    for typed in ["new@example.com", "138 0000 0009"] {
        assert_eq!(account::by_name(read, typed).await?[0].id, of.user, "{typed}");
    }
    Ok(())
}

async fn a_code_cannot_verify_what_is_somebody_elses(url: DatabaseUrl) -> Result<()> {
    let (world, of) = world(url).await?;
    let settings = AccountSettings { phone_number_verified: true, ..account_settings("lisi") };
    make(&world, &of, &settings).await?;
    let values = [(settings.email.as_ref(), None), (None, settings.phone_number.as_ref())];
    for (mail, number) in values {
        let mut tx = world.store.begin(of.tenant.id).await?;
        let outcome = set_verified(&mut tx, &world, of.user, mail, number).await;
        assert!(matches!(outcome, Err(Error::Conflict)), "{outcome:?}");
    }
    let read = &mut world.store.tenant(of.tenant.id);
    let found = user::find(read, of.user).await?.unwrap();
    assert_eq!((found.email, found.version), (profile().email, 1));
    // A tombstone is verified nothing.
    let mut tx = world.store.begin(of.tenant.id).await?;
    user::set_status(&mut tx, world.env(), of.user, 1, UserStatus::Deleted).await?;
    set_verified(&mut tx, &world, of.user, email("a@example.com").as_ref(), None).await?;
    tx.commit().await?;
    assert_eq!(user::find(read, of.user).await?.unwrap().email, None);
    Ok(())
}
