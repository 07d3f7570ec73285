//! Isolation (attack N3): through a handle of one tenant nothing of another can be seen or changed.
//! Two tables name every function over a tenant's rows; a test reads the source to see that none is
//! missing.

use std::collections::BTreeSet;
use std::path::Path;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use store::app::{self, AppSettings};
use store::audit::{Filter, Order};
use store::corp::{self, Corp};
use store::page::Page;
use store::secret::SecretHash;
use store::source::{Misconfigured, SourceSettings};
use store::tenant::{self, Tenant};
use store::user::{Profile, UserStatus};
use store::{
    DatabaseUrl, Result, Scope, TenantWrite, api_key, audit, grant, identity, session, signing_key,
    source, user, verification_file,
};

use crate::support::each_engine;
use crate::world::{FIRST, HOUR, Sample, World, app_settings, source_settings, subject};

each_engine! {
    n3_no_read_sees_another_tenants_rows,
    n3_no_write_changes_another_tenants_rows,
}

/// Whether a read through the scope sees something of the sample.
type Reads<S> = for<'t> fn(&'t mut S, &'t Sample, &'t World) -> BoxFuture<'t, Result<bool>>;
/// A write through the handle that aims at the sample.
type Writes = for<'t> fn(&'t mut TenantWrite, &'t Sample, &'t World) -> BoxFuture<'t, Result<()>>;

struct Probe<F> {
    name: &'static str,
    run: F,
}

fn read<S>(name: &'static str, run: Reads<S>) -> Probe<Reads<S>> {
    Probe { name, run }
}

fn write(name: &'static str, run: Writes) -> Probe<Writes> {
    Probe { name, run }
}

/// Whether a page has a row that the sample's owner knows.
fn holds<T>(page: &Page<T>, is_it: impl Fn(&T) -> bool) -> bool {
    page.items.iter().any(is_it)
}

/// Every function that reads through a scope.
fn reads<S: Scope>() -> Vec<Probe<Reads<S>>> {
    [source_reads(), sign_in_reads(), console_reads()].into_iter().flatten().collect()
}

fn source_reads<S: Scope>() -> Vec<Probe<Reads<S>>> {
    vec![
        read("corp::find", |s, of, _| {
            async { Ok(corp::find(s, of.corp.id).await?.is_some()) }.boxed()
        }),
        read("corp::list", |s, of, _| {
            async { Ok(holds(&corp::list(s, FIRST).await?, |row| row.id == of.corp.id)) }.boxed()
        }),
        read("source::find", |s, of, _| {
            async { Ok(source::find(s, of.source.id).await?.is_some()) }.boxed()
        }),
        read("source::find_by_identifier", |s, of, _| {
            let same = |row: source::Source| row.id == of.source.id;
            async move { Ok(source::find_by_identifier(s, "wecom").await?.is_some_and(same)) }
                .boxed()
        }),
        read("source::list", |s, of, _| {
            async { Ok(holds(&source::list(s, FIRST).await?, |row| row.id == of.source.id)) }
                .boxed()
        }),
        read("source::of_app", |s, of, _| {
            async { Ok(!source::of_app(s, of.app).await?.is_empty()) }.boxed()
        }),
        read("source::usable", |s, of, _| {
            async { Ok(source::usable(s, of.app, "wecom").await?.is_some()) }.boxed()
        }),
        read("app::find", |s, of, _| async { Ok(app::find(s, of.app).await?.is_some()) }.boxed()),
        read("app::list", |s, of, _| {
            async { Ok(holds(&app::list(s, FIRST).await?, |row| row.id == of.app)) }.boxed()
        }),
        read("app::links_of_app", |s, of, _| {
            async { Ok(!app::links_of_app(s, of.app).await?.is_empty()) }.boxed()
        }),
        read("app::links_of_source", |s, of, _| {
            async { Ok(!app::links_of_source(s, of.source.id).await?.is_empty()) }.boxed()
        }),
    ]
}

fn sign_in_reads<S: Scope>() -> Vec<Probe<Reads<S>>> {
    vec![
        read("user::find", |s, of, _| {
            async { Ok(user::find(s, of.user).await?.is_some()) }.boxed()
        }),
        read("user::list", |s, of, _| {
            async { Ok(holds(&user::list(s, None, FIRST).await?, |row| row.id == of.user)) }.boxed()
        }),
        read("identity::linked_user", |s, of, _| {
            // Both tenants have this corp and this userid.
            let same = |row: identity::LinkedUser| row.user_id == of.user;
            async move { Ok(identity::linked_user(s, &of.subject).await?.is_some_and(same)) }
                .boxed()
        }),
        read("identity::of_user", |s, of, _| {
            async { Ok(!identity::of_user(s, of.user).await?.is_empty()) }.boxed()
        }),
        read("session::find", |s, of, w| {
            async { Ok(session::find(s, w.env(), &of.token).await?.is_some()) }.boxed()
        }),
        read("session::find_to_end", |s, of, _| {
            async { Ok(session::find_to_end(s, &of.token).await?.is_some()) }.boxed()
        }),
        read("grant::of_code", |s, of, _| {
            async { Ok(grant::of_code(s, of.app, &of.code).await?.is_some()) }.boxed()
        }),
        read("session::find_for_app", |s, of, w| {
            async { Ok(session::find_for_app(s, w.env(), &of.token, of.app).await?.is_some()) }
                .boxed()
        }),
        read("grant::find_live", |s, of, w| {
            async { Ok(grant::find_live(s, w.env(), of.grant).await?.is_some()) }.boxed()
        }),
    ]
}

