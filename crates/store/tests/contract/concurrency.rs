//! Many at once (attack S1): no double success, no "database is locked", no torn reads.

use std::time::Duration;

use futures_util::future::join_all;
use store::account::{self, AccountSettings};
use store::corp::{self, Corp};
use store::grant::NewGrant;
use store::id::{GrantId, UserId};
use store::identity::Subject;
use store::normal::Handle;
use store::secret::SecretHash;
use store::session::Ending;
use store::user::UserStatus;
use store::{
    DatabaseUrl, Error, Result, grant, identity, refresh_token, session, user, user_search,
};

use crate::support::each_engine;
use crate::world::{FIRST, HOUR, Sample, World, granted, link, profile, signed_in, subject};

each_engine! {
    s1_fifty_first_sign_ins_at_once_make_one_user,
    s1_of_many_changes_of_one_version_one_wins,
    s1_a_session_ends_once,
    s1_of_many_accounts_of_one_external_id_one_is_made,
    writers_wait_for_one_another,
    readers_see_all_of_a_transaction_or_nothing,
    a_suspension_beside_grants_leaves_none_alive,
    s1_what_a_session_grants_while_it_is_ended_is_dead,
    single_statements_at_once_last_or_fail_each_by_itself,
}

/// Signs a person in as the broker does: in one transaction, begun anew when somebody was faster.
async fn sign_in(world: &World, of: &Sample, person: &Subject) -> Result<UserId> {
    loop {
        let mut tx = world.store.begin(of.tenant.id).await?;
        if let Some(linked) = identity::linked_user(&mut tx, person).await? {
            let now = world.env().now();
            identity::touch(&mut tx, world.env(), linked.identity_id, None, now).await?;
            tx.commit().await?;
            return Ok(linked.user_id);
        }
        let made = user::create(&mut tx, world.env(), &profile()).await?;
        if link(&mut tx, world.env(), made.id, person, None).await?.is_some() {
            tx.commit().await?;
            return Ok(made.id);
        }
    }
}

async fn s1_fifty_first_sign_ins_at_once_make_one_user(url: DatabaseUrl) -> Result<()> {
    // Two nodes with pools of their own.
    let (world, second) = (World::open(url.clone()).await?, World::open(url).await?);
    let of = world.sample("acme.example.com").await?;
    for round in 1..=4 {
        let sign_ins = (0..50).map(|at| {
            let (world, of) = ([&world, &second][at % 2].clone(), of.clone());
            let person = subject(&format!("NewComer{round}"));
            tokio::spawn(async move { sign_in(&world, &of, &person).await.unwrap() })
        });
        let users: Vec<UserId> =
            join_all(sign_ins).await.into_iter().map(|user| user.unwrap()).collect();
        assert!(users.iter().all(|user| *user == users[0]), "{users:?}");
        assert_eq!(world.count("SELECT count(*) FROM users").await, 1 + round);
        assert_eq!(world.count("SELECT count(*) FROM identities").await, 1 + round);
    }
    Ok(())
}

async fn s1_of_many_changes_of_one_version_one_wins(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    for version in 1..=10 {
        let changes = (0..10).map(|at| {
            let (world, of) = (world.clone(), of.clone());
            tokio::spawn(async move {
                let name = format!("change {at}");
                let corp = Corp { version, display_name: name, ..of.corp };
                let mut tx = world.store.begin(of.tenant.id).await.unwrap();
                match corp::update(&mut tx, world.env(), &corp).await {
                    Ok(_) => tx.commit().await.map(|()| 1).unwrap(),
                    Err(Error::Stale) => 0,
                    Err(error) => panic!("{error:?}"),
                }
            })
        });
        let winners: i32 = join_all(changes).await.into_iter().map(|won| won.unwrap()).sum();
        assert_eq!(winners, 1);
    }
    let found = corp::find(&mut world.store.tenant(of.tenant.id), of.corp.id).await?.unwrap();
    assert_eq!(found.version, 11);
    Ok(())
}

