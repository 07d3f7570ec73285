//! Asking who somebody is here, and acting on the answer: a new account, or an existing one with
//! proof (rule 6). The person is known upstream; see `pending.rs` for what is remembered of them.
//!
//! ```text
//! asking ─▶ the page ─┬─ create_account ────────────────────────────────┐
//!                     ├─ a proof ─▶ Proved ─▶ the page names the account │
//!                     │             and the person ─▶ confirm_binding ───┴─▶ arrive
//!                     └─ supplement.rs fetches a missing value ─▶ decided anew
//! ```
//! Everything is looked at again at each step: what was switched off in between refuses here.

use secrecy::SecretString;
use store::TenantWrite;
use store::account;
use store::app::App;
use store::id::UserId;
use store::identity::{self, LinkStatus};
use store::link_event::LinkKind;
use store::policy::{AskForm, Proof};
use store::session;
use store::source::Source;
use store::tenant::Tenant;
use store::user::{self, User, UserStatus};

use crate::arrive::{Completed, To};
use crate::associate::{Arrival, Associated, How, Known, associate, create_asked, link, look};
use crate::codes::{Address, CodePurpose, CodeRequest};
use crate::complete::{Proven, consent_source};
use crate::decide::{Ask, Decision, may_bind};
use crate::dispatch::Next;
use crate::error::{Error, Reason, Refused, Result};
use crate::evidence::Evidence;
use crate::interaction::{Interaction, InteractionId};
use crate::pending::{Pending, Proved};
use crate::{Broker, Visitor};

/// A person who is being asked, with all that the page needs.
#[derive(Debug)]
pub struct Asking {
    /// The interaction.
    pub interaction: Interaction,
    /// The app that the person came from, if they came from one.
    pub app: Option<App>,
    /// The source that they came by.
    pub source: Source,
    /// Who they are upstream, and what they are asked.
    pub pending: Pending,
    /// The account that they have proved to be theirs and may bind.
    pub proved: Option<User>,
    /// The source by which missing values can be fetched, if that is offered.
    pub consent: Option<Source>,
}

impl Broker {
    /// Who is being asked in this interaction, in this browser.
    pub async fn asking(
        &self,
        tenant: &Tenant,
        id: &InteractionId,
        visitor: &Visitor,
    ) -> Result<Asking> {
        let interaction = self.interaction(tenant, id, visitor).await?;
        let mut pending = Pending::find(self.store(), tenant.id, id).await?;
        if !self.notifier.has_mail() {
            pending.ask.proofs.retain(|proof| *proof != Proof::EmailCode);
        }
        let source = self.usable_source(tenant, &interaction, &pending.identifier).await?;
        if source.id != pending.source {
            return Err(Refused::within(Reason::SourceDisabled, &interaction).into());
        }
        let mut scope = self.store().tenant(tenant.id);
        let app = self.usable_app(&mut scope, &interaction).await?;
        let consent = match pending.ask.consent {
            true => consent_source(&mut scope, &interaction, &source).await?,
            false => None,
        };
        let proved = match pending.proved(self.store().env.now()) {
            Some(proved) => user::find(&mut scope, proved.user).await?,
            None => None,
        };
        Ok(Asking { interaction, app, source, pending, proved, consent })
    }

    /// The person wants a new account.
    pub async fn create_account(
        &self,
        tenant: &Tenant,
        id: &InteractionId,
        visitor: &Visitor,
    ) -> Result<Next> {
        self.answered(tenant, id, visitor, Answer::Create).await
    }

    /// The person confirms that the account which they proved is to be bound to them.
    pub async fn confirm_binding(
        &self,
        tenant: &Tenant,
        id: &InteractionId,
        visitor: &Visitor,
    ) -> Result<Next> {
        self.answered(tenant, id, visitor, Answer::Bind).await
    }

    /// The person does not want the account which they proved, or chose the wrong one.
    pub async fn forget_proof(
        &self,
        tenant: &Tenant,
        id: &InteractionId,
        visitor: &Visitor,
    ) -> Result<()> {
        let mut asking = self.asking(tenant, id, visitor).await?;
        asking.pending.proved = None;
        asking.pending.keep(self.store(), tenant.id, id).await
    }

    /// Decides anew, after a missing value was fetched. The caller records a refusal.
    pub(crate) async fn decide_anew(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        asking: &Asking,
    ) -> Result<Completed> {
        self.act_on_answer(tenant, visitor, asking, Answer::Anew).await
    }

    /// Acts on an answer, and records a refusal.
    async fn answered(
        &self,
        tenant: &Tenant,
        id: &InteractionId,
        visitor: &Visitor,
        answer: Answer<'_>,
    ) -> Result<Next> {
        let asking = self.asking(tenant, id, visitor).await?;
        match self.act_on_answer(tenant, visitor, &asking, answer).await {
            Ok(completed) => Ok(completed.next()),
            Err(Error::Refused(mut refused)) => {
                refused.trace.get_or_insert_with(|| asking.interaction.trace.clone());
                refused.app = refused.app.take().or_else(|| asking.app.clone());
                refused.source = refused.source.take().or_else(|| Some(asking.source.clone()));
                self.record_refusal(tenant, visitor, &mut refused, None).await;
                Err(Error::Refused(refused))
            }
            Err(other) => Err(other),
        }
    }

