//! Accounts as administrators keep them: what a person is found by, with what is verified of it, and
//! the look-ups that rest on that.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use crate::env::Env;
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::normal::{Email, Handle, Phone, name_key};
use crate::scope::{Scope, TenantWrite};
use crate::sql;
use crate::user::{self, User, UserStatus};

/// What an administrator decides about an account.
#[derive(Debug, Clone, Default)]
pub struct AccountSettings {
    /// The person's name, as shown.
    pub name: Option<String>,
    /// The name to sign in by.
    pub username: Option<Handle>,
    /// The tenant's own number of the person.
    pub external_id: Option<Handle>,
    /// Mail address.
    pub email: Option<Email>,
    /// Whether it is the person's beyond doubt.
    pub email_verified: bool,
    /// Phone number.
    pub phone_number: Option<Phone>,
    /// Whether it is the person's beyond doubt.
    pub phone_number_verified: bool,
}

impl AccountSettings {
    fn keys(&self) -> Keys {
        Keys {
            username: self.username.as_ref().map(Handle::to_stored_key),
            external_id: self.external_id.as_ref().map(Handle::to_stored_key),
            email: self.email.as_ref().map(Email::to_stored_key),
            phone: self.phone_number.as_ref().map(Phone::to_stored_key),
        }
    }

    fn verified(&self) -> (bool, bool) {
        // What is not there cannot be verified.
        let email = self.email_verified && self.email.is_some();
        (email, self.phone_number_verified && self.phone_number.is_some())
    }
}

struct Keys {
    username: Option<Vec<u8>>,
    external_id: Option<Vec<u8>>,
    email: Option<Vec<u8>>,
    phone: Option<Vec<u8>>,
}

crate::text_enum! {
    /// What must be unique about an account.
    Unique {
        /// The user name.
        Username = "username",
        /// The external id.
        ExternalId = "external_id",
        /// The verified mail address.
        Email = "email",
        /// The verified phone number.
        PhoneNumber = "phone_number",
    }
}

/// Makes an account. [`Error::Conflict`] if somebody has what must be unique; [`taken`] says what.
pub async fn create(tx: &mut TenantWrite, env: &Env, settings: &AccountSettings) -> Result<User> {
    insert(tx, env, settings).await?.ok_or(Error::Conflict)
}

/// Makes an account; none if somebody has what must be unique. The transaction can go on in either
/// case.
pub async fn insert(
    tx: &mut TenantWrite,
    env: &Env,
    settings: &AccountSettings,
) -> Result<Option<User>> {
    match add(tx, env, settings).await? {
        Some(id) => user::find(tx, id).await,
        None => Ok(None),
    }
}

/// As [`insert`], in one statement, for those who need no more than the id: an import.
pub async fn add(
    tx: &mut TenantWrite,
    env: &Env,
    settings: &AccountSettings,
) -> Result<Option<UserId>> {
    #[derive(FromRow)]
    struct Made {
        id: UserId,
    }
    let (keys, (email_verified, phone_verified)) = (settings.keys(), settings.verified());
    let made: Option<Made> = tx
        .query(sql!(
            "INSERT INTO users (tenant_id, id, status, origin, name, name_key, username, username_key,
             external_id, external_id_key, email, email_key, email_verified, phone_number, phone_key,
             phone_number_verified, version, created_at, updated_at)
             VALUES ($1, $2, 'active', 'console', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 1,
             $15, $15) ON CONFLICT DO NOTHING RETURNING id"
        ))
        .bind(UserId(env.random_id()?))
        .bind(settings.name.clone())
        .bind(settings.name.as_deref().and_then(name_key))
        .bind(settings.username.as_ref().map(|name| name.as_str().to_owned()))
        .bind(keys.username)
        .bind(settings.external_id.as_ref().map(|id| id.as_str().to_owned()))
        .bind(keys.external_id)
        .bind(settings.email.as_ref().map(|email| email.as_str().to_owned()))
        .bind(keys.email)
        .bind(email_verified)
        .bind(settings.phone_number.as_ref().map(|phone| phone.as_str().to_owned()))
        .bind(keys.phone)
        .bind(phone_verified)
        .bind(env.now())
        .optional()
        .await?;
    Ok(made.map(|made| made.id))
}

