//! Audit events: found by each filter, in either order, and swept when they are old.

use chrono::TimeDelta;
use store::audit::{self, ActionFilter, ActorKind, Event, Filter, Order, Recorded, ResultFilter};
use store::id::{AppId, SourceId, UserId};
use store::page::PageRequest;
use store::{DatabaseUrl, Result, TenantRead};
use uuid::Uuid;

use crate::support::each_engine;
use crate::world::{FIRST, World};

each_engine! {
    each_filter_finds_what_it_names,
    filters_hold_together,
    pages_go_both_ways,
    a_time_finds_its_events,
    old_events_are_swept_in_portions,
}

const ACTIONS: [&str; 6] = ["link.put", "link.delete", "linkXput", "link", "sign_in", "signXin"];

/// A tenant's events, a second apart: one for each action, and one of every kind of object.
async fn world(url: DatabaseUrl) -> Result<(World, TenantRead)> {
    let world = World::open(url).await?;
    let (tenant, other) =
        (world.tenant("a.example.com").await?, world.tenant("b.example.com").await?);
    let mut events: Vec<Event> = ACTIONS.iter().map(|action| Event::system(action, "ok")).collect();
    let id = Uuid::from_u128;
    events.extend([
        Event {
            actor_kind: ActorKind::ApiKey,
            actor_id: Some(id(1)),
            app_id: Some(AppId(id(2))),
            source_id: Some(SourceId(id(3))),
            user_id: Some(UserId(id(4))),
            address: Some("198.51.100.7".to_owned()),
            trace: Some("T1".to_owned()),
            ..Event::system("app.update", "ok")
        },
        Event::system("app.update", "not_a_member"),
        Event::system("app.update", "login_only"),
    ]);
    for event in events {
        world.clock.advance(TimeDelta::seconds(1));
        for tenant in [tenant.id, other.id] {
            let mut tx = world.store.begin(tenant).await?;
            audit::record(&mut tx, world.env(), event.clone()).await?;
            tx.commit().await?;
        }
    }
    let read = world.store.tenant(tenant.id);
    Ok((world, read))
}

/// Action and result of what is found, by one page and by many; the same in both orders.
async fn found(read: &mut TenantRead, filter: &Filter) -> Result<Vec<(String, String)>> {
    let mut rows = audit::list(read, filter, Order::Ascending, FIRST).await?.items;
    for limit in [1, 2] {
        let mut walked = walk(read, filter, Order::Ascending, limit).await?;
        assert_eq!(ids(&walked), ids(&rows));
        walked = walk(read, filter, Order::Descending, limit).await?;
        walked.reverse();
        assert_eq!(ids(&walked), ids(&rows));
    }
    Ok(rows.drain(..).map(|row| (row.action, row.result)).collect())
}

async fn walk(
    read: &mut TenantRead,
    filter: &Filter,
    order: Order,
    limit: u32,
) -> Result<Vec<Recorded>> {
    let mut rows = Vec::new();
    let mut page = PageRequest { after: None, limit };
    loop {
        let found = audit::list(read, filter, order, page).await?;
        rows.extend(found.items);
        page.after = found.next;
        if page.after.is_none() {
            return Ok(rows);
        }
    }
}

fn ids(rows: &[Recorded]) -> Vec<Uuid> {
    rows.iter().map(|row| row.id.0).collect()
}

fn all() -> Filter {
    Filter::default()
}

fn beginning(text: &str) -> Filter {
    Filter { action: Some(ActionFilter::Beginning(text.to_owned())), ..all() }
}

async fn each_filter_finds_what_it_names(url: DatabaseUrl) -> Result<()> {
    let (_, mut read) = world(url).await?;
    let id = Uuid::from_u128;
    let updated = ("app.update".to_owned(), "ok".to_owned());
    for filter in [
        Filter { trace: Some("T1".to_owned()), ..all() },
        Filter { actor_kind: Some(ActorKind::ApiKey), ..all() },
        Filter { actor_id: Some(id(1)), ..all() },
        Filter { app_id: Some(AppId(id(2))), ..all() },
        Filter { source_id: Some(SourceId(id(3))), ..all() },
        Filter { user_id: Some(UserId(id(4))), ..all() },
        Filter { address: Some("198.51.100.7".to_owned()), ..all() },
    ] {
        assert_eq!(found(&mut read, &filter).await?, std::slice::from_ref(&updated), "{filter:?}");
    }
    for filter in [
        Filter { trace: Some("T".to_owned()), ..all() },
        Filter { actor_kind: Some(ActorKind::Operator), ..all() },
        Filter { actor_id: Some(id(4)), ..all() },
        Filter { app_id: Some(AppId(id(1))), ..all() },
        Filter { source_id: Some(SourceId(id(1))), ..all() },
        Filter { user_id: Some(UserId(id(1))), ..all() },
        Filter { address: Some("198.51.100.70".to_owned()), ..all() },
        Filter { action: Some(ActionFilter::Exactly("link.".to_owned())), ..all() },
        Filter { result: Some(ResultFilter::Exactly("o".to_owned())), ..all() },
    ] {
        assert_eq!(found(&mut read, &filter).await?, [], "{filter:?}");
    }
    assert_eq!(found(&mut read, &all()).await?.len(), ACTIONS.len() + 3);
    Ok(())
}

