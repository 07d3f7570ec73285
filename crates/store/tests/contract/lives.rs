//! How sessions and grants end: by themselves, by hand, and with everything they hang on.

use chrono::TimeDelta;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use store::app::AppSettings;
use store::secret::SecretHash;
use store::session::Ending;
use store::session::SignedInBy;
use store::source::{SourceSettings, Status};
use store::user::UserStatus;
use store::{DatabaseUrl, Error, Result, TenantWrite, app, grant, session, source, user};

use crate::support::each_engine;
use crate::world::{HOUR, Sample, World, app_settings, granted, signed_in, source_settings};

each_engine! {
    a_session_lives_until_it_expires,
    a_renewed_session_has_another_secret,
    a_session_carries_no_further_than_its_source,
    a_live_grant_tells_of_its_user,
    each_end_is_the_end,
    what_a_slower_sign_in_begins_after_a_suspension_is_dead,
    a_grant_in_an_ended_session_is_dead,
    sweeping_takes_what_ended_long_ago,
}

async fn alive(world: &World, of: &Sample) -> Result<(bool, bool)> {
    let read = &mut world.store.tenant(of.tenant.id);
    Ok((
        session::find(read, world.env(), &of.token).await?.is_some(),
        grant::find_live(read, world.env(), of.grant).await?.is_some(),
    ))
}

async fn a_session_lives_until_it_expires(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let begun = world.env().now();
    let found = world.find_session(&of).await?.unwrap();
    assert_eq!(
        (found.id, found.user_id, found.source_id),
        (of.session.id, of.user, Some(of.source.id))
    );
    assert_eq!((found.authenticated_at, found.expires_at), (begun, begun + HOUR));
    world.clock.advance(HOUR - TimeDelta::microseconds(1));
    assert_eq!(alive(&world, &of).await?, (true, true));
    world.clock.advance(TimeDelta::microseconds(1));
    assert_eq!(alive(&world, &of).await?, (false, false));
    Ok(())
}

async fn a_renewed_session_has_another_secret(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let env = world.env();
    world.clock.advance(HOUR / 2);
    let (token, now) = (SecretHash::of("renewed"), env.now());
    let mut tx = world.store.begin(of.tenant.id).await?;
    let second = world.make_source(&mut tx, of.corp.id, "second").await?;
    let way = SignedInBy::Source(second.id, of.identity);
    let renewed = session::renew(&mut tx, env, of.session.id, signed_in(way, &token)).await?;
    tx.commit().await?;
    assert_eq!((renewed.id, renewed.user_id), (of.session.id, of.user));
    assert_eq!(alive(&world, &of).await?, (false, true), "the old secret is worth nothing");
    let read = &mut world.store.tenant(of.tenant.id);
    let grant = grant::find_live(read, env, of.grant).await?.unwrap();
    assert_eq!(grant.authenticated_at, of.session.authenticated_at, "it is of its own sign-in");
    world.clock.advance(HOUR / 2);
    let found = session::find(read, env, &token).await?.unwrap();
    assert_eq!((found.id, found.source_id), (of.session.id, Some(second.id)));
    assert_eq!((found.authenticated_at, found.expires_at), (now, now + HOUR));
    assert!(grant::find_live(read, env, of.grant).await?.is_none(), "and ends when that would");
    Ok(())
}

async fn a_session_carries_no_further_than_its_source(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let env = world.env();
    let mut tx = world.store.begin(of.tenant.id).await?;
    let unlinked = app::create(&mut tx, env, app_settings()).await?;
    let second = world.make_source(&mut tx, of.corp.id, "second").await?;
    app::link(&mut tx, env, unlinked.id, second.id, 1).await?;
    tx.commit().await?;
    let read = &mut world.store.tenant(of.tenant.id);
    assert!(session::find_for_app(read, env, &of.token, &of.client).await?.is_some());
    assert!(session::find_for_app(read, env, &of.token, &unlinked).await?.is_none());
    let mut tx = world.store.begin(of.tenant.id).await?;
    app::unlink(&mut tx, of.app, of.source.id).await?;
    app::link(&mut tx, env, unlinked.id, of.source.id, 1).await?;
    tx.commit().await?;
    assert!(session::find_for_app(read, env, &of.token, &of.client).await?.is_none());
    assert!(session::find_for_app(read, env, &of.token, &unlinked).await?.is_some());
    assert!(session::find(read, env, &of.token).await?.is_some());
    Ok(())
}

