//! WeCom's workbench: an app is opened there, and its person is signed in on the way (pain 17).

use store::app::App;
use store::source::{self, SourceKind, Status};
use store::tenant::Tenant;
use wecom::UserAgent;

use crate::error::{Reason, Refused, Result};
use crate::interaction::{Browser, Interaction, Passage};
use crate::{Broker, Visitor};

/// What a link in the workbench comes to.
#[derive(Debug)]
pub enum Opened {
    /// The person is to be signed in, by the source that the link names.
    SignIn(Box<Interaction>),
    /// The source does not work in this browser: the app begins a sign-in of its own.
    Elsewhere,
}

impl Broker {
    /// Opens an app by its link in the workbench. WeCom is asked each time, which costs no page: two
    /// accounts of one client share its cookies, so a session does not tell who opened it. `browser` is
    /// the visitor's own, or a new one that the answer plants.
    pub async fn open_from_workbench(
        &self,
        tenant: &Tenant,
        app: &App,
        identifier: &str,
        visitor: &Visitor,
        browser: &Browser,
    ) -> Result<Opened> {
        let store = self.store();
        let refuse = |reason| Refused { app: Some(app.clone()), ..Refused::about(reason) };
        if app.status != Status::Active {
            return Err(refuse(Reason::AppDisabled).into());
        }
        let mut scope = store.tenant(tenant.id);
        let Some(source) = source::usable(&mut scope, app.id, identifier).await? else {
            return Err(refuse(Reason::SourceDisabled).into());
        };
        let place = wecom::classify(visitor.user_agent.as_deref().unwrap_or_default());
        let works =
            source.kind == SourceKind::WecomMobile && matches!(place, UserAgent::WeCom { .. });
        if !works {
            return Ok(Opened::Elsewhere);
        }
        let passage = Passage::Workbench(app.id);
        let begun = Interaction::begin(store, tenant.id, passage, browser, false).await?;
        Ok(Opened::SignIn(Box::new(begun)))
    }
}
