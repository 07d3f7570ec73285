//! Taking back what an app was given.

use serde_json::json;
use store::audit::Event;
use store::granted;
use store::id::AppId;
use store::tenant::Tenant;

use super::change::Change;
use crate::error::Result;
use crate::{Broker, Visitor};

impl Broker {
    /// Takes back what the visitor has granted an app: it is asked about again, and every code and
    /// token that it has is worth nothing. Sessions go on; the app is told that its own have ended.
    pub async fn withdraw(&self, tenant: &Tenant, visitor: &Visitor, app: AppId) -> Result<()> {
        let mut change = self.begin_at_any_age(tenant, visitor).await?;
        let Change { tx, user, .. } = &mut change;
        let withdrawn = granted::withdraw(tx, &self.store().env, user.id, app).await?;
        // Nothing is what the person wanted.
        if !withdrawn.any() {
            return Ok(());
        }
        let detail = json!({ "consents": withdrawn.consents, "grants": withdrawn.grants });
        let event = Event::system("grants.withdraw", "ok");
        let event = Event { app_id: Some(app), detail, ..event };
        self.finish_change(change, visitor, event).await
    }
}