    /// Acts on an answer. Of two at once the slower one is begun anew, and finds the link.
    async fn act_on_answer(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        asking: &Asking,
        answer: Answer<'_>,
    ) -> Result<Completed> {
        let mut tries_left = 3;
        loop {
            let tx = self.store().begin(tenant.id).await?;
            match self.answered_with(tx, tenant, visitor, asking, answer).await {
                Err(Error::Store(store::Error::Conflict)) if tries_left > 0 => tries_left -= 1,
                outcome => return outcome,
            }
        }
    }

    async fn answered_with(
        &self,
        mut tx: TenantWrite,
        tenant: &Tenant,
        visitor: &Visitor,
        asking: &Asking,
        answer: Answer<'_>,
    ) -> Result<Completed> {
        let env = &self.store().env;
        let Asking { interaction, app, source, pending, .. } = asking;
        let person = &pending.person;
        let possible = consent_source(&mut tx, interaction, source).await?.is_some();
        let arrival =
            Arrival { interaction, source, app: app.as_ref(), person, consent_possible: possible };
        let looked = look(&mut tx, source, app.as_ref(), person, possible).await?;
        let refuse = |reason| Err(Error::from(Refused::within(reason, interaction)));
        let known = match (looked.verdict.decision, answer) {
            (Decision::Ask(ask), Answer::Create) if ask.create => {
                create_asked(&mut tx, env, arrival).await?
            }
            (Decision::Ask(ask), Answer::CreateWith(address)) if ask.create => {
                let known = create_asked(&mut tx, env, arrival).await?;
                let (email, phone) = (address.email(), address.phone());
                account::set_verified(&mut tx, env, known.user, email, phone).await?;
                known
            }
            (Decision::Ask(_), Answer::Create | Answer::CreateWith(_)) => {
                return refuse(Reason::NotOffered);
            }
            (Decision::Ask(ask), Answer::Bind) => {
                let Some(proved) = pending.proved(env.now()) else {
                    return refuse(Reason::SignInFirst);
                };
                self.bind(&mut tx, arrival, &ask, proved).await?
            }
            (Decision::Ask(ask), Answer::Anew) => {
                drop(tx);
                let asked = Pending { ask, proved: None, ..pending.clone() };
                asked.keep(self.store(), tenant.id, &interaction.id).await?;
                return Ok(Completed::to(To::Bind(interaction.id.clone())));
            }
            // Linked meanwhile, in another tab or by an administrator, or the settings changed.
            _ => match associate(&mut tx, env, arrival).await? {
                Associated::User(known) => known,
                Associated::Refused(reason) => return refuse(reason),
                Associated::Ask(_) => return Err(store::Error::Conflict.into()),
            },
        };
        let proven = Proven { interaction, source, person };
        self.arrive_by_source(tx, tenant, visitor, &proven, known).await
    }

    /// Binds the account that was proved to the person. Whoever was signed in to it is signed out: it
    /// may have been somebody who should not be (attack M8).
    async fn bind(
        &self,
        tx: &mut TenantWrite,
        arrival: Arrival<'_>,
        ask: &Ask,
        proved: &Proved,
    ) -> Result<Known> {
        let env = &self.store().env;
        let refuse = |reason| Error::from(Refused::within(reason, arrival.interaction));
        if !ask.proofs.contains(&proved.by.proof()) {
            return Err(refuse(Reason::NotOffered));
        }
        let account = user::lock(tx, proved.user).await?.ok_or(store::Error::Conflict)?;
        let of_corp = identity::has_of_corp(tx, proved.user, &arrival.source.corp_id).await?;
        may_bind(&arrival.source.policy, account.status, of_corp).map_err(refuse)?;
        if !proved.by.holds(tx, proved.user).await? {
            return Err(refuse(Reason::SignInFirst));
        }
        session::end_all_of_user(tx, env, proved.user).await?;
        let rule = Some(proved.by.proof().as_str());
        let identity = link(tx, env, proved.user, arrival, LinkKind::Bind, rule).await?;
        user::refresh_profile(tx, env, proved.user, &arrival.person.profile).await?;
        Ok(Known { user: proved.user, identity, how: How::Bound })
    }

    /// The person proves an account by its name and password.
    pub async fn prove_by_password(
        &self,
        tenant: &Tenant,
        id: &InteractionId,
        visitor: &Visitor,
        name: &str,
        password: SecretString,
    ) -> Result<Next> {
        let asking = self.asking(tenant, id, visitor).await?;
        let interaction = asking.interaction.clone();
        let result = async {
            Self::offers(&asking, Proof::Password)?;
            let (user, by) = self.verify_password(tenant, visitor, name, password).await?;
            Box::pin(self.proved(tenant, asking, user, by)).await
        };
        let result = result.await;
        self.noted(tenant, visitor, &interaction, result).await.map(Completed::next)
    }

