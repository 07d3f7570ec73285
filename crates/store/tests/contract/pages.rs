//! Lists in pages: in order, complete, and right while rows come and go.

use chrono::TimeDelta;
use store::audit::{self, Event, Filter, Order};
use store::page::{Page, PageRequest};
use store::secret::SecretHash;
use store::user::UserStatus;
use store::{
    DatabaseUrl, Result, TenantRead, TenantWrite, api_key, app, corp, initial_access_token, source,
    tenant, user, user_search,
};
use uuid::Uuid;

use crate::support::each_engine;
use crate::world::{FIRST, Sample, World, after, app_settings, initial_token, profile};

each_engine! {
    every_list_is_ordered_and_complete_at_any_page_size,
    a_page_stays_right_while_rows_come_and_go,
    users_are_listed_by_status,
    tenants_are_listed,
}

/// Walks through a list in pages of `limit`.
macro_rules! walk {
    ($limit:expr, |$page:ident| $list:expr, $id:expr) => {{
        let (limit, id) = ($limit, $id);
        let mut seen: Vec<Uuid> = Vec::new();
        let mut $page = PageRequest { after: None, limit };
        loop {
            let Page { items, next } = $list.await?;
            assert!(items.len() <= usize::try_from(limit).unwrap());
            assert!(next.is_none() || items.len() == usize::try_from(limit).unwrap());
            seen.extend(items.iter().map(id));
            assert_eq!(next.map(|next| next.id), next.and(seen.last().copied()));
            match next {
                None => break seen,
                next => $page.after = next,
            }
        }
    }};
}

const KINDS: [&str; 6] = ["corp", "source", "app", "user", "initial_access_token", "api_key"];

/// Every list that is ordered by (`created_at`, `id`).
async fn walk(read: &mut TenantRead, kind: &str, limit: u32) -> Result<Vec<Uuid>> {
    Ok(match kind {
        "corp" => walk!(limit, |page| corp::list(read, page), |row: &corp::Corp| row.id.0),
        "source" => walk!(limit, |page| source::list(read, page), |row: &source::Source| row.id.0),
        "app" => walk!(limit, |page| app::list(read, page), |row: &app::App| row.id.0),
        "user" => walk!(
            limit,
            |page| user_search::list(read, None, page),
            |row: &user_search::Overview| row.user.id.0
        ),
        "initial_access_token" => walk!(
            limit,
            |page| initial_access_token::list(read, page),
            |row: &initial_access_token::InitialAccessToken| row.id.0
        ),
        _ => walk!(limit, |page| api_key::list(read, page), |row: &api_key::ApiKey| row.id.0),
    })
}

async fn make(world: &World, tx: &mut TenantWrite, of: &Sample, kind: &str) -> Result<Uuid> {
    let name = world.env().alphanumeric(12)?.to_lowercase();
    Ok(match kind {
        "corp" => {
            let corp = world.corp(&name)?;
            corp::create(tx, &corp).await?;
            corp.id.0
        }
        "source" => world.make_source(tx, of.corp.id, &name).await?.id.0,
        "app" => app::create(tx, world.env(), app_settings()).await?.id.0,
        "user" => user::create(tx, world.env(), &profile()).await?.id.0,
        "initial_access_token" => {
            let (env, hash) = (world.env(), SecretHash::of(&name));
            initial_access_token::create(tx, env, initial_token(env), "p", &hash).await?.id.0
        }
        _ => {
            let hash = SecretHash::of(&name);
            api_key::create(tx, world.env(), "k", "p", &hash, None).await?.id.0
        }
    })
}