async fn s1_of_many_accounts_of_one_external_id_one_is_made(url: DatabaseUrl) -> Result<()> {
    let (world, second) = (World::open(url.clone()).await?, World::open(url).await?);
    let of = world.sample("acme.example.com").await?;
    let imports = (0..8).map(|at| {
        let (world, of) = ([&world, &second][at % 2].clone(), of.clone());
        tokio::spawn(async move {
            let own = |name: &str| AccountSettings {
                external_id: Handle::parse(name).ok(),
                ..AccountSettings::default()
            };
            let mut tx = world.store.begin(of.tenant.id).await.unwrap();
            let made = account::insert(&mut tx, world.env(), &own("E-1")).await.unwrap();
            // Whoever was too late goes on in the same transaction.
            let next = own(&format!("E-1-{at}"));
            assert!(account::insert(&mut tx, world.env(), &next).await.unwrap().is_some());
            tx.commit().await.unwrap();
            made.is_some()
        })
    });
    let made = join_all(imports).await.into_iter().filter(|made| *made.as_ref().unwrap()).count();
    assert_eq!(made, 1);
    assert_eq!(world.count("SELECT count(*) FROM users").await, 1 + 1 + 8);
    Ok(())
}

async fn s1_a_session_ends_once(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let ends = (0..20).map(|_| {
        let (world, of) = (world.clone(), of.clone());
        tokio::spawn(async move {
            let mut tx = world.store.begin(of.tenant.id).await.unwrap();
            let session =
                session::end(&mut tx, world.env(), of.session.id, Ending::SignOut).await.unwrap();
            let grant = grant::revoke(&mut tx, world.env(), of.grant).await.unwrap();
            tx.commit().await.unwrap();
            assert!(!grant, "the session's end revokes its grants");
            session
        })
    });
    let ended = join_all(ends).await.into_iter().filter(|ended| *ended.as_ref().unwrap()).count();
    assert_eq!(ended, 1);
    Ok(())
}

/// Transactions that read first and write later, on two nodes. SQLite would refuse some of them as
/// "database is locked" if they began as readers.
async fn writers_wait_for_one_another(url: DatabaseUrl) -> Result<()> {
    let (world, second) = (World::open(url.clone()).await?, World::open(url).await?);
    let of = world.sample("acme.example.com").await?;
    let writers = (0..32).map(|at| {
        let (world, of) = ([&world, &second][at % 2].clone(), of.clone());
        tokio::spawn(async move {
            for _ in 0..5 {
                let mut tx = world.store.begin(of.tenant.id).await.unwrap();
                user_search::list(&mut tx, None, FIRST).await.unwrap();
                tokio::task::yield_now().await;
                user::create(&mut tx, world.env(), &profile()).await.unwrap();
                tx.commit().await.unwrap();
            }
        })
    });
    join_all(writers).await.into_iter().for_each(|writer| writer.unwrap());
    assert_eq!(world.count("SELECT count(*) FROM users").await, 1 + 32 * 5);
    Ok(())
}

