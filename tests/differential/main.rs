//! The same wrong requests to Hufu and to a certified provider that is not ours, `oidc-provider` of
//! npm: wherever that one refuses and Hufu does not, the table says why.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod case;
mod peer;
mod side;
mod token;

use e2e::on_every_backend;

use crate::case::{Case, Outcome};
use crate::peer::Peer;
use crate::side::{Right, Side, Who};

/// Requests that differ from the same right one.
pub(crate) struct Group {
    pub(crate) right: Right,
    pub(crate) who: Who,
    pub(crate) cases: Vec<Case>,
}

/// The whole table.
fn table() -> Vec<Group> {
    [token::groups()].into_iter().flatten().collect()
}

on_every_backend! {
    async fn what_a_certified_provider_refuses_is_refused_here_or_explained(world: World) {
        let tenant = world.tenant("acme").await;
        let ours = Side::ours(&tenant, world.browser()).await;
        let special = |who| ours.client(who).id();
        let peer = Peer::start(&ours.metadata(), special(Who::Fapi), special(Who::Plain)).await;
        let tenant = peer.as_tenant(&tenant, &ours.client(Who::Basic).tenant.app);
        let theirs = Side::theirs(&ours, &tenant, world.browser()).await;
        let mut wrong = Vec::new();
        for group in table() {
            for case in &group.cases {
                let outcomes = tokio::join!(group.outcome(case, &ours), group.outcome(case, &theirs));
                if !case.verdict.holds(&outcomes.0, &outcomes.1) {
                    wrong.push(group.line(case, &outcomes));
                }
            }
            for side in [&ours, &theirs] {
                let answer = side.right(group.right, group.who).await.send().await;
                // One that is spent is refused, and was taken when it was not.
                let spent = matches!(group.right, Right::SpentCode | Right::SpentRefresh);
                assert!(spent || !Outcome::of(&answer).refused(), "{:?}: {answer:?}", group.right);
            }
        }
        assert!(wrong.is_empty(), "the table is not what happened:\n{}", wrong.join("\n"));
    }
}

impl Group {
    async fn outcome(&self, case: &Case, side: &Side) -> Outcome {
        let right = side.right(self.right, self.who).await;
        Outcome::of(&(case.change)(right, side).send().await)
    }

    fn line(&self, case: &Case, (ours, theirs): &(Outcome, Outcome)) -> String {
        let (right, who, verdict) = (self.right, self.who, case.verdict);
        format!(
            "{right:?} {who:?} {:?}: {verdict:?}, but ours {ours:?}, theirs {theirs:?}",
            case.name
        )
    }
}