async fn a_live_grant_tells_of_its_user(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let read = &mut world.store.tenant(of.tenant.id);
    let found = grant::find_live(read, world.env(), of.grant).await?.unwrap();
    let known = user::find(read, of.user).await?.unwrap();
    assert_eq!((found.id, found.app_id, found.user_id), (of.grant, of.app, of.user));
    assert_eq!((found.session_id, found.scope.as_str()), (of.session.id, "openid profile"));
    assert_eq!((found.name, found.email), (known.name, known.email));
    assert_eq!((found.phone_number, found.picture), (known.phone_number, known.picture));
    assert_eq!((found.authenticated_at, found.updated_at), (world.env().now(), known.updated_at));
    Ok(())
}

/// An end, and whether session and grant are alive after it.
struct End {
    name: &'static str,
    run: Ends,
    after: (bool, bool),
}
type Ends = for<'t> fn(&'t mut TenantWrite, &'t Sample, &'t World) -> BoxFuture<'t, Result<()>>;

fn end(name: &'static str, after: (bool, bool), run: Ends) -> End {
    End { name, run, after }
}

fn session_ends() -> Vec<End> {
    vec![
        end("session ended", (false, false), |tx, of, w| {
            async {
                assert!(session::end(tx, w.env(), of.session.id, Ending::SignOut).await?);
                assert!(!session::end(tx, w.env(), of.session.id, Ending::SignOut).await?);
                Ok(())
            }
            .boxed()
        }),
        end("session ended and renewed", (false, false), |tx, of, w| {
            async {
                session::end(tx, w.env(), of.session.id, Ending::SignOut).await?;
                let new = signed_in(of.way(), &of.token);
                let renewed = session::renew(tx, w.env(), of.session.id, new).await;
                assert!(matches!(renewed, Err(Error::Conflict)), "{renewed:?}");
                Ok(())
            }
            .boxed()
        }),
        end("all sessions of the user ended", (false, false), |tx, of, w| {
            session::end_all_of_user(tx, w.env(), of.user).boxed()
        }),
        end("the identity's sessions ended", (false, false), |tx, of, w| {
            session::end_all_of_identity(tx, w.env(), of.identity).boxed()
        }),
        end("the user's other sessions ended", (true, true), |tx, of, w| {
            async {
                let kept = Some(of.session.id);
                let ended = session::end_others_of_user(tx, w.env(), of.user, kept).await?;
                assert_eq!(ended, 0);
                Ok(())
            }
            .boxed()
        }),
    ]
}

fn ends() -> Vec<End> {
    vec![
        end("grant revoked", (true, false), |tx, of, w| {
            async {
                assert!(grant::revoke(tx, w.env(), of.grant).await?);
                assert!(!grant::revoke(tx, w.env(), of.grant).await?);
                Ok(())
            }
            .boxed()
        }),
        end("app disabled", (true, false), |tx, of, w| {
            let settings = AppSettings { status: Status::Disabled, ..app_settings() };
            async { app::update(tx, w.env(), of.app, 1, settings).await.map(drop) }.boxed()
        }),
        end("app deleted", (true, false), |tx, of, _| app::delete(tx, of.app, 1).boxed()),
        end("user suspended", (false, false), |tx, of, w| {
            set_status(tx, of, w, UserStatus::Suspended).boxed()
        }),
        end("user suspended and active again", (false, false), |tx, of, w| {
            async {
                set_status(tx, of, w, UserStatus::Suspended).await?;
                user::set_status(tx, w.env(), of.user, 2, UserStatus::Active).await.map(drop)
            }
            .boxed()
        }),
        end("user deleted", (false, false), |tx, of, w| {
            set_status(tx, of, w, UserStatus::Deleted).boxed()
        }),
        end("source disabled", (false, false), |tx, of, w| {
            let settings = SourceSettings { status: Status::Disabled, ..source_settings() };
            let keys = &w.store.keys;
            async { source::update(tx, w.env(), keys, of.source.id, 1, settings).await.map(drop) }
                .boxed()
        }),
        end("source deleted", (false, false), |tx, of, _| {
            source::delete(tx, of.source.id, 1).boxed()
        }),
    ]
}

