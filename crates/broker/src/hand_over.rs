//! Handing over: who signed in inside the WeCom client on a computer goes on in the system's browser
//! (pain 20).
//!
//! ```text
//! offer_hand_over ─▶ ticket ─▶ a link, or a code to type ─▶ (the other browser)
//!     ─▶ handing_over: says who it would be, and takes nothing ─▶ the person agrees
//!     ─▶ take_over: takes the ticket ─▶ a session that is what the first one is ─▶ the app
//! ```
//! The other browser cannot be known beforehand, so a ticket lives a minute, works once, and whoever
//! brings it is told whose it is before anything happens (attacks M2, M14).

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use store::TenantWrite;
use store::app::{self, App};
use store::audit::{self, ActorKind, Event};
use store::ephemeral::Slot;
use store::hand_over::{self, Original};
use store::id::{AppId, SessionId, UserId};
use store::secret::SecretHash;
use store::session;
use store::tenant::Tenant;
use store::user::{self, User};
use subtle::ConstantTimeEq as _;
use wecom::{Device, UserAgent};

use crate::dispatch::Next;
use crate::error::{Error, Reason, Refused, Result};
use crate::interaction::Browser;
use crate::{Broker, Visitor, limits};

/// Letters and digits that nobody takes for one another.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// What somebody brings to go on as a session.
#[derive(Debug)]
pub enum Ticket {
    /// From a link: 32 letters and digits, 190 bits.
    Link(SecretString),
    /// Typed: 10 letters and digits without look-alikes, 50 bits. Tries are counted.
    Code(SecretString),
}

impl Ticket {
    /// Reads what stands in a link, or what somebody typed: in small letters, with spaces, with `O`
    /// for `0`. None if it can be neither.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Some(Self::Link(text.to_owned().into()));
        }
        let typed = text.chars().filter(|letter| !letter.is_whitespace() && *letter != '-');
        let typed: String = typed
            .take(11)
            .map(|letter| match letter.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            })
            .collect();
        let proper = typed.len() == 10 && typed.bytes().all(|byte| LETTERS.contains(&byte));
        proper.then(|| Self::Code(typed.into()))
    }

    /// The code of it: what a person may type instead of the link, and where the store has it. It
    /// follows from the link, but the link does not follow from it.
    pub fn code(&self) -> String {
        match self {
            Self::Code(code) => code.expose_secret().to_owned(),
            Self::Link(ticket) => {
                let hash = SecretHash::of(&format!("hand_over:{}", ticket.expose_secret()));
                let letters = hash.as_bytes().iter().take(10);
                letters.map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect()
            }
        }
    }

    /// As it stands in a path.
    pub fn expose(&self) -> &str {
        match self {
            Self::Link(text) | Self::Code(text) => text.expose_secret(),
        }
    }

    fn unknown(&self) -> Error {
        Refused::because(match self {
            Self::Link(_) => Reason::TicketUnknown,
            Self::Code(_) => Reason::CodeWrong,
        })
    }
}

/// What a ticket stands for. Nothing in it can be used by who reads it.
#[derive(Debug, Serialize, Deserialize)]
struct HandOver {
    /// The hash of the link's ticket.
    ticket: String,
    /// The browser that made it.
    from: Browser,
    session: SessionId,
    app: AppId,
    at: DateTime<Utc>,
}

/// How long a ticket is good for.
const LIFE: TimeDelta = TimeDelta::seconds(60);
const HAND_OVER: Slot<HandOver> = Slot::new("hand_over", Duration::from_mins(1));

/// Codes that one address may try in a minute.
const TRIES: Slot<u64> = Slot::new("hand_over_tries", Duration::from_mins(1));
const TRIES_AT_MOST: u64 = 10;

/// A sign-in that is about to go on in the visitor's browser.
#[derive(Debug)]
pub struct HandingOver {
    /// The app that it leads to.
    pub app: App,
    /// Whose sign-in it is.
    pub original: Original,
    /// Whether this is the browser that it comes from.
    pub here: bool,
    /// Who is signed in here, if that is somebody else: their session would end.
    pub ends: Option<User>,
}

impl Broker {
    /// Whether the visitor may go on in another browser: in the WeCom client on a computer, signed
    /// in for this app by a source that offers it.
    pub async fn offers_browser(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        app: &App,
    ) -> Result<bool> {
        Ok(self.to_hand_over(tenant, visitor, app).await?.is_some())
    }

