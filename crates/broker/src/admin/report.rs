//! What rules would do, before they are switched on: to the tenant's users, and to upstream persons
//! whom the administrator lists (the corp's members are not synchronised).

use std::collections::HashMap;

use store::id::{TenantId, UserId};
use store::policy::{MatchField, MatchRule};
use store::source::{AssociationMode, Source};
use store::survey::{self, Survey};
use wecom::UserId as Userid;

use super::Links;
use super::simulate::typed;
use crate::associate::{Looked, look};
use crate::decide::{Decision, Why};
use crate::error::{Reason, Result};
use crate::upstream::UpstreamValues;

/// Most examples for each outcome.
const EXAMPLES: usize = 50;

/// What became of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Found {
    /// Linked to a user already.
    Linked,
    /// One user, by this rule.
    Matched(MatchField),
    /// Several users.
    Ambiguous,
    /// One user, who has another identity of the corp.
    OtherIdentity,
    /// One user, who is suspended.
    Suspended,
    /// Nobody.
    Unmatched,
}

impl Found {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Linked => "linked",
            Self::Matched(_) => "matched",
            Self::Ambiguous => "ambiguous",
            Self::OtherIdentity => "other_identity",
            Self::Suspended => "suspended",
            Self::Unmatched => "unmatched",
        }
    }

    fn of(looked: &Looked) -> Self {
        if looked.linked.is_some() {
            return Self::Linked;
        }
        match &looked.verdict.decision {
            Decision::Match(_, field) => Self::Matched(*field),
            Decision::Refuse(Reason::SeveralAccounts) => Self::Ambiguous,
            Decision::Refuse(Reason::AlreadyBound) => Self::OtherIdentity,
            Decision::Refuse(Reason::UserSuspended) => Self::Suspended,
            Decision::Ask(ask) if ask.why == Why::Several => Self::Ambiguous,
            Decision::Ask(ask) if ask.why == Why::OtherIdentity => Self::OtherIdentity,
            _ => Self::Unmatched,
        }
    }
}

/// A person of an outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// Who, upstream.
    pub userid: String,
    /// The user, if it is one.
    pub user: Option<UserId>,
}

/// An outcome, and how often it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum {
    /// The outcome.
    pub found: Found,
    /// How many persons.
    pub persons: u64,
    /// Some of them.
    pub examples: Vec<Example>,
}

/// What rules would do.
#[derive(Debug, Clone)]
pub struct Report {
    /// What the tenant's users have.
    pub accounts: Survey,
    /// What would become of the persons; outcomes that don't come are left out.
    pub sums: Vec<Sum>,
    /// Users whom the rules find for several of the persons: only the first one who comes gets it.
    pub contested: Vec<UserId>,
}

impl Links {
    /// What these rules would do at this source. Each person is looked up by itself, by indexes (two
    /// statements): one statement for many would need a list as its value, which the two databases
    /// write differently, or a decision of its own in SQL, which could disagree with the real one.
    pub async fn report(
        &self,
        tenant: TenantId,
        source: &Source,
        rules: Vec<MatchRule>,
        persons: &[(Userid, UpstreamValues)],
    ) -> Result<Report> {
        let mut source = source.clone();
        source.association = AssociationMode::Field;
        source.policy.rules = rules;
        let mut scope = self.store.tenant(tenant);
        let accounts = survey::count(&mut scope).await?;
        let (mut sums, mut hits) = (Vec::<Sum>::new(), HashMap::<UserId, u64>::new());
        for (userid, values) in persons {
            let person = typed(&self.store.env, &source, userid, values.clone());
            let looked = look(&mut scope, &source, None, &person, false).await?;
            let user = match looked.verdict.decision {
                Decision::Match(user, _) => {
                    *hits.entry(user).or_default() += 1;
                    Some(user)
                }
                _ => looked.linked.as_ref().map(|linked| linked.user_id),
            };
            let example = Example { userid: userid.as_received().to_owned(), user };
            note(&mut sums, Found::of(&looked), example);
        }
        let contested = hits.into_iter().filter(|(_, persons)| *persons > 1);
        let mut contested: Vec<UserId> = contested.map(|(user, _)| user).collect();
        contested.sort_unstable();
        Ok(Report { accounts, sums, contested })
    }
}

fn note(sums: &mut Vec<Sum>, found: Found, example: Example) {
    let at = sums.iter().position(|sum| sum.found == found).unwrap_or_else(|| {
        sums.push(Sum { found, persons: 0, examples: Vec::new() });
        sums.len() - 1
    });
    let sum = &mut sums[at];
    sum.persons += 1;
    if sum.examples.len() < EXAMPLES {
        sum.examples.push(example);
    }
}
