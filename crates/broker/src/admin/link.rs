//! Links by hand: making one, taking one away, switching one off.

use serde_json::{Value, json};
use store::corp::{self, Corp};
use store::id::{CorpId, IdentityId, LinkEventId, UserId};
use store::identity::{self, Identity, LinkStatus, Subject};
use store::link_event::{self, LinkEvent, LinkKind};
use store::source::SourceMode;
use store::user::{self, UserStatus};
use store::{Scope, TenantWrite, departure, session};
use wecom::UserId as Userid;

use super::{By, Links, Refusal, Result};
use crate::wecom::subject_of;

/// A link that an administrator wants.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The user.
    pub user: UserId,
    /// The upstream person; see [`Links::subject`].
    pub subject: Subject,
    /// Whether the user may have another identity of the corp.
    pub allow_second: bool,
}

/// A link that is there now.
#[derive(Debug, Clone)]
pub struct Linked {
    /// The link.
    pub identity: Identity,
    /// Whether it was made just now; it was there before otherwise.
    pub new: bool,
}

impl Links {
    /// The key of an upstream person whom an administrator names, made as the sign-in makes it. Without
    /// a mode it is that of the corp's sources; `self_built` if it has none yet.
    pub async fn subject(
        &self,
        scope: &mut impl Scope,
        corp: CorpId,
        userid: &str,
        mode: Option<SourceMode>,
    ) -> Result<Subject> {
        let corp = corp::find(scope, corp).await?.ok_or(Refusal::NoCorp)?;
        let mode = match mode {
            Some(mode) => mode,
            None => default_mode(scope, &corp).await?,
        };
        Ok(subject_of(&corp.corp_id, &Userid::parse(userid)?, mode))
    }

    /// Links a person to a user, who must be active. The same link twice is one. After a refusal the
    /// transaction can go on, which is what an import needs.
    pub async fn link(&self, tx: &mut TenantWrite, by: &By, wish: &Wish) -> Result<Linked> {
        let linked = self.put(tx, wish).await?;
        if linked.new {
            let event = event(by, LinkKind::Link, wish, json!({}));
            link_event::record(tx, &self.store.env, event).await?;
        }
        Ok(linked)
    }

    /// Takes a link away and ends the sessions that it signed in, with what was granted in them.
    pub async fn unlink(
        &self,
        tx: &mut TenantWrite,
        by: &By,
        user: UserId,
        id: IdentityId,
    ) -> Result<Identity> {
        // The user before the link, as everywhere: whoever grants or hands over in its sessions waits.
        user::lock(tx, user).await?;
        let identity = own(tx, user, id).await?;
        if !identity::remove(tx, id).await? {
            return Err(Refusal::NotFound);
        }
        session::end_all_of_identity(tx, &self.store.env, id).await?;
        let wish = Wish { user, subject: identity.person(), allow_second: false };
        let event = event(by, LinkKind::Unlink, &wish, json!({}));
        link_event::record(tx, &self.store.env, event).await?;
        Ok(identity)
    }

    /// Switches a link off, which ends the sessions that it signed in, or on again. As it is now, and
    /// whether it was the other way before.
    pub async fn set_status(
        &self,
        tx: &mut TenantWrite,
        by: &By,
        (user, id): (UserId, IdentityId),
        status: LinkStatus,
    ) -> Result<(Identity, bool)> {
        user::lock(tx, user).await?;
        let identity = own(tx, user, id).await?;
        let changed = identity::set_status(tx, id, status).await?;
        if changed {
            let kind = match status {
                LinkStatus::Active => LinkKind::Resume,
                LinkStatus::Suspended => LinkKind::Suspend,
            };
            if status == LinkStatus::Suspended {
                session::end_all_of_identity(tx, &self.store.env, id).await?;
            }
            let wish = Wish { user, subject: identity.person(), allow_second: false };
            let event = event(by, kind, &wish, json!({}));
            link_event::record(tx, &self.store.env, event).await?;
        }
        Ok((Identity { status, ..identity }, changed))
    }

    /// Writes the link, if it is not there already. The user is held first, as a sign-in that links
    /// holds it: neither waits for the other in a circle, and nobody deletes the user or gives it
    /// another identity meanwhile. Of this and a first sign-in at once one makes the link; whoever comes
    /// second looks again.
    pub(super) async fn put(&self, tx: &mut TenantWrite, wish: &Wish) -> Result<Linked> {
        match user::lock(tx, wish.user).await?.ok_or(Refusal::NotFound)?.status {
            UserStatus::Active => {}
            UserStatus::Suspended => return Err(Refusal::UserSuspended),
            UserStatus::Deleted => return Err(Refusal::Tombstone),
        }
        if let Some(identity) = present(tx, wish).await? {
            return Ok(Linked { identity, new: false });
        }
        let corp_id = &wish.subject.corp_id;
        if !wish.allow_second && identity::has_of_corp(tx, wish.user, corp_id).await? {
            return Err(Refusal::SecondIdentity);
        }
        // Whoever has left is linked as one who has.
        let held = departure::hold(tx, &wish.subject).await?;
        let made = identity::link(tx, &self.store.env, wish.user, held, None).await?;
        let identity = match made {
            Some(id) => identity::find(tx, id).await?,
            None => present(tx, wish).await?,
        };
        let identity = identity.ok_or(store::Error::Conflict)?;
        Ok(Linked { identity, new: made.is_some() })
    }

    /// Records an event that refers to another one.
    pub(super) async fn record_about(
        &self,
        tx: &mut TenantWrite,
        by: &By,
        kind: LinkKind,
        wish: &Wish,
        about: LinkEventId,
    ) -> Result<LinkEventId> {
        let event = event(by, kind, wish, json!({ "event": about }));
        Ok(link_event::record(tx, &self.store.env, event).await?)
    }
}

/// An event of an administrator's.
fn event(by: &By, kind: LinkKind, wish: &Wish, evidence: Value) -> LinkEvent {
    LinkEvent {
        kind,
        user_id: wish.user,
        subject: wish.subject.clone(),
        source_id: None,
        app_id: None,
        rule: Some("console"),
        evidence,
        actor_kind: by.kind,
        actor_id: by.id,
        trace: by.trace.clone(),
    }
}

/// Whose apps a corp's sources are; `self_built` if it has none yet.
pub(super) async fn default_mode(scope: &mut impl Scope, corp: &Corp) -> Result<SourceMode> {
    match corp::modes(scope, corp.id).await?.as_slice() {
        [] => Ok(SourceMode::SelfBuilt),
        [mode] => Ok(*mode),
        _ => Err(Refusal::ModeNeeded),
    }
}

/// The link as it is wanted, if it is there; refused if the person is linked to somebody else.
async fn present(scope: &mut impl Scope, wish: &Wish) -> Result<Option<Identity>> {
    match identity::linked_user(scope, &wish.subject).await? {
        None => Ok(None),
        Some(linked) if linked.user_id == wish.user => {
            Ok(identity::find(scope, linked.identity_id).await?)
        }
        Some(linked) => Err(Refusal::LinkedElsewhere(linked.user_id)),
    }
}

/// The identity of that id, if it is that user's.
async fn own(scope: &mut impl Scope, user: UserId, id: IdentityId) -> Result<Identity> {
    let found = identity::find(scope, id).await?;
    found.filter(|identity| identity.user_id == user).ok_or(Refusal::NotFound)
}