    async fn to_hand_over(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        app: &App,
    ) -> Result<Option<SessionId>> {
        let browser = wecom::classify(visitor.user_agent.as_deref().unwrap_or_default());
        if !matches!(browser, UserAgent::WeCom { device: Device::Desktop, .. }) {
            return Ok(None);
        }
        let Some(session) = self.live_session(tenant, visitor).await? else { return Ok(None) };
        let store = self.store();
        let mut scope = store.tenant(tenant.id);
        let original = hand_over::find(&mut scope, &store.env, session.id, app.id).await?;
        Ok(original.filter(|original| original.policy.offer_browser).map(|_| session.id))
    }

    /// Makes a ticket by which another browser can go on as the visitor's session, at an app.
    pub async fn offer_hand_over(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        app: &App,
    ) -> Result<Ticket> {
        let refuse =
            |reason| Error::from(Refused { app: Some(app.clone()), ..Refused::about(reason) });
        let from = visitor.browser.clone().ok_or_else(|| refuse(Reason::BrowserChanged))?;
        let session = self.to_hand_over(tenant, visitor, app).await?;
        let session = session.ok_or_else(|| refuse(Reason::NotOffered))?;
        let store = self.store();
        let text = store.env.alphanumeric(32)?;
        let hash = SecretHash::of(&text).to_text();
        let ticket = Ticket::Link(text.into());
        let at = store.env.now();
        let made = HandOver { ticket: hash, from, session, app: app.id, at };
        let code = ticket.code();
        match store.ephemeral.put_new(&HAND_OVER, tenant.id, code, &made).await? {
            true => Ok(ticket),
            // Another ticket has this code, once in a million years.
            false => Err(store::Error::Conflict.into()),
        }
    }

    /// What a ticket would do in the visitor's browser. It is not taken: programs that look at links
    /// come here as well.
    pub async fn handing_over(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        ticket: &Ticket,
    ) -> Result<HandingOver> {
        self.count_code(tenant, visitor, ticket).await?;
        let store = self.store();
        let found = store.ephemeral.get(&HAND_OVER, tenant.id, ticket.code()).await?;
        let found = self.fitting(ticket, found)?;
        let mut scope = store.tenant(tenant.id);
        let original = hand_over::find(&mut scope, &store.env, found.session, found.app).await?;
        let original = original.filter(|original| original.policy.offer_browser);
        let app = app::find(&mut scope, found.app).await?;
        let (Some(original), Some(app)) = (original, app) else { return Err(ticket.unknown()) };
        let ends = match self.live_session(tenant, visitor).await? {
            Some(other) if other.user_id != original.user_id => {
                user::find(&mut scope, other.user_id).await?
            }
            _ => None,
        };
        self.forgive_codes(tenant, visitor, ticket).await?;
        let here = visitor.browser.as_ref().is_some_and(|browser| browser.is(&found.from));
        Ok(HandingOver { app, original, here, ends })
    }

    /// The person agreed: the ticket is taken, and the sign-in goes on here, as old as it is. A
    /// session of somebody else in this browser ends.
    pub async fn take_over(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        ticket: &Ticket,
    ) -> Result<Next> {
        self.count_code(tenant, visitor, ticket).await?;
        let store = self.store();
        let taken = store.ephemeral.take(&HAND_OVER, tenant.id, ticket.code()).await?;
        let taken = self.fitting(ticket, taken)?;
        let mut tx = store.begin(tenant.id).await?;
        let original = hand_over::find(&mut tx, &store.env, taken.session, taken.app).await?;
        // Held, and looked at again: whoever ends the person's sessions finds this one, or it the end.
        if let Some(original) = original {
            user::lock(&mut tx, original.user_id).await?;
        }
        let original = hand_over::find(&mut tx, &store.env, taken.session, taken.app).await?;
        let original = original.filter(|original| original.policy.offer_browser);
        let app = app::find(&mut tx, taken.app).await?;
        let (Some(original), Some(app)) = (original, app) else { return Err(ticket.unknown()) };
        let session = if self.is_in(&mut tx, visitor, original.user_id, &app).await? {
            None
        } else {
            let secret = store.env.secret("hufu_session_")?;
            let hash = SecretHash::of(secret.expose_secret());
            let device = visitor.device();
            let others = self.sessions.at_most.saturating_sub(1);
            session::end_oldest_of_user(&mut tx, &store.env, original.user_id, others).await?;
            hand_over::copy(&mut tx, &store.env, taken.session, &device, &hash)
                .await?
                .ok_or_else(|| ticket.unknown())?;
            Some(secret)
        };
        let event = Event {
            actor_kind: ActorKind::User,
            actor_id: Some(original.user_id.0),
            user_id: Some(original.user_id),
            app_id: Some(app.id),
            source_id: Some(original.source_id),
            address: visitor.address.map(|address| address.to_string()),
            ..Event::system("hand_over", "ok")
        };
        audit::record(&mut tx, &store.env, event).await?;
        tx.commit().await?;
        Ok(Next::ToAppHome { app: app.id, session })
    }

