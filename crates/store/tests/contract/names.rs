//! What people are found by: what they type to sign in, and what the upstream tells about them.

use std::slice;

use store::account::{self, AccountSettings};
use store::candidate::{self, Candidate, Wanted};
use store::id::UserId;
use store::normal::{Email, Phone};
use store::user::{self, Profile, UserStatus};
use store::{DatabaseUrl, Result, password};

use crate::accounts::{email, handle, make, phone, world};
use crate::support::each_engine;
use crate::world::{PASSWORD, account_settings, link, profile, subject};

each_engine! {
    people_are_found_by_what_they_type,
    m11_nobody_is_found_by_what_is_not_verified,
    ones_user_name_may_be_anothers_address,
    candidates_have_a_value_verified_or_not,
}

async fn people_are_found_by_what_they_type(url: DatabaseUrl) -> Result<()> {
    let (world, of) = world(url).await?;
    let settings = AccountSettings {
        username: handle("Li.Si"),
        email: email("li.si@example.cn"),
        email_verified: true,
        phone_number: phone("13900000000"),
        phone_number_verified: true,
        ..AccountSettings::default()
    };
    let id = make(&world, &of, &settings).await?;
    let read = &mut world.store.tenant(of.tenant.id);
    for (status, stored) in [(UserStatus::Active, None), (UserStatus::Suspended, Some(PASSWORD))] {
        for typed in [
            "Li.Si",
            "li.si",
            "ＬＩ.ＳＩ",
            " LI.SI ",
            "li.si@example.cn",
            "LI.SI@Example.CN",
            "13900000000",
            "+8613900000000",
            "+86 139-0000-0000",
            "１３９００００００００",
        ] {
            let found = account::by_name(read, typed).await?;
            assert_eq!(found.len(), 1, "{typed}");
            assert_eq!((found[0].id, found[0].status), (id, status), "{typed}");
            assert_eq!(found[0].password.as_deref(), stored);
        }
        for typed in ["", " ", "lisi", "li.si@example.com", "13900000001", "E-Li.Si", "%", "li.s_"]
        {
            assert!(account::by_name(read, typed).await?.is_empty(), "{typed}");
        }
        let mut tx = world.store.begin(of.tenant.id).await?;
        password::set(&mut tx, world.env(), id, PASSWORD).await?;
        if status == UserStatus::Active {
            user::set_status(&mut tx, world.env(), id, 1, UserStatus::Suspended).await?;
        } else {
            user::set_status(&mut tx, world.env(), id, 2, UserStatus::Deleted).await?;
        }
        tx.commit().await?;
    }
    assert!(account::by_name(read, "li.si").await?.is_empty(), "a tombstone has no name");
    Ok(())
}

/// Attack M11: somebody gave themselves an address that is another person's.
async fn m11_nobody_is_found_by_what_is_not_verified(url: DatabaseUrl) -> Result<()> {
    let (world, of) = world(url).await?;
    let claimed = AccountSettings {
        email: email("li@example.cn"),
        phone_number: phone("13900000000"),
        ..AccountSettings::default()
    };
    make(&world, &of, &claimed).await?;
    let told = Profile { email: Some("li@example.cn".to_owned()), ..profile() };
    let mut tx = world.store.begin(of.tenant.id).await?;
    user::create(&mut tx, world.env(), &told).await?;
    tx.commit().await?;
    let read = &mut world.store.tenant(of.tenant.id);
    for typed in ["li@example.cn", "13900000000", "zhangsan@example.com", "13800000000", "张三 🐅"]
    {
        assert!(account::by_name(read, typed).await?.is_empty(), "{typed}");
    }
    // Positive control: once it is verified, it is a name.
    let verified = AccountSettings { email_verified: true, phone_number_verified: true, ..claimed };
    let id = make(&world, &of, &verified).await?;
    for typed in ["li@example.cn", "13900000000"] {
        let found = account::by_name(read, typed).await?;
        assert_eq!(found.iter().map(|row| row.id).collect::<Vec<_>>(), [id], "{typed}");
    }
    Ok(())
}

