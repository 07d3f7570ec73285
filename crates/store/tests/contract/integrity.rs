//! Versions, unique values, references, and transactions that last or leave nothing.

use store::audit::{self, Event};
use store::id::{AppId, CorpId, SourceId, TenantId, UserId};
use store::page::PageRequest;
use store::secret::SecretHash;
use store::session::Ending;
use store::session::SignedInBy;
use store::signing_key::{self, Algorithm, KeyStatus};
use store::tenant::Tenant;
use store::user::UserStatus;
use store::{
    DatabaseUrl, Error, Result, account, api_key, app, contact_callback, corp, grant,
    initial_access_token, link_event, password, session, source, tenant, user, user_search,
    verification_file,
};
use uuid::Uuid;

use crate::support::each_engine;
use crate::world::{
    FIRST, World, account_settings, app_settings, callback_secret, granted, initial_token, link,
    linking, new_key, profile, signed_in, source_settings, subject,
};

each_engine! {
    a_change_of_an_old_version_is_stale,
    unique_values_conflict,
    a_reference_to_nothing_is_refused,
    a_reference_to_another_tenants_row_is_refused,
    a_corp_in_use_stays,
    a_dropped_transaction_leaves_nothing,
    a_transaction_reads_its_own_writes,
    a_page_of_nothing_is_the_last,
}

/// Asserts that an outcome is a certain error.
macro_rules! refused {
    ($error:pat, $outcome:expr) => {{
        let outcome = $outcome.await;
        assert!(matches!(outcome, Err($error)), "{}: {outcome:?}", stringify!($outcome));
    }};
}

async fn a_change_of_an_old_version_is_stale(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let (env, keys) = (world.env(), &world.store.keys);
    let before = world.dump(of.tenant.id).await;
    for version in [0, 2] {
        let mut tx = world.store.begin(of.tenant.id).await?;
        let tx = &mut tx;
        let tenant = Tenant { version, ..of.tenant.clone() };
        refused!(Error::Stale, tenant::update(tx, env, &tenant));
        refused!(Error::Stale, tenant::delete(tx, of.tenant.id, version));
        let corp = corp::Corp { version, ..of.corp.clone() };
        refused!(Error::Stale, corp::update(tx, env, &corp));
        refused!(Error::Stale, corp::delete(tx, of.corp.id, version));
        let settings = source_settings();
        refused!(Error::Stale, source::update(tx, env, keys, of.source.id, version, settings));
        refused!(Error::Stale, source::delete(tx, of.source.id, version));
        refused!(Error::Stale, app::update(tx, env, of.app, version, app_settings()));
        refused!(Error::Stale, app::delete(tx, of.app, version));
        for status in UserStatus::ALL {
            refused!(Error::Stale, user::set_status(tx, env, of.user, version, *status));
        }
        let settings = account_settings("a");
        refused!(Error::Stale, account::update(tx, env, of.user, version, &settings));
    }
    // Even if somebody commits after such an error, nothing has changed.
    let mut tx = world.store.begin(of.tenant.id).await?;
    refused!(Error::Stale, tenant::delete(&mut tx, of.tenant.id, 2));
    tx.commit().await?;
    assert_eq!(world.dump(of.tenant.id).await, before);

    // Positive control: at the right version each works, and makes the old one stale.
    let mut tx = world.store.begin(of.tenant.id).await?;
    assert_eq!(tenant::update(&mut tx, env, &of.tenant).await?.version, 2);
    assert_eq!(corp::update(&mut tx, env, &of.corp).await?.version, 2);
    let settings = source_settings();
    let updated = source::update(&mut tx, env, keys, of.source.id, 1, settings).await?;
    assert_eq!(updated.version, 2);
    assert_eq!(app::update(&mut tx, env, of.app, 1, app_settings()).await?.version, 2);
    let settings = account_settings("a");
    assert_eq!(account::update(&mut tx, env, of.user, 1, &settings).await?.version, 2);
    let suspended = user::set_status(&mut tx, env, of.user, 2, UserStatus::Suspended).await?;
    assert_eq!(suspended.version, 3);
    source::delete(&mut tx, of.source.id, 2).await?;
    corp::delete(&mut tx, of.corp.id, 2).await?;
    app::delete(&mut tx, of.app, 2).await?;
    tenant::delete(&mut tx, of.tenant.id, 2).await?;
    tx.commit().await
}

