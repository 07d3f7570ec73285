//! What a person sees of their account: their own rows, and nothing of anybody else's.

use std::cmp::Reverse;

use chrono::TimeDelta;
use store::audit::{self, ActorKind, OfUser};
use store::granted::{self, Granted};
use store::identity::{self, Listed};
use store::page::PageRequest;
use store::password::{self, Password};
use store::session::{self, Session};
use store::source::Source;
use store::tenant::Tenant;
use store::user::{self, User};
use store::way_in;

use crate::error::Result;
use crate::{Broker, Visitor};

/// How many events the page shows.
const EVENTS: i64 = 20;
/// How many apps the page shows.
const APPS: u32 = 200;
/// A session is noted as used at most this often.
const NOTED_EVERY: TimeDelta = TimeDelta::minutes(1);

/// A person's account as they see it.
#[derive(Debug)]
pub struct Account {
    /// Their user.
    pub user: User,
    /// The session that looks.
    pub session: Session,
    /// What signs them in upstream.
    pub identities: Vec<Listed>,
    /// Their password, if they have one.
    pub password: Option<Password>,
    /// Whether a password would sign them in anywhere.
    pub could_use_password: bool,
    /// Their sessions, the last used first.
    pub sessions: Vec<session::Listed>,
    /// What apps hold of them, the last used first.
    pub apps: Vec<Granted>,
    /// What happened lately, newest first.
    pub events: Vec<OfUser>,
    /// The sources that could be added.
    pub linkable: Vec<Source>,
}

impl Broker {
    /// The account of the visitor's session; none without a live one.
    pub async fn account(&self, tenant: &Tenant, visitor: &Visitor) -> Result<Option<Account>> {
        let store = self.store();
        let Some(session) = self.live_session(tenant, visitor).await? else { return Ok(None) };
        let mut scope = store.tenant(tenant.id);
        let Some(user) = user::find(&mut scope, session.user_id).await? else { return Ok(None) };
        let sessions = session::of_user(&mut scope, &store.env, user.id).await?;
        self.note_use(tenant, &session, &sessions).await?;
        let identities = identity::listed(&mut scope, user.id).await?;
        let linkable = self.linkable(&mut scope, &identities).await?;
        let page = PageRequest { after: None, limit: APPS };
        let mut apps = granted::of_user(&mut scope, &store.env, user.id, page).await?.items;
        apps.sort_by_key(|app| Reverse(app.last_at));
        let ways = way_in::without(&mut scope, user.id, None).await?;
        let mut events = audit::of_user(&mut scope, user.id, EVENTS).await?;
        // Where an administrator sits is nobody else's business.
        let others = events.iter_mut().filter(|event| event.actor_kind != ActorKind::User);
        others.for_each(|event| event.address = None);
        Ok(Some(Account {
            password: password::find(&mut scope, user.id).await?,
            could_use_password: ways.could_use_password(),
            user,
            session,
            identities,
            sessions,
            apps,
            events,
            linkable,
        }))
    }

    async fn note_use(
        &self,
        tenant: &Tenant,
        session: &Session,
        listed: &[session::Listed],
    ) -> Result<()> {
        let store = self.store();
        let before = store.env.now() - NOTED_EVERY;
        if listed.iter().any(|row| row.id == session.id && row.last_seen_at <= before) {
            let mut single = store.single(tenant.id);
            session::touch(&mut single, &store.env, session.id, self.sessions.idle).await?;
        }
        Ok(())
    }
}
