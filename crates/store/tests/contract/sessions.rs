//! Sessions by source, password and code: where they carry to, how their person sees them, and how
//! some of them end and others stay.

use chrono::TimeDelta;
use store::app::{AppSettings, AuthMethod};
use store::id::{GrantId, SessionId, SourceId};
use store::identity::LinkStatus;
use store::secret::SecretHash;
use store::session::{self, Device, Ending, NewSession, SignInMethod, SignedInBy};
use store::source::{SourceSettings, Status};
use store::user::{self, UserStatus};
use store::{DatabaseUrl, Result, app, grant, identity, source};

use crate::support::each_engine;
use crate::world::{
    HOUR, Sample, World, app_settings, granted, link, signed_in, source_settings, subject,
};

each_engine! {
    q5_the_sessions_unused_for_longest_end_when_there_are_too_many,
    a_session_comes_back_with_every_variant,
    a_session_without_source_carries_to_apps_with_its_method,
    a_session_without_source_does_not_depend_on_one,
    a_person_sees_their_live_sessions,
    all_sessions_but_one_end,
    the_sessions_of_an_identity_end_with_their_grants,
    a_session_needs_the_link_that_it_was_signed_in_by,
    a_grant_needs_the_way_in_that_it_was_given_by,
}

/// Each way to sign in, as a sample's user goes it.
fn ways(of: &Sample) -> [SignedInBy; 4] {
    [of.way(), SignedInBy::Password, SignedInBy::EmailCode, SignedInBy::SmsCode]
}

fn source_of(of: &Sample, way: SignedInBy) -> Option<SourceId> {
    (way.method() == SignInMethod::Source).then_some(of.source.id)
}

/// A session of the sample's user and a grant in it, committed.
async fn sign_in(
    world: &World,
    of: &Sample,
    way: SignedInBy,
) -> Result<(SecretHash, SessionId, GrantId)> {
    let token = SecretHash::of(&world.env().alphanumeric(22)?);
    let mut tx = world.store.begin(of.tenant.id).await?;
    let session = session::create(&mut tx, world.env(), of.user, signed_in(way, &token)).await?;
    let code = crate::world::code();
    let grant =
        grant::create(&mut tx, world.env(), granted(of.app, &session, "openid", &code)).await?;
    tx.commit().await?;
    Ok((token, session.id, grant))
}

/// Lets people sign in to the sample's app by these beside its source.
async fn allow(world: &World, of: &Sample, methods: &[SignInMethod]) -> Result<()> {
    let found = app::find(&mut world.store.tenant(of.tenant.id), of.app).await?.unwrap();
    let methods = methods.iter().map(|method| method.as_str().to_owned()).collect();
    let settings = AppSettings { sign_in_methods: methods, ..found.settings() };
    let mut tx = world.store.begin(of.tenant.id).await?;
    app::update(&mut tx, world.env(), of.app, found.version, settings).await?;
    tx.commit().await
}

/// Which of these are alive: the sessions, and the grants in them.
async fn alive(
    world: &World,
    of: &Sample,
    all: &[(SecretHash, SessionId, GrantId)],
) -> Result<Vec<(bool, bool)>> {
    let read = &mut world.store.tenant(of.tenant.id);
    let mut found = Vec::new();
    for (token, _, grant) in all {
        let session = session::find(read, world.env(), token).await?.is_some();
        found.push((session, grant::find_live(read, world.env(), *grant).await?.is_some()));
    }
    Ok(found)
}