async fn unique_values_conflict(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let other = world.sample("other.example.com").await?;
    let (env, keys) = (world.env(), &world.store.keys);
    let taken = Tenant { host: of.tenant.host.clone(), ..other.tenant.clone() };
    let twin = Tenant { id: TenantId(env.ordered_id()?), ..of.tenant.clone() };
    // PostgreSQL ends a transaction at its first error.
    let begin = async |tenant| world.store.begin(tenant).await.unwrap();
    let (own, key) = (of.tenant.id, new_key(Algorithm::Es256));
    refused!(Error::Conflict, tenant::update(&mut begin(other.tenant.id).await, env, &taken));
    refused!(Error::Conflict, tenant::create(&mut begin(twin.id).await, &twin));
    let twin = world.corp(&of.corp.corp_id)?;
    refused!(Error::Conflict, corp::create(&mut begin(own).await, &twin));
    refused!(Error::Conflict, world.make_source(&mut begin(own).await, of.corp.id, "wecom"));
    refused!(
        Error::Conflict,
        session::create(&mut begin(own).await, env, of.user, signed_in(of.way(), &of.token))
    );
    refused!(
        Error::Conflict,
        api_key::create(&mut begin(other.tenant.id).await, env, "k", "p", &of.api_hash, None)
    );
    let (new, hash) = (initial_token(env), &of.initial_hash);
    refused!(
        Error::Conflict,
        initial_access_token::create(&mut begin(other.tenant.id).await, env, new, "p", hash)
    );
    refused!(
        Error::Conflict,
        signing_key::create(&mut begin(own).await, env, keys, &key, KeyStatus::Active)
    );
    let linked = link(&mut begin(own).await, env, of.user, &of.subject, None).await?;
    assert!(linked.is_none());

    // Positive control: each is unique in its tenant only. Both samples have the same identifier,
    // corp, subject and algorithm already; a session's secret may be the same by chance.
    let mut tx = world.store.begin(other.tenant.id).await?;
    session::create(&mut tx, env, other.user, signed_in(other.way(), &of.token)).await?;
    tx.commit().await
}

async fn a_reference_to_nothing_is_refused(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let env = world.env();
    let nobody = Uuid::from_u128(1);
    let begin = async || world.store.begin(of.tenant.id).await.unwrap();
    refused!(Error::Reference, world.make_source(&mut begin().await, CorpId(nobody), "b"));
    refused!(Error::Reference, app::link(&mut begin().await, env, AppId(nobody), of.source.id, 1));
    refused!(Error::Reference, app::link(&mut begin().await, env, of.app, SourceId(nobody), 1));
    let token = SecretHash::of("t");
    let none = SignedInBy::Source(SourceId(nobody), of.identity);
    for (user, way) in [(of.user, none), (UserId(nobody), of.way())] {
        let new = signed_in(way, &token);
        refused!(Error::Reference, session::create(&mut begin().await, env, user, new));
    }
    let who = subject("nobody");
    refused!(Error::Reference, link(&mut begin().await, env, UserId(nobody), &who, None));
    refused!(
        Error::Reference,
        grant::create(
            &mut begin().await,
            env,
            granted(AppId(nobody), &of.session, "openid", &crate::world::code())
        )
    );
    let begin = async || world.store.begin(TenantId(nobody)).await.unwrap();
    refused!(Error::Reference, user::create(&mut begin().await, env, &profile()));
    refused!(Error::Reference, account::create(&mut begin().await, env, &account_settings("a")));
    refused!(Error::Reference, app::create(&mut begin().await, env, app_settings()));
    refused!(Error::Reference, api_key::create(&mut begin().await, env, "k", "p", &token, None));
    refused!(
        Error::Reference,
        initial_access_token::create(&mut begin().await, env, initial_token(env), "p", &token)
    );
    refused!(
        Error::Reference,
        verification_file::put(&mut begin().await, env, "WW_verify_a.txt", "a")
    );
    let (corp, ring, secret) = (CorpId(nobody), &world.store.keys, callback_secret());
    refused!(
        Error::Reference,
        contact_callback::put(&mut begin().await, env, ring, corp, "a", &secret)
    );
    refused!(
        Error::Reference,
        audit::record(&mut begin().await, env, Event::system("sign_in", "ok"))
    );
    let event = linking(UserId(nobody), &who);
    refused!(Error::Reference, link_event::record(&mut begin().await, env, event));
    Ok(())
}