async fn readers_see_all_of_a_transaction_or_nothing(url: DatabaseUrl) -> Result<()> {
    let snapshots = !matches!(url, DatabaseUrl::SqliteMemory(_));
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let mut read = world.store.tenant(of.tenant.id);

    // In memory SQLite's readers wait for a writer; elsewhere they see what was before.
    let mut tx = world.store.begin(of.tenant.id).await?;
    user::create(&mut tx, world.env(), &profile()).await?;
    if snapshots {
        assert_eq!(user_search::list(&mut read, None, FIRST).await?.items.len(), 1);
    }
    drop(tx);

    let writer = {
        let (world, of) = (world.clone(), of.clone());
        tokio::spawn(async move {
            for _ in 0..20 {
                let mut tx = world.store.begin(of.tenant.id).await.unwrap();
                for _ in 0..2 {
                    user::create(&mut tx, world.env(), &profile()).await.unwrap();
                    tokio::task::yield_now().await;
                }
                tx.commit().await.unwrap();
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        })
    };
    let mut last = 1;
    while !writer.is_finished() {
        let seen = user_search::list(&mut read, None, FIRST).await?.items.len();
        assert!(seen % 2 == 1 && seen >= last, "{seen} after {last}");
        last = seen;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    writer.await.unwrap();
    assert_eq!(user_search::list(&mut read, None, FIRST).await?.items.len(), 41);
    Ok(())
}

async fn a_suspension_beside_grants_leaves_none_alive(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let granting: Vec<_> = (0..16)
        .map(|_| {
            let (world, of) = (world.clone(), of.clone());
            tokio::spawn(async move {
                let mut tx = world.store.begin(of.tenant.id).await.unwrap();
                let hash = crate::world::code();
                let made = grant::create(
                    &mut tx,
                    world.env(),
                    granted(of.app, &of.session, "openid", &hash),
                );
                let id = made.await.unwrap();
                tx.commit().await.unwrap();
                id
            })
        })
        .collect();
    let mut tx = world.store.begin(of.tenant.id).await?;
    user::set_status(&mut tx, world.env(), of.user, 1, UserStatus::Suspended).await?;
    tx.commit().await?;
    let mut read = world.store.tenant(of.tenant.id);
    for id in join_all(granting).await {
        assert!(grant::find_live(&mut read, world.env(), id.unwrap()).await?.is_none());
    }
    Ok(())
}

/// Single sign-on beside "signed out everywhere", with a grant that outlives its session.
async fn s1_what_a_session_grants_while_it_is_ended_is_dead(url: DatabaseUrl) -> Result<()> {
    let (world, second) = (World::open(url.clone()).await?, World::open(url).await?);
    let of = world.sample("acme.example.com").await?;
    let env = world.env();
    let mut granted_first = 0;
    for round in 0..60 {
        let mut tx = world.store.begin(of.tenant.id).await?;
        let token = SecretHash::of(&format!("session {round}"));
        let session = session::create(&mut tx, env, of.user, signed_in(of.way(), &token)).await?;
        tx.commit().await?;
        let answers = async {
            let mut tx = world.store.begin(of.tenant.id).await?;
            if !session::touch(&mut tx, env, session.id, HOUR).await? {
                return Ok(None);
            }
            let code = crate::world::code();
            let new = granted(of.app, &session, "openid offline_access", &code);
            let grant =
                grant::create(&mut tx, env, NewGrant { offline: Some(HOUR), ..new }).await?;
            tx.commit().await?;
            Ok::<_, Error>(Some(grant))
        };
        let ends = async {
            let mut tx = second.store.begin(of.tenant.id).await?;
            session::end_all_of_user(&mut tx, second.env(), of.user).await?;
            tx.commit().await
        };
        let (grant, ended) = tokio::join!(answers, ends);
        ended?;
        let Some(grant) = grant? else { continue };
        granted_first += 1;
        let live = grant::find_live(&mut world.store.tenant(of.tenant.id), env, grant).await?;
        assert!(live.is_none(), "round {round}: it outlives the end of everything");
    }
    assert!(granted_first > 0, "no grant was fast enough to be revoked");
    let mut single = world.store.single(of.tenant.id);
    assert!(!session::touch(&mut single, env, of.session.id, HOUR).await?, "it is over");
    Ok(())
}

/// Those that wait for the writer together are written together, and one that fails takes no other along.
async fn single_statements_at_once_last_or_fail_each_by_itself(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let count = "SELECT count(*) FROM refresh_tokens";
    let before = world.count(count).await;
    // Meanwhile they gather.
    let tx = world.store.begin(of.tenant.id).await?;
    let singles: Vec<_> = (0..60)
        .map(|at| {
            let (world, of) = (world.clone(), of.clone());
            tokio::spawn(async move {
                // Every third is of a grant that there is not, every fifth takes one that is taken.
                let grant = if at % 3 == 0 { GrantId(of.tenant.id.0) } else { of.grant };
                let token = if at % 5 == 0 { "the same".to_owned() } else { at.to_string() };
                let mut single = world.store.single(of.tenant.id);
                let hash = SecretHash::of(&token);
                (at, refresh_token::create(&mut single, world.env(), grant, &hash, HOUR).await)
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    drop(tx);
    let mut of_the_same = 0;
    for (at, outcome) in join_all(singles).await.into_iter().map(|single| single.unwrap()) {
        match outcome {
            Ok(()) if at % 3 != 0 && at % 5 == 0 => of_the_same += 1,
            Ok(()) => assert!(at % 3 != 0, "{at}"),
            Err(Error::Reference) => assert!(at % 3 == 0, "{at}"),
            Err(Error::Conflict) => assert!(at % 5 == 0, "{at}"),
            Err(error) => panic!("{at}: {error}"),
        }
    }
    assert_eq!(of_the_same, 1);
    // 60 without the 20 of no grant; of the 8 of the rest that are the same, one.
    assert_eq!(world.count(count).await - before, 40 - 8 + 1);
    Ok(())
}