async fn every_list_is_ordered_and_complete_at_any_page_size(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    world.sample("other.example.com").await?;
    let mut read = world.store.tenant(of.tenant.id);
    for kind in KINDS {
        let mut expected = walk(&mut read, kind, 200).await?;
        assert_eq!(expected.len(), 1, "{kind}: only the tenant's own");
        // Three at one time, in the order of their ids, then three more.
        for _ in 0..2 {
            world.clock.advance(TimeDelta::microseconds(1));
            let mut tx = world.store.begin(of.tenant.id).await?;
            let mut batch = Vec::new();
            for _ in 0..3 {
                batch.push(make(&world, &mut tx, &of, kind).await?);
            }
            tx.commit().await?;
            batch.sort_unstable();
            expected.extend(batch);
        }
        for limit in [1, 2, 3, 6, 7, 8, 200] {
            assert_eq!(walk(&mut read, kind, limit).await?, expected, "{kind} by {limit}");
        }
    }
    let mut tx = world.store.begin(of.tenant.id).await?;
    for _ in 0..6 {
        world.clock.advance(TimeDelta::milliseconds(1));
        audit::record(&mut tx, world.env(), Event::system("a", "ok")).await?;
    }
    tx.commit().await?;
    let id = |row: &audit::Recorded| row.id.0;
    let expected =
        walk!(200, |page| audit::list(&mut read, &Filter::default(), Order::Ascending, page), id);
    assert_eq!(expected.len(), 7);
    assert!(expected.is_sorted());
    for limit in [1, 2, 6, 7, 8] {
        let seen = walk!(
            limit,
            |page| audit::list(&mut read, &Filter::default(), Order::Ascending, page),
            id
        );
        assert_eq!(seen, expected, "audit by {limit}");
    }
    Ok(())
}

async fn a_page_stays_right_while_rows_come_and_go(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let mut corps = vec![of.corp.clone()];
    for name in ["b", "c", "d"] {
        world.clock.advance(TimeDelta::microseconds(1));
        let corp = world.corp(name)?;
        let mut tx = world.store.begin(of.tenant.id).await?;
        corp::create(&mut tx, &corp).await?;
        tx.commit().await?;
        corps.push(corp);
    }
    let read = &mut world.store.tenant(of.tenant.id);
    let page = corp::list(read, PageRequest { after: None, limit: 2 }).await?;
    assert_eq!(page.next.unwrap().id, corps[1].id.0);

    // The row at which the page ended goes, and one comes that sorts before it.
    let early = corp::Corp { created_at: of.corp.created_at, ..world.corp("early")? };
    let mut tx = world.store.begin(of.tenant.id).await?;
    corp::delete(&mut tx, corps[1].id, 1).await?;
    corp::create(&mut tx, &early).await?;
    tx.commit().await?;
    let page = corp::list(read, PageRequest { after: page.next, limit: 2 }).await?;
    let names: Vec<&str> = page.items.iter().map(|corp| corp.corp_id.as_str()).collect();
    assert_eq!(names, ["c", "d"]);
    assert!(page.next.is_none());
    let last = &corps[3];
    assert!(corp::list(read, after((last.created_at, last.id.0), 1)).await?.items.is_empty());
    Ok(())
}

async fn users_are_listed_by_status(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let mut tx = world.store.begin(of.tenant.id).await?;
    let mut ids = vec![of.user];
    for status in [UserStatus::Suspended, UserStatus::Deleted] {
        let made = user::create(&mut tx, world.env(), &profile()).await?;
        user::set_status(&mut tx, world.env(), made.id, 1, status).await?;
        ids.push(made.id);
    }
    tx.commit().await?;
    let read = &mut world.store.tenant(of.tenant.id);
    for (status, id) in UserStatus::ALL.iter().zip(&ids) {
        let found = user_search::list(read, Some(*status), FIRST).await?.items;
        assert_eq!(found.iter().map(|row| row.user.id).collect::<Vec<_>>(), [*id], "{status}");
    }
    let mut found: Vec<_> =
        user_search::list(read, None, FIRST).await?.items.iter().map(|row| row.user.id).collect();
    found.sort_unstable();
    ids.truncate(2);
    ids.sort_unstable();
    assert_eq!(found, ids, "tombstones are listed only when asked for");
    Ok(())
}

async fn tenants_are_listed(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let mut expected = Vec::new();
    for at in 0..5 {
        expected.push(world.tenant(&format!("t{at}.example.com")).await?.id.0);
        world.clock.advance(TimeDelta::microseconds(1));
    }
    let database = &world.store.database;
    for limit in [1, 2, 4, 5, 6] {
        let seen =
            walk!(limit, |page| tenant::list(database, page), |row: &tenant::Tenant| row.id.0);
        assert_eq!(seen, expected);
    }
    Ok(())
}
