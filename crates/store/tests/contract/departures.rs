//! Whoever leaves a corp: what was proven before leads to no session (attack K7).

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use store::grant::NewGrant;
use store::identity::Subject;
use store::secret::SecretHash;
use store::session::Device;
use store::session::SignedInBy;
use store::{DatabaseUrl, Error, Result, departure, grant, hand_over, identity, session};

use crate::support::each_engine;
use crate::world::{HOUR, Sample, World, granted, link, signed_in, subject};

each_engine! {
    a_link_signs_nobody_in_by_what_was_proven_before_they_left,
    a_departure_is_known_of_those_whom_nobody_has_linked,
    a_departure_that_is_noted_while_an_old_one_is_swept_stays,
    what_a_link_signed_in_before_its_person_left_is_dead,
    whoever_is_linked_by_hand_after_they_left_has_left,
    k7_whoever_leaves_during_a_sign_in_has_no_session_after_it,
}

async fn a_link_signs_nobody_in_by_what_was_proven_before_they_left(
    url: DatabaseUrl,
) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let left_at = world.env().now();
    let mut tx = world.store.begin(of.tenant.id).await?;
    assert_eq!(identity::leave(&mut tx, world.env(), &of.subject).await?, Some(of.user));
    assert_eq!(identity::leave(&mut tx, world.env(), &subject("nobody")).await?, None);
    tx.commit().await?;
    let read = &mut world.store.tenant(of.tenant.id);
    assert_eq!(identity::find(read, of.identity).await?.unwrap().left_at, Some(left_at));
    let linked = identity::linked_user(read, &of.subject).await?.unwrap();
    assert_eq!(linked.left_at, Some(left_at));
    world.clock.advance(TimeDelta::seconds(1));
    for (proven_at, expected) in [(-1, false), (0, false), (1, true)] {
        let proven_at = left_at + TimeDelta::microseconds(proven_at);
        let mut tx = world.store.begin(of.tenant.id).await?;
        let touched = identity::touch(&mut tx, world.env(), of.identity, None, proven_at).await;
        assert!(matches!((&touched, expected), (Ok(()), true) | (Err(Error::Conflict), false)));
        tx.commit().await?;
    }
    // It is remembered; a later departure counts, and not one from before it.
    for (clock, expected) in [(5, 5), (-2, 5)] {
        world.clock.advance(TimeDelta::seconds(clock));
        let mut tx = world.store.begin(of.tenant.id).await?;
        identity::leave(&mut tx, world.env(), &of.subject).await?;
        tx.commit().await?;
        let known = identity::find(read, of.identity).await?.unwrap().left_at.unwrap();
        assert_eq!(known, left_at + TimeDelta::seconds(1 + expected));
    }
    Ok(())
}

async fn a_departure_is_known_of_those_whom_nobody_has_linked(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let (person, start) = (subject("newcomer"), world.env().now());
    let is_since = async |person: &Subject, time: DateTime<Utc>| {
        let mut tx = world.store.begin(of.tenant.id).await?;
        let is_member = departure::hold(&mut tx, person).await?.if_member_at(time).is_some();
        tx.commit().await?;
        Ok::<_, Error>(!is_member)
    };
    assert!(!is_since(&person, start).await?);
    world.clock.advance(TimeDelta::seconds(1));
    let left_at = world.env().now();
    let single = &mut world.store.single(of.tenant.id);
    departure::record(single, world.env(), &person).await?;
    for _ in 0..2 {
        assert!(is_since(&person, start).await?, "asking changes nothing");
        assert!(is_since(&person, left_at).await?);
        assert!(!is_since(&person, left_at + TimeDelta::microseconds(1)).await?);
    }
    let elsewhere = Subject { corp_id: "ww-other".to_owned(), ..person.clone() };
    assert!(!is_since(&elsewhere, start).await? && !is_since(&subject("other"), start).await?);
    // It is forgotten when nobody can be asked any more.
    let count = "SELECT count(*) FROM departures";
    world.clock.advance(TimeDelta::hours(23));
    world.store.sweep().await?;
    assert_eq!(world.count(count).await, 2, "this one and the sample's, none of who never left");
    assert!(is_since(&person, start).await?);
    world.clock.advance(TimeDelta::hours(2));
    world.store.sweep().await?;
    assert_eq!(world.count(count).await, 0);
    Ok(())
}

