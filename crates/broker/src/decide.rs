//! Association, the decision: which user an upstream person is. Pure: everything that it rests on is
//! in the [`Question`], and the [`Verdict`] says why it fell so, for the simulator.
//!
//! ```text
//! linked? ─yes─▶ link or user off ▶ Refuse │ Linked        (the link decides, whatever else is known)
//!    │ no
//!    ├─ none ───────────────────────────────────────────▶ Create │ Refuse
//!    ├─ ask ────────────────────────────────────────────▶ Ask │ Refuse
//!    └─ field: trusted value here ∧ verified value there, over all rules
//!         two accounts or more ─▶ Refuse │ Ask with proof
//!         one ─▶ off ▶ Refuse │ has another identity of the corp ▶ Refuse │ Ask ▶ else Match
//!         none ─▶ a value is missing and can be fetched ▶ Ask │ then Create │ Ask │ Refuse
//! ```

use serde::{Deserialize, Serialize};
use store::candidate::{Candidate, Wanted};
use store::id::UserId;
use store::identity::LinkStatus;
use store::normal::{Email, Handle, Phone};
use store::policy::{AskForm, AssociationPolicy, MatchField, MatchRule, OnDoubt, OnNoMatch, Proof};
use store::source::AssociationMode;
use store::user::UserStatus;

use crate::error::Reason;

/// Whom an upstream person is linked to already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Linked {
    /// The user.
    pub user: UserId,
    /// Whether the user may sign in.
    pub status: UserStatus,
    /// Whether the link signs its person in.
    pub link: LinkStatus,
    /// Whether the person has left the corp since the upstream proved who they are.
    pub left: bool,
}

/// All that the decision rests on.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// The source's way of finding an account.
    pub association: AssociationMode,
    /// Whether the source makes no accounts.
    pub login_only: bool,
    /// The source's particulars.
    pub policy: &'a AssociationPolicy,
    /// Whether the app lets accounts be made.
    pub registration: bool,
    /// The upstream person's values.
    pub wanted: &'a Wanted,
    /// Whom the person is linked to already.
    pub linked: Option<Linked>,
    /// The accounts that the values lead to.
    pub candidates: &'a [Candidate],
    /// Whether a way is open to authorise once inside the WeCom client.
    pub consent_possible: bool,
}

/// Which user an upstream person is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The one that the person has been linked to before.
    Linked(UserId),
    /// This one, by a value that both sides trust.
    Match(UserId, MatchField),
    /// The person says, with proof.
    Ask(Ask),
    /// A new one.
    Create,
    /// None: the person is refused.
    Refuse(Reason),
}

/// What the person is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Why.
    pub why: Why,
    /// Whether they may have a new account.
    pub create: bool,
    /// How an existing account can be proved; none means that none can be bound.
    pub proofs: Vec<Proof>,
    /// How the page is laid out.
    pub form: AskForm,
    /// Whether missing values can be fetched by authorising once inside the WeCom client.
    pub consent: bool,
    /// Which missing values the person may type.
    pub typed: Vec<MatchField>,
}

/// Why the person is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Why {
    /// The source asks everybody.
    Always,
    /// No rule found an account.
    NoMatch,
    /// The rules found several accounts.
    Several,
    /// The account that was found has another identity of the corp.
    OtherIdentity,
}

/// What a rule came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The upstream person has no such value, or none with a normal form.
    NoValue,
    /// No account has the value.
    Nobody,
    /// An account has it, but only unverified.
    Unverified(UserId),
    /// An account has it verified, but the source is not trusted for it.
    Untrusted(UserId),
    /// A hit.
    Hit(UserId),
}

/// A rule and what it came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleReport {
    /// The rule.
    pub rule: MatchRule,
    /// What it came to.
    pub outcome: Outcome,
}

/// A decision, and why it fell so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The decision.
    pub decision: Decision,
    /// What each rule came to; empty where none was looked at.
    pub rules: Vec<RuleReport>,
}

