//! The journal of links: every field comes back, in order, and nothing is taken back twice.

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::json;
use store::audit::ActorKind;
use store::id::{AppId, LinkEventId, SourceId, UserId};
use store::identity::Subject;
use store::link_event::{self, Filter, LinkEvent, LinkKind};
use store::page::PageRequest;
use store::user::{self, UserStatus};
use store::{DatabaseUrl, Error, Result};
use uuid::Uuid;

use crate::support::each_engine;
use crate::world::{FIRST, Sample, World, linking, subject};

each_engine! {
    events_come_back_with_every_variant,
    the_journal_is_ordered_and_complete_at_any_page_size,
    the_journal_is_filtered,
    s1_an_event_is_taken_back_once,
    the_journal_outlives_its_users,
}

async fn world(url: DatabaseUrl) -> Result<(World, Sample)> {
    let world = World::open(url).await?;
    let sample = world.sample("acme.example.com").await?;
    Ok((world, sample))
}

async fn record(world: &World, of: &Sample, event: LinkEvent) -> Result<LinkEventId> {
    // Ids order events by the millisecond.
    world.clock.advance(TimeDelta::milliseconds(1));
    let mut tx = world.store.begin(of.tenant.id).await?;
    let id = link_event::record(&mut tx, world.env(), event).await?;
    tx.commit().await?;
    Ok(id)
}

async fn events_come_back_with_every_variant(url: DatabaseUrl) -> Result<()> {
    let (world, of) = world(url).await?;
    let evidence = json!({ "词": ["🐅", null, 1.5], "deep": { "n": true } });
    let actors = ActorKind::ALL.iter().cycle();
    for (kind, actor_kind) in LinkKind::ALL.iter().zip(actors) {
        let event = LinkEvent {
            kind: *kind,
            user_id: UserId(Uuid::from_u128(1)),
            source_id: Some(SourceId(Uuid::from_u128(2))),
            app_id: Some(AppId(Uuid::from_u128(3))),
            rule: Some("mobile"),
            evidence: evidence.clone(),
            actor_kind: *actor_kind,
            actor_id: Some(Uuid::from_u128(4)),
            trace: Some("追踪".to_owned()),
            ..linking(of.user, &subject("ZhangSan-二"))
        };
        let id = record(&world, &of, event.clone()).await?;
        let found = link_event::find(&mut world.store.tenant(of.tenant.id), id).await?.unwrap();
        assert_eq!((found.id, found.at, found.kind), (id, world.env().now(), *kind));
        assert_eq!((found.user_id, found.person()), (event.user_id, event.subject));
        assert_eq!((found.source_id, found.app_id), (event.source_id, event.app_id));
        assert_eq!((found.rule.as_deref(), found.evidence.0), (event.rule, event.evidence));
        assert_eq!((found.actor_kind, found.actor_id), (*actor_kind, event.actor_id));
        assert_eq!((found.trace, found.undone_by), (event.trace, None));
    }
    let read = &mut world.store.tenant(of.tenant.id);
    let bare = link_event::find(read, of.linked).await?.unwrap();
    assert_eq!((bare.source_id, bare.app_id, bare.rule), (None, None, None));
    assert_eq!((bare.evidence.0, bare.actor_id, bare.trace), (json!({}), None, None));
    assert!(link_event::find(read, LinkEventId(Uuid::from_u128(1))).await?.is_none());
    Ok(())
}

/// The journal from its beginning, in pages of `limit`.
async fn walk(world: &World, of: &Sample, filter: &Filter, limit: u32) -> Result<Vec<LinkEventId>> {
    let read = &mut world.store.tenant(of.tenant.id);
    let (mut seen, mut page) = (Vec::new(), PageRequest { after: None, limit });
    loop {
        let found = link_event::list(read, filter.clone(), page).await?;
        assert!(found.items.len() <= usize::try_from(limit).unwrap());
        seen.extend(found.items.iter().map(|event| event.id));
        match found.next {
            None => return Ok(seen),
            next => page.after = next,
        }
    }
}

async fn the_journal_is_ordered_and_complete_at_any_page_size(url: DatabaseUrl) -> Result<()> {
    let (world, of) = world(url).await?;
    world.sample("other.example.com").await?;
    let mut expected = vec![of.linked];
    for _ in 0..6 {
        expected.push(record(&world, &of, linking(of.user, &of.subject)).await?);
    }
    for limit in [1, 2, 3, 6, 7, 8, 200] {
        let seen = walk(&world, &of, &Filter::default(), limit).await?;
        assert_eq!(seen, expected, "by {limit}");
    }
    // What comes meanwhile is behind the page.
    let read = &mut world.store.tenant(of.tenant.id);
    let page = PageRequest { after: None, limit: 6 };
    let page = link_event::list(read, Filter::default(), page).await?;
    let late = record(&world, &of, linking(of.user, &of.subject)).await?;
    let next = PageRequest { after: page.next, limit: 6 };
    let rest = link_event::list(read, Filter::default(), next).await?;
    assert_eq!(rest.items.iter().map(|event| event.id).collect::<Vec<_>>(), [expected[6], late]);
    Ok(())
}