async fn a_session_comes_back_with_every_variant(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    allow(&world, &of, SignInMethod::ALL).await?;
    let env = world.env();
    let read = &mut world.store.tenant(of.tenant.id);
    let device = &Device {
        user_agent: Some("Mozilla/5.0 (企业微信)".to_owned()),
        address: Some("2001:db8::1".to_owned()),
    };
    for from in ways(&of) {
        let (before, id, grant) = sign_in(&world, &of, from).await?;
        let found = session::find(read, env, &before).await?.unwrap();
        assert_eq!((found.id, found.user_id), (id, of.user));
        assert_eq!((found.method, found.source_id), (from.method(), source_of(&of, from)));
        for to in ways(&of) {
            world.clock.advance(TimeDelta::seconds(1));
            let token = &SecretHash::of(&env.alphanumeric(22)?);
            let new = NewSession { by: to, device, token, life: HOUR * 2, idle: HOUR * 2 };
            let mut tx = world.store.begin(of.tenant.id).await?;
            let renewed = session::renew(&mut tx, env, id, new).await?;
            tx.commit().await?;
            for found in [renewed, session::find(read, env, token).await?.unwrap()] {
                assert_eq!((found.id, found.user_id), (id, of.user));
                assert_eq!((found.method, found.source_id), (to.method(), source_of(&of, to)));
                assert_eq!(found.authenticated_at, env.now());
                assert_eq!(found.expires_at, env.now() + HOUR * 2);
            }
            let listed = session::of_user(read, env, of.user).await?;
            let listed = listed.iter().find(|row| row.id == id).unwrap();
            assert_eq!((listed.method, listed.source_id), (to.method(), source_of(&of, to)));
            assert_eq!(listed.user_agent, device.user_agent);
            assert_eq!((&listed.address, listed.last_seen_at), (&device.address, env.now()));
            assert!(session::find(read, env, &before).await?.is_none());
            assert!(grant::find_live(read, env, grant).await?.is_some());
        }
    }
    assert_eq!(ways(&of).map(SignedInBy::method).as_slice(), SignInMethod::ALL);
    Ok(())
}

async fn a_session_without_source_carries_to_apps_with_its_method(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let env = world.env();
    let read = &mut world.store.tenant(of.tenant.id);
    let mut apps = Vec::new();
    let methods = ["password", "email_code", "sms_code"];
    let mut tx = world.store.begin(of.tenant.id).await?;
    for allowed in [&methods[..0], &methods[..1], &methods[1..], &methods[..]] {
        let settings = AppSettings {
            sign_in_methods: allowed.iter().map(|&method| method.to_owned()).collect(),
            token_endpoint_auth_method: AuthMethod::None,
            ..app_settings()
        };
        apps.push((allowed, app::create(&mut tx, env, settings).await?));
    }
    tx.commit().await?;
    for way in ways(&of) {
        let (token, id, _) = sign_in(&world, &of, way).await?;
        for (allowed, app) in &apps {
            let found = session::find_for_app(read, env, &token, app).await?;
            let carries = allowed.contains(&way.method().as_str());
            assert_eq!(
                found.map(|session| session.id),
                carries.then_some(id),
                "{way:?} {allowed:?}"
            );
        }
        // The sample's app has its source and no other way.
        let found = session::find_for_app(read, env, &token, &of.client).await?;
        assert_eq!(found.is_some(), way.method() == SignInMethod::Source, "{way:?}");
        assert!(session::find(read, env, &token).await?.is_some());
    }
    Ok(())
}

async fn a_session_without_source_does_not_depend_on_one(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    allow(&world, &of, SignInMethod::ALL).await?;
    let (env, keys) = (world.env(), &world.store.keys);
    let mut all = Vec::new();
    for way in ways(&of) {
        all.push(sign_in(&world, &of, way).await?);
    }
    let without = [(false, false), (true, true), (true, true), (true, true)];
    let mut tx = world.store.begin(of.tenant.id).await?;
    let disabled = SourceSettings { status: Status::Disabled, ..source_settings() };
    source::update(&mut tx, env, keys, of.source.id, 1, disabled).await?;
    tx.commit().await?;
    assert_eq!(alive(&world, &of, &all).await?, without);
    let mut tx = world.store.begin(of.tenant.id).await?;
    source::delete(&mut tx, of.source.id, 2).await?;
    tx.commit().await?;
    assert_eq!(alive(&world, &of, &all).await?, without);
    // But on the user each of them does.
    let mut tx = world.store.begin(of.tenant.id).await?;
    user::set_status(&mut tx, env, of.user, 1, UserStatus::Suspended).await?;
    tx.commit().await?;
    assert_eq!(alive(&world, &of, &all).await?, [(false, false); 4]);
    Ok(())
}

