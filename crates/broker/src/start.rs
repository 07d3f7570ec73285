//! Starting a source: from an interaction to the upstream.

use oidc::authorize;
use store::app::{self, App};
use store::source::{self, Source, Status};
use store::tenant::Tenant;

use crate::error::{Error, Reason, Refused, Result};
use crate::interaction::{Interaction, InteractionId, UPSTREAM_STATE, UpstreamState};
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
        let source = match self.usable_source(tenant, &interaction, start.identifier).await {
            Ok(source) => source,
            Err(Error::Refused(mut refused)) => {
                self.record_refusal(tenant, visitor, &mut refused, None).await;
                return Err(Error::Refused(refused));
            }
            Err(other) => return Err(other),
        };
        let store = self.store();
        // 43 letters and digits are 256 bits, and what WeCom accepts [D 91022].
        let state = store.env.alphanumeric(43)?;
        let begin = Begin {
            redirect_uri: &self.provider.issuer(tenant).at(&callback_path(&source.identifier)),
            state: &state,
            language: Some(start.language),
            panel: start.panel,
        };
        let url = self
            .wecom
            .begin(&source, begin)
            .map_err(|fault| Error::from(Refused::within(fault.reason, &interaction)))?;
        let value = UpstreamState::of(&interaction, source.id);
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
        let app = app::find(&mut scope, interaction.request.app).await?;
        let refuse = |reason, source, retry: bool| {
            let retry = retry.then(|| interaction.id.clone());
            let known = Refused::within(reason, interaction);
            Error::from(Refused { app: app.clone(), source, retry, ..known })
        };
        let may_answer = |app: &App| {
            app.status == Status::Active
                && authorize::is_registered(app, &interaction.request.redirect_uri)
        };
        if !app.as_ref().is_some_and(may_answer) {
            return Err(refuse(Reason::AppDisabled, None, false));
        }
        match source::usable(&mut scope, interaction.request.app, identifier).await? {
            None => Err(refuse(Reason::SourceDisabled, None, true)),
            // One more wrong secret and WeCom bans the address of all tenants.
            Some(source) if source.misconfigured.is_some() => {
                Err(refuse(Reason::SourceMisconfigured, Some(source), true))
            }
            Some(source) => Ok(source),
        }
    }
}
