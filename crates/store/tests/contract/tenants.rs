//! Tenants themselves: found by id and host, changed, and deleted with all that is theirs.

use chrono::TimeDelta;
use store::id::{AppId, TenantId};
use store::source::Misconfigured;
use store::tenant::{self, Tenant, TenantStatus};
use store::{DatabaseUrl, Result, api_key, app, idempotency, secret::SecretHash, source};
use uuid::Uuid;

use crate::support::each_engine;
use crate::world::World;

each_engine! {
    a_tenant_comes_back_with_every_variant,
    n1_an_app_is_found_at_its_own_tenants_host,
    the_sample_has_a_row_in_every_table,
    a_deleted_tenant_is_gone_and_the_other_is_untouched,
}

async fn a_tenant_comes_back_with_every_variant(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let (made, database) = (world.tenant("acme.example.com:8443").await?, &world.store.database);
    let mut last = made.clone();
    for (at, status) in TenantStatus::ALL.iter().enumerate() {
        world.clock.advance(TimeDelta::microseconds(1));
        let host = format!("t{at}.example.com");
        let changed = Tenant {
            host: host.clone(),
            display_name: format!("虎 {at}"),
            support_contact: (at == 0).then(|| "电话 010-1234".to_owned()),
            status: *status,
            ..last
        };
        let mut tx = world.store.begin(made.id).await?;
        last = tenant::update(&mut tx, world.env(), &changed).await?;
        tx.commit().await?;
        for found in [
            tenant::find(database, made.id).await?.unwrap(),
            tenant::find_by_host(database, &host).await?.unwrap(),
        ] {
            assert_eq!((found.id, &found.host, found.status), (made.id, &host, *status));
            assert_eq!(
                (&found.display_name, found.version),
                (&changed.display_name, changed.version + 1)
            );
            assert_eq!((found.created_at, found.updated_at), (made.created_at, world.env().now()));
            assert_eq!(found.support_contact, changed.support_contact);
        }
    }
    for host in ["acme.example.com:8443", "T1.example.com", "t1.example.com.", ""] {
        assert!(tenant::find_by_host(database, host).await?.is_none(), "{host}");
    }
    assert!(tenant::find(database, TenantId(Uuid::nil())).await?.is_none());
    Ok(())
}

async fn n1_an_app_is_found_at_its_own_tenants_host(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let one = world.sample("one.example.com").await?;
    let two = world.sample("two.example.com").await?;
    let database = &world.store.database;
    for (of, other) in [(&one, &two), (&two, &one)] {
        let host = of.tenant.host.as_str();
        let known = tenant::find_by_host(database, host).await?.unwrap();
        let unknown = AppId(Uuid::nil());
        for id in [None, Some(other.app), Some(unknown)] {
            let found = app::find_at_host(database, host, id).await?.unwrap();
            assert_eq!(format!("{:?}", found.tenant), format!("{known:?}"));
            assert!(found.app.is_none(), "{id:?}");
        }
        let found = app::find_at_host(database, host, Some(of.app)).await?.unwrap();
        let app = app::find(&mut world.store.tenant(of.tenant.id), of.app).await?.unwrap();
        assert_eq!(format!("{:?}", found.tenant), format!("{known:?}"));
        assert_eq!(format!("{:?}", found.app.unwrap()), format!("{app:?}"));
    }
    let nobody = app::find_at_host(database, "three.example.com", Some(one.app)).await?;
    assert!(nobody.is_none());
    Ok(())
}

/// Keeps the other tests honest when a table is added.
async fn the_sample_has_a_row_in_every_table(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let (rows, tables) = (world.dump(of.tenant.id).await, world.tables().await);
    assert!(tables.len() >= 12, "{tables:?}");
    for table in tables {
        let prefix = format!("{table} ");
        assert!(
            rows.iter().any(|row| row.starts_with(&prefix)),
            "the sample has no row in {table}"
        );
    }
    Ok(())
}

async fn a_deleted_tenant_is_gone_and_the_other_is_untouched(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let other = world.sample("other.example.com").await?;
    let fault = Misconfigured { errcode: 40_001, hint: None, at: world.env().now() };
    let mut tx = world.store.begin(of.tenant.id).await?;
    source::mark_misconfigured(&mut tx, of.source.id, 1, Some(fault)).await?;
    tx.commit().await?;
    let before = world.dump(other.tenant.id).await;
    assert!(before.len() >= 12);

    let mut tx = world.store.begin(of.tenant.id).await?;
    tenant::delete(&mut tx, of.tenant.id, 1).await?;
    tx.commit().await?;
    assert_eq!(world.dump(of.tenant.id).await, Vec::<String>::new());
    assert_eq!(world.dump(other.tenant.id).await, before);
    let database = &world.store.database;
    assert!(tenant::find_by_host(database, &of.tenant.host).await?.is_none());
    assert!(api_key::owner(database, world.env(), &of.api_hash).await?.is_none());
    assert!(world.find_session(&of).await?.is_none());

    // The answers that its API keys got are gone as well; the other tenant's are not.
    assert_eq!(world.count("SELECT count(*) FROM idempotency_keys").await, 1);
    let (key, request) = (SecretHash::of("answer"), SecretHash::of("request"));
    let mut tx = world.store.begin(other.tenant.id).await?;
    let keys = &world.store.keys;
    let attempt =
        idempotency::claim(&mut tx, world.env(), keys, other.api_key.0, &key, &request).await?;
    assert!(matches!(attempt, idempotency::Attempt::Repeated(_)), "{attempt:?}");
    drop(tx);

    // Its host is free again.
    world.sample("acme.example.com").await?;
    Ok(())
}