async fn filters_hold_together(url: DatabaseUrl) -> Result<()> {
    let (_, mut read) = world(url).await?;
    let actions = async |read: &mut TenantRead, filter: Filter| {
        let found = found(read, &filter).await?;
        Ok::<_, store::Error>(found.into_iter().map(|(action, _)| action).collect::<Vec<_>>())
    };
    let exactly = Filter { action: Some(ActionFilter::Exactly("sign_in".to_owned())), ..all() };
    assert_eq!(actions(&mut read, exactly).await?, ["sign_in"]);
    assert_eq!(actions(&mut read, beginning("link.")).await?, ["link.put", "link.delete"]);
    // What has a meaning in a pattern has none here.
    assert_eq!(actions(&mut read, beginning("sign_")).await?, ["sign_in"]);
    assert!(actions(&mut read, beginning("%")).await?.is_empty());
    assert!(actions(&mut read, beginning("link!")).await?.is_empty());
    let refused = Filter { result: Some(ResultFilter::Refused), ..all() };
    let results: Vec<_> =
        found(&mut read, &refused).await?.into_iter().map(|(_, result)| result).collect();
    assert_eq!(results, ["not_a_member", "login_only"]);
    assert!(
        actions(&mut read, Filter { action: beginning("link").action, ..refused })
            .await?
            .is_empty()
    );
    let not_a_member = Some(ResultFilter::Exactly("not_a_member".to_owned()));
    let both = Filter { result: not_a_member, ..beginning("app.") };
    assert_eq!(actions(&mut read, both).await?, ["app.update"]);
    Ok(())
}

async fn pages_go_both_ways(url: DatabaseUrl) -> Result<()> {
    let (world, mut read) = world(url).await?;
    let up = walk(&mut read, &all(), Order::Ascending, 2).await?;
    assert!(ids(&up).is_sorted());
    let page = PageRequest { after: None, limit: 4 };
    let newest = audit::list(&mut read, &all(), Order::Descending, page).await?;
    let expected: Vec<_> = up.iter().rev().take(4).map(|row| row.id.0).collect();
    assert_eq!(ids(&newest.items), expected);

    // What comes meanwhile is not on the next page.
    world.clock.advance(TimeDelta::seconds(1));
    let mut tx = world.store.begin(store::Scope::tenant(&read)).await?;
    audit::record(&mut tx, world.env(), Event::system("late", "ok")).await?;
    tx.commit().await?;
    let page = PageRequest { after: newest.next, limit: 200 };
    let rest = audit::list(&mut read, &all(), Order::Descending, page).await?;
    assert_eq!(rest.items.len(), up.len() - 4);
    assert!(rest.items.iter().all(|row| row.action != "late") && rest.next.is_none());
    Ok(())
}

async fn a_time_finds_its_events(url: DatabaseUrl) -> Result<()> {
    let (_, mut read) = world(url).await?;
    let rows = walk(&mut read, &all(), Order::Ascending, 200).await?;
    let moment = TimeDelta::microseconds(1);
    let (first, third) = (rows[0].at, rows[2].at);
    for (since, until, expected) in [
        (Some(first), None, rows.len()),
        (Some(first + moment), None, rows.len() - 1),
        (Some(third), None, rows.len() - 2),
        (None, Some(third), 2),
        (None, Some(third + moment), 3),
        (Some(first), Some(third), 2),
        (Some(third), Some(third + moment), 1),
        (Some(third), Some(third), 0),
        (Some(chrono::DateTime::UNIX_EPOCH), Some(chrono::DateTime::UNIX_EPOCH), 0),
        (Some(chrono::DateTime::UNIX_EPOCH - TimeDelta::days(365)), None, rows.len()),
        (None, Some(first + TimeDelta::days(365_000)), rows.len()),
    ] {
        let filter = Filter { since, until, ..all() };
        assert_eq!(found(&mut read, &filter).await?.len(), expected, "{since:?} {until:?}");
    }
    Ok(())
}

async fn old_events_are_swept_in_portions(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let mut tx = world.store.begin(of.tenant.id).await?;
    for _ in 1..1203 {
        audit::record(&mut tx, world.env(), Event::system("old", "ok")).await?;
    }
    tx.commit().await?;
    let keep = TimeDelta::days(30);
    world.clock.advance(keep);
    let mut tx = world.store.begin(of.tenant.id).await?;
    audit::record(&mut tx, world.env(), Event::system("fresh", "ok")).await?;
    tx.commit().await?;
    // They are as old as may be, to the millisecond.
    assert_eq!(world.store.sweep_audit_events(keep).await?, 0);
    world.clock.advance(TimeDelta::milliseconds(1));
    assert_eq!(world.store.sweep_audit_events(TimeDelta::MAX).await?, 0);
    assert_eq!(world.store.sweep_audit_events(keep).await?, 1203);
    assert_eq!(world.store.sweep_audit_events(keep).await?, 0);
    let mut read = world.store.tenant(of.tenant.id);
    assert_eq!(found(&mut read, &all()).await?, [("fresh".to_owned(), "ok".to_owned())]);
    Ok(())
}