    /// Sends a code by which the person can prove an account. In one form also to an address that
    /// nobody has: it makes a new account.
    pub async fn send_binding_code(
        &self,
        tenant: &Tenant,
        id: &InteractionId,
        visitor: &Visitor,
        address: &Address,
    ) -> Result<()> {
        let asking = self.asking(tenant, id, visitor).await?;
        Self::offers(&asking, proof_by(address))?;
        let to_anybody = asking.pending.ask.create && asking.pending.ask.form == AskForm::OneForm;
        let request = CodeRequest { address, to_anybody };
        let (purpose, interaction) = (CodePurpose::Bind, &asking.interaction);
        self.send_code(tenant, visitor, interaction, purpose, request).await
    }

    /// The person proves an account by the code that was sent to it.
    pub async fn prove_by_code(
        &self,
        tenant: &Tenant,
        id: &InteractionId,
        visitor: &Visitor,
        code: &str,
    ) -> Result<Next> {
        let asking = self.asking(tenant, id, visitor).await?;
        let interaction = asking.interaction.clone();
        let purpose = CodePurpose::Bind;
        let confirmed = self.confirm_code(tenant, visitor, &interaction, purpose, code).await;
        let confirmed = self.noted(tenant, visitor, &interaction, confirmed).await?;
        let result = async {
            Self::offers(&asking, proof_by(&confirmed.address))?;
            match confirmed.user {
                Some(user) => {
                    let by = Evidence::from(&confirmed.address);
                    Box::pin(self.proved(tenant, asking, user, by)).await.map(Completed::next)
                }
                None if asking.pending.ask.form == AskForm::OneForm => {
                    let answer = Answer::CreateWith(&confirmed.address);
                    Box::pin(self.answered(tenant, id, visitor, answer)).await
                }
                None => Err(Refused::within(Reason::CodeWrong, &interaction).into()),
            }
        };
        let result = result.await;
        self.noted(tenant, visitor, &interaction, result).await
    }

    /// Whether a proof is one of those that the person may give here.
    fn offers(asking: &Asking, by: Proof) -> Result<()> {
        if asking.pending.ask.proofs.contains(&by) {
            return Ok(());
        }
        Err(Refused::within(Reason::NotOffered, &asking.interaction).into())
    }

    /// The person proved an account by signing in with another source that it is linked to.
    pub(crate) async fn prove_by_source(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        proven: &Proven<'_>,
    ) -> Result<Completed> {
        let asking = self.asking(tenant, &proven.interaction.id, visitor).await?;
        let mut scope = self.store().tenant(tenant.id);
        let linked = identity::linked_user(&mut scope, &proven.person.subject).await?;
        let linked = linked.filter(|linked| {
            linked.status == UserStatus::Active && linked.link_status == LinkStatus::Active
        });
        let Some(linked) = linked else {
            return Err(Refused::within(Reason::ProofFailed, proven.interaction).into());
        };
        let by = Evidence::Link(linked.identity_id, proven.person.proven_at);
        self.proved(tenant, asking, linked.user_id, by).await
    }

    /// Remembers which account the person has proved. The page then says which it is, and asks.
    pub(crate) async fn proved(
        &self,
        tenant: &Tenant,
        asking: Asking,
        user: UserId,
        by: Evidence,
    ) -> Result<Completed> {
        Self::offers(&asking, by.proof())?;
        let Asking { interaction, mut pending, source, .. } = asking;
        let refuse = |reason| Error::from(Refused::within(reason, &interaction));
        let mut scope = self.store().tenant(tenant.id);
        let account = user::find(&mut scope, user).await?;
        let account = account.ok_or_else(|| refuse(Reason::UserSuspended))?;
        let of_corp = identity::has_of_corp(&mut scope, user, &source.corp_id).await?;
        // Said here already, where the person can still prove another one.
        may_bind(&source.policy, account.status, of_corp).map_err(refuse)?;
        pending.proved = Some(Proved { user, by, at: self.store().env.now() });
        pending.keep(self.store(), tenant.id, &interaction.id).await?;
        Ok(Completed::to(To::Bind(interaction.id.clone())))
    }
}

fn proof_by(address: &Address) -> Proof {
    match address {
        Address::Email(_) => Proof::EmailCode,
        Address::Phone(_) => Proof::SmsCode,
    }
}

/// What the person answered.
#[derive(Clone, Copy)]
enum Answer<'a> {
    /// A new account.
    Create,
    /// A new account, with an address that a code has just proved and that nobody else has.
    CreateWith(&'a Address),
    /// The account that they proved.
    Bind,
    /// Nothing yet; a missing value has come.
    Anew,
}