async fn a_person_sees_their_live_sessions(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let env = world.env();
    let read = &mut world.store.tenant(of.tenant.id);
    let listed = async |read: &mut _| -> Result<Vec<SessionId>> {
        let found = session::of_user(read, env, of.user).await?;
        Ok(found.iter().map(|row| row.id).collect())
    };
    let begun = env.now();
    world.clock.advance(HOUR / 2);
    let (_, second, _) = sign_in(&world, &of, SignedInBy::Password).await?;
    let (_, third, _) = {
        world.clock.advance(TimeDelta::seconds(1));
        sign_in(&world, &of, of.way()).await?
    };
    assert_eq!(listed(read).await?, [third, second, of.session.id]);
    world.clock.advance(TimeDelta::seconds(1));
    let mut tx = world.store.begin(of.tenant.id).await?;
    session::touch(&mut tx, env, of.session.id, HOUR).await?;
    tx.commit().await?;
    assert_eq!(listed(read).await?, [of.session.id, third, second]);
    let first = &session::of_user(read, env, of.user).await?[0];
    assert_eq!((first.created_at, first.last_seen_at), (begun, env.now()));
    assert_eq!((&first.user_agent, &first.address), (&None, &None));
    let mut tx = world.store.begin(of.tenant.id).await?;
    session::end(&mut tx, env, third, Ending::SignOut).await?;
    tx.commit().await?;
    assert_eq!(listed(read).await?, [of.session.id, second]);
    // Being seen does not make it last.
    world.clock.advance(HOUR / 2);
    assert_eq!(listed(read).await?, [second]);
    world.clock.advance(HOUR / 2);
    assert!(listed(read).await?.is_empty());

    // The source is switched off: what it signed in is not alive.
    let (_, by_source, _) = sign_in(&world, &of, of.way()).await?;
    assert_eq!(listed(read).await?, [by_source]);
    let disabled = SourceSettings { status: Status::Disabled, ..source_settings() };
    let mut tx = world.store.begin(of.tenant.id).await?;
    source::update(&mut tx, env, &world.store.keys, of.source.id, 1, disabled).await?;
    tx.commit().await?;
    assert!(listed(read).await?.is_empty());
    Ok(())
}

async fn all_sessions_but_one_end(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    allow(&world, &of, SignInMethod::ALL).await?;
    let mut all = vec![(of.token.clone(), of.session.id, of.grant)];
    for way in ways(&of) {
        all.push(sign_in(&world, &of, way).await?);
    }
    let mut tx = world.store.begin(of.tenant.id).await?;
    let kept = Some(all[2].1);
    assert_eq!(session::end_others_of_user(&mut tx, world.env(), of.user, kept).await?, 4);
    assert_eq!(session::end_others_of_user(&mut tx, world.env(), of.user, kept).await?, 0);
    tx.commit().await?;
    let mut expected = [(false, false); 5];
    expected[2] = (true, true);
    assert_eq!(alive(&world, &of, &all).await?, expected);
    let mut tx = world.store.begin(of.tenant.id).await?;
    assert_eq!(session::end_others_of_user(&mut tx, world.env(), of.user, None).await?, 1);
    tx.commit().await?;
    assert_eq!(alive(&world, &of, &all).await?, [(false, false); 5]);
    Ok(())
}

async fn the_sessions_of_an_identity_end_with_their_grants(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    allow(&world, &of, SignInMethod::ALL).await?;
    let env = world.env();
    let mut tx = world.store.begin(of.tenant.id).await?;
    let second = subject("second");
    let second = link(&mut tx, env, of.user, &second, None).await?.unwrap();
    tx.commit().await?;
    let by_second = SignedInBy::Source(of.source.id, second);
    let mut all = vec![(of.token.clone(), of.session.id, of.grant)];
    for way in [of.way(), by_second, SignedInBy::Password] {
        all.push(sign_in(&world, &of, way).await?);
    }
    // Signed in by the second identity first, and by the sample's then.
    let (_, renewed, grant) = sign_in(&world, &of, by_second).await?;
    let token = SecretHash::of("renewed");
    let mut tx = world.store.begin(of.tenant.id).await?;
    session::renew(&mut tx, env, renewed, signed_in(of.way(), &token)).await?;
    tx.commit().await?;
    all.push((token, renewed, grant));

    let mut tx = world.store.begin(of.tenant.id).await?;
    session::end_all_of_identity(&mut tx, env, of.identity).await?;
    assert!(identity::remove(&mut tx, of.identity).await?);
    assert!(!identity::remove(&mut tx, of.identity).await?);
    tx.commit().await?;
    let (yes, no) = ((true, true), (false, false));
    assert_eq!(alive(&world, &of, &all).await?, [no, no, yes, yes, no]);
    Ok(())
}

