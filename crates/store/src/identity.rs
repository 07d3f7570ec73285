//! Identities: the links from users to upstream persons. Keyed by corp, not by source: who first
//! came by the mobile source is known to the QR source.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use crate::env::Env;
use crate::error::Result;
use crate::id::{IdentityId, UserId};
use crate::scope::{Scope, TenantWrite};
use crate::sql;
use crate::user::UserStatus;

/// The key of an upstream person in a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// The userid as it was first received.
    pub userid: String,
    /// When it was linked.
    pub created_at: DateTime<Utc>,
    /// When it last signed in.
    pub last_sign_in_at: DateTime<Utc>,
}

/// The user whom an upstream person is linked to.
#[derive(Debug, Clone, FromRow)]
pub struct LinkedUser {
    /// The identity.
    pub identity_id: IdentityId,
    /// The user.
    pub user_id: UserId,
    /// Whether it may sign in.
    pub status: UserStatus,
    /// Its profile as stored.
    pub name: Option<String>,
    /// Its profile as stored.
    pub email: Option<String>,
    /// Its profile as stored.
    pub phone_number: Option<String>,
    /// Its profile as stored.
    pub picture: Option<String>,
}

/// The user whom this upstream person is linked to.
pub async fn linked_user(scope: &mut impl Scope, subject: &Subject) -> Result<Option<LinkedUser>> {
    scope
        .query(sql!(
            "SELECT i.id AS identity_id, u.id AS user_id, u.status, u.name, u.email, u.phone_number,
             u.picture FROM identities i JOIN users u ON u.id = i.user_id
             WHERE i.tenant_id = $1 AND i.provider = 'wecom' AND i.corp_id = $2 AND i.subject = $3"
        ))
        .bind(subject.corp_id.clone())
        .bind(subject.subject.clone())
        .optional()
        .await
}

/// Links an upstream person to a user. `None` if the person is linked already: of two first
/// sign-ins at once, one wins and the other has to look again.
pub async fn link(
    tx: &mut TenantWrite,
    env: &Env,
    user: UserId,
    subject: &Subject,
) -> Result<Option<IdentityId>> {
    #[derive(FromRow)]
    struct Made {
        id: IdentityId,
    }
    let made: Option<Made> = tx
        .query(sql!(
            "INSERT INTO identities (tenant_id, id, user_id, provider, corp_id, subject, userid,
             created_at, last_sign_in_at)
             VALUES ($1, $2, $3, 'wecom', $4, $5, $6, $7, $7)
             ON CONFLICT (tenant_id, provider, corp_id, subject) DO NOTHING RETURNING id"
        ))
        .bind(IdentityId(env.ordered_id()?))
        .bind(user)
        .bind(subject.corp_id.clone())
        .bind(subject.subject.clone())
        .bind(subject.userid.clone())
        .bind(env.now())
        .optional()
        .await?;
    Ok(made.map(|row| row.id))
}

/// Notes a sign-in.
pub async fn touch(tx: &mut TenantWrite, env: &Env, id: IdentityId) -> Result<()> {
    tx.query(sql!("UPDATE identities SET last_sign_in_at = $3 WHERE tenant_id = $1 AND id = $2"))
        .bind(id)
        .bind(env.now())
        .execute()
        .await?;
    Ok(())
}

/// The identities of a user, oldest first.
pub async fn of_user(scope: &mut impl Scope, user: UserId) -> Result<Vec<Identity>> {
    scope
        .query(sql!(
            "SELECT id, user_id, corp_id, userid, created_at, last_sign_in_at FROM identities
             WHERE tenant_id = $1 AND user_id = $2 ORDER BY created_at, id"
        ))
        .bind(user)
        .all()
        .await
}
