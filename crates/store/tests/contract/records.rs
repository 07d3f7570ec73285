//! Every field of API keys, signing keys, verification files and audit events comes back as it was
//! written.

use chrono::TimeDelta;
use secrecy::ExposeSecret as _;
use serde_json::json;
use store::audit::{self, ActorKind, Event, Filter, Order};
use store::contact_callback::{self, CallbackSecret};
use store::id::UserId;
use store::secret::SecretHash;
use store::signing_key::{self, Algorithm, KeyStatus};
use store::{DatabaseUrl, Result, api_key, verification_file};
use uuid::Uuid;

use crate::support::each_engine;
use crate::world::{FIRST, Sample, World, new_key};

each_engine! {
    an_api_key_comes_back,
    signing_keys_come_back_newest_first,
    a_signing_key_changes_its_status_once,
    a_verification_file_comes_back,
    a_contact_callback_comes_back,
    audit_events_come_back_with_every_variant,
}

async fn world(url: DatabaseUrl) -> Result<(World, Sample)> {
    let world = World::open(url).await?;
    let sample = world.sample("acme.example.com").await?;
    Ok((world, sample))
}

async fn an_api_key_comes_back(url: DatabaseUrl) -> Result<()> {
    let (world, of) = world(url).await?;
    let (env, database) = (world.env(), &world.store.database);
    let hash = SecretHash::of("brief");
    let expires_at = Some(env.now() + TimeDelta::seconds(1));
    let mut tx = world.store.begin(of.tenant.id).await?;
    let brief = api_key::create(&mut tx, env, "短 🐅", "hufu_b", &hash, expires_at).await?;
    tx.commit().await?;
    let read = &mut world.store.tenant(of.tenant.id);
    let found = api_key::find(read, brief.id).await?.unwrap();
    assert_eq!((found.display_name.as_str(), found.prefix.as_str()), ("短 🐅", "hufu_b"));
    assert_eq!((found.created_at, found.expires_at), (env.now(), expires_at));
    let owner = api_key::owner(database, env, &hash).await?.unwrap();
    assert_eq!((owner.id, owner.tenant_id), (brief.id, of.tenant.id));
    world.clock.advance(TimeDelta::seconds(1));
    assert!(api_key::owner(database, env, &hash).await?.is_none());
    assert!(api_key::owner(database, env, &SecretHash::of("another")).await?.is_none());
    assert!(api_key::owner(database, env, &of.api_hash).await?.is_some());
    let mut tx = world.store.begin(of.tenant.id).await?;
    assert!(api_key::delete(&mut tx, of.api_key).await?);
    assert!(!api_key::delete(&mut tx, of.api_key).await?);
    tx.commit().await?;
    assert!(api_key::owner(database, env, &of.api_hash).await?.is_none());
    Ok(())
}

async fn signing_keys_come_back_newest_first(url: DatabaseUrl) -> Result<()> {
    let (world, of) = world(url).await?;
    world.clock.advance(TimeDelta::microseconds(1));
    let mut tx = world.store.begin(of.tenant.id).await?;
    let new = new_key(Algorithm::Rs256);
    let id = signing_key::create(&mut tx, world.env(), &world.store.keys, &new, KeyStatus::Active)
        .await?;
    tx.commit().await?;
    let found = signing_key::list(&mut world.store.tenant(of.tenant.id)).await?;
    let algorithms: Vec<Algorithm> = found.iter().map(|key| key.algorithm).collect();
    assert_eq!(algorithms, [Algorithm::Rs256, Algorithm::Es256]);
    assert_eq!((found[0].id, found[0].status), (id, KeyStatus::Active));
    assert_eq!((&found[0].public_jwk.0, found[0].created_at), (&new.public_jwk, world.env().now()));
    let private = signing_key::private_key(&world.store.keys, of.tenant.id, &found[0])?;
    assert_eq!(private.expose_secret(), new.private_key.expose_secret());
    Ok(())
}

async fn a_signing_key_changes_its_status_once(url: DatabaseUrl) -> Result<()> {
    use KeyStatus::{Active, Next, Retired};
    let (world, of) = world(url).await?;
    let (env, tenant) = (world.env(), of.tenant.id);
    world.clock.advance(TimeDelta::seconds(1));
    let mut tx = world.store.begin(tenant).await?;
    // It has to have the status that the caller thinks it has.
    assert!(!signing_key::set_status(&mut tx, env, of.key, Next, Retired).await?);
    assert!(signing_key::set_status(&mut tx, env, of.key, Active, Retired).await?);
    assert!(!signing_key::set_status(&mut tx, env, of.key, Active, Retired).await?);
    tx.commit().await?;
    let found = signing_key::find(&mut world.store.tenant(tenant), of.key).await?.unwrap();
    assert_eq!((found.status, found.changed_at), (Retired, env.now()));
    assert_eq!(found.changed_at - found.created_at, TimeDelta::seconds(1));
    // Only its own algorithm's place is free now; a retired one takes none.
    let new = new_key(Algorithm::Es256);
    let mut tx = world.store.begin(tenant).await?;
    for status in [Active, Next, Retired, Retired] {
        signing_key::create(&mut tx, env, &world.store.keys, &new, status).await?;
    }
    assert!(signing_key::remove(&mut tx, of.key).await?);
    assert!(!signing_key::remove(&mut tx, of.key).await?);
    tx.commit().await?;
    let mut tx = world.store.begin(tenant).await?;
    let second = signing_key::create(&mut tx, env, &world.store.keys, &new, Next).await;
    assert!(matches!(second, Err(store::Error::Conflict)), "{second:?}");
    Ok(())
}

