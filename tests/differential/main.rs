//! The same wrong requests to Hufu and to a certified provider that is not ours, `oidc-provider` of
//! npm: wherever that one refuses and Hufu does not, the table says why.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod assertion;
mod authorize;
mod case;
mod clients;
mod dpop;
mod peer;
mod people;
mod pushed;
mod redirects;
mod refresh;
mod side;
mod token;
mod tokens;
mod verdict;

use std::collections::BTreeMap;
use std::path::Path;

use e2e::{Backend, World};
use futures_util::future::join;
use futures_util::stream::{self, StreamExt as _};

use crate::case::{Case, Outcome};
use crate::peer::Peer;
use crate::side::{Right, Side, Who};

/// How many rows are tried at once.
const AT_ONCE: usize = 8;

/// Requests that differ from the same right one.
pub(crate) struct Group {
    pub(crate) right: Right,
    pub(crate) who: Who,
    pub(crate) cases: Vec<Case>,
}

/// The whole table.
fn table() -> Vec<Group> {
    let endpoints = [
        token::groups(),
        clients::groups(),
        refresh::groups(),
        assertion::groups(),
        dpop::groups(),
        pushed::groups(),
        authorize::groups(),
        redirects::groups(),
        tokens::groups(),
        people::groups(),
    ];
    endpoints.into_iter().flatten().collect()
}

/// Neither provider asks its store in another way for a wrong request: one backend is enough.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_certified_provider_refuses_is_refused_here_or_explained_sqlite() {
    let world = World::start(Backend::Sqlite).await;
    let tenant = world.tenant("acme").await;
    let ours = Side::ours(&tenant, world.browser()).await;
    let special = |who| ours.client(who).id();
    let peer = Peer::start(&ours.metadata(), special(Who::Fapi), special(Who::Plain)).await;
    let tenant = peer.as_tenant(&tenant, &ours.client(Who::Basic).tenant.app);
    let theirs = Side::theirs(&ours, &tenant, world.browser()).await;
    let mut wrong = Vec::new();
    for group in table() {
        let outcomes = stream::iter(&group.cases).map(async |case| {
            let both = join(group.outcome(case, &ours), group.outcome(case, &theirs)).await;
            (case, both)
        });
        let outcomes: Vec<_> = outcomes.buffered(AT_ONCE).collect().await;
        for (case, outcomes) in outcomes {
            if !case.verdict.holds(&outcomes.0, &outcomes.1) {
                wrong.push(group.line(case, &outcomes));
            }
        }
        for side in [&ours, &theirs] {
            let answer = side.right(group.right, group.who).await.send().await;
            let (right, taken) = (group.right, !Outcome::of(&answer).refused());
            assert!(taken || right.is_spent(), "{right:?} {:?}: {answer:?}", group.who);
        }
    }
    assert!(wrong.is_empty(), "the table is not what happened:\n{}", wrong.join("\n"));
    world.stop().await;
}

/// The document says how many rows there are of each kind, and of which version they tell.
#[test]
fn the_document_counts_the_rows() {
    let verdicts = table().into_iter().flat_map(|group| group.cases).map(|case| case.verdict);
    let mut counts = BTreeMap::new();
    for verdict in verdicts {
        *counts.entry(verdict.kind()).or_insert(0) += 1;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let document = std::fs::read_to_string(root.join("docs/conformance.md")).unwrap();
    for (kind, count) in counts {
        let line = format!("| {kind} | {count} |");
        assert!(document.contains(&line), "docs/conformance.md lacks: {line}");
    }
    let packages = std::fs::read_to_string(root.join("tests/node/package.json")).unwrap();
    let packages: serde_json::Value = serde_json::from_str(&packages).unwrap();
    let version = packages["dependencies"]["oidc-provider"].as_str().unwrap();
    let name = format!("`oidc-provider` {version}");
    assert!(document.contains(&name), "docs/conformance.md lacks: {name}");
}

impl Group {
    async fn outcome(&self, case: &Case, side: &Side) -> Outcome {
        let right = side.right(self.right, self.who).await;
        Outcome::of(&(case.change)(right, side).send().await)
    }

    fn line(&self, case: &Case, (ours, theirs): &(Outcome, Outcome)) -> String {
        let (right, who, verdict) = (self.right, self.who, case.verdict);
        format!("{right:?} {who:?} {:?}: {verdict:?}, but ours {ours}, theirs {theirs}", case.name)
    }
}
