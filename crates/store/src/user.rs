//! Users: the accounts of people in a tenant.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use crate::env::Env;
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::normal::{Email, Handle, Phone, name_key};
use crate::scope::{Scope, TenantWrite};
use crate::sql;
use crate::sql::Query;

crate::text_enum! {
    /// Who made an account, and so who keeps its profile.
    Origin {
        /// A first sign-in: the profile follows the upstream's.
        SignIn = "sign_in",
        /// An administrator: the upstream only gives a name where there is none, and the picture.
        Console = "console",
    }
}

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
    /// Who made it.
    pub origin: Origin,
    /// The name to sign in by, unique in the tenant; only an administrator sets it.
    pub username: Option<String>,
    /// The tenant's own number of the person, unique in it; only an administrator sets it.
    pub external_id: Option<String>,
    /// The person's name, as shown.
    pub name: Option<String>,
    /// The person's mail address.
    pub email: Option<String>,
    /// Whether an administrator or a one-time code confirmed it. What WeCom gives never is.
    pub email_verified: bool,
    /// The person's phone number.
    pub phone_number: Option<String>,
    /// Whether an administrator or a one-time code confirmed it.
    pub phone_number_verified: bool,
    /// A picture of the person, an https URL.
    pub picture: Option<String>,
    /// Goes up by one with every change by an administrator.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

impl User {
    /// What the person is known by: nothing of it makes a password.
    pub fn known_by(&self) -> Vec<&str> {
        let known =
            [&self.username, &self.external_id, &self.email, &self.phone_number, &self.name];
        known.into_iter().filter_map(Option::as_deref).collect()
    }
}

/// What a sign-in told about the person. Nothing is written where nothing was told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
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
            " id, status, origin, username, external_id, name, email, email_verified, phone_number,
              phone_number_verified, picture, version, created_at, updated_at ",
            $after
        )
    };
}

/// A value that was told; an empty one was not.
fn told(value: Option<&String>) -> Option<String> {
    value.filter(|text| !text.trim().is_empty()).cloned()
}

fn email_key(email: Option<&str>) -> Option<Vec<u8>> {
    email.and_then(|text| Email::parse(text).ok()).map(|email| email.to_stored_key())
}

fn phone_key(number: Option<&str>) -> Option<Vec<u8>> {
    number.and_then(|text| Phone::parse(text).ok()).map(|phone| phone.to_stored_key())
}

/// Makes an active user out of what a sign-in told. Nothing of it counts as verified.
pub async fn create(tx: &mut TenantWrite, env: &Env, profile: &Profile) -> Result<User> {
    tx.query(sql!(columns!(
        "INSERT INTO users (tenant_id, id, status, name, email, phone_number, picture, version,
         created_at, updated_at, name_key, email_key, phone_key)
         VALUES ($1, $2, 'active', $3, $4, $5, $6, 1, $7, $7, $8, $9, $10) RETURNING",
        ""
    )))
    .bind(UserId(env.random_id()?))
    .bind(told(profile.name.as_ref()))
    .bind(told(profile.email.as_ref()))
    .bind(told(profile.phone_number.as_ref()))
    .bind(told(profile.picture.as_ref()))
    .bind(env.now())
    .bind(profile.name.as_deref().and_then(name_key))
    .bind(email_key(profile.email.as_deref()))
    .bind(phone_key(profile.phone_number.as_deref()))
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

/// External ids that [`of_external_ids`] takes at most.
pub const EXTERNAL_IDS_AT_ONCE: usize = 100;

/// The users with these external ids, as far as there are any; the first
/// [`EXTERNAL_IDS_AT_ONCE`] of the ids.
pub async fn of_external_ids(scope: &mut impl Scope, ids: &[&Handle]) -> Result<Vec<User>> {
    let query = scope.query(sql!(columns!(
        "SELECT",
        "FROM users WHERE tenant_id = $1 AND external_id_key IN
             ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
             $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36,
             $37, $38, $39, $40, $41, $42, $43, $44, $45, $46, $47, $48, $49, $50, $51, $52, $53,
             $54, $55, $56, $57, $58, $59, $60, $61, $62, $63, $64, $65, $66, $67, $68, $69, $70,
             $71, $72, $73, $74, $75, $76, $77, $78, $79, $80, $81, $82, $83, $84, $85, $86, $87,
             $88, $89, $90, $91, $92, $93, $94, $95, $96, $97, $98, $99, $100, $101)"
    )));
    // Where there are fewer, null is nobody's.
    let places = ids.iter().map(|id| Some(id.to_stored_key())).chain(std::iter::repeat(None));
    places.take(EXTERNAL_IDS_AT_ONCE).fold(query, Query::bind).all().await
}

/// Writes what a sign-in told, where it is not nothing, verified, or an administrator's. A tombstone
/// stays without personal data, also when the user is deleted during the sign-in.
pub async fn refresh_profile(
    tx: &mut TenantWrite,
    env: &Env,
    id: UserId,
    profile: &Profile,
) -> Result<()> {
    tx.query(sql!(
        "UPDATE users SET
         name = CASE WHEN origin = 'console' THEN coalesce(name, $3) ELSE coalesce($3, name) END,
         name_key = CASE WHEN origin = 'console' THEN coalesce(name_key, $4) ELSE coalesce($4, name_key) END,
         email = CASE WHEN origin = 'console' OR email_verified THEN email ELSE coalesce($5, email) END,
         email_key = CASE WHEN origin = 'console' OR email_verified OR $5 IS NULL
             THEN email_key ELSE $6 END,
         phone_number = CASE WHEN origin = 'console' OR phone_number_verified THEN phone_number
             ELSE coalesce($7, phone_number) END,
         phone_key = CASE WHEN origin = 'console' OR phone_number_verified OR $7 IS NULL
             THEN phone_key ELSE $8 END,
         picture = coalesce($9, picture), updated_at = $10
         WHERE tenant_id = $1 AND id = $2 AND status <> 'deleted'"
    ))
    .bind(id)
    .bind(told(profile.name.as_ref()))
    .bind(profile.name.as_deref().and_then(name_key))
    .bind(told(profile.email.as_ref()))
    .bind(email_key(profile.email.as_deref()))
    .bind(told(profile.phone_number.as_ref()))
    .bind(phone_key(profile.phone_number.as_deref()))
    .bind(told(profile.picture.as_ref()))
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
    tx.query(sql!("DELETE FROM consents WHERE tenant_id = $1 AND user_id = $2"))
        .bind(id)
        .execute()
        .await?;
    tx.query(sql!(
        "UPDATE users SET name = NULL, name_key = NULL, username = NULL, username_key = NULL,
         external_id = NULL, external_id_key = NULL, email = NULL, email_key = NULL,
         email_verified = FALSE, phone_number = NULL, phone_key = NULL, phone_number_verified = FALSE,
         picture = NULL WHERE tenant_id = $1 AND id = $2"
    ))
    .bind(id)
    .execute()
    .await?;
    crate::password::remove(tx, id).await
}

/// The user with this id, kept from changing until the transaction ends: of two that change one
/// account, the second sees what the first has written; whoever suspends or deletes it meanwhile waits,
/// and then ends what was made here.
pub async fn lock(tx: &mut TenantWrite, id: UserId) -> Result<Option<User>> {
    tx.query(sql!(columns!(
        "UPDATE users SET status = status WHERE tenant_id = $1 AND id = $2 RETURNING",
        ""
    )))
    .bind(id)
    .optional()
    .await
}
