//! Isolation (attack N3): through a handle of one tenant nothing of another can be seen or changed.
//! Two tables name every function over a tenant's rows; a test reads the source to see that none is
//! missing.

mod reads;
mod writes;

use std::collections::BTreeSet;
use std::path::Path;

use futures_util::future::BoxFuture;
use store::app::{self, AppSettings};
use store::audit::{self, Event};
use store::identity::Subject;
use store::link_event::{self, LinkEvent};
use store::{DatabaseUrl, Result, TenantWrite, account, verification_file};

use self::reads::{ADDRESS, own_file, own_name, reads};
use self::writes::writes;
use crate::support::each_engine;
use crate::world::{HOUR, Sample, World, account_settings, linking};

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

async fn n3_no_read_sees_another_tenants_rows(url: DatabaseUrl) -> Result<()> {
    let world = World::open(url).await?;
    let of = world.sample("acme.example.com").await?;
    let other = world.sample("other.example.com").await?;
    let mut tx = world.store.begin(of.tenant.id).await?;
    verification_file::put(&mut tx, world.env(), &own_file(&of), "a").await?;
    let changed = Event { user_id: Some(of.user), ..Event::system("user.update", "ok") };
    audit::record(&mut tx, world.env(), changed).await?;
    let signed_in = Event {
        user_id: Some(of.user),
        address: Some(ADDRESS.to_owned()),
        ..Event::system("sign_in", "ok")
    };
    audit::record(&mut tx, world.env(), signed_in).await?;
    let methods = vec!["password".to_owned()];
    let settings = AppSettings { sign_in_methods: methods, ..of.client.settings() };
    app::update(&mut tx, world.env(), of.app, 1, settings).await?;
    let subject = Subject { subject: "traced".to_owned(), ..of.subject.clone() };
    let traced = LinkEvent { trace: Some(of.tenant.host.clone()), ..linking(of.user, &subject) };
    link_event::record(&mut tx, world.env(), traced).await?;
    account::create(&mut tx, world.env(), &account_settings(&own_name(&of))).await?;
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
        let changed = world.dump(of.tenant.id).await != before;
        assert_eq!(changed, !HOLDS.contains(&name), "{name} does nothing");
    }
    Ok(())
}

/// Holds rows without changing them, tested where it matters: in the races of sign-ins.
const HOLDS: [&str; 3] = ["consent::hold", "departure::hold", "user::lock"];

/// Makes rows under the handle's tenant, tested in `integrity.rs`; or serves no tenant's rows.
const ELSEWHERE: [&str; 16] = [
    "account::add",
    "account::create",
    "account::insert",
    "api_key::create",
    "app::create",
    "audit::record",
    "corp::create",
    "idempotency::claim",
    "idempotency::complete",
    "initial_access_token::create",
    "link_event::record",
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
            let name = name.split('<').next().unwrap();
            let (arguments, _) = rest.split_once(" -> ").unwrap();
            if ["impl Scope", "impl WriteScope", "TenantWrite"]
                .iter()
                .any(|scope| arguments.contains(scope))
            {
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
