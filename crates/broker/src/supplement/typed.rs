//! A mobile number or a mail address that the person types, and WeCom confirms.
//!
//! WeCom is asked whose it is. That has to be the member who signed in just now; nobody's value and
//! somebody else's are one and the same answer, after the same work (attack R1).

use store::normal::{Email, Phone};
use store::policy::MatchField;
use store::tenant::Tenant;

use crate::arrive::Completed;
use crate::bind::Asking;
use crate::codes::Address;
use crate::dispatch::Next;
use crate::error::{Error, Reason, Refused, Result};
use crate::interaction::InteractionId;
use crate::upstream::{LooksUp as _, UpstreamFault, UpstreamValues};
use crate::{Broker, Visitor};

/// A value that somebody typed, as the field that was missing.
#[derive(Debug, Clone)]
pub enum Typed {
    /// Mobile number.
    Mobile(Phone),
    /// Mail address.
    Email(Email),
    /// The corp's mailbox.
    BizMail(Email),
}

impl Typed {
    /// What was typed into the form of a field, if that takes it.
    pub fn of(field: MatchField, address: Address) -> Option<Self> {
        match (field, address) {
            (MatchField::Mobile, Address::Phone(phone)) => Some(Self::Mobile(phone)),
            (MatchField::Email, Address::Email(email)) => Some(Self::Email(email)),
            (MatchField::BizMail, Address::Email(email)) => Some(Self::BizMail(email)),
            _ => None,
        }
    }

    fn field(&self) -> MatchField {
        match self {
            Self::Mobile(_) => MatchField::Mobile,
            Self::Email(_) => MatchField::Email,
            Self::BizMail(_) => MatchField::BizMail,
        }
    }

    fn values(&self) -> UpstreamValues {
        let nothing = UpstreamValues::default();
        match self {
            Self::Mobile(phone) => {
                UpstreamValues { mobile: Some(phone.as_str().to_owned()), ..nothing }
            }
            Self::Email(mail) => {
                UpstreamValues { email: Some(mail.as_str().to_owned()), ..nothing }
            }
            Self::BizMail(mail) => {
                UpstreamValues { biz_mail: Some(mail.as_str().to_owned()), ..nothing }
            }
        }
    }
}

impl Broker {
    /// The person typed a missing value. If WeCom says that it is theirs, it counts as WeCom's, and
    /// the decision is made anew.
    pub async fn confirm_typed(
        &self,
        tenant: &Tenant,
        id: &InteractionId,
        visitor: &Visitor,
        typed: &Typed,
    ) -> Result<Next> {
        let mut asking = self.asking(tenant, id, visitor).await?;
        let offered = asking.source.policy.offer_typed;
        if !offered || !asking.pending.ask.typed.contains(&typed.field()) {
            return Err(Refused::within(Reason::NotOffered, &asking.interaction).into());
        }
        let mut fault = None;
        let looked_up = self.look_up(tenant, &asking, typed, &mut fault).await;
        self.record_look_up(tenant, visitor, &asking, typed, (&looked_up, fault.as_ref())).await;
        looked_up.map_err(|error| already_recorded(&asking, error))?;
        self.learn(tenant, &mut asking, typed.values()).await?;
        let decided = self.decide_anew(tenant, visitor, &asking).await;
        self.noted(tenant, visitor, &asking.interaction, decided).await.map(Completed::next)
    }

    /// Asks WeCom whose the value is.
    async fn look_up(
        &self,
        tenant: &Tenant,
        asking: &Asking,
        typed: &Typed,
        told: &mut Option<UpstreamFault>,
    ) -> Result<()> {
        let person = &asking.pending.person.subject;
        let places = self.take_places(person).await?;
        match self.wecom.owner(tenant.id, &asking.source, typed).await {
            Ok(Some(owner)) if super::is_same(&owner, person) => {
                self.give_back(places).await;
                Ok(())
            }
            Ok(_) => Err(Refused::because(Reason::ValueNotConfirmed)),
            Err(failed) => {
                if !failed.may_count {
                    self.give_back(places).await;
                }
                if failed.blocked {
                    self.mark_blocked(&person.corp_id).await?;
                }
                self.act_on_fault(tenant, &asking.source, &failed.fault).await?;
                let reason = failed.fault.reason;
                *told = Some(failed.fault);
                Err(Refused::because(reason))
            }
        }
    }

    /// One event for each look-up, without the value.
    async fn record_look_up(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        asking: &Asking,
        typed: &Typed,
        (outcome, fault): (&Result<()>, Option<&UpstreamFault>),
    ) {
        let result = match outcome {
            Ok(()) => "ok",
            Err(Error::Refused(refused)) => refused.reason.as_str(),
            Err(_) => return,
        };
        let detail = serde_json::json!({
            "field": typed.field().as_str(),
            "errcode": fault.and_then(|fault| fault.errcode),
            "hint": fault.and_then(|fault| fault.hint.clone()),
        });
        self.record_supplement(tenant, visitor, asking, ("supplement.typed", result), detail).await;
    }
}

/// A refusal that has its event, with what its page needs.
fn already_recorded(asking: &Asking, error: Error) -> Error {
    let Error::Refused(refused) = error else { return error };
    let Asking { interaction, app, source, .. } = asking;
    Error::from(Refused {
        recorded: true,
        app: app.clone(),
        source: Some(source.clone()),
        retry: Some(interaction.id.clone()),
        ..Refused::within(refused.reason, interaction)
    })
}
