//! Logout tokens that are yet to be delivered: each is taken by one node at a time, and none is lost.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::future::join_all;
use sqlx::AssertSqlSafe;
use store::id::{SessionId, TenantId};
use store::logout_delivery::{self, Delivery};
use store::session::{self, Ending, SignedInBy};
use store::{Database, DatabaseUrl, Result, grant};
use tokio::time::timeout;

use crate::support::{beside, each_engine};
use crate::world::{HOUR, Sample, World, code, granted, signed_in};

each_engine! {
    a_delivery_is_due_until_it_is_removed,
    s1_of_two_nodes_one_gets_a_delivery,
    what_is_due_is_found_by_its_index,
    whoever_delivers_is_woken_when_the_session_has_ended,
}

const MINUTE: TimeDelta = TimeDelta::minutes(1);

/// So many sessions with a grant of the sample's app each, ended in one transaction.
async fn end_sessions(world: &World, of: &Sample, count: usize) -> Result<BTreeSet<SessionId>> {
    let (env, mut ended) = (world.env(), BTreeSet::new());
    let mut tx = world.store.begin(of.tenant.id).await?;
    for _ in 0..count {
        let new = code();
        let session =
            session::create(&mut tx, env, of.user, signed_in(SignedInBy::Password, &new)).await?;
        grant::create(&mut tx, env, granted(of.app, &session, "openid", &code())).await?;
        session::end(&mut tx, env, session.id, Ending::SignOut).await?;
        ended.insert(session.id);
    }
    tx.commit().await?;
    Ok(ended)
}

async fn take(world: &World, limit: i64) -> Result<Vec<Delivery>> {
    logout_delivery::take_due(&world.store.database, world.env(), MINUTE, limit).await
}

async fn a_delivery_is_due_until_it_is_removed(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let other = world.sample("other.example.com").await?;
    let taken = take(&world, 10).await?;
    let whose: BTreeSet<(TenantId, SessionId)> =
        taken.iter().map(|delivery| (delivery.tenant_id, delivery.session_id)).collect();
    assert_eq!(whose, [(of.tenant.id, of.ended), (other.tenant.id, other.ended)].into());
    assert_eq!(taken.len(), 2);
    let first = taken.iter().find(|delivery| delivery.tenant_id == of.tenant.id).unwrap();
    assert_eq!((first.app_id, first.user_id, first.attempts), (of.app, of.user, 0));
    assert!(take(&world, 10).await?.is_empty(), "it was put off");
    // Whoever took them fell over.
    world.clock.advance(MINUTE);
    assert_eq!(take(&world, 1).await?.len(), 1);
    assert_eq!(take(&world, 10).await?.len(), 1);
    let mut tx = world.store.begin(of.tenant.id).await?;
    let tried = Delivery { attempts: 1, ..first.clone() };
    logout_delivery::put_off(&mut tx, &tried, world.env().now() + HOUR).await?;
    tx.commit().await?;
    world.clock.advance(MINUTE);
    let left = take(&world, 10).await?;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].tenant_id, other.tenant.id);
    let mut tx = world.store.begin(other.tenant.id).await?;
    logout_delivery::remove(&mut tx, &left[0]).await?;
    tx.commit().await?;
    world.clock.advance(HOUR);
    let last = take(&world, 10).await?;
    assert_eq!((last.len(), last[0].session_id, last[0].attempts), (1, of.ended, 1));
    Ok(())
}

async fn s1_of_two_nodes_one_gets_a_delivery(url: DatabaseUrl) -> Result<()> {
    // Nodes with pools of their own.
    let (world, second) = (World::open(url.clone()).await?, World::open(url).await?);
    let of = world.sample("acme.example.com").await?;
    for _ in 0..5 {
        take(&world, 100).await?;
        let ended = end_sessions(&world, &of, 120).await?;
        let nodes = (0..6).map(|at| {
            let world = [&world, &second][at % 2].clone();
            tokio::spawn(async move {
                let mut all = Vec::new();
                loop {
                    let taken = take(&world, 7).await.unwrap();
                    if taken.is_empty() {
                        return all;
                    }
                    all.extend(taken.into_iter().map(|delivery| delivery.session_id));
                }
            })
        });
        let mut all: Vec<SessionId> = Vec::new();
        for taken in join_all(nodes).await {
            all.extend(taken.unwrap());
        }
        // A node that meets another one on its way may come back with nothing.
        all.extend(take(&world, 200).await?.into_iter().map(|delivery| delivery.session_id));
        assert_eq!(all.len(), ended.len(), "one was taken twice, or not at all");
        assert_eq!(all.into_iter().collect::<BTreeSet<_>>(), ended);
    }
    Ok(())
}

/// How the engine looks for what is due.
async fn plan(world: &World) -> String {
    let statement = "SELECT tenant_id, session_id, app_id, user_id, created_at, attempts
         FROM logout_deliveries WHERE next_at <= '2000-01-01' ORDER BY next_at LIMIT 64";
    match &world.store.database {
        Database::Sqlite { options, .. } => {
            let text = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
            let rows: Vec<(i64, i64, i64, String)> =
                sqlx::query_as(text).fetch_all(&beside(options)).await.unwrap();
            rows.into_iter().map(|row| row.3 + "\n").collect()
        }
        Database::Postgres(pool) => {
            sqlx::query("ANALYZE logout_deliveries").execute(pool).await.unwrap();
            let text = AssertSqlSafe(format!("EXPLAIN {statement}"));
            let rows: Vec<String> = sqlx::query_scalar(text).fetch_all(pool).await.unwrap();
            rows.join("\n")
        }
    }
}

async fn what_is_due_is_found_by_its_index(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    end_sessions(&world, &of, 1000).await?;
    let plan = plan(&world).await;
    assert!(plan.contains("logout_deliveries_next"), "{plan}");
    let all = ["SCAN logout_deliveries", "Seq Scan", "Sort", "TEMP B-TREE"];
    assert!(all.iter().all(|way| !plan.contains(way)), "{plan}");
    Ok(())
}

async fn whoever_delivers_is_woken_when_the_session_has_ended(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let rings = async || {
        let bell = world.store.logout_due.notified();
        timeout(Duration::from_millis(20), bell).await.is_ok()
    };
    assert!(rings().await, "the sample has ended a session");
    let mut tx = world.store.begin(of.tenant.id).await?;
    assert!(session::end(&mut tx, world.env(), of.session.id, Ending::SignOut).await?);
    assert!(!rings().await, "it may still be undone");
    drop(tx);
    assert!(!rings().await, "it was undone");
    let mut tx = world.store.begin(of.tenant.id).await?;
    assert!(session::end(&mut tx, world.env(), of.session.id, Ending::SignOut).await?);
    tx.commit().await?;
    assert!(rings().await);
    let mut tx = world.store.begin(of.tenant.id).await?;
    assert!(!session::end(&mut tx, world.env(), of.session.id, Ending::SignOut).await?);
    tx.commit().await?;
    assert!(!rings().await, "nobody is to be told");
    Ok(())
}