fn console_reads<S: Scope>() -> Vec<Probe<Reads<S>>> {
    vec![
        read("api_key::find", |s, of, _| {
            async { Ok(api_key::find(s, of.api_key).await?.is_some()) }.boxed()
        }),
        read("api_key::list", |s, of, _| {
            async { Ok(holds(&api_key::list(s, FIRST).await?, |row| row.id == of.api_key)) }.boxed()
        }),
        read("audit::list", |s, of, _| {
            async {
                let trace = Some(of.tenant.host.clone());
                let filter = Filter { trace, ..Filter::default() };
                Ok(!audit::list(s, &filter, Order::Descending, FIRST).await?.items.is_empty())
            }
            .boxed()
        }),
        read("signing_key::list", |s, of, w| {
            async {
                // What is listed does not even open for the other tenant.
                let listed = signing_key::list(s).await?;
                let opens =
                    |key| signing_key::private_key(&w.store.keys, of.tenant.id, key).is_ok();
                Ok(listed.iter().any(opens))
            }
            .boxed()
        }),
        read("verification_file::find", |s, of, _| {
            let name = own_file(of);
            async move { Ok(verification_file::find(s, &name).await?.is_some()) }.boxed()
        }),
        read("verification_file::list", |s, of, _| {
            let name = own_file(of);
            async move { Ok(verification_file::list(s).await?.iter().any(|file| file.name == name)) }
                .boxed()
        }),
    ]
}

fn own_file(of: &Sample) -> String {
    format!("WW_verify_{}.txt", of.tenant.id)
}

/// Every function that changes rows that are there. What makes rows is in `integrity.rs`.
fn writes() -> Vec<Probe<Writes>> {
    [console_writes(), sign_in_writes()].into_iter().flatten().collect()
}

fn console_writes() -> Vec<Probe<Writes>> {
    vec![
        write("tenant::update", |tx, of, w| {
            let changed = Tenant { display_name: "x".to_owned(), ..of.tenant.clone() };
            async move { tenant::update(tx, w.env(), &changed).await.map(drop) }.boxed()
        }),
        write("tenant::delete", |tx, of, _| tenant::delete(tx, of.tenant.id, 1).boxed()),
        write("corp::update", |tx, of, w| {
            let changed = Corp { display_name: "x".to_owned(), ..of.corp.clone() };
            async move { corp::update(tx, w.env(), &changed).await.map(drop) }.boxed()
        }),
        write("corp::delete", |tx, of, _| {
            async {
                source::delete(tx, of.source.id, 1).await?;
                corp::delete(tx, of.corp.id, 1).await
            }
            .boxed()
        }),
        write("source::update", |tx, of, w| {
            let settings = SourceSettings { agent_id: 7, ..source_settings() };
            let keys = &w.store.keys;
            async { source::update(tx, w.env(), keys, of.source.id, 1, settings).await.map(drop) }
                .boxed()
        }),
        write("source::mark_misconfigured", |tx, of, w| {
            let fault = Some(Misconfigured { errcode: 1, hint: None, at: w.env().now() });
            source::mark_misconfigured(tx, of.source.id, 1, fault).boxed()
        }),
        write("source::delete", |tx, of, _| source::delete(tx, of.source.id, 1).boxed()),
        write("app::update", |tx, of, w| {
            let settings = AppSettings { display_name: "x".to_owned(), ..app_settings() };
            async { app::update(tx, w.env(), of.app, 1, settings).await.map(drop) }.boxed()
        }),
        write("app::delete", |tx, of, _| app::delete(tx, of.app, 1).boxed()),
        write("app::link", |tx, of, w| {
            async { app::link(tx, w.env(), of.app, of.source.id, 9).await.map(drop) }.boxed()
        }),
        write("app::unlink", |tx, of, _| {
            async { app::unlink(tx, of.app, of.source.id).await.map(drop) }.boxed()
        }),
        write("api_key::delete", |tx, of, _| {
            async { api_key::delete(tx, of.api_key).await.map(drop) }.boxed()
        }),
        write("verification_file::put", |tx, _, w| {
            async { verification_file::put(tx, w.env(), "WW_verify_a.txt", "x").await.map(drop) }
                .boxed()
        }),
        write("verification_file::delete", |tx, _, _| {
            async { verification_file::delete(tx, "WW_verify_a.txt").await.map(drop) }.boxed()
        }),
    ]
}

