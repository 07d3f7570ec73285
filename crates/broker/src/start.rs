//! Starting a source: from an interaction to the upstream.

use oidc::authorize;
use store::Scope;
use store::app::{self, App};
use store::source::{self, Source, Status};
use store::tenant::Tenant;

use crate::error::{Error, Reason, Refused, Result};
use crate::interaction::{
    Errand, Interaction, InteractionId, Passage, UPSTREAM_STATE, UpstreamState,
};
use crate::upstream::{Begin, Panel, Upstream as _};
use crate::{Broker, Visitor};

/// How a source is started.
#[derive(Debug, Clone, Copy)]
pub struct Start<'a> {
    /// Its identifier.
    pub identifier: &'a str,
    /// Language of the upstream's page, `zh` or `en`.
    pub language: &'a str,
    /// Whether it is shown in a frame of our page.
    pub panel: Option<Panel>,
    /// What for.
    pub errand: Errand,
}

/// The path of a source's callback: one per source, so that an answer to one can never be taken
/// for an answer to another (attack M4).
pub(crate) fn callback_path(identifier: &str) -> String {
    format!("/connections/social/{identifier}/callback")
}

impl Broker {
    /// Sends the browser of an interaction upstream. Returns where to.
    pub async fn start(
        &self,
        tenant: &Tenant,
        id: &InteractionId,
        visitor: &Visitor,
        start: Start<'_>,
    ) -> Result<String> {
        let interaction = self.interaction(tenant, id, visitor).await?;
        if matches!(interaction.passage, Passage::Approval { .. }) {
            // The person has signed in already.
            return Err(Refused::within(Reason::NotOffered, &interaction).into());
        }
        let source = match self.usable_source(tenant, &interaction, start.identifier).await {
            Ok(source) => source,
            Err(Error::Refused(mut refused)) => {
                self.record_refusal(tenant, visitor, &mut refused, None).await;
                return Err(Error::Refused(refused));
            }
            Err(other) => return Err(other),
        };
        self.may_still_link(tenant, visitor, &interaction).await?;
        let store = self.store();
        // 43 letters and digits are 256 bits, and what WeCom accepts [D 91022].
        let state = store.env.alphanumeric(43)?;
        let begin = Begin {
            redirect_uri: &self.provider.issuer(tenant).at(&callback_path(&source.identifier)),
            state: &state,
            language: Some(start.language),
            panel: start.panel,
            consent: start.errand == Errand::Consent
                || matches!(interaction.passage, Passage::Consent { .. }),
        };
        let url = self
            .wecom
            .begin(&source, begin)
            .map_err(|fault| Error::from(Refused::within(fault.reason, &interaction)))?;
        let value = UpstreamState::of(&interaction, source.id, start.errand);
        store.ephemeral.put(&UPSTREAM_STATE, tenant.id, &state, &value).await?;
        Ok(url)
    }

    /// The source of this identifier, if it and the app may be used right now.
    pub(crate) async fn usable_source(
        &self,
        tenant: &Tenant,
        interaction: &Interaction,
        identifier: &str,
    ) -> Result<Source> {
        let mut scope = self.store().tenant(tenant.id);
        let app = self.usable_app(&mut scope, interaction).await?;
        let found = match interaction.app() {
            Some(app) => source::usable(&mut scope, app, identifier).await?,
            None => source::find_by_identifier(&mut scope, identifier).await?,
        };
        let refuse = |reason, source| {
            let known = Refused::within(reason, interaction);
            let retry = Some(interaction.id.clone());
            Error::from(Refused { app: app.clone(), source, retry, ..known })
        };
        match found.filter(|source| source.status == Status::Active) {
            None => Err(refuse(Reason::SourceDisabled, None)),
            // One more wrong secret and WeCom bans the address of all tenants.
            Some(source) if source.misconfigured.is_some() => {
                Err(refuse(Reason::SourceMisconfigured, Some(source)))
            }
            Some(source) => Ok(source),
        }
    }

    /// The app that an interaction leads to, if it leads to one, which may be used right now.
    pub(crate) async fn usable_app(
        &self,
        scope: &mut impl Scope,
        interaction: &Interaction,
    ) -> Result<Option<App>> {
        let Some(id) = interaction.app() else { return Ok(None) };
        let app = app::find(scope, id).await?;
        let may_answer = |app: &App| {
            let asked = interaction.request();
            app.status == Status::Active
                && asked.is_none_or(|request| authorize::is_registered(app, &request.redirect_uri))
        };
        if app.as_ref().is_some_and(may_answer) {
            return Ok(app);
        }
        let known = Refused::within(Reason::AppDisabled, interaction);
        Err(Refused { app, ..known }.into())
    }
}