async fn set_status(
    tx: &mut TenantWrite,
    of: &Sample,
    world: &World,
    status: UserStatus,
) -> Result<()> {
    user::set_status(tx, world.env(), of.user, 1, status).await.map(drop)
}

async fn each_end_is_the_end(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let bystander = world.sample("bystander.example.com").await?;
    for (at, end) in ends().into_iter().chain(session_ends()).enumerate() {
        let of = world.sample(&format!("t{at}.example.com")).await?;
        assert_eq!(alive(&world, &of).await?, (true, true));
        let mut tx = world.store.begin(of.tenant.id).await?;
        (end.run)(&mut tx, &of, &world).await?;
        tx.commit().await?;
        assert_eq!(alive(&world, &of).await?, end.after, "{}", end.name);
    }
    assert_eq!(alive(&world, &bystander).await?, (true, true));
    Ok(())
}

/// A sign-in that saw the user active, and writes after the suspension.
async fn what_a_slower_sign_in_begins_after_a_suspension_is_dead(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let env = world.env();
    for status in UserStatus::ALL {
        let of = world.sample(&format!("{status}.example.com")).await?;
        let token = SecretHash::of("slower");
        let mut tx = world.store.begin(of.tenant.id).await?;
        set_status(&mut tx, &of, &world, *status).await?;
        let begun = session::create(&mut tx, env, of.user, signed_in(of.way(), &token)).await?;
        let granted =
            grant::create(&mut tx, env, granted(of.app, &begun, "openid", &crate::world::code()))
                .await?;
        tx.commit().await?;
        let (alive, read) = (*status == UserStatus::Active, &mut world.store.tenant(of.tenant.id));
        assert_eq!(session::find(read, env, &token).await?.is_some(), alive, "{status}");
        let for_app = session::find_for_app(read, env, &token, &of.client).await?;
        assert_eq!(for_app.is_some(), alive, "{status}");
        assert_eq!(grant::find_live(read, env, granted).await?.is_some(), alive, "{status}");
    }
    Ok(())
}

/// The session ends while an authorization is under way.
async fn a_grant_in_an_ended_session_is_dead(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let mut tx = world.store.begin(of.tenant.id).await?;
    let before = grant::create(
        &mut tx,
        world.env(),
        granted(of.app, &of.session, "openid", &crate::world::code()),
    )
    .await?;
    session::end(&mut tx, world.env(), of.session.id, Ending::SignOut).await?;
    let after = grant::create(
        &mut tx,
        world.env(),
        granted(of.app, &of.session, "openid", &crate::world::code()),
    )
    .await?;
    tx.commit().await?;
    let read = &mut world.store.tenant(of.tenant.id);
    for id in [before, after] {
        assert!(grant::find_live(read, world.env(), id).await?.is_none());
    }
    Ok(())
}

async fn sweeping_takes_what_ended_long_ago(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    world.clock.advance(HOUR + TimeDelta::days(1));
    let mut tx = world.store.begin(of.tenant.id).await?;
    let token = SecretHash::of("fresh");
    session::create(&mut tx, world.env(), of.user, signed_in(of.way(), &token)).await?;
    tx.commit().await?;
    // The session ended a day ago to the microsecond: not yet. Its answer is a day and an hour old, as
    // are a departure and that of nobody, by which the person was held who was linked.
    assert_eq!(world.store.sweep().await?, 3);
    world.clock.advance(TimeDelta::microseconds(1));
    // Two sessions, their grants, and a revoked access token.
    assert_eq!(world.store.sweep().await?, 5);
    assert_eq!(world.store.sweep().await?, 0);
    let rows = world.dump(of.tenant.id).await;
    assert_eq!(rows.iter().filter(|row| row.starts_with("sessions ")).count(), 1);
    assert_eq!(rows.iter().filter(|row| row.starts_with("grants ")).count(), 0);
    let read = &mut world.store.tenant(of.tenant.id);
    assert!(session::find(read, world.env(), &token).await?.is_some());
    Ok(())
}
