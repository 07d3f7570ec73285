//! Identities: the links from users to upstream persons. Keyed by corp, not by source: who first
//! came by the mobile source is known to the QR source.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use crate::departure::Held;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::id::{IdentityId, UserId};
use crate::scope::{Scope, TenantWrite};
use crate::sql;
use crate::user::{Origin, UserStatus};

crate::text_enum! {
    /// Whether a link signs its person in.
    LinkStatus {
        /// It does.
        Active = "active",
        /// Not at present; the person is not linked anew either.
        Suspended = "suspended",
    }
}

/// The key of an upstream person in a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// WeCom's `corpid`, from our configuration.
    pub corp_id: String,
    /// The userid as it is compared: folded for self-built apps, as received for agency apps.
    pub subject: String,
    /// The userid as received.
    pub userid: String,
}

/// The link from a user to an upstream person.
#[derive(Debug, Clone, FromRow)]
pub struct Identity {
    /// Its id.
    pub id: IdentityId,
    /// Whose it is.
    pub user_id: UserId,
    /// WeCom's `corpid`.
    pub corp_id: String,
    /// The userid as it is compared.
    pub subject: String,
    /// The userid as it was first received.
    pub userid: String,
    /// The person's name upstream, as last told.
    pub name: Option<String>,
    /// Whether it signs its person in.
    pub status: LinkStatus,
    /// When it was linked.
    pub created_at: DateTime<Utc>,
    /// When it last signed in.
    pub last_sign_in_at: DateTime<Utc>,
    /// When the person was last said to have left the corp.
    pub left_at: Option<DateTime<Utc>>,
}

impl Identity {
    /// The upstream person.
    pub fn person(&self) -> Subject {
        Subject {
            corp_id: self.corp_id.clone(),
            subject: self.subject.clone(),
            userid: self.userid.clone(),
        }
    }
}

/// The user whom an upstream person is linked to.
#[derive(Debug, Clone, FromRow)]
pub struct LinkedUser {
    /// The identity.
    pub identity_id: IdentityId,
    /// The user.
    pub user_id: UserId,
    /// Whether the link signs its person in.
    pub link_status: LinkStatus,
    /// When the person was last said to have left the corp.
    pub left_at: Option<DateTime<Utc>>,
    /// Whether the user may sign in.
    pub status: UserStatus,
    /// Who keeps its profile.
    pub origin: Origin,
    /// Its profile as stored.
    pub name: Option<String>,
    /// Its profile as stored.
    pub email: Option<String>,
    /// Whether that is verified.
    pub email_verified: bool,
    /// Its profile as stored.
    pub phone_number: Option<String>,
    /// Whether that is verified.
    pub phone_number_verified: bool,
    /// Its profile as stored.
    pub picture: Option<String>,
}

/// The user whom this upstream person is linked to.
pub async fn linked_user(scope: &mut impl Scope, subject: &Subject) -> Result<Option<LinkedUser>> {
    scope
        .query(sql!(
            "SELECT i.id AS identity_id, i.status AS link_status, i.left_at, u.id AS user_id, u.status,
             u.origin, u.name, u.email, u.email_verified, u.phone_number, u.phone_number_verified, u.picture
             FROM identities i JOIN users u ON u.id = i.user_id
             WHERE i.tenant_id = $1 AND i.provider = 'wecom' AND i.corp_id = $2 AND i.subject = $3"
        ))
        .bind(subject.corp_id.clone())
        .bind(subject.subject.clone())
        .optional()
        .await
}

/// Links an upstream person to a user. `None` if the person is linked already: of two first
/// sign-ins at once, one wins and the other has to look again. `name` is the person's upstream.
pub async fn link(
    tx: &mut TenantWrite,
    env: &Env,
    user: UserId,
    held: Held<'_>,
    name: Option<&str>,
) -> Result<Option<IdentityId>> {
    #[derive(FromRow)]
    struct Made {
        id: IdentityId,
    }
    let Held { person, left_at } = held;
    let made: Option<Made> = tx
        .query(sql!(
            "INSERT INTO identities (tenant_id, id, user_id, provider, corp_id, subject, userid, name,
             created_at, last_sign_in_at, left_at)
             VALUES ($1, $2, $3, 'wecom', $4, $5, $6, $7, $8, $8, $9)
             ON CONFLICT (tenant_id, provider, corp_id, subject) DO NOTHING RETURNING id"
        ))
        .bind(IdentityId(env.ordered_id()?))
        .bind(user)
        .bind(person.corp_id.clone())
        .bind(person.subject.clone())
        .bind(person.userid.clone())
        .bind(name.map(str::to_owned))
        .bind(env.now())
        .bind(left_at)
        .optional()
        .await?;
    Ok(made.map(|row| row.id))
}

/// Notes a sign-in by a link that was found active, whose person was proven to be a member at
/// `proven_at`, and the name that the upstream told. [`Error::Conflict`] if it was taken away or
/// suspended meanwhile, or its person has left: the sign-in has to be decided anew, or its session
/// would outlive the link.
pub async fn touch(
    tx: &mut TenantWrite,
    env: &Env,
    id: IdentityId,
    name: Option<&str>,
    proven_at: DateTime<Utc>,
) -> Result<()> {
    let touched = tx
        .query(sql!(
            "UPDATE identities SET last_sign_in_at = $3, name = coalesce($4, name)
             WHERE tenant_id = $1 AND id = $2 AND status = 'active'
             AND (left_at IS NULL OR left_at < $5)"
        ))
        .bind(id)
        .bind(env.now())
        .bind(name.map(str::to_owned))
        .bind(proven_at)
        .execute()
        .await?;
    if touched == 1 { Ok(()) } else { Err(Error::Conflict) }
}

