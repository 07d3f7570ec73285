//! The cross-tenant matrix (attacks N1, N3, D6): everything that one tenant's host hands out, shown to
//! every endpoint of another's.
//!
//! Both lists are complete by construction. The endpoints are the router's own table; the artefacts are
//! compared with what the sources make. For each endpoint there is a right request of each of two
//! tenants. Then, at the second tenant's host:
//!
//! - every mixture of the two requests is refused, unless nothing that it rests on is the first one's;
//! - a foreign artefact is answered as a text that is nobody's is;
//! - for programs, no artefact passes for one of another kind, whosever it is;
//! - nothing happens by any of it;
//! - and both requests are still right, each at its own host.

mod account;
mod artefact;
mod authorization;
mod binding;
mod login;
mod made;
mod people;
mod places;
mod programs;
mod public;
mod shown;
mod supplement;
mod value;

use e2e::{Answer, Tenant, World, on_every_backend};
use hosted_login::Path;
use reqwest::Method;
use serde_json::Value;

use self::artefact::{Artefact, Group};
use self::shown::Shown;
use crate::steps::sets_session;

/// What an answer tells, apart from what is random in each.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    status: u16,
    code: Option<String>,
    location: String,
    links: Vec<String>,
    json: Option<Value>,
}

fn told(answer: &Answer) -> Told {
    Told {
        status: answer.status.as_u16(),
        code: answer.code(),
        location: without_random(answer.location().map(String::from).unwrap_or_default()),
        links: answer.links().into_iter().map(without_random).collect(),
        json: serde_json::from_str(&answer.body).ok(),
    }
}

/// Without names that nobody can guess.
fn without_random(url: String) -> String {
    let is_name = |part: &&str| part.len() >= 20 && part.bytes().all(|b| b.is_ascii_alphanumeric());
    let parts = url.split(|letter: char| !letter.is_ascii_alphanumeric());
    let names: Vec<String> = parts.filter(is_name).map(str::to_owned).collect();
    names.iter().fold(url, |url, name| url.replace(name, "*"))
}

/// The tenant's host has given nothing away.
fn is_refused(shown: &Shown, answer: &Answer, what: &str) {
    assert!(!shown.works(answer), "{shown:?}, {what}: taken: {answer:?}");
    assert!(answer.status.as_u16() < 500, "{shown:?}, {what}: {answer:?}");
    assert!(!sets_session(answer), "{shown:?}, {what}: a session begins: {answer:?}");
    assert!(!answer.body.contains("hufu_code_"), "{shown:?}, {what}: {answer:?}");
    assert!(answer.parameter("code").is_none(), "{shown:?}, {what}: {answer:?}");
}

/// What has been done in a tenant, by its audit events.
async fn done(tenant: &Tenant) -> Vec<Value> {
    let page = tenant.admin.get(&tenant.path("/audit-events?limit=200&result=ok")).await;
    page["items"].as_array().unwrap().iter().map(|event| event["id"].clone()).collect()
}

/// All selections of some artefacts but the empty one.
fn selections(all: &[Artefact]) -> Vec<Vec<Artefact>> {
    let chosen = |bits: u32| {
        let wanted = all.iter().enumerate().filter(move |(at, _)| bits & (1 << at) != 0);
        wanted.map(|(_, artefact)| *artefact).collect()
    };
    (1..1_u32 << all.len()).map(chosen).collect()
}

/// The two tenants of a case, and what was shown in it.
struct Matrix {
    one: Tenant,
    two: Tenant,
    shown: Vec<(Artefact, String)>,
}

impl Matrix {
    async fn begin(world: &World, group: Group) -> Self {
        let (one, two) = (world.tenant("one").await, world.tenant("two").await);
        for tenant in [&one, &two] {
            prepare(group, tenant).await;
        }
        let keys = [&one, &two].map(|tenant| (Artefact::ApiKey, tenant.admin.key().to_owned()));
        Self { one, two, shown: keys.into() }
    }

    /// Shows everything to an endpoint.
    async fn show(&mut self, group: Group, method: &Method, pattern: &'static str) {
        let theirs = Box::pin(right(group, &self.one, method, pattern)).await;
        let own = Box::pin(right(group, &self.two, method, pattern)).await;
        assert!(!own.is_empty() && own.len() == theirs.len(), "{method} {pattern}");
        for (theirs, own) in theirs.iter().zip(&own) {
            self.remember(theirs, own);
            let before = done(&self.two).await;
            self.mix(theirs, own).await;
            if matches!(group, Group::Programs | Group::Authorization) {
                self.confuse(own).await;
            }
            assert_eq!(done(&self.two).await, before, "{own:?}: something was done");
            let answer = own.with_what_is_idle(theirs).send(&self.two).await;
            assert!(own.works(&answer), "{own:?} at its own host: {answer:?}");
            let answer = theirs.send(&self.one).await;
            assert!(theirs.works(&answer), "{theirs:?} at its own host: {answer:?}");
        }
    }

