//! Approval: the person says whether an app may know who they are (OpenID Connect Core §3.1.2.4).

use oidc::authorize::AuthorizationRequest;
use secrecy::ExposeSecret as _;
use store::app::App;
use store::audit::{ActorKind, Event};
use store::id::SessionId;
use store::secret::SecretHash;
use store::session::{self, Session};
use store::tenant::Tenant;
use store::user::{self, User};
use store::{Scope, consent};

use crate::dispatch::Next;
use crate::error::{Reason, Refused, Result};
use crate::interaction::{Interaction, InteractionId, Passage};
use crate::{Broker, Visitor, journal};

/// What the page asks the person.
#[derive(Debug)]
pub struct Approving {
    /// The passage.
    pub interaction: Interaction,
    /// The app that wants to know.
    pub app: App,
    /// Who is signed in.
    pub user: User,
}

/// The request and the session of an approval.
fn passage(interaction: &Interaction) -> Result<(AuthorizationRequest, SessionId)> {
    match &interaction.passage {
        Passage::Approval { request, session } => Ok((request.as_ref().clone(), *session)),
        _ => Err(Refused::within(Reason::NotOffered, interaction).into()),
    }
}

impl Broker {
    /// What an approval asks, for the browser and the session that it began in.
    pub async fn approving(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        id: &InteractionId,
    ) -> Result<Approving> {
        let interaction = self.interaction(tenant, id, visitor).await?;
        let (_, session) = passage(&interaction)?;
        let mut scope = self.store().tenant(tenant.id);
        let app = self.usable_app(&mut scope, &interaction).await?;
        let app = app.ok_or_else(|| Refused::within(Reason::AppDisabled, &interaction))?;
        let by = self.session_of(&mut scope, visitor, &app, session).await?;
        let user = match by {
            Some(by) => user::find(&mut scope, by.user_id).await?,
            None => None,
        };
        let expired = Refused::within(Reason::InteractionExpired, &interaction);
        Ok(Approving { user: user.ok_or(expired)?, app, interaction })
    }

    /// The visitor's session, if it is alive for the app and the one that was asked in.
    async fn session_of(
        &self,
        scope: &mut impl Scope,
        visitor: &Visitor,
        app: &App,
        asked_in: SessionId,
    ) -> Result<Option<Session>> {
        let Some(token) = &visitor.session else { return Ok(None) };
        let hash = SecretHash::of(token.expose_secret());
        let found = session::find_for_app(scope, &self.store().env, &hash, app).await?;
        Ok(found.filter(|found| found.id == asked_in))
    }

    /// The person agrees: the app gets its answer, and need not ask for the same again.
    pub async fn approve(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        id: &InteractionId,
    ) -> Result<Next> {
        let Approving { interaction, app, user } = self.approving(tenant, visitor, id).await?;
        let (request, session) = passage(&interaction)?;
        let store = self.store();
        let mut tx = store.begin(tenant.id).await?;
        // Held, and looked at again: whoever ends the person's sessions finds this grant, or it the end.
        user::lock(&mut tx, user.id).await?;
        let expired = Refused::within(Reason::InteractionExpired, &interaction);
        let by = self.session_of(&mut tx, visitor, &app, session).await?.ok_or(expired)?;
        let before = consent::find(&mut tx, user.id, app.id).await?;
        let wanted = request.wanted();
        let mut scopes: Vec<&str> = wanted.split(' ').collect();
        scopes.extend(before.iter().flat_map(|before| before.scope.split(' ')));
        scopes.sort_unstable();
        scopes.dedup();
        consent::put(&mut tx, &store.env, user.id, app.id, &scopes.join(" ")).await?;
        interaction.clone().finish(store, tenant.id).await?;
        let event = Event {
            actor_kind: ActorKind::User,
            actor_id: Some(user.id.0),
            user_id: Some(user.id),
            detail: serde_json::json!({ "scope": wanted }),
            ..journal::event("consent", "ok", &interaction, visitor)
        };
        Ok(self.grant(tx, tenant, &request, &by, event).await?.next(None))
    }
}
