//! Missing values: where a sign-in by QR code tells no phone number, the person can have it fetched.
//!
//! ```text
//! asked, a value is missing ─┬─ typed.rs     types it ─▶ WeCom says whose it is ────────────────┐
//!                            ├─ in the client: on to WeCom, and back ─▶ consented ──────────────┤
//!                            └─ computer.rs  shows a ticket (QR code) and a number              ├▶ decided
//!                                 phone.rs   ticket ─▶ WeCom ─▶ authorised ─▶ types the number  │  anew
//!                                            ─▶ the values lie with the ticket                  │
//!                               computer.rs  goes on: takes them, once ──────────────────────────┘
//! ```
//! All of it proves the upstream side alone: whether an account is matched by the value is up to the
//! rules, as ever (rule 5). Whoever authorises or is looked up has to be the person who is asked. The
//! phone gets no session by it, and the computer nothing by the ticket: it asks for its interaction,
//! in its own browser (attacks M2, M14).

mod computer;
mod limits;
mod phone;
mod ticket;
mod typed;

use serde_json::Value;
use store::audit::Event;
use store::identity::Subject;
use store::normal::{Email, Phone};
use store::tenant::Tenant;

pub use self::computer::{AfterConsent, OnComputer};
pub use self::phone::Consenting;
pub use self::ticket::Standing;
pub use self::typed::Typed;
use crate::arrive::Completed;
use crate::bind::Asking;
use crate::complete::Proven;
use crate::error::{Reason, Refused, Result};
use crate::upstream::{UpstreamIdentity, UpstreamValues};
use crate::{Broker, Visitor, journal};

/// Whether both are one upstream person: of one corp, by the userid as it is compared.
fn is_same(one: &Subject, other: &Subject) -> bool {
    one.corp_id == other.corp_id && one.subject == other.subject
}

/// Takes in what was told later. What can be read already stays: it came with the sign-in itself.
fn fill(person: &mut UpstreamIdentity, told: UpstreamValues) {
    fn put(known: &mut Option<String>, told: Option<String>, is_read: fn(&str) -> bool) {
        if told.is_some() && !known.as_deref().is_some_and(is_read) {
            *known = told;
        }
    }
    let is_mail = |text: &str| Email::parse(text).is_ok();
    let UpstreamIdentity { profile, values, .. } = person;
    put(&mut values.mobile, told.mobile, |text| Phone::parse(text).is_ok());
    put(&mut values.email, told.email, is_mail);
    put(&mut values.biz_mail, told.biz_mail, is_mail);
    let mail = || values.biz_mail.clone().or_else(|| values.email.clone());
    profile.email = profile.email.take().or_else(mail);
    profile.phone_number = profile.phone_number.take().or_else(|| values.mobile.clone());
}

impl Broker {
    /// The person who is being asked has authorised, in this browser, inside the WeCom client.
    pub(crate) async fn consented(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        proven: &Proven<'_>,
    ) -> Result<Completed> {
        let mut asking = self.asking(tenant, &proven.interaction.id, visitor).await?;
        let refuse = |reason| Refused::within(reason, proven.interaction);
        if asking.consent.is_none() {
            return Err(refuse(Reason::NotOffered).into());
        }
        let same = is_same(&asking.pending.person.subject, &proven.person.subject);
        let reason = Reason::SomebodyElse;
        let result = if same { "ok" } else { reason.as_str() };
        let event = ("supplement.consent", result);
        self.record_supplement(tenant, visitor, &asking, event, Value::default()).await;
        if !same {
            return Err(Refused { recorded: true, ..refuse(reason) }.into());
        }
        self.learn(tenant, &mut asking, proven.person.values.clone()).await?;
        self.decide_anew(tenant, visitor, &asking).await
    }

    /// Adds values to the person who is being asked.
    async fn learn(
        &self,
        tenant: &Tenant,
        asking: &mut Asking,
        values: UpstreamValues,
    ) -> Result<()> {
        fill(&mut asking.pending.person, values);
        asking.pending.keep(self.store(), tenant.id, &asking.interaction.id).await
    }

    /// One event for each step, without values.
    async fn record_supplement(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        asking: &Asking,
        (action, result): (&'static str, &'static str),
        detail: Value,
    ) {
        let detail = if detail.is_null() { serde_json::json!({}) } else { detail };
        let event = journal::event(action, result, &asking.interaction, visitor);
        let event = Event { source_id: Some(asking.source.id), detail, ..event };
        let trace = Some(asking.interaction.trace.clone());
        self.record_public(tenant.id, visitor, trace, event).await;
    }
}