async fn ones_user_name_may_be_anothers_address(url: DatabaseUrl) -> Result<()> {
    let (world, of) = world(url).await?;
    for text in ["li@example.cn", "13900000000"] {
        let named = AccountSettings { username: handle(text), ..AccountSettings::default() };
        let reached = AccountSettings {
            email: Email::parse(text).ok(),
            email_verified: true,
            phone_number: Phone::parse(text).ok(),
            phone_number_verified: true,
            ..AccountSettings::default()
        };
        let mut expected = [make(&world, &of, &named).await?, make(&world, &of, &reached).await?];
        let found = account::by_name(&mut world.store.tenant(of.tenant.id), text).await?;
        let mut found: Vec<UserId> = found.iter().map(|row| row.id).collect();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{text}");
    }
    // One account that is both is one.
    let both = AccountSettings {
        username: handle("wang@example.cn"),
        email: email("wang@example.cn"),
        email_verified: true,
        ..AccountSettings::default()
    };
    make(&world, &of, &both).await?;
    let read = &mut world.store.tenant(of.tenant.id);
    assert_eq!(account::by_name(read, "Wang@example.cn").await?.len(), 1);
    Ok(())
}

async fn candidates_have_a_value_verified_or_not(url: DatabaseUrl) -> Result<()> {
    let (world, of) = world(url).await?;
    let owner = make(&world, &of, &account_settings("lisi")).await?;
    let gone = make(&world, &of, &account_settings("gone")).await?;
    let mut tx = world.store.begin(of.tenant.id).await?;
    link(&mut tx, world.env(), owner, &subject("lisi"), None).await?.unwrap();
    user::set_status(&mut tx, world.env(), owner, 1, UserStatus::Suspended).await?;
    user::set_status(&mut tx, world.env(), gone, 1, UserStatus::Deleted).await?;
    tx.commit().await?;
    let read = &mut world.store.tenant(of.tenant.id);
    let nothing = Wanted::default();
    let (mail, number) = (email("LISI@example.cn"), phone("+86 139 0000 0000"));
    for wanted in [
        Wanted { email: mail.clone(), ..nothing.clone() },
        Wanted { biz_mail: mail.clone(), ..nothing.clone() },
        Wanted { userid: handle("LiSi"), ..nothing.clone() },
        Wanted { userid: handle("e-LiSi"), ..nothing.clone() },
        // The number is not verified, and takes nothing away from the address.
        Wanted { email: mail.clone(), mobile: number.clone(), ..nothing.clone() },
    ] {
        let expected = Candidate {
            user_id: owner,
            status: UserStatus::Suspended,
            username_key: Some(b"lisi".to_vec()),
            external_id_key: Some(b"e-lisi".to_vec()),
            email_key: Some(b"lisi@example.cn".to_vec()),
            email_verified: true,
            phone_key: Some(b"+8613900000000".to_vec()),
            phone_number_verified: false,
            of_corp: true,
        };
        let corp = &of.subject.corp_id;
        let found = candidate::verified(read, corp, &wanted).await?;
        assert_eq!(found, slice::from_ref(&expected));
        let elsewhere = Candidate { of_corp: false, ..expected };
        assert_eq!(candidate::verified(read, "ww-other", &wanted).await?, [elsewhere]);
    }
    let corp = &of.subject.corp_id;
    for wanted in [
        nothing.clone(),
        Wanted { mobile: number.clone(), ..nothing.clone() },
        Wanted { email: email("gone@example.cn"), userid: handle("gone"), ..nothing.clone() },
        Wanted { email: email(&profile().email.unwrap()), ..nothing.clone() },
    ] {
        assert!(candidate::verified(read, corp, &wanted).await?.is_empty(), "{wanted:?}");
    }
    for (wanted, expected) in [
        (Wanted { mobile: number, ..nothing.clone() }, vec![owner]),
        (Wanted { email: email("ZhangSan@example.com"), ..nothing.clone() }, vec![of.user]),
        (Wanted { biz_mail: email("ZhangSan@example.com"), ..nothing.clone() }, vec![of.user]),
        (Wanted { mobile: phone("13800000000"), ..nothing.clone() }, vec![of.user]),
        (Wanted { email: mail, userid: handle("lisi"), ..nothing.clone() }, vec![]),
        (nothing, vec![]),
    ] {
        let found = candidate::unverified(read, corp, &wanted).await?;
        assert_eq!(found.iter().map(|row| row.user_id).collect::<Vec<_>>(), expected);
    }
    Ok(())
}