    /// Whether the person is signed in here for this app already. Any other session of this browser
    /// ends.
    async fn is_in(
        &self,
        tx: &mut TenantWrite,
        visitor: &Visitor,
        user: UserId,
        app: &App,
    ) -> Result<bool> {
        let Some(token) = &visitor.session else { return Ok(false) };
        let env = &self.store().env;
        let hash = SecretHash::of(token.expose_secret());
        let live = session::find_for_app(tx, env, &hash, app).await?;
        if live.is_some_and(|live| live.user_id == user) {
            return Ok(true);
        }
        if let Some(other) = session::find_to_end(tx, &hash).await? {
            session::end(tx, env, other.id, session::Ending::SignOut).await?;
        }
        Ok(false)
    }

    /// Codes are short, so that few may be tried. Counted before anything is looked at.
    async fn count_code(&self, tenant: &Tenant, visitor: &Visitor, ticket: &Ticket) -> Result<()> {
        if matches!(ticket, Ticket::Link(_)) {
            return Ok(());
        }
        let from = limits::network(visitor.address);
        let count = self.store().ephemeral.count(&TRIES, tenant.id, from).await?;
        if count > TRIES_AT_MOST {
            return Err(Refused::because(Reason::TooManyRequests));
        }
        Ok(())
    }

    /// A code was right: an office has one address, and everybody in it may use their own.
    async fn forgive_codes(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        ticket: &Ticket,
    ) -> Result<()> {
        if matches!(ticket, Ticket::Code(_)) {
            let from = limits::network(visitor.address);
            let _: Option<u64> = self.store().ephemeral.take(&TRIES, tenant.id, from).await?;
        }
        Ok(())
    }

    /// What was found, if it is this ticket's and not too old.
    fn fitting(&self, ticket: &Ticket, found: Option<HandOver>) -> Result<HandOver> {
        let now = self.store().env.now();
        let fits = |found: &HandOver| match ticket {
            Ticket::Link(text) => {
                let hash = SecretHash::of(text.expose_secret()).to_text();
                hash.as_bytes().ct_eq(found.ticket.as_bytes()).into()
            }
            Ticket::Code(_) => true,
        };
        found.filter(|found| now - found.at < LIFE && fits(found)).ok_or_else(|| ticket.unknown())
    }
}

#[cfg(test)]
mod tests {
    use super::Ticket;

    fn code(text: &str) -> Option<String> {
        match Ticket::parse(text)? {
            Ticket::Code(code) => Some(secrecy::ExposeSecret::expose_secret(&code).to_owned()),
            Ticket::Link(_) => None,
        }
    }

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        for text in ["AB0DE1GH1K", "ab0de-1gh1k", " AB0DE 1GH1K ", "abOdeIghlk", "A-B-0-DE1GH1K"] {
            assert_eq!(code(text).as_deref(), Some("AB0DE1GH1K"), "{text}");
        }
        for text in ["", "AB0DE1GH1", "AB0DE1GH1KK", "AB0DE1GH1U", "AB0DE1GH1é", "AB0DE1GH1%"] {
            assert!(Ticket::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_link_has_a_code_of_its_own() {
        let link = |text: &str| Ticket::parse(text).filter(|it| matches!(it, Ticket::Link(_)));
        let one = link("0123456789abcdefghijklmnopqrstuv").expect("a ticket");
        let other = link("0123456789abcdefghijklmnopqrstuw").expect("a ticket");
        assert_ne!(one.code(), other.code());
        assert_eq!(code(&one.code()), Some(one.code()));
        assert!(link("0123456789abcdefghijklmnopqrstu").is_none());
        assert!(link("0123456789abcdefghijklmnopqrstu/").is_none());
        assert!(!format!("{one:?}").contains("0123"), "{one:?}");
    }
}
