//! Association, the act: asks the store what the decision rests on, has it decided (`decide.rs`), and
//! writes what came out, with an event in the journal of links.

use serde_json::json;
use store::app::App;
use store::audit::ActorKind;
use store::candidate::{self, Candidate, Wanted};
use store::departure;
use store::id::{IdentityId, UserId};
use store::identity::{self, LinkedUser};
use store::link_event::{self, LinkEvent, LinkKind};
use store::normal::{Email, Handle, Phone};
use store::policy::MatchField;
use store::session;
use store::source::{AssociationMode, Source, SourceMode};
use store::user::{self, Origin, Profile};
use store::{Env, Scope, TenantWrite};

use crate::decide::{Ask, Decision, Linked, Outcome, Question, Verdict, decide};
use crate::error::{Error, Reason, Refused, Result};
use crate::interaction::Interaction;
use crate::upstream::UpstreamIdentity;

/// What an upstream person turned out to be.
pub(crate) enum Associated {
    /// This user.
    User(Known),
    /// To be asked.
    Ask(Ask),
    /// To be refused.
    Refused(Reason),
}

/// A user who was found or made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    pub(crate) user: UserId,
    pub(crate) identity: IdentityId,
    pub(crate) how: How,
}

/// How a user was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// By the link.
    Linked,
    /// By a rule, just now.
    Matched(MatchField),
    /// Made, just now.
    Created,
    /// Bound by the person, just now.
    Bound,
}

/// Who comes, by what, and for what.
#[derive(Clone, Copy)]
pub(crate) struct Arrival<'a> {
    pub(crate) interaction: &'a Interaction,
    pub(crate) source: &'a Source,
    pub(crate) app: Option<&'a App>,
    pub(crate) person: &'a UpstreamIdentity,
    /// Whether a way is open to authorise once inside the WeCom client.
    pub(crate) consent_possible: bool,
}

/// The values of an upstream person in their normal forms. An agency app's userid is encrypted: it is
/// no name of anybody.
pub(crate) fn wanted(source: &Source, person: &UpstreamIdentity) -> Wanted {
    let read = |text: &Option<String>| text.as_deref().and_then(|text| Email::parse(text).ok());
    let values = &person.values;
    Wanted {
        mobile: values.mobile.as_deref().and_then(|text| Phone::parse(text).ok()),
        email: read(&values.email),
        biz_mail: read(&values.biz_mail),
        userid: (source.mode == SourceMode::SelfBuilt)
            .then(|| Handle::parse(&person.subject.userid).ok())
            .flatten(),
    }
}

/// What was asked of the store, and what the decision was.
pub(crate) struct Looked {
    pub(crate) linked: Option<LinkedUser>,
    pub(crate) verdict: Verdict,
    pub(crate) wanted: Wanted,
}

/// Looks everything up and decides; writes nothing.
pub(crate) async fn look(
    scope: &mut impl Scope,
    source: &Source,
    app: Option<&App>,
    person: &UpstreamIdentity,
    consent_possible: bool,
) -> Result<Looked> {
    let mut linked = identity::linked_user(scope, &person.subject).await?;
    let wanted = wanted(source, person);
    let candidates = match (&linked, source.association) {
        (None, AssociationMode::Field) => {
            candidate::verified(scope, &source.corp_id, &wanted).await?
        }
        _ => Vec::new(),
    };
    if !candidates.is_empty() {
        // In another tab the same person may just have been linked, which the candidates know already.
        linked = identity::linked_user(scope, &person.subject).await?;
    }
    let question = Question {
        association: source.association,
        login_only: source.login_only,
        policy: &source.policy,
        // Nobody gets an account without an app to get it for.
        registration: app.is_some_and(|app| app.registration),
        wanted: &wanted,
        linked: linked.as_ref().map(|linked| Linked {
            user: linked.user_id,
            status: linked.status,
            link: linked.link_status,
            left: departure::is_since(linked.left_at, person.proven_at),
        }),
        candidates: &candidates,
        consent_possible,
    };
    Ok(Looked { verdict: decide(&question), linked, wanted })
}

