//! Completing an errand upstream: from the code that the browser brought back to what comes of it.
//! Done once for each state; see `callback.rs`.

use store::audit::{self, Event};
use store::id::AppId;
use store::session::SignedInBy;
use store::source::{self, Misconfigured, Source, SourceKind};
use store::tenant::Tenant;
use store::{Scope, TenantWrite, app};

use crate::arrive::{Arriving, Completed, To};
use crate::associate::{Arrival, Associated, How, Known, associate};
use crate::callback::Callback;
use crate::decide::Ask;
use crate::error::{Error, Reason, Refused, Result};
use crate::interaction::{Errand, Interaction, Passage, UpstreamState};
use crate::notices::Notice;
use crate::pending::Pending;
use crate::upstream::{Upstream as _, UpstreamFault, UpstreamIdentity};
use crate::{Broker, Visitor, journal};

/// A sign-in that has been proven upstream and is about to be written.
#[derive(Clone, Copy)]
pub(crate) struct Proven<'a> {
    pub(crate) interaction: &'a Interaction,
    pub(crate) source: &'a Source,
    pub(crate) person: &'a UpstreamIdentity,
}

impl Broker {
    /// Completes the sign-in of a state that nobody else has. A refusal is recorded.
    pub(crate) async fn complete(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        known: &UpstreamState,
        callback: &Callback<'_>,
    ) -> Result<Completed> {
        match self.redeem(tenant, visitor, known, callback).await {
            Ok(completed) => Ok(completed),
            Err((Error::Refused(mut refused), fault)) => {
                if let (None, Some(app)) = (&refused.app, known.app) {
                    let mut scope = self.store().tenant(tenant.id);
                    refused.app = app::find(&mut scope, app).await?;
                }
                refused.trace.get_or_insert_with(|| known.trace.clone());
                if !refused.recorded {
                    self.record_refusal(tenant, visitor, &mut refused, fault.as_ref()).await;
                }
                Err(Error::Refused(refused))
            }
            Err((other, _)) => Err(other),
        }
    }

    async fn redeem(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        known: &UpstreamState,
        callback: &Callback<'_>,
    ) -> Result<Completed, (Error, Option<UpstreamFault>)> {
        let plain = |error| (error, None);
        let browser = visitor.browser.as_ref();
        let interaction = Interaction::find(self.store(), tenant.id, &known.interaction, browser);
        let interaction = interaction.await.map_err(plain)?;
        let source = self.usable_source(tenant, &interaction, callback.identifier);
        let source = source.await.map_err(plain)?;
        let refuse = |reason| {
            let retry = Some(interaction.id.clone());
            let source = Some(source.clone());
            Error::from(Refused { retry, source, ..Refused::within(reason, &interaction) })
        };
        if source.id != known.source {
            return Err(plain(refuse(Reason::StateUnknown)));
        }
        let code = callback.code.clone().ok_or_else(|| plain(refuse(Reason::DeniedUpstream)))?;
        let person = match self.wecom.redeem(tenant.id, &source, code).await {
            Ok(person) => person,
            Err(fault) => {
                self.act_on_fault(tenant, &source, &fault).await.map_err(plain)?;
                return Err((refuse(fault.reason), Some(fault)));
            }
        };
        let proven = Proven { interaction: &interaction, source: &source, person: &person };
        self.act(tenant, visitor, known.errand, &proven).await.map_err(|error| match error {
            Error::Refused(refused) if refused.source.is_none() => {
                let (recorded, retry) = (refused.recorded, Some(interaction.id.clone()));
                let source = Some(source.clone());
                let refused = Refused::within(refused.reason, &interaction);
                plain(Refused { recorded, retry, source, ..refused }.into())
            }
            // The source or the app was deleted while WeCom was asked.
            Error::Store(store::Error::Reference) => plain(refuse(Reason::SourceDisabled)),
            other => plain(other),
        })
    }

    /// After a refused secret nobody calls with it again until somebody saves or tests the source.
    /// Whom the directory does not know any more, or whom the app was taken from, is signed out. If that
    /// fails the person is told to try again, not why they are refused: the next try does it.
    pub(crate) async fn act_on_fault(
        &self,
        tenant: &Tenant,
        source: &Source,
        fault: &UpstreamFault,
    ) -> Result<()> {
        if let (true, Some(errcode)) = (fault.credentials_refused, fault.errcode) {
            self.mark_misconfigured(tenant, source, errcode, fault.hint.clone()).await?;
        }
        if let Some(person) = &fault.refused_person {
            let (source, reason) = (Some(source.id), fault.reason.as_str());
            self.note_departure(tenant.id, source, person, reason).await?;
        }
        Ok(())
    }

    async fn mark_misconfigured(
        &self,
        tenant: &Tenant,
        source: &Source,
        errcode: i64,
        hint: Option<String>,
    ) -> store::Result<()> {
        let store = self.store();
        let mut tx = store.begin(tenant.id).await?;
        let detail = serde_json::json!({ "errcode": errcode, "hint": hint });
        let mark = Misconfigured { errcode, hint, at: store.env.now() };
        source::mark_misconfigured(&mut tx, source.id, source.version, Some(mark)).await?;
        let event = Event {
            source_id: Some(source.id),
            detail,
            ..Event::system("source.misconfigured", "credentials_refused")
        };
        audit::record(&mut tx, &store.env, event).await?;
        tx.commit().await
    }