fn sign_in_writes() -> Vec<Probe<Writes>> {
    vec![
        write("user::refresh_profile", |tx, of, w| {
            let told = Profile { name: Some("x".to_owned()), ..Profile::default() };
            async move { user::refresh_profile(tx, w.env(), of.user, &told).await }.boxed()
        }),
        write("user::set_status", |tx, of, w| {
            async { user::set_status(tx, w.env(), of.user, 1, UserStatus::Deleted).await.map(drop) }
                .boxed()
        }),
        write("identity::link", |tx, of, w| {
            async { identity::link(tx, w.env(), of.user, &subject("second")).await.map(drop) }
                .boxed()
        }),
        write("identity::touch", |tx, of, w| identity::touch(tx, w.env(), of.identity).boxed()),
        write("session::renew", |tx, of, w| {
            async {
                let token = SecretHash::of("stolen");
                let (id, source) = (of.session.id, of.source.id);
                session::renew(tx, w.env(), id, source, &token, HOUR).await.map(drop)
            }
            .boxed()
        }),
        write("session::end", |tx, of, w| {
            async { session::end(tx, w.env(), of.session.id).await.map(drop) }.boxed()
        }),
        write("session::end_all_of_user", |tx, of, w| {
            session::end_all_of_user(tx, w.env(), of.user).boxed()
        }),
        write("grant::create", |tx, of, w| {
            async {
                grant::create(tx, w.env(), of.app, &of.session, "openid", &crate::world::code())
                    .await
                    .map(drop)
            }
            .boxed()
        }),
        write("grant::revoke", |tx, of, w| {
            async { grant::revoke(tx, w.env(), of.grant).await.map(drop) }.boxed()
        }),
    ]
}

async fn n3_no_read_sees_another_tenants_rows(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let other = world.sample("other.example.com").await?;
    let mut tx = world.store.begin(of.tenant.id).await?;
    verification_file::put(&mut tx, world.env(), &own_file(&of), "a").await?;
    tx.commit().await?;
    for probe in reads() {
        let mut read = world.store.tenant(other.tenant.id);
        assert!(!(probe.run)(&mut read, &of, &world).await?, "{} sees it", probe.name);
        let mut read = world.store.tenant(of.tenant.id);
        assert!((probe.run)(&mut read, &of, &world).await?, "{} sees nothing", probe.name);
    }
    for probe in reads() {
        let mut tx = world.store.begin(other.tenant.id).await?;
        assert!(!(probe.run)(&mut tx, &of, &world).await?, "{} sees it", probe.name);
        drop(tx);
        let mut tx = world.store.begin(of.tenant.id).await?;
        assert!((probe.run)(&mut tx, &of, &world).await?, "{} sees nothing", probe.name);
    }
    Ok(())
}

async fn n3_no_write_changes_another_tenants_rows(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    for probe in writes() {
        let name = probe.name;
        let of = world.sample(&format!("{name}.acme.example.com")).await?;
        let other = world.sample(&format!("{name}.other.example.com")).await?;
        world.clock.advance(HOUR / 2);
        let before = world.dump(of.tenant.id).await;
        let mut tx = world.store.begin(other.tenant.id).await?;
        match (probe.run)(&mut tx, &of, &world).await {
            Ok(()) => tx.commit().await?,
            Err(store::Error::Unavailable(error)) => panic!("{name}: {error}"),
            Err(_) => drop(tx),
        }
        assert_eq!(world.dump(of.tenant.id).await, before, "{name} reaches another tenant");

        let mut tx = world.store.begin(of.tenant.id).await?;
        (probe.run)(&mut tx, &of, &world).await?;
        tx.commit().await?;
        assert_ne!(world.dump(of.tenant.id).await, before, "{name} does nothing");
    }
    Ok(())
}

/// Makes rows under the handle's tenant, tested in `integrity.rs`; or serves no tenant's rows.
const ELSEWHERE: [&str; 11] = [
    "api_key::create",
    "app::create",
    "audit::record",
    "corp::create",
    "idempotency::claim",
    "idempotency::complete",
    "session::create",
    "signing_key::create",
    "source::create",
    "tenant::create",
    "user::create",
];

#[test]
fn every_function_is_probed() {
    let mut found = BTreeSet::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let module = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let source = std::fs::read_to_string(&path).unwrap();
        for function in source.split("\npub async fn ").skip(1) {
            let (name, rest) = function.split_once('(').unwrap();
            let (arguments, _) = rest.split_once(" -> ").unwrap();
            if arguments.contains("impl Scope") || arguments.contains("TenantWrite") {
                found.insert(format!("{module}::{name}"));
            }
        }
    }
    let reads = reads::<TenantWrite>().into_iter().map(|probe| probe.name);
    let probed: BTreeSet<String> = writes()
        .into_iter()
        .map(|probe| probe.name)
        .chain(reads)
        .chain(ELSEWHERE)
        .map(str::to_owned)
        .collect();
    assert_eq!(found, probed);
}