/// Decides.
pub fn decide(question: &Question<'_>) -> Verdict {
    if let Some(linked) = question.linked {
        return Verdict { decision: of_linked(linked), rules: Vec::new() };
    }
    match question.association {
        AssociationMode::None => Verdict { decision: create(question), rules: Vec::new() },
        AssociationMode::Ask => Verdict { decision: ask(question, Why::Always), rules: Vec::new() },
        AssociationMode::Field => {
            let rules: Vec<RuleReport> =
                question.policy.rules.iter().map(|rule| look_at(question, *rule)).collect();
            Verdict { decision: of_field(question, &rules), rules }
        }
    }
}

/// The link decides, whoever owns the phone number by now (rule 5).
fn of_linked(linked: Linked) -> Decision {
    match (linked.link, linked.status) {
        (LinkStatus::Suspended, _) => Decision::Refuse(Reason::LinkSuspended),
        _ if linked.left => Decision::Refuse(Reason::NotAMember),
        (_, UserStatus::Active) => Decision::Linked(linked.user),
        (_, UserStatus::Suspended | UserStatus::Deleted) => Decision::Refuse(Reason::UserSuspended),
    }
}

/// What a rule compares: the upstream's key, and an account's with whether it is verified. User name
/// and external id are only ever set by an administrator.
fn compared<'a>(
    field: MatchField,
    wanted: &'a Wanted,
    account: &'a Candidate,
) -> (Option<&'a str>, Option<&'a [u8]>, bool) {
    let email = (account.email_key.as_deref(), account.email_verified);
    let (upstream, (ours, verified)) = match field {
        MatchField::Mobile => (
            wanted.mobile.as_ref().map(Phone::key),
            (account.phone_key.as_deref(), account.phone_number_verified),
        ),
        MatchField::Email => (wanted.email.as_ref().map(Email::key), email),
        MatchField::BizMail => (wanted.biz_mail.as_ref().map(Email::key), email),
        MatchField::UseridUsername => {
            (wanted.userid.as_ref().map(Handle::key), (account.username_key.as_deref(), true))
        }
        MatchField::UseridExternalId => {
            (wanted.userid.as_ref().map(Handle::key), (account.external_id_key.as_deref(), true))
        }
    };
    (upstream.filter(|key| !key.is_empty()), ours, verified)
}

fn has_value(field: MatchField, wanted: &Wanted) -> bool {
    match field {
        MatchField::Mobile => wanted.mobile.is_some(),
        MatchField::Email => wanted.email.is_some(),
        MatchField::BizMail => wanted.biz_mail.is_some(),
        MatchField::UseridUsername | MatchField::UseridExternalId => wanted.userid.is_some(),
    }
}

fn look_at(question: &Question<'_>, rule: MatchRule) -> RuleReport {
    let mut outcome = Outcome::Nobody;
    for account in question.candidates {
        let (upstream, ours, verified) = compared(rule.field, question.wanted, account);
        let Some(upstream) = upstream else {
            outcome = Outcome::NoValue;
            break;
        };
        if ours != Some(upstream.as_bytes()) {
            continue;
        }
        match (verified, rule.trusted) {
            (true, true) => {
                outcome = Outcome::Hit(account.user_id);
                break;
            }
            (true, false) => outcome = Outcome::Untrusted(account.user_id),
            (false, _) if outcome == Outcome::Nobody => {
                outcome = Outcome::Unverified(account.user_id);
            }
            (false, _) => {}
        }
    }
    if question.candidates.is_empty() && !has_value(rule.field, question.wanted) {
        outcome = Outcome::NoValue;
    }
    RuleReport { rule, outcome }
}

fn of_field(question: &Question<'_>, rules: &[RuleReport]) -> Decision {
    let mut hits = rules.iter().filter_map(|report| match report.outcome {
        Outcome::Hit(user) => Some((user, report.rule.field)),
        _ => None,
    });
    let Some((user, field)) = hits.next() else { return no_match(question, rules) };
    // Two rules that lead to two accounts are a conflict, never a choice for the machine. Also where
    // one rule leads to two, which the store rules out.
    let others = hits.any(|(other, _)| other != user) || ambiguous(question, user);
    if others {
        return match question.policy.on_several {
            OnDoubt::Refuse => Decision::Refuse(Reason::SeveralAccounts),
            OnDoubt::Ask => ask(question, Why::Several),
        };
    }
    let account = question.candidates.iter().find(|account| account.user_id == user);
    match account {
        Some(Candidate { status: UserStatus::Active, of_corp: false, .. }) => {
            Decision::Match(user, field)
        }
        Some(Candidate { status: UserStatus::Active, of_corp: true, .. }) => {
            match question.policy.on_other_identity {
                OnDoubt::Refuse => Decision::Refuse(Reason::AlreadyBound),
                OnDoubt::Ask => ask(question, Why::OtherIdentity),
            }
        }
        _ => Decision::Refuse(Reason::UserSuspended),
    }
}

