//! On a phone, inside the WeCom client: the ticket of a computer is opened, the person authorises at
//! WeCom, sees who signs in where, and types the number that the computer shows.

use chrono::TimeDelta;
use store::app::{self, App};
use store::audit::Event;
use store::session::Device;
use store::tenant::Tenant;
use subtle::ConstantTimeEq as _;

use super::is_same;
use super::ticket::{AUTHORISED, OUTCOME, Outcome, TICKET, TRIES, TRIES_AT_MOST, Ticketed, open};
use crate::arrive::{Completed, To};
use crate::complete::Proven;
use crate::error::{Error, Reason, Refused, Result};
use crate::interaction::{Browser, Errand, Interaction, InteractionId, Passage};
use crate::start::Start;
use crate::upstream::UpstreamIdentity;
use crate::{Broker, Visitor, journal};

/// What a person is shown before they confirm.
#[derive(Debug)]
pub struct Consenting {
    /// The phone's interaction.
    pub interaction: Interaction,
    /// The person's name, as WeCom tells it.
    pub name: Option<String>,
    /// The app that is signed in to, if it is one.
    pub app: Option<App>,
    /// The computer.
    pub device: Device,
    /// How long ago it asked.
    pub age: TimeDelta,
}

impl Broker {
    /// Whether a ticket can be opened.
    pub async fn is_open_ticket(&self, tenant: &Tenant, ticket: &str) -> Result<()> {
        self.opened(tenant, ticket).await.map(|_| ())
    }

    async fn opened(&self, tenant: &Tenant, ticket: &str) -> Result<Ticketed> {
        let found = open(self.store(), tenant.id, ticket).await?;
        found.ok_or_else(|| Refused::because(Reason::TicketUnknown))
    }

    /// Begins an interaction for a ticket, in the browser that opened it. Returns where that goes.
    pub async fn open_ticket(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        browser: &Browser,
        ticket: &str,
        language: &str,
    ) -> Result<String> {
        let opened = self.opened(tenant, ticket).await?;
        let passage = Passage::Consent { ticket: ticket.to_owned() };
        let begun = Interaction::begin(self.store(), tenant.id, passage, browser, false).await?;
        let visitor = Visitor { browser: Some(browser.clone()), ..visitor.clone() };
        let start =
            Start { identifier: &opened.source, language, panel: None, errand: Errand::SignIn };
        self.start(tenant, &begun.id, &visitor, start).await
    }

    /// The person has authorised at WeCom. Only the one who signs in at the computer goes on.
    pub(crate) async fn authorised(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        proven: &Proven<'_>,
        ticket: &str,
    ) -> Result<Completed> {
        let Proven { interaction, person, .. } = *proven;
        let opened = self.opened(tenant, ticket).await?;
        if !is_same(&opened.subject, &person.subject) {
            let reason = Reason::SomebodyElse;
            self.record_on_phone(tenant, visitor, interaction, &opened, reason.as_str()).await;
            let refused = Refused::within(reason, interaction);
            return Err(Refused { recorded: true, ..refused }.into());
        }
        let at = interaction.id.to_string();
        self.store().ephemeral.put(&AUTHORISED, tenant.id, at, person).await?;
        Ok(Completed::to(To::Consent(interaction.id.clone())))
    }

    /// What the person is about to confirm.
    pub async fn consenting(
        &self,
        tenant: &Tenant,
        id: &InteractionId,
        visitor: &Visitor,
    ) -> Result<Consenting> {
        let (interaction, _, opened, person) = self.at_phone(tenant, id, visitor).await?;
        let store = self.store();
        let app = match opened.app {
            Some(app) => app::find(&mut store.tenant(tenant.id), app).await?,
            None => None,
        };
        let age = store.env.now() - opened.at;
        let device = Device { user_agent: opened.user_agent, address: opened.address };
        Ok(Consenting { interaction, name: person.profile.name, app, device, age })
    }