/// Decides and acts in the transaction. Of two first sign-ins of one person at once, one makes the
/// link; the other's transaction is refused with [`store::Error::Conflict`] and has to be begun
/// anew, and then finds it.
pub(crate) async fn associate(
    tx: &mut TenantWrite,
    env: &Env,
    arrival: Arrival<'_>,
) -> Result<Associated> {
    let Arrival { source, app, person, .. } = arrival;
    let looked = look(tx, source, app, person, arrival.consent_possible).await?;
    let name = person.profile.name.as_deref();
    Ok(match looked.verdict.decision {
        Decision::Refuse(reason) => Associated::Refused(reason),
        Decision::Ask(ask) => Associated::Ask(ask),
        Decision::Linked(user) => {
            let linked = looked.linked.ok_or(store::Error::Conflict)?;
            // The user before the link, as everywhere.
            if tells_news(&linked, &person.profile) {
                user::refresh_profile(tx, env, user, &person.profile).await?;
            }
            identity::touch(tx, env, linked.identity_id, name, person.proven_at).await?;
            Associated::User(Known { user, identity: linked.identity_id, how: How::Linked })
        }
        Decision::Match(user, field) => {
            // Suspended or deleted since it was looked at: decided anew.
            // Nobody changes or links it now. Was it changed since it was looked at?
            user::lock(tx, user).await?;
            let again = look(tx, source, app, person, arrival.consent_possible).await?;
            if again.verdict.decision != Decision::Match(user, field) {
                return Err(store::Error::Conflict.into());
            }
            // Whoever is signed in to it may be somebody who should not be (attack M8).
            session::end_all_of_user(tx, env, user).await?;
            let identity = link(tx, env, user, arrival, LinkKind::Match, Some(field.as_str()));
            let identity = identity.await?;
            user::refresh_profile(tx, env, user, &person.profile).await?;
            Associated::User(Known { user, identity, how: How::Matched(field) })
        }
        Decision::Create => Associated::User(create(tx, env, arrival, &looked).await?),
    })
}

/// Makes a user of its own for the person.
async fn create(
    tx: &mut TenantWrite,
    env: &Env,
    arrival: Arrival<'_>,
    looked: &Looked,
) -> Result<Known> {
    // Before there is another account with these values: the person's own.
    let evidence = match arrival.source.association {
        AssociationMode::Field => {
            let unproven =
                candidate::unverified(tx, &arrival.source.corp_id, &looked.wanted).await?;
            likely_duplicates(looked, &unproven)
        }
        _ => json!({}),
    };
    let user = user::create(tx, env, &arrival.person.profile).await?.id;
    let identity = link_with(tx, env, user, arrival, LinkKind::Create, None, evidence).await?;
    Ok(Known { user, identity, how: How::Created })
}

/// Makes a user for a person who was asked and wants a new account.
pub(crate) async fn create_asked(
    tx: &mut TenantWrite,
    env: &Env,
    arrival: Arrival<'_>,
) -> Result<Known> {
    let user = user::create(tx, env, &arrival.person.profile).await?.id;
    let identity = link(tx, env, user, arrival, LinkKind::Create, Some("asked")).await?;
    Ok(Known { user, identity, how: How::Created })
}

/// Accounts that probably are the same person's, but that nothing proves: for an administrator to
/// look at (pain 8).
fn likely_duplicates(looked: &Looked, unproven: &[Candidate]) -> serde_json::Value {
    let untrusted = looked.verdict.rules.iter().filter_map(|report| match report.outcome {
        Outcome::Untrusted(user) => Some(user),
        _ => None,
    });
    let mut users: Vec<UserId> =
        untrusted.chain(unproven.iter().map(|account| account.user_id)).collect();
    users.sort_unstable();
    users.dedup();
    if users.is_empty() { json!({}) } else { json!({ "likely_duplicates": users }) }
}

/// Links the person to a user and records it.
pub(crate) async fn link(
    tx: &mut TenantWrite,
    env: &Env,
    user: UserId,
    arrival: Arrival<'_>,
    kind: LinkKind,
    rule: Option<&'static str>,
) -> Result<IdentityId> {
    link_with(tx, env, user, arrival, kind, rule, json!({})).await
}

#[expect(clippy::too_many_arguments, reason = "each is a part of one event of the journal")]
async fn link_with(
    tx: &mut TenantWrite,
    env: &Env,
    user: UserId,
    arrival: Arrival<'_>,
    kind: LinkKind,
    rule: Option<&'static str>,
    evidence: serde_json::Value,
) -> Result<IdentityId> {
    let Arrival { interaction, source, person, .. } = arrival;
    let held = departure::hold(tx, &person.subject).await?.if_member_at(person.proven_at);
    let held = held.ok_or_else(|| Refused::within(Reason::NotAMember, interaction))?;
    let name = person.profile.name.as_deref();
    let identity = identity::link(tx, env, user, held, name)
        .await?
        .ok_or(Error::Store(store::Error::Conflict))?;
    let event = LinkEvent {
        kind,
        user_id: user,
        subject: person.subject.clone(),
        source_id: Some(source.id),
        app_id: interaction.app(),
        rule,
        evidence,
        actor_kind: ActorKind::User,
        actor_id: Some(user.0),
        trace: Some(interaction.trace.clone()),
    };
    link_event::record(tx, env, event).await?;
    Ok(identity)
}

/// Whether the upstream told something that we do not have yet and take from it. Nothing is no news.
fn tells_news(known: &LinkedUser, told: &Profile) -> bool {
    let ours = known.origin == Origin::Console;
    let differs = |told: &Option<String>, known: &Option<String>| told.is_some() && told != known;
    let name = match ours {
        true => known.name.is_none() && told.name.is_some(),
        false => differs(&told.name, &known.name),
    };
    name || (!ours && !known.email_verified && differs(&told.email, &known.email))
        || (!ours
            && !known.phone_number_verified
            && differs(&told.phone_number, &known.phone_number))
        || differs(&told.picture, &known.picture)
}