/// Whether a trusted rule's value is verified for somebody else than `user`, too.
fn ambiguous(question: &Question<'_>, user: UserId) -> bool {
    let trusted = question.policy.rules.iter().filter(|rule| rule.trusted);
    let mut pairs = trusted.flat_map(|rule| question.candidates.iter().map(move |it| (rule, it)));
    pairs.any(|(rule, account)| {
        let (upstream, ours, verified) = compared(rule.field, question.wanted, account);
        account.user_id != user
            && verified
            && upstream.is_some()
            && upstream.map(str::as_bytes) == ours
    })
}

fn no_match(question: &Question<'_>, rules: &[RuleReport]) -> Decision {
    let policy = question.policy;
    let missing = rules
        .iter()
        .filter(|report| report.rule.trusted && !has_value(report.rule.field, question.wanted))
        .map(|report| report.rule.field);
    let missing: Vec<MatchField> = missing
        .filter(|field| {
            matches!(field, MatchField::Mobile | MatchField::Email | MatchField::BizMail)
        })
        .collect();
    let offers = !missing.is_empty()
        && (policy.offer_typed || (policy.offer_consent && question.consent_possible));
    match (policy.on_no_match, offers) {
        (OnNoMatch::Create, false) => create(question),
        (OnNoMatch::Create, true) => {
            Decision::Ask(Ask { proofs: Vec::new(), ..asked(question, Why::NoMatch, missing) })
        }
        (OnNoMatch::Ask, false) => ask(question, Why::NoMatch),
        (OnNoMatch::Ask, true) => Decision::Ask(asked(question, Why::NoMatch, missing)),
    }
}

/// Whether a new account may be made: login-only and an app's "no registration" are one (rule 7).
fn may_create(question: &Question<'_>) -> bool {
    !question.login_only && question.registration
}

fn create(question: &Question<'_>) -> Decision {
    match (question.login_only, question.registration) {
        (true, _) => Decision::Refuse(Reason::LoginOnly),
        (false, false) => Decision::Refuse(Reason::RegistrationClosed),
        (false, true) => Decision::Create,
    }
}

fn ask(question: &Question<'_>, why: Why) -> Decision {
    let ask = asked(question, why, Vec::new());
    // With nothing to choose there is nothing to ask.
    if ask.proofs.is_empty() && !ask.create {
        return match question.login_only {
            true => Decision::Refuse(Reason::LoginOnly),
            false => Decision::Refuse(Reason::RegistrationClosed),
        };
    }
    Decision::Ask(ask)
}

fn asked(question: &Question<'_>, why: Why, missing: Vec<MatchField>) -> Ask {
    let policy = question.policy;
    // Whose account stands in doubt proves it, or goes: a second one would hide the conflict.
    let in_doubt = matches!(why, Why::Several | Why::OtherIdentity);
    Ask {
        why,
        create: may_create(question) && !in_doubt,
        proofs: policy.proofs.clone(),
        form: policy.ask_form,
        consent: !missing.is_empty() && policy.offer_consent && question.consent_possible,
        typed: if policy.offer_typed { missing } else { Vec::new() },
    }
}

/// Whether an account that was proved may be bound to a person of the corp (rule 6).
pub fn may_bind(
    policy: &AssociationPolicy,
    status: UserStatus,
    has_of_corp: bool,
) -> Result<(), Reason> {
    match (status, has_of_corp, policy.on_other_identity) {
        (UserStatus::Suspended | UserStatus::Deleted, _, _) => Err(Reason::UserSuspended),
        (UserStatus::Active, true, OnDoubt::Refuse) => Err(Reason::AlreadyBound),
        (UserStatus::Active, _, _) => Ok(()),
    }
}

#[cfg(test)]
mod tests;
