//! On a computer: the page that shows a ticket, and going on when a phone has authorised it.

use store::session::Device;
use store::tenant::Tenant;

use super::is_same;
use super::ticket::{OUTCOME, Outcome, SHOWN, Shown, Standing, TICKET, Ticketed, shown, standing};
use crate::arrive::Completed;
use crate::bind::Asking;
use crate::dispatch::Next;
use crate::error::{Error, Reason, Refused, Result};
use crate::interaction::InteractionId;
use crate::{Broker, Visitor};

/// What the computer's page shows.
#[derive(Debug)]
pub struct OnComputer {
    /// Who is being asked.
    pub asking: Asking,
    /// The address that the phone opens.
    pub link: String,
    /// The number that the person types there.
    pub number: String,
}

/// What comes of going on.
#[derive(Debug)]
pub enum AfterConsent {
    /// The values were there: this comes next.
    Next(Next),
    /// They were not, for this reason.
    Not(Standing),
}

impl Broker {
    /// Makes a ticket for this asking. One that was made before is worth nothing any more.
    pub async fn ask_consent(
        &self,
        tenant: &Tenant,
        id: &InteractionId,
        visitor: &Visitor,
    ) -> Result<()> {
        let asking = self.asking(tenant, id, visitor).await?;
        let Some(source) = &asking.consent else {
            return Err(Refused::within(Reason::NotOffered, &asking.interaction).into());
        };
        let (store, interaction) = (self.store(), &asking.interaction);
        // 22 letters and digits are 131 bits.
        let shown = Shown { ticket: store.env.alphanumeric(22)?, number: self.number()? };
        let Device { user_agent, address } = visitor.device();
        let ticketed = Ticketed {
            interaction: id.clone(),
            trace: interaction.trace.clone(),
            subject: asking.pending.person.subject.clone(),
            app: interaction.app(),
            source: source.identifier.clone(),
            number: shown.number.clone(),
            user_agent,
            address,
            at: store.env.now(),
        };
        let ephemeral = &store.ephemeral;
        let before: Option<Shown> = ephemeral.get(&SHOWN, tenant.id, id.to_string()).await?;
        ephemeral.put(&TICKET, tenant.id, &shown.ticket, &ticketed).await?;
        ephemeral.put(&SHOWN, tenant.id, id.to_string(), &shown).await?;
        if let Some(before) = before {
            let _: Option<Ticketed> = ephemeral.take(&TICKET, tenant.id, &before.ticket).await?;
        }
        let event = ("supplement.consent", "asked");
        self.record_supplement(tenant, visitor, &asking, event, serde_json::Value::Null).await;
        Ok(())
    }

    /// Two digits that are typed as they are seen: none begins with 0.
    fn number(&self) -> Result<String> {
        loop {
            let [byte] = self.store().env.bytes::<1>()?;
            // The last whole ninety below 256: no number is more likely than another.
            if byte < 180 {
                return Ok((byte % 90 + 10).to_string());
            }
        }
    }

    /// How it stands with the asking of this interaction, in this browser.
    pub async fn consent_standing(
        &self,
        tenant: &Tenant,
        id: &InteractionId,
        visitor: &Visitor,
    ) -> Result<Standing> {
        let interaction = self.interaction(tenant, id, visitor).await?;
        match shown(self.store(), tenant.id, &interaction.id).await? {
            Some(shown) => standing(self.store(), tenant.id, &shown).await,
            None => Ok(Standing::NotAsked),
        }
    }

    /// What the computer's page shows; nothing if there is no ticket.
    pub async fn on_computer(
        &self,
        tenant: &Tenant,
        id: &InteractionId,
        visitor: &Visitor,
    ) -> Result<Option<OnComputer>> {
        let asking = self.asking(tenant, id, visitor).await?;
        let Some(Shown { ticket, number }) = shown(self.store(), tenant.id, id).await? else {
            return Ok(None);
        };
        let link = self.provider.issuer(tenant).at(&format!("/c/{ticket}"));
        Ok(Some(OnComputer { asking, link, number }))
    }

    /// Goes on with the values that lie with the ticket, if they do. They are taken: of two tabs one
    /// goes on with them.
    pub async fn after_consent(
        &self,
        tenant: &Tenant,
        id: &InteractionId,
        visitor: &Visitor,
    ) -> Result<AfterConsent> {
        let standing = self.consent_standing(tenant, id, visitor).await?;
        if standing != Standing::Given {
            return Ok(AfterConsent::Not(standing));
        }
        let mut asking = self.asking(tenant, id, visitor).await?;
        if asking.consent.is_none() {
            return Err(Refused::within(Reason::NotOffered, &asking.interaction).into());
        }
        let (store, at) = (self.store(), id.to_string());
        let Some(shown): Option<Shown> = store.ephemeral.take(&SHOWN, tenant.id, at).await? else {
            return Ok(AfterConsent::Not(Standing::NotAsked));
        };
        let outcome = store.ephemeral.take(&OUTCOME, tenant.id, &shown.ticket).await?;
        let Some(Outcome::Given { subject, values }) = outcome else {
            return Ok(AfterConsent::Not(Standing::TooOld));
        };
        // Somebody else may have signed in meanwhile, in another tab.
        if !is_same(&subject, &asking.pending.person.subject) {
            let refused = Refused::within(Reason::SomebodyElse, &asking.interaction);
            return self
                .noted(tenant, visitor, &asking.interaction, Err(Error::from(refused)))
                .await;
        }
        self.learn(tenant, &mut asking, values).await?;
        let decided = self.decide_anew(tenant, visitor, &asking).await;
        let decided = self.noted(tenant, visitor, &asking.interaction, decided).await;
        decided.map(Completed::next).map(AfterConsent::Next)
    }
}