/// Attack N3: ids of another tenant are of no use to anybody.
async fn a_reference_to_another_tenants_row_is_refused(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let other = world.sample("other.example.com").await?;
    let (before, env) = (world.dump(of.tenant.id).await, world.env());
    let begin = async || world.store.begin(other.tenant.id).await.unwrap();
    let token = SecretHash::of("t");
    let (user, source) = (of.user, of.source.id);
    refused!(Error::Reference, world.make_source(&mut begin().await, of.corp.id, "b"));
    let (ring, secret) = (&world.store.keys, callback_secret());
    refused!(
        Error::Reference,
        contact_callback::put(&mut begin().await, env, ring, of.corp.id, "b", &secret)
    );
    refused!(Error::Reference, app::link(&mut begin().await, env, other.app, source, 1));
    refused!(Error::Reference, app::link(&mut begin().await, env, of.app, other.source.id, 1));
    let mallory = subject("mallory");
    refused!(Error::Reference, link(&mut begin().await, env, user, &mallory, None));
    refused!(Error::Reference, password::set(&mut begin().await, env, user, "$argon2id$"));
    for (user, way) in [(other.user, of.way()), (user, other.way()), (user, SignedInBy::Password)] {
        let new = signed_in(way, &token);
        refused!(Error::Reference, session::create(&mut begin().await, env, user, new));
    }
    refused!(
        Error::Reference,
        session::renew(&mut begin().await, env, other.session.id, signed_in(of.way(), &token))
    );
    refused!(
        Error::Reference,
        grant::create(
            &mut begin().await,
            env,
            granted(of.app, &other.session, "openid", &crate::world::code())
        )
    );
    refused!(
        Error::Reference,
        grant::create(
            &mut begin().await,
            env,
            granted(other.app, &of.session, "openid", &crate::world::code())
        )
    );
    assert_eq!(world.dump(of.tenant.id).await, before);

    // Positive control: with ids of its own each works.
    let mut tx = begin().await;
    let made = world.make_source(&mut tx, other.corp.id, "b").await?;
    app::link(&mut tx, env, other.app, made.id, 1).await?;
    let identity = link(&mut tx, env, other.user, &mallory, None).await?.unwrap();
    password::set(&mut tx, env, other.user, "$argon2id$").await?;
    let way = SignedInBy::Source(made.id, identity);
    let session = session::create(&mut tx, env, other.user, signed_in(way, &token)).await?;
    grant::create(&mut tx, env, granted(other.app, &session, "openid", &crate::world::code()))
        .await?;
    tx.commit().await
}

async fn a_corp_in_use_stays(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let mut tx = world.store.begin(of.tenant.id).await?;
    refused!(Error::Reference, corp::delete(&mut tx, of.corp.id, 1));
    drop(tx);
    let mut tx = world.store.begin(of.tenant.id).await?;
    source::delete(&mut tx, of.source.id, 1).await?;
    corp::delete(&mut tx, of.corp.id, 1).await?;
    tx.commit().await?;
    let read = &mut world.store.tenant(of.tenant.id);
    assert!(corp::find(read, of.corp.id).await?.is_none());
    assert!(app::links_of_app(read, of.app).await?.is_empty());
    Ok(())
}

async fn a_dropped_transaction_leaves_nothing(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let before = world.dump(of.tenant.id).await;
    for _ in 0..20 {
        let mut tx = world.store.begin(of.tenant.id).await?;
        user::create(&mut tx, world.env(), &profile()).await?;
        corp::update(&mut tx, world.env(), &of.corp).await?;
        session::end(&mut tx, world.env(), of.session.id, Ending::SignOut).await?;
        drop(tx);
    }
    // A task that is aborted in the middle of its transaction.
    let (store, tenant, env) = (world.store.clone(), of.tenant.id, world.env().clone());
    let task = tokio::spawn(async move {
        let mut tx = store.begin(tenant).await.unwrap();
        loop {
            user::create(&mut tx, &env, &profile()).await.unwrap();
        }
    });
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(world.dump(of.tenant.id).await, before);

    let mut tx = world.store.begin(of.tenant.id).await?;
    let made = user::create(&mut tx, world.env(), &profile()).await?;
    tx.commit().await?;
    assert!(user::find(&mut world.store.tenant(of.tenant.id), made.id).await?.is_some());
    Ok(())
}

async fn a_transaction_reads_its_own_writes(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let mut tx = world.store.begin(of.tenant.id).await?;
    let made = user::create(&mut tx, world.env(), &profile()).await?;
    assert!(user::find(&mut tx, made.id).await?.is_some());
    assert_eq!(user_search::list(&mut tx, None, FIRST).await?.items.len(), 2);
    tx.commit().await
}

async fn a_page_of_nothing_is_the_last(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let empty = world.tenant("acme.example.com").await?;
    let read = &mut world.store.tenant(empty.id);
    for limit in [1, 200] {
        let page = app::list(read, PageRequest { after: None, limit }).await?;
        assert!(page.items.is_empty() && page.next.is_none());
    }
    Ok(())
}