async fn the_journal_is_filtered(url: DatabaseUrl) -> Result<()> {
    let (world, of) = world(url).await?;
    let somebody = UserId(Uuid::from_u128(7));
    let abroad = Subject { corp_id: "ww-other".to_owned(), ..of.subject.clone() };
    let unlink = LinkEvent { kind: LinkKind::Unlink, ..linking(of.user, &of.subject) };
    let elsewhere = record(&world, &of, linking(of.user, &abroad)).await?;
    let unlinked = record(&world, &of, unlink).await?;
    let others = record(&world, &of, linking(somebody, &of.subject)).await?;
    let all = || Filter::default();
    let corp = || Some(of.subject.corp_id.clone());
    for (filter, expected) in [
        (all(), vec![of.linked, elsewhere, unlinked, others]),
        (Filter { user_id: Some(of.user), ..all() }, vec![of.linked, elsewhere, unlinked]),
        (Filter { user_id: Some(somebody), ..all() }, vec![others]),
        (Filter { corp_id: corp(), ..all() }, vec![of.linked, unlinked, others]),
        (Filter { kind: Some(LinkKind::Create), ..all() }, vec![of.linked, elsewhere, others]),
        (
            Filter {
                user_id: Some(of.user),
                corp_id: corp(),
                kind: Some(LinkKind::Unlink),
                ..Filter::default()
            },
            vec![unlinked],
        ),
        (Filter { user_id: Some(somebody), kind: Some(LinkKind::Unlink), ..all() }, vec![]),
        (Filter { corp_id: Some(String::new()), ..all() }, vec![]),
    ] {
        for limit in [1, 2, 200] {
            assert_eq!(walk(&world, &of, &filter, limit).await?, expected, "{filter:?}");
        }
    }
    Ok(())
}

/// Attack S1: two administrators take one event back.
async fn s1_an_event_is_taken_back_once(url: DatabaseUrl) -> Result<()> {
    let (world, of) = world(url).await?;
    world.clock.advance(TimeDelta::milliseconds(1));
    let attempts = (0..8).map(|_| {
        let (world, of) = (world.clone(), of.clone());
        tokio::spawn(async move {
            let mut tx = world.store.begin(of.tenant.id).await.unwrap();
            let event = LinkEvent { kind: LinkKind::Undo, ..linking(of.user, &of.subject) };
            let undo = link_event::record(&mut tx, world.env(), event).await.unwrap();
            match link_event::mark_undone(&mut tx, of.linked, undo).await {
                Ok(()) => tx.commit().await.map(|()| Some(undo)).unwrap(),
                Err(Error::Stale) => None,
                Err(error) => panic!("{error:?}"),
            }
        })
    });
    let winners: Vec<LinkEventId> =
        join_all(attempts).await.into_iter().filter_map(|undo| undo.unwrap()).collect();
    assert_eq!(winners.len(), 1);
    let read = &mut world.store.tenant(of.tenant.id);
    let found = link_event::find(read, of.linked).await?.unwrap();
    assert_eq!(found.undone_by, Some(winners[0]));
    let all: Vec<LinkEventId> = link_event::list(read, Filter::default(), FIRST)
        .await?
        .items
        .iter()
        .map(|event| event.id)
        .collect();
    assert_eq!(all, [of.linked, winners[0]], "who was too late left nothing");
    let mut tx = world.store.begin(of.tenant.id).await?;
    let nothing = link_event::mark_undone(&mut tx, LinkEventId(Uuid::nil()), of.linked).await;
    assert!(matches!(nothing, Err(Error::Stale)), "{nothing:?}");
    Ok(())
}

async fn the_journal_outlives_its_users(url: DatabaseUrl) -> Result<()> {
    let (world, of) = world(url).await?;
    let mut tx = world.store.begin(of.tenant.id).await?;
    user::set_status(&mut tx, world.env(), of.user, 1, UserStatus::Deleted).await?;
    tx.commit().await?;
    let filter = Filter { user_id: Some(of.user), ..Filter::default() };
    assert_eq!(walk(&world, &of, &filter, 200).await?, [of.linked]);
    Ok(())
}