async fn a_contact_callback_comes_back(url: DatabaseUrl) -> Result<()> {
    let (world, of) = world(url).await?;
    let (env, ring, tenant) = (world.env(), &world.store.keys, of.tenant.id);
    let read = &mut world.store.tenant(tenant);
    let first = contact_callback::find(read, of.corp.id).await?.unwrap();
    assert_eq!((first.corp, first.path.as_str()), (of.corp.id, of.tenant.host.as_str()));
    assert_eq!(first.corp_id, of.corp.corp_id);
    assert!(first.verified_at.is_none() && first.last_event_at.is_none());
    let secret = first.secret(ring, tenant)?;
    assert_eq!(secret.token.expose_secret(), "token");
    assert_eq!(secret.encoding_aes_key.expose_secret(), "k".repeat(43));
    assert!(!format!("{first:?}{secret:?}").contains("kkk"));
    // When it was first proved stays; when it last told moves.
    let began = env.now();
    for _ in 0..2 {
        let single = &mut world.store.single(tenant);
        contact_callback::mark_verified(single, env, &first.path).await?;
        contact_callback::mark_event(single, env, &first.path).await?;
        world.clock.advance(TimeDelta::seconds(1));
    }
    let marked = contact_callback::at(read, &first.path).await?.unwrap();
    assert_eq!(marked.verified_at, Some(began));
    assert_eq!(marked.last_event_at, Some(began + TimeDelta::seconds(1)));
    // Over it, with nothing of the old one.
    let mut tx = world.store.begin(tenant).await?;
    let other = CallbackSecret { token: "other".into(), ..secret };
    contact_callback::put(&mut tx, env, ring, of.corp.id, "new", &other).await?;
    tx.commit().await?;
    assert!(contact_callback::at(read, &first.path).await?.is_none());
    let anew = contact_callback::at(read, "new").await?.unwrap();
    assert_eq!(anew.created_at, env.now());
    assert!(anew.verified_at.is_none() && anew.last_event_at.is_none());
    assert_eq!(anew.secret(ring, tenant)?.token.expose_secret(), "other");
    Ok(())
}

async fn a_verification_file_comes_back(url: DatabaseUrl) -> Result<()> {
    let (world, of) = world(url).await?;
    world.clock.advance(TimeDelta::seconds(1));
    let mut tx = world.store.begin(of.tenant.id).await?;
    for (name, content) in [("WW_verify_b.txt", ""), ("WW_verify_a.txt", "内容\r\n ")] {
        let made = verification_file::put(&mut tx, world.env(), name, content).await?;
        assert_eq!((made.name.as_str(), made.content.as_str()), (name, content));
        assert_eq!(made.created_at, world.env().now());
    }
    tx.commit().await?;
    let read = &mut world.store.tenant(of.tenant.id);
    let names: Vec<String> =
        verification_file::list(read).await?.into_iter().map(|file| file.name).collect();
    assert_eq!(names, ["WW_verify_a.txt", "WW_verify_b.txt"]);
    let found = verification_file::find(read, "WW_verify_a.txt").await?.unwrap();
    assert_eq!(found.content, "内容\r\n ");
    assert!(verification_file::find(read, "ww_verify_a.txt").await?.is_none());
    let mut tx = world.store.begin(of.tenant.id).await?;
    assert!(verification_file::delete(&mut tx, "WW_verify_a.txt").await?);
    assert!(!verification_file::delete(&mut tx, "WW_verify_a.txt").await?);
    tx.commit().await?;
    assert!(verification_file::find(read, "WW_verify_a.txt").await?.is_none());
    Ok(())
}

async fn audit_events_come_back_with_every_variant(url: DatabaseUrl) -> Result<()> {
    let (world, of) = world(url).await?;
    let detail = json!({ "changed": ["名"], "deep": { "n": 1.5, "nothing": null, "emoji": "🐅" } });
    for actor_kind in ActorKind::ALL {
        // Ids order events by the millisecond.
        world.clock.advance(TimeDelta::milliseconds(1));
        let event = Event {
            actor_kind: *actor_kind,
            actor_id: Some(of.user.0),
            app_id: Some(of.app),
            source_id: Some(of.source.id),
            user_id: Some(UserId(Uuid::from_u128(5))),
            address: Some("2001:db8::1".to_owned()),
            trace: Some("ABC".to_owned()),
            detail: detail.clone(),
            ..Event::system("source.update", "拒绝")
        };
        let mut tx = world.store.begin(of.tenant.id).await?;
        audit::record(&mut tx, world.env(), event).await?;
        tx.commit().await?;
    }
    let read = &mut world.store.tenant(of.tenant.id);
    let abc = Filter { trace: Some("ABC".to_owned()), ..Filter::default() };
    let found = audit::list(read, &abc, Order::Ascending, FIRST).await?.items;
    let actors: Vec<ActorKind> = found.iter().map(|event| event.actor_kind).collect();
    assert_eq!(actors, ActorKind::ALL);
    for event in &found {
        assert_eq!((event.actor_id, event.app_id), (Some(of.user.0), Some(of.app)));
        assert_eq!((event.source_id, event.user_id.unwrap().0.as_u128()), (Some(of.source.id), 5));
        assert_eq!((event.action.as_str(), event.result.as_str()), ("source.update", "拒绝"));
        assert_eq!((event.address.as_deref(), &event.detail.0), (Some("2001:db8::1"), &detail));
    }
    let all = audit::list(read, &Filter::default(), Order::Ascending, FIRST).await?.items;
    assert_eq!(all.len(), 1 + ActorKind::ALL.len());
    assert_eq!((all[0].actor_id, all[0].app_id, all[0].user_id), (None, None, None));
    assert_eq!((&all[0].address, &all[0].detail.0), (&None, &json!({})));
    Ok(())
}