    /// Does what the browser was sent upstream for.
    async fn act(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        errand: Errand,
        proven: &Proven<'_>,
    ) -> Result<Completed> {
        match (errand, &proven.interaction.passage) {
            (Errand::Proof, _) => self.prove_by_source(tenant, visitor, proven).await,
            (Errand::SignIn, Passage::Link { session, user }) => {
                self.link_another(tenant, visitor, proven, *session, *user).await
            }
            (Errand::SignIn, Passage::Consent { ticket }) => {
                self.authorised(tenant, visitor, proven, ticket).await
            }
            (Errand::Consent, _) => self.consented(tenant, visitor, proven).await,
            (Errand::SignIn, _) => self.sign_in(tenant, visitor, proven).await,
        }
    }

    /// Signs the person in, or asks who they are here. Of two first sign-ins of one person the slower
    /// one is begun anew.
    async fn sign_in(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        proven: &Proven<'_>,
    ) -> Result<Completed> {
        let mut tries_left = 3;
        loop {
            let tx = self.store().begin(tenant.id).await?;
            match self.sign_in_with(tx, tenant, visitor, proven).await {
                Err(Error::Store(store::Error::Conflict)) if tries_left > 0 => tries_left -= 1,
                outcome => return outcome,
            }
        }
    }

    async fn sign_in_with(
        &self,
        mut tx: TenantWrite,
        tenant: &Tenant,
        visitor: &Visitor,
        proven: &Proven<'_>,
    ) -> Result<Completed> {
        let store = self.store();
        let Proven { interaction, source, person } = *proven;
        let app = self.usable_app(&mut tx, interaction).await?;
        let consent_possible = consent_source(&mut tx, interaction, source).await?.is_some();
        let arrival = Arrival { interaction, source, app: app.as_ref(), person, consent_possible };
        let known = match associate(&mut tx, &store.env, arrival).await? {
            Associated::Refused(reason) => return Err(Refused::because(reason)),
            Associated::Ask(ask) => {
                drop(tx);
                return self.ask(tenant, visitor, proven, ask).await;
            }
            Associated::User(known) => known,
        };
        self.arrive_by_source(tx, tenant, visitor, proven, known).await
    }

    /// The last step of a sign-in by a source, with the event of an account that was made.
    pub(crate) async fn arrive_by_source(
        &self,
        mut tx: TenantWrite,
        tenant: &Tenant,
        visitor: &Visitor,
        proven: &Proven<'_>,
        known: Known,
    ) -> Result<Completed> {
        let Proven { interaction, source, .. } = *proven;
        if known.how == How::Created {
            let event = journal::event("user.create", "ok", interaction, visitor);
            let event = journal::by_user(event, known.user, Some(source.id));
            audit::record(&mut tx, &self.store().env, event).await?;
        }
        let detail = match known.how {
            How::Linked => serde_json::json!({ "association": "linked" }),
            How::Matched(field) => {
                serde_json::json!({ "association": "match", "rule": field.as_str() })
            }
            How::Created => serde_json::json!({ "association": "create" }),
            How::Bound => serde_json::json!({ "association": "bind" }),
        };
        let by = SignedInBy::Source(source.id, known.identity);
        let arriving = Arriving { user: known.user, by, detail };
        let completed = self.arrive(tx, tenant, visitor, interaction, arriving).await?;
        let is_new = matches!(known.how, How::Matched(_) | How::Bound);
        // Without a session nothing was written.
        if is_new && completed.session.is_some() {
            self.tell(tenant, visitor, known.user, Notice::linked(source, visitor));
        }
        Ok(completed)
    }

    /// Remembers the person and asks them. Nothing is written before they have answered.
    async fn ask(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        proven: &Proven<'_>,
        ask: Ask,
    ) -> Result<Completed> {
        let store = self.store();
        let Proven { interaction, source, person } = *proven;
        let event = journal::event("sign_in", "asked", interaction, visitor);
        let event = Event { source_id: Some(source.id), ..event };
        let known = Some(interaction.trace.clone());
        self.record_public(tenant.id, visitor, known, event).await;
        let pending = Pending {
            source: source.id,
            identifier: source.identifier.clone(),
            person: person.clone(),
            ask,
            proved: None,
        };
        pending.keep(store, tenant.id, &interaction.id).await?;
        Ok(Completed::to(To::Bind(interaction.id.clone())))
    }
}

/// The source by which the person of another one can authorise the fetching of missing values: inside
/// the client, of the same corp, and usable for the same app.
pub(crate) async fn consent_source(
    scope: &mut impl Scope,
    interaction: &Interaction,
    source: &Source,
) -> Result<Option<Source>> {
    consent_source_for(scope, interaction.app(), source).await
}

/// The same, for whoever comes from this app.
pub(crate) async fn consent_source_for(
    scope: &mut impl Scope,
    app: Option<AppId>,
    source: &Source,
) -> Result<Option<Source>> {
    if !source.policy.offer_consent {
        return Ok(None);
    }
    let sources = match app {
        Some(app) => source::of_app(scope, app).await?,
        None => source::active(scope).await?,
    };
    let fits = |other: &Source| {
        other.kind == SourceKind::WecomMobile
            && other.corp == source.corp
            && other.mode == source.mode
            && other.misconfigured.is_none()
    };
    Ok(sources.into_iter().find(fits))
}
