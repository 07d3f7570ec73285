//! Interactions: one passage of one browser through the hosted login.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use oidc::authorize::AuthorizationRequest;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use store::Store;
use store::ephemeral::Slot;
use store::id::{AppId, SessionId, SourceId, TenantId, UserId};
use subtle::ConstantTimeEq as _;

use crate::error::{Reason, Refused, Result};

/// The name of an interaction in URLs: 32 random letters and digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InteractionId(String);

impl FromStr for InteractionId {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let proper = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if proper { Ok(Self(text.to_owned())) } else { Err(()) }
    }
}

impl fmt::Display for InteractionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A browser, by the hash of a secret that only its cookie holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Browser(String);

impl Browser {
    /// The browser with this cookie.
    pub fn of(cookie: &SecretString) -> Self {
        Self(store::secret::SecretHash::of(cookie.expose_secret()).to_text())
    }

    /// Whether both are one browser, in constant time.
    pub fn is(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

/// What a passage is for: where it leads when the person is known.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Passage {
    /// An app asked; it gets the answer.
    App(Box<AuthorizationRequest>),
    /// The person opens their account page.
    Account,
    /// The person comes from WeCom's workbench and goes on to an app, which then asks by itself.
    Workbench(AppId),
    /// Somebody who is signed in adds a way in to their account.
    Link {
        /// The session that asked for it, freshly authenticated.
        session: SessionId,
        /// The account.
        user: UserId,
    },
    /// Somebody who is signed in says whether an app may know who they are.
    Approval {
        /// What the app asked.
        request: Box<AuthorizationRequest>,
        /// The session that answers.
        session: SessionId,
    },
    /// On a phone, the person of a sign-in elsewhere authorises the fetching of missing values.
    Consent {
        /// The ticket that the other browser shows.
        ticket: String,
    },
}

/// One passage of one browser through the hosted login.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Interaction {
    /// Its name.
    pub id: InteractionId,
    /// What it is for.
    pub passage: Passage,
    /// The browser that began it; no other may go on.
    browser: Browser,
    /// The code by which an administrator finds what happened.
    pub trace: String,
    /// Whether the person has to do something, because the app wants a fresh sign-in.
    pub fresh: bool,
}

/// Long enough to look for one's phone; pain 22 asks for ten minutes at least.
const INTERACTION: Slot<Interaction> = Slot::new("interaction", Duration::from_mins(30));

impl Interaction {
    /// Begins an interaction.
    pub(crate) async fn begin(
        store: &Store,
        tenant: TenantId,
        passage: Passage,
        browser: &Browser,
        fresh: bool,
    ) -> Result<Self> {
        let id = InteractionId(store.env.alphanumeric(32)?);
        let trace = trace(store)?;
        let interaction = Self { id, passage, browser: browser.clone(), trace, fresh };
        store.ephemeral.put(&INTERACTION, tenant, &interaction.id.0, &interaction).await?;
        Ok(interaction)
    }

    /// The app that it leads to, if it leads to one.
    pub fn app(&self) -> Option<AppId> {
        match &self.passage {
            Passage::App(request) | Passage::Approval { request, .. } => Some(request.app),
            Passage::Workbench(app) => Some(*app),
            Passage::Account | Passage::Link { .. } | Passage::Consent { .. } => None,
        }
    }

    /// What the app asked, if one did.
    pub fn request(&self) -> Option<&AuthorizationRequest> {
        match &self.passage {
            Passage::App(request) | Passage::Approval { request, .. } => Some(request),
            _ => None,
        }
    }

    /// The browser that began it.
    pub(crate) fn browser(&self) -> &Browser {
        &self.browser
    }

    /// Whether this browser began it.
    pub(crate) fn is_of(&self, browser: &Browser) -> bool {
        self.browser.is(browser)
    }

    /// The interaction of this name, whoever began it.
    pub(crate) async fn get(store: &Store, tenant: TenantId, id: &InteractionId) -> Result<Self> {
        let found: Option<Self> = store.ephemeral.get(&INTERACTION, tenant, &id.0).await?;
        found.ok_or_else(|| Refused::because(Reason::InteractionExpired))
    }

    /// The interaction of this name, if this browser began it.
    pub(crate) async fn find(
        store: &Store,
        tenant: TenantId,
        id: &InteractionId,
        browser: Option<&Browser>,
    ) -> Result<Self> {
        let found = Self::get(store, tenant, id).await?;
        match browser {
            Some(browser) if found.browser.is(browser) => Ok(found),
            _ => Err(Refused::within(Reason::BrowserChanged, &found).into()),
        }
    }

    /// Finishes an interaction: of several attempts at once, one gets it.
    pub(crate) async fn finish(self, store: &Store, tenant: TenantId) -> Result<()> {
        let taken: Option<Self> = store.ephemeral.take(&INTERACTION, tenant, &self.id.0).await?;
        taken.map(|_| ()).ok_or_else(|| Refused::because(Reason::InteractionExpired))
    }
}

/// What going upstream is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Errand {
    /// Signing in.
    SignIn,
    /// Proving an account that is about to be bound to somebody else upstream.
    Proof,
    /// Authorising the fetching of missing values, of the person who is being asked.
    Consent,
}

/// What a state that we sent upstream stands for (rule 1).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct UpstreamState {
    pub(crate) interaction: InteractionId,
    pub(crate) errand: Errand,
    pub(crate) app: Option<AppId>,
    /// Whether the person came by the app's link in the workbench.
    #[serde(default)]
    pub(crate) workbench: bool,
    pub(crate) trace: String,
    pub(crate) browser: Browser,
    pub(crate) source: SourceId,
}

/// How long a person may take at WeCom.
pub(crate) const UPSTREAM_STATE: Slot<UpstreamState> =
    Slot::new("upstream_state", Duration::from_mins(10));

impl UpstreamState {
    /// Whether this browser is the one that was sent upstream.
    pub(crate) fn is_of(&self, browser: &Browser) -> bool {
        self.browser.is(browser)
    }

    /// The state of an interaction that goes upstream.
    pub(crate) fn of(interaction: &Interaction, source: SourceId, errand: Errand) -> Self {
        Self {
            interaction: interaction.id.clone(),
            errand,
            app: interaction.app(),
            workbench: matches!(interaction.passage, Passage::Workbench(_)),
            trace: interaction.trace.clone(),
            browser: interaction.browser.clone(),
            source,
        }
    }
}

/// A code that a person can read to an administrator: 12 letters and digits without look-alikes.
pub fn trace(store: &Store) -> Result<String> {
    const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let bytes: [u8; 12] = store.env.bytes()?;
    Ok(bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect())
}