/// Writes the settings of an account that has this version. What an administrator keeps is no longer
/// the upstream's to change. [`Error::Stale`] if it changed or was deleted, [`Error::Conflict`] if
/// somebody has what must be unique; [`taken`] says what, before.
pub async fn update(
    tx: &mut TenantWrite,
    env: &Env,
    id: UserId,
    version: i64,
    settings: &AccountSettings,
) -> Result<User> {
    let (keys, (email_verified, phone_verified)) = (settings.keys(), settings.verified());
    let updated = tx
        .query(sql!(
            "UPDATE users SET origin = 'console', name = $4, name_key = $5, username = $6,
             username_key = $7, external_id = $8, external_id_key = $9, email = $10, email_key = $11,
             email_verified = $12, phone_number = $13, phone_key = $14, phone_number_verified = $15,
             version = version + 1, updated_at = $16
             WHERE tenant_id = $1 AND id = $2 AND version = $3 AND status <> 'deleted'"
        ))
        .bind(id)
        .bind(version)
        .bind(settings.name.clone())
        .bind(settings.name.as_deref().and_then(name_key))
        .bind(settings.username.as_ref().map(|name| name.as_str().to_owned()))
        .bind(keys.username)
        .bind(settings.external_id.as_ref().map(|id| id.as_str().to_owned()))
        .bind(keys.external_id)
        .bind(settings.email.as_ref().map(|email| email.as_str().to_owned()))
        .bind(keys.email)
        .bind(email_verified)
        .bind(settings.phone_number.as_ref().map(|phone| phone.as_str().to_owned()))
        .bind(keys.phone)
        .bind(phone_verified)
        .bind(env.now())
        .execute()
        .await?;
    if updated == 0 {
        return Err(Error::Stale);
    }
    user::find(tx, id).await?.ok_or(Error::Stale)
}

/// The first of the unique values that belongs to another account than `own`.
pub async fn taken(
    scope: &mut impl Scope,
    own: Option<UserId>,
    settings: &AccountSettings,
) -> Result<Option<Unique>> {
    #[derive(FromRow)]
    struct Taken {
        username: bool,
        external_id: bool,
        email: bool,
    }
    let (keys, (email_verified, phone_verified)) = (settings.keys(), settings.verified());
    let taken: Option<Taken> = scope
        .query(sql!(
            "SELECT coalesce(username_key = $3, FALSE) AS username,
             coalesce(external_id_key = $4, FALSE) AS external_id,
             coalesce(email_verified AND email_key = $5, FALSE) AS email
             FROM users WHERE tenant_id = $1 AND (id <> $2 OR $2 IS NULL)
             AND (username_key = $3 OR external_id_key = $4 OR (email_verified AND email_key = $5)
                  OR (phone_number_verified AND phone_key = $6))
             ORDER BY 1 DESC, 2 DESC, 3 DESC LIMIT 1"
        ))
        .bind(own)
        .bind(keys.username)
        .bind(keys.external_id)
        .bind(keys.email.filter(|_| email_verified))
        .bind(keys.phone.filter(|_| phone_verified))
        .optional()
        .await?;
    Ok(taken.map(|taken| match taken {
        Taken { username: true, .. } => Unique::Username,
        Taken { external_id: true, .. } => Unique::ExternalId,
        Taken { email: true, .. } => Unique::Email,
        Taken { .. } => Unique::PhoneNumber,
    }))
}

/// The account with this external id.
pub async fn find_by_external_id(
    scope: &mut impl Scope,
    external_id: &Handle,
) -> Result<Option<UserId>> {
    #[derive(FromRow)]
    struct Found {
        id: UserId,
    }
    let found: Option<Found> = scope
        .query(sql!("SELECT id FROM users WHERE tenant_id = $1 AND external_id_key = $2"))
        .bind(external_id.to_stored_key())
        .optional()
        .await?;
    Ok(found.map(|row| row.id))
}