    /// Keeps what is shown now instead of what was shown of its kind before, which may be used up.
    fn remember(&mut self, theirs: &Shown, own: &Shown) {
        self.shown.retain(|(kind, _)| !own.decisive().contains(kind));
        for artefact in own.decisive() {
            self.shown.extend([theirs, own].map(|shown| (*artefact, shown.value(*artefact))));
        }
    }

    /// Every mixture of two tenants' requests.
    async fn mix(&self, theirs: &Shown, own: &Shown) {
        for selection in selections(own.decisive()) {
            let Some(mixed) = own.mixed(theirs, &selection) else { continue };
            let answer = mixed.send(&self.two).await;
            let what = format!("with a foreign {selection:?}");
            is_refused(own, &answer, &what);
            if let [artefact] = selection[..] {
                let garbage = own.garbled(artefact).send(&self.two).await;
                is_refused(own, &garbage, &format!("with a nonsensical {artefact:?}"));
                assert_eq!(told(&answer), told(&garbage), "{own:?}, {what}");
            }
        }
        if own.mixed(theirs, own.decisive()).is_some() && !own.decisive().is_empty() {
            is_refused(own, &theirs.send(&self.two).await, "all foreign");
        }
    }

    /// What was shown so far, in the place of another kind.
    async fn confuse(&self, own: &Shown) {
        for place in own.decisive() {
            for (kind, value) in &self.shown {
                // RFC 7662 §2.1: a token of either kind may be asked about.
                let tokens = [Artefact::AccessToken, Artefact::RefreshToken];
                let either = tokens.contains(kind) && tokens.contains(place);
                if kind != place && !either {
                    let answer = own.saying(*place, value).send(&self.two).await;
                    is_refused(own, &answer, &format!("a {kind:?} for a {place:?}"));
                }
            }
        }
    }
}

async fn prepare(group: Group, tenant: &Tenant) {
    match group {
        Group::Public | Group::Programs | Group::Authorization => {}
        Group::Login | Group::Binding | Group::Account => people::prepare(tenant).await,
        Group::Supplement => supplement::prepare(tenant).await,
        Group::Places => places::prepare(tenant).await,
    }
}

/// The right requests to an endpoint, made of what the tenant has handed out.
async fn right(
    group: Group,
    tenant: &Tenant,
    method: &Method,
    pattern: &'static str,
) -> Vec<Shown> {
    match group {
        Group::Public => public::right(tenant, method, pattern).await,
        Group::Programs => programs::right(tenant, method, pattern).await,
        Group::Authorization => authorization::right(tenant, method, pattern).await,
        Group::Login => login::right(tenant, method, pattern).await,
        Group::Binding => binding::right(tenant, method, pattern).await,
        Group::Supplement => supplement::right(tenant, method, pattern).await,
        Group::Account => account::right(tenant, method, pattern).await,
        Group::Places => places::right(tenant, method, pattern).await,
    }
}

/// Shows everything to every endpoint of a group.
async fn matrix(world: World, group: Group) {
    let mut matrix = Matrix::begin(&world, group).await;
    for Path { pattern, allow } in hosted_login::paths() {
        if Group::of(pattern) != group {
            continue;
        }
        for method in allow.split(", ") {
            let method: Method = method.parse().unwrap();
            matrix.show(group, &method, pattern).await;
        }
    }
    for (artefact, home) in Artefact::ALL {
        let shown = matrix.shown.iter().any(|(shown, _)| shown == artefact);
        assert!(*home != group || shown, "{artefact:?} was shown to nobody");
    }
    is_nobody_at_the_console(&matrix).await;
}

/// Nothing of a tenant's host is a key of its console.
async fn is_nobody_at_the_console(matrix: &Matrix) {
    let Matrix { one, two, shown } = matrix;
    for (artefact, value) in shown.iter().filter(|(artefact, _)| *artefact != Artefact::ApiKey) {
        let caller = two.world.administrator(value);
        let answer = caller.call(Method::GET, &two.path("/users"), &[], None).await;
        assert_eq!(answer.status, 401, "{artefact:?}: {}", answer.body);
    }
    let answer = one.admin.call(Method::GET, &two.path("/users"), &[], None).await;
    assert_eq!(answer.status, 404, "{}", answer.body);
    two.admin.get(&two.path("/users")).await;
}

on_every_backend! {
    async fn n1_what_everybody_reads(world: World) {
        matrix(world, Group::Public).await;
    }

    async fn n1_d6_what_programs_show(world: World) {
        matrix(world, Group::Programs).await;
    }

    async fn n1_d6_what_apps_send_a_browser_with(world: World) {
        matrix(world, Group::Authorization).await;
    }

    async fn n1_what_a_browser_shows_the_login_page(world: World) {
        matrix(world, Group::Login).await;
    }

    async fn n1_what_binds_an_account(world: World) {
        matrix(world, Group::Binding).await;
    }

    async fn n1_what_a_phone_authorises(world: World) {
        matrix(world, Group::Supplement).await;
    }

    async fn n1_what_a_browser_shows_an_account(world: World) {
        matrix(world, Group::Account).await;
    }

    async fn n1_what_leads_on_in_another_browser(world: World) {
        matrix(world, Group::Places).await;
    }
}