/// Attack Q5: who signs in too often pushes out the session that was not used for longest.
async fn q5_the_sessions_unused_for_longest_end_when_there_are_too_many(
    url: DatabaseUrl,
) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("a.example").await?;
    let env = world.env();
    let mut ids = vec![of.session.id];
    for at in 0..4 {
        world.clock.advance(chrono::TimeDelta::minutes(1));
        let token = SecretHash::of(&format!("cookie {at}"));
        let mut tx = world.store.begin(of.tenant.id).await?;
        let new = signed_in(SignedInBy::Password, &token);
        ids.push(session::create(&mut tx, env, of.user, new).await?.id);
        tx.commit().await?;
    }
    // The first one was used last.
    world.clock.advance(chrono::TimeDelta::minutes(1));
    let mut tx = world.store.begin(of.tenant.id).await?;
    session::touch(&mut tx, env, ids[0], HOUR).await?;
    session::end_oldest_of_user(&mut tx, env, of.user, 2).await?;
    tx.commit().await?;
    let left = session::of_user(&mut world.store.tenant(of.tenant.id), env, of.user).await?;
    assert_eq!(left.iter().map(|one| one.id).collect::<Vec<_>>(), [ids[0], ids[4]]);
    // And whoever does not use one for too long is out, however long it might have lasted.
    world.clock.advance(HOUR);
    let left = session::of_user(&mut world.store.tenant(of.tenant.id), env, of.user).await?;
    assert!(left.is_empty());
    Ok(())
}

/// Also one that begins while the link goes away, and so is not ended with the others.
async fn a_session_needs_the_link_that_it_was_signed_in_by(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("a.example").await?;
    allow(&world, &of, SignInMethod::ALL).await?;
    let all =
        [sign_in(&world, &of, of.way()).await?, sign_in(&world, &of, SignedInBy::Password).await?];
    let switch = async |status| {
        let mut tx = world.store.begin(of.tenant.id).await?;
        identity::set_status(&mut tx, of.identity, status).await?;
        tx.commit().await
    };
    switch(LinkStatus::Suspended).await?;
    assert_eq!(alive(&world, &of, &all).await?, [(false, false), (true, true)]);
    switch(LinkStatus::Active).await?;
    assert_eq!(alive(&world, &of, &all).await?, [(true, true), (true, true)]);
    let mut tx = world.store.begin(of.tenant.id).await?;
    identity::remove(&mut tx, of.identity).await?;
    tx.commit().await?;
    assert_eq!(alive(&world, &of, &all).await?, [(false, false), (true, true)]);
    Ok(())
}

/// Of the grants only: the session may carry to another app.
async fn a_grant_needs_the_way_in_that_it_was_given_by(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("a.example").await?;
    let local = &SignInMethod::ALL[1..];
    let mut all = Vec::new();
    for way in ways(&of) {
        all.push(sign_in(&world, &of, way).await?);
    }
    for at in 0..local.len() {
        allow(&world, &of, &local[at..=at]).await?;
        let mut expected = [(true, false); 4];
        expected[0] = (true, true);
        expected[at + 1] = (true, true);
        assert_eq!(alive(&world, &of, &all).await?, expected, "{:?}", local[at]);
    }
    allow(&world, &of, local).await?;
    assert_eq!(alive(&world, &of, &all).await?, [(true, true); 4]);
    let mut tx = world.store.begin(of.tenant.id).await?;
    assert!(app::unlink(&mut tx, of.app, of.source.id).await?);
    tx.commit().await?;
    let unlinked = [(true, false), (true, true), (true, true), (true, true)];
    assert_eq!(alive(&world, &of, &all).await?, unlinked);
    let mut tx = world.store.begin(of.tenant.id).await?;
    app::link(&mut tx, world.env(), of.app, of.source.id, 1).await?;
    tx.commit().await?;
    assert_eq!(alive(&world, &of, &all).await?, [(true, true); 4]);
    Ok(())
}