/// The account with this user name.
pub async fn find_by_username(scope: &mut impl Scope, username: &Handle) -> Result<Option<UserId>> {
    #[derive(FromRow)]
    struct Found {
        id: UserId,
    }
    let found: Option<Found> = scope
        .query(sql!("SELECT id FROM users WHERE tenant_id = $1 AND username_key = $2"))
        .bind(username.to_stored_key())
        .optional()
        .await?;
    Ok(found.map(|row| row.id))
}

/// Whom a person who signs in may mean.
#[derive(Debug, Clone, FromRow)]
pub struct Named {
    /// The user.
    pub id: UserId,
    /// Whether it may sign in.
    pub status: UserStatus,
    /// The stored form of its password, if it has one.
    pub password: Option<String>,
    /// When that was chosen.
    pub password_changed_at: Option<DateTime<Utc>>,
}

/// The accounts that somebody may mean who types this: by user name, verified mail address or verified
/// phone number. More than one only if one's user name is another's address.
pub async fn by_name(scope: &mut impl Scope, typed: &str) -> Result<Vec<Named>> {
    scope
        .query(sql!(
            "SELECT u.id, u.status, p.hash AS password, p.changed_at AS password_changed_at
             FROM users u
             LEFT JOIN passwords p ON p.tenant_id = u.tenant_id AND p.user_id = u.id
             WHERE u.tenant_id = $1 AND u.status <> 'deleted'
             AND (u.username_key = $2 OR (u.email_verified AND u.email_key = $3)
                  OR (u.phone_number_verified AND u.phone_key = $4)) LIMIT 3"
        ))
        .bind(Handle::parse(typed).ok().map(|name| name.to_stored_key()))
        .bind(Email::parse(typed).ok().map(|email| email.to_stored_key()))
        .bind(Phone::parse(typed).ok().map(|phone| phone.to_stored_key()))
        .all()
        .await
}

/// The account that has this address verified, active or not.
pub async fn by_address(
    scope: &mut impl Scope,
    email: Option<&Email>,
    phone: Option<&Phone>,
) -> Result<Option<Named>> {
    scope
        .query(sql!(
            "SELECT u.id, u.status, p.hash AS password, p.changed_at AS password_changed_at
             FROM users u
             LEFT JOIN passwords p ON p.tenant_id = u.tenant_id AND p.user_id = u.id
             WHERE u.tenant_id = $1 AND u.status <> 'deleted'
             AND ((u.email_verified AND u.email_key = $2)
                  OR (u.phone_number_verified AND u.phone_key = $3)) ORDER BY u.id LIMIT 1"
        ))
        .bind(email.map(Email::to_stored_key))
        .bind(phone.map(Phone::to_stored_key))
        .optional()
        .await
}

/// Notes that a one-time code proved a mail address or phone number to be the user's: the value is
/// written and verified. [`Error::Conflict`] if it is verified for somebody else.
pub async fn set_verified(
    tx: &mut TenantWrite,
    env: &Env,
    id: UserId,
    email: Option<&Email>,
    phone: Option<&Phone>,
) -> Result<()> {
    tx.query(sql!(
        "UPDATE users SET email = coalesce($3, email), email_key = coalesce($4, email_key),
         email_verified = CASE WHEN $4 IS NULL THEN email_verified ELSE TRUE END,
         phone_number = coalesce($5, phone_number), phone_key = coalesce($6, phone_key),
         phone_number_verified = CASE WHEN $6 IS NULL THEN phone_number_verified ELSE TRUE END,
         version = version + 1, updated_at = $7
         WHERE tenant_id = $1 AND id = $2 AND status <> 'deleted'"
    ))
    .bind(id)
    .bind(email.map(|email| email.as_str().to_owned()))
    .bind(email.map(Email::to_stored_key))
    .bind(phone.map(|phone| phone.as_str().to_owned()))
    .bind(phone.map(Phone::to_stored_key))
    .bind(env.now())
    .execute()
    .await?;
    Ok(())
}