/// Gives a link another userid of the same person. Whether there was one: not if nobody is linked by
/// the old one, or somebody is by the new one.
pub async fn rename(tx: &mut TenantWrite, old: &Subject, new: &Subject) -> Result<bool> {
    let renamed = tx
        .query(sql!(
            "UPDATE identities SET subject = $4, userid = $5
             WHERE tenant_id = $1 AND provider = 'wecom' AND corp_id = $2 AND subject = $3
             AND NOT EXISTS (SELECT 1 FROM identities o WHERE o.tenant_id = $1
                 AND o.provider = 'wecom' AND o.corp_id = $2 AND o.subject = $4 AND $4 <> $3)"
        ))
        .bind(old.corp_id.clone())
        .bind(old.subject.clone())
        .bind(new.subject.clone())
        .bind(new.userid.clone())
        .execute()
        .await?;
    Ok(renamed == 1)
}

/// Notes that the person of a link has left the corp: the sessions and grants that it signed in until
/// then are dead. A later note stays. The user whom they are linked to.
pub async fn leave(tx: &mut TenantWrite, env: &Env, person: &Subject) -> Result<Option<UserId>> {
    #[derive(FromRow)]
    struct Left {
        user_id: UserId,
    }
    let left: Option<Left> = tx
        .query(sql!(
            "UPDATE identities SET left_at = CASE WHEN left_at > $4 THEN left_at ELSE $4 END
             WHERE tenant_id = $1 AND provider = 'wecom' AND corp_id = $2 AND subject = $3
             RETURNING user_id"
        ))
        .bind(person.corp_id.clone())
        .bind(person.subject.clone())
        .bind(env.now())
        .optional()
        .await?;
    Ok(left.map(|left| left.user_id))
}

macro_rules! columns {
    ($after:literal) => {
        concat!(
            "SELECT id, user_id, corp_id, subject, userid, name, status, created_at, last_sign_in_at,
             left_at FROM identities WHERE tenant_id = $1 AND ",
            $after
        )
    };
}

/// The identity with this id.
pub async fn find(scope: &mut impl Scope, id: IdentityId) -> Result<Option<Identity>> {
    scope.query(sql!(columns!("id = $2"))).bind(id).optional().await
}

/// Switches a link on or off. Whether it was the other way before.
pub async fn set_status(tx: &mut TenantWrite, id: IdentityId, status: LinkStatus) -> Result<bool> {
    let changed = tx
        .query(sql!(
            "UPDATE identities SET status = $3 WHERE tenant_id = $1 AND id = $2 AND status <> $3"
        ))
        .bind(id)
        .bind(status)
        .execute()
        .await?;
    Ok(changed == 1)
}

/// Takes a link away. Whether it was there: of several attempts at once, one takes it.
pub async fn remove(tx: &mut TenantWrite, id: IdentityId) -> Result<bool> {
    let removed = tx
        .query(sql!("DELETE FROM identities WHERE tenant_id = $1 AND id = $2"))
        .bind(id)
        .execute()
        .await?;
    Ok(removed == 1)
}

/// Takes a link away that is active. Whether there was one.
pub async fn remove_active(tx: &mut TenantWrite, id: IdentityId) -> Result<bool> {
    let removed = tx
        .query(sql!(
            "DELETE FROM identities WHERE tenant_id = $1 AND id = $2 AND status = 'active'"
        ))
        .bind(id)
        .execute()
        .await?;
    Ok(removed == 1)
}

/// Whether the user has an identity of the corp, other than this one.
pub async fn has_of_corp(scope: &mut impl Scope, user: UserId, corp_id: &str) -> Result<bool> {
    #[derive(FromRow)]
    struct Found {
        #[expect(dead_code, reason = "only the arrival of the row counts")]
        id: IdentityId,
    }
    let found: Option<Found> = scope
        .query(sql!(
            "SELECT id FROM identities
             WHERE tenant_id = $1 AND user_id = $2 AND provider = 'wecom' AND corp_id = $3 LIMIT 1"
        ))
        .bind(user)
        .bind(corp_id.to_owned())
        .optional()
        .await?;
    Ok(found.is_some())
}

/// The identities of a user, oldest first.
pub async fn of_user(scope: &mut impl Scope, user: UserId) -> Result<Vec<Identity>> {
    scope.query(sql!(columns!("user_id = $2 ORDER BY created_at, id"))).bind(user).all().await
}

/// A link as its person sees it.
#[derive(Debug, Clone, FromRow)]
pub struct Listed {
    /// Its id.
    pub id: IdentityId,
    /// WeCom's `corpid`.
    pub corp_id: String,
    /// The corp's name, if the tenant still has the corp.
    pub corp_name: Option<String>,
    /// The userid as it was first received.
    pub userid: String,
    /// The person's name upstream, as last told.
    pub name: Option<String>,
    /// Whether it signs its person in.
    pub status: LinkStatus,
    /// When it was linked.
    pub created_at: DateTime<Utc>,
    /// When it last signed in.
    pub last_sign_in_at: DateTime<Utc>,
}

/// The links of a user with the names of their corps, oldest first.
pub async fn listed(scope: &mut impl Scope, user: UserId) -> Result<Vec<Listed>> {
    scope
        .query(sql!(
            "SELECT i.id, i.corp_id, c.display_name AS corp_name, i.userid, i.name, i.status, i.created_at,
             i.last_sign_in_at FROM identities i
             LEFT JOIN corps c ON c.tenant_id = i.tenant_id AND c.corp_id = i.corp_id
             WHERE i.tenant_id = $1 AND i.user_id = $2 ORDER BY i.created_at, i.id"
        ))
        .bind(user)
        .all()
        .await
}