async fn a_departure_that_is_noted_while_an_old_one_is_swept_stays(url: DatabaseUrl) -> Result<()> {
    let (world, second) = (World::open(url.clone()).await?, World::open(url).await?);
    let of = world.sample("acme.example.com").await?;
    let person = subject("newcomer");
    departure::record(&mut world.store.single(of.tenant.id), world.env(), &person).await?;
    for node in [&world, &second] {
        node.clock.advance(TimeDelta::hours(25));
    }
    let left_at = world.env().now();
    let mut tx = world.store.begin(of.tenant.id).await?;
    departure::record(&mut tx, world.env(), &person).await?;
    let sweeps = tokio::spawn(async move { second.store.sweep().await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    tx.commit().await?;
    sweeps.await.unwrap()?;
    let mut tx = world.store.begin(of.tenant.id).await?;
    assert!(departure::hold(&mut tx, &person).await?.if_member_at(left_at).is_none());
    Ok(())
}

async fn what_a_link_signed_in_before_its_person_left_is_dead(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let (tenant, env) = (of.tenant.id, world.env());
    let mut tx = world.store.begin(tenant).await?;
    // What somebody who overlooks the departure writes beside it.
    let codes = [crate::world::code(), crate::world::code()];
    let offline = |code| NewGrant {
        offline: Some(HOUR),
        ..granted(of.app, &of.session, "openid offline_access", code)
    };
    let before = grant::create(&mut tx, env, offline(&codes[0])).await?;
    identity::leave(&mut tx, env, &of.subject).await?;
    let after = grant::create(&mut tx, env, offline(&codes[1])).await?;
    let device = Device { user_agent: None, address: None };
    let copied = SecretHash::of("copied");
    assert!(hand_over::copy(&mut tx, env, of.session.id, &device, &copied).await?.is_some());
    tx.commit().await?;
    world.clock.advance(TimeDelta::seconds(1));
    let read = &mut world.store.tenant(tenant);
    for token in [&of.token, &copied] {
        assert!(session::find(read, env, token).await?.is_none());
    }
    for grant in [of.grant, before, after] {
        assert!(grant::find_live(read, env, grant).await?.is_none());
    }
    assert!(hand_over::find(read, env, of.session.id, of.app).await?.is_none());
    // Positive control: whoever signs in again.
    let mut tx = world.store.begin(tenant).await?;
    identity::touch(&mut tx, env, of.identity, None, env.now()).await?;
    let token = SecretHash::of("again");
    let again = session::create(&mut tx, env, of.user, signed_in(of.way(), &token)).await?;
    let code = crate::world::code();
    let anew = grant::create(&mut tx, env, granted(of.app, &again, "openid", &code)).await?;
    tx.commit().await?;
    assert!(session::find(read, env, &token).await?.is_some());
    assert!(grant::find_live(read, env, anew).await?.is_some());
    assert!(hand_over::find(read, env, again.id, of.app).await?.is_some());
    assert!(session::find(read, env, &of.token).await?.is_none());
    assert!(grant::find_live(read, env, after).await?.is_none());
    Ok(())
}

async fn whoever_is_linked_by_hand_after_they_left_has_left(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let (env, left_at, person) = (world.env(), world.env().now(), subject("second"));
    departure::record(&mut world.store.single(of.tenant.id), env, &person).await?;
    world.clock.advance(TimeDelta::seconds(1));
    let mut tx = world.store.begin(of.tenant.id).await?;
    let id = link(&mut tx, env, of.user, &person, None).await?.unwrap();
    assert_eq!(identity::find(&mut tx, id).await?.unwrap().left_at, Some(left_at));
    let old = identity::touch(&mut tx, env, id, None, left_at).await;
    assert!(matches!(old, Err(Error::Conflict)));
    identity::touch(&mut tx, env, id, None, env.now()).await
}

/// Signs a person in as the broker does, by what was proven at this time. Whether it came to anything.
async fn sign_in(
    world: &World,
    of: &Sample,
    (person, proven_at): (&Subject, DateTime<Utc>),
    token: &SecretHash,
) -> Result<bool> {
    let (env, mut tx) = (world.env(), world.store.begin(of.tenant.id).await?);
    let linked = identity::linked_user(&mut tx, person).await?;
    let identity = match linked {
        Some(linked) => {
            match identity::touch(&mut tx, env, linked.identity_id, None, proven_at).await {
                Ok(()) => linked.identity_id,
                Err(Error::Conflict) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        None => match departure::hold(&mut tx, person).await?.if_member_at(proven_at) {
            Some(held) => identity::link(&mut tx, env, of.user, held, None).await?.unwrap(),
            None => return Ok(false),
        },
    };
    let by = SignedInBy::Source(of.source.id, identity);
    session::create(&mut tx, env, of.user, signed_in(by, token)).await?;
    tx.commit().await?;
    Ok(true)
}

async fn leave(world: &World, of: &Sample, person: &Subject) -> Result<()> {
    departure::record(&mut world.store.single(of.tenant.id), world.env(), person).await?;
    let mut tx = world.store.begin(of.tenant.id).await?;
    if let Some(user) = identity::leave(&mut tx, world.env(), person).await? {
        session::end_all_of_user(&mut tx, world.env(), user).await?;
    }
    tx.commit().await
}

async fn k7_whoever_leaves_during_a_sign_in_has_no_session_after_it(
    url: DatabaseUrl,
) -> Result<()> {
    let (world, second) = (World::open(url.clone()).await?, World::open(url).await?);
    let of = world.sample("acme.example.com").await?;
    let mut signed_in = 0;
    for round in 0..120 {
        // By turns somebody who is linked and somebody who is not.
        let person = match round % 2 {
            0 => of.subject.clone(),
            _ => subject(&format!("newcomer {round}")),
        };
        let proven_at = world.env().now();
        let token = SecretHash::of(&format!("session {round}"));
        let signs_in = sign_in(&world, &of, (&person, proven_at), &token);
        let (came_in, left) = tokio::join!(signs_in, leave(&second, &of, &person));
        left?;
        signed_in += u32::from(came_in?);
        let read = &mut world.store.tenant(of.tenant.id);
        let alive = session::find(read, world.env(), &token).await?;
        assert!(alive.is_none(), "round {round}: signed in and left");
        for node in [&world, &second] {
            node.clock.advance(TimeDelta::seconds(1));
        }
    }
    assert!(signed_in > 0, "nobody was fast enough to be signed out");
    Ok(())
}