    /// The phone's interaction, its open ticket, and who has authorised.
    async fn at_phone(
        &self,
        tenant: &Tenant,
        id: &InteractionId,
        visitor: &Visitor,
    ) -> Result<(Interaction, String, Ticketed, UpstreamIdentity)> {
        let interaction = self.interaction(tenant, id, visitor).await?;
        let refuse = || Error::from(Refused::within(Reason::TicketUnknown, &interaction));
        let Passage::Consent { ticket } = interaction.passage.clone() else { return Err(refuse()) };
        let store = self.store();
        let opened = open(store, tenant.id, &ticket).await?.ok_or_else(refuse)?;
        let person = store.ephemeral.get(&AUTHORISED, tenant.id, id.to_string()).await?;
        let person: UpstreamIdentity = person.ok_or_else(refuse)?;
        Ok((interaction, ticket, opened, person))
    }

    /// The person confirms, with the number that the computer shows: the values lie with the ticket,
    /// for the computer to take.
    pub async fn give_consent(
        &self,
        tenant: &Tenant,
        id: &InteractionId,
        visitor: &Visitor,
        number: &str,
    ) -> Result<()> {
        let (interaction, ticket, opened, person) = self.at_phone(tenant, id, visitor).await?;
        let tries = self.store().ephemeral.count(&TRIES, tenant.id, &ticket).await?;
        let typed: String = number.chars().filter(|c| !c.is_whitespace()).collect();
        let right: bool = typed.as_bytes().ct_eq(opened.number.as_bytes()).into();
        match (right, tries) {
            (true, 1..=TRIES_AT_MOST) => {
                let UpstreamIdentity { subject, values, .. } = person;
                let outcome = Outcome::Given { subject, values };
                self.decide(tenant, visitor, &interaction, &ticket, outcome).await
            }
            (false, 1..TRIES_AT_MOST) => {
                let reason = Reason::CodeWrong;
                self.record_on_phone(tenant, visitor, &interaction, &opened, reason.as_str()).await;
                let refused = Refused::within(reason, &interaction);
                Err(Refused { recorded: true, ..refused }.into())
            }
            _ => {
                let outcome = Outcome::TooManyTries;
                self.decide(tenant, visitor, &interaction, &ticket, outcome).await?;
                Err(Refused::within(Reason::TicketUnknown, &interaction).into())
            }
        }
    }

    /// The person refuses.
    pub async fn refuse_consent(
        &self,
        tenant: &Tenant,
        id: &InteractionId,
        visitor: &Visitor,
    ) -> Result<()> {
        let (interaction, ticket, ..) = self.at_phone(tenant, id, visitor).await?;
        self.decide(tenant, visitor, &interaction, &ticket, Outcome::Refused).await
    }

    /// Decides a ticket: of several at once, one does.
    async fn decide(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        interaction: &Interaction,
        ticket: &str,
        outcome: Outcome,
    ) -> Result<()> {
        let ephemeral = &self.store().ephemeral;
        let result = match &outcome {
            Outcome::Given { .. } => "ok",
            Outcome::Refused => Reason::DeniedUpstream.as_str(),
            Outcome::TooManyTries => Reason::TooManyRequests.as_str(),
        };
        // One mark decides. Who comes second leaves the ticket alone, or might take it away from who
        // came first, and nobody would have decided.
        let first = ephemeral.put_new(&OUTCOME, tenant.id, ticket, &outcome).await?;
        let taken: Option<Ticketed> = match first {
            true => ephemeral.take(&TICKET, tenant.id, ticket).await?,
            false => None,
        };
        let at = interaction.id.to_string();
        let _: Option<UpstreamIdentity> = ephemeral.take(&AUTHORISED, tenant.id, at).await?;
        let Some(ticketed) = taken else {
            return Err(Refused::within(Reason::TicketUnknown, interaction).into());
        };
        interaction.clone().finish(self.store(), tenant.id).await?;
        self.record_on_phone(tenant, visitor, interaction, &ticketed, result).await;
        Ok(())
    }

    /// One event for each step, which names the computer's sign-in.
    async fn record_on_phone(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        interaction: &Interaction,
        ticketed: &Ticketed,
        result: &'static str,
    ) {
        let event = journal::event("supplement.consent", result, interaction, visitor);
        let detail = serde_json::json!({ "for": ticketed.trace });
        let event = Event { app_id: ticketed.app, detail, ..event };
        let trace = Some(interaction.trace.clone());
        self.record_public(tenant.id, visitor, trace, event).await;
    }
}
