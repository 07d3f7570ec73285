//! Users: the accounts of people in a tenant.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use crate::env::Env;
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::page::{Cursor, Page, PageRequest};
use crate::scope::{Scope, TenantWrite};
use crate::sql;

crate::text_enum! {
    /// Whether a user may sign in.
    UserStatus {
        /// It may.
        Active = "active",
        /// Not at present; refused at every step.
        Suspended = "suspended",
        /// Never again: a tombstone that keeps the `sub` from being used again.
        Deleted = "deleted",
    }
}

/// A person's account.
#[derive(Debug, Clone, FromRow)]
pub struct User {
    /// Its id: the `sub`.
    pub id: UserId,
    /// Whether it may sign in.
    pub status: UserStatus,
    /// The person's name, as shown.
    pub name: Option<String>,
    /// The person's mail address, as WeCom gave it: not verified.
    pub email: Option<String>,
    /// The person's phone number, as WeCom gave it: not verified.
    pub phone_number: Option<String>,
    /// A picture of the person, an https URL.
    pub picture: Option<String>,
    /// Goes up by one with every change by an administrator.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// What a sign-in told about the person. Nothing is written where nothing was told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// Name.
    pub name: Option<String>,
    /// Mail address.
    pub email: Option<String>,
    /// Phone number.
    pub phone_number: Option<String>,
    /// Picture.
    pub picture: Option<String>,
}

macro_rules! columns {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            " id, status, name, email, phone_number, picture, version, created_at, updated_at ",
            $after
        )
    };
}

/// Makes an active user.
pub async fn create(tx: &mut TenantWrite, env: &Env, profile: &Profile) -> Result<User> {
    tx.query(sql!(columns!(
        "INSERT INTO users (tenant_id, id, status, name, email, phone_number, picture, version,
         created_at, updated_at)
         VALUES ($1, $2, 'active', $3, $4, $5, $6, 1, $7, $7) RETURNING",
        ""
    )))
    .bind(UserId(env.random_id()?))
    .bind(profile.name.clone())
    .bind(profile.email.clone())
    .bind(profile.phone_number.clone())
    .bind(profile.picture.clone())
    .bind(env.now())
    .one()
    .await
}

/// The user with this id, tombstones included.
pub async fn find(scope: &mut impl Scope, id: UserId) -> Result<Option<User>> {
    scope
        .query(sql!(columns!("SELECT", "FROM users WHERE tenant_id = $1 AND id = $2")))
        .bind(id)
        .optional()
        .await
}

/// A page of the tenant's users, by status if one is given; without the deleted ones otherwise.
pub async fn list(
    scope: &mut impl Scope,
    status: Option<UserStatus>,
    page: PageRequest,
) -> Result<Page<User>> {
    let rows = scope
        .query(sql!(columns!(
            "SELECT",
            "FROM users WHERE tenant_id = $1 AND ((created_at, id) > ($2, $3) OR $2 IS NULL)
             AND (status = $4 OR ($4 IS NULL AND status <> 'deleted'))
             ORDER BY created_at, id LIMIT $5"
        )))
        .bind(page.after_time())
        .bind(page.after_id())
        .bind(status)
        .bind(page.fetch())
        .all()
        .await?;
    Ok(page.page(rows, |row: &User| Cursor { created_at: row.created_at, id: row.id.0 }))
}

/// Writes what a sign-in told, where it is not nothing. A tombstone stays without personal data,
/// also when the user is deleted during the sign-in.
pub async fn refresh_profile(
    tx: &mut TenantWrite,
    env: &Env,
    id: UserId,
    profile: &Profile,
) -> Result<()> {
    tx.query(sql!(
        "UPDATE users SET name = coalesce($3, name), email = coalesce($4, email),
         phone_number = coalesce($5, phone_number), picture = coalesce($6, picture), updated_at = $7
         WHERE tenant_id = $1 AND id = $2 AND status <> 'deleted'"
    ))
    .bind(id)
    .bind(profile.name.clone())
    .bind(profile.email.clone())
    .bind(profile.phone_number.clone())
    .bind(profile.picture.clone())
    .bind(env.now())
    .execute()
    .await?;
    Ok(())
}

/// Sets the status of a user that has this version. A tombstone stays one. Every session
/// and grant of the user ends in the same transaction.
pub async fn set_status(
    tx: &mut TenantWrite,
    env: &Env,
    id: UserId,
    version: i64,
    status: UserStatus,
) -> Result<User> {
    let user: User = tx
        .query(sql!(columns!(
            "UPDATE users SET status = $4, version = version + 1, updated_at = $5
             WHERE tenant_id = $1 AND id = $2 AND version = $3 AND status <> 'deleted' RETURNING",
            ""
        )))
        .bind(id)
        .bind(version)
        .bind(status)
        .bind(env.now())
        .optional()
        .await?
        .ok_or(Error::Stale)?;
    // Also when the user is let in again: on PostgreSQL a sign-in that began before the suspension
    // may have written its session after it.
    crate::session::end_all_of_user(tx, env, id).await?;
    if status == UserStatus::Deleted {
        forget(tx, id).await?;
        return find(tx, id).await?.ok_or(Error::Stale);
    }
    Ok(user)
}

/// Takes a tombstone's personal data and its identities away: whoever comes with one of them next
/// is somebody new (attack M15).
async fn forget(tx: &mut TenantWrite, id: UserId) -> Result<()> {
    tx.query(sql!("DELETE FROM identities WHERE tenant_id = $1 AND user_id = $2"))
        .bind(id)
        .execute()
        .await?;
    tx.query(sql!(
        "UPDATE users SET name = NULL, email = NULL, phone_number = NULL, picture = NULL
         WHERE tenant_id = $1 AND id = $2"
    ))
    .bind(id)
    .execute()
    .await?;
    Ok(())
}
