//! Changes of accounts: what is named changes, the rest stays as it is, also where it has no normal
//! form. A caller says what is to be ([`Change`]); compared with the account that is what differs
//! ([`Difference`]), which is written, named in the audit event, or nothing.

use crate::account::{self, AccountSettings, Unique};
use crate::env::Env;
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::normal::{Email, Handle, Phone, name_key};
use crate::scope::{Scope, TenantWrite};
use crate::user::User;
use crate::{session, sql};

/// What becomes of a value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Edit<T> {
    /// It stays.
    #[default]
    Keep,
    /// It is taken away.
    Clear,
    /// It becomes this one.
    Set(T),
}

impl<T> Edit<T> {
    /// The new value.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Keep | Self::Clear => None,
        }
    }

    /// The new value itself.
    pub fn into_value(self) -> Option<T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Keep | Self::Clear => None,
        }
    }

    fn changes(&self) -> bool {
        !matches!(self, Self::Keep)
    }

    /// Nothing, where it would change nothing.
    fn differing(self, current: Option<&str>, text: impl Fn(&T) -> &str) -> Self {
        match &self {
            Self::Clear if current.is_none() => Self::Keep,
            Self::Set(value) if current == Some(text(value)) => Self::Keep,
            _ => self,
        }
    }

    /// Whether people are found by something else afterwards.
    fn moves<'t>(&'t self, current: Option<&str>, key: impl Fn(&'t T) -> &'t str) -> bool {
        match self {
            Self::Keep => false,
            Self::Clear => current.is_some(),
            Self::Set(value) => current != Some(key(value)),
        }
    }
}

/// What is to change of an account.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// The person's name, as shown.
    pub name: Edit<String>,
    /// The name to sign in by.
    pub username: Edit<Handle>,
    /// The tenant's own number of the person.
    pub external_id: Edit<Handle>,
    /// Mail address.
    pub email: Edit<Email>,
    /// Whether it is the person's beyond doubt. If nothing is said, a new address is not.
    pub email_verified: Option<bool>,
    /// Phone number.
    pub phone_number: Edit<Phone>,
    /// Whether it is the person's beyond doubt. If nothing is said, a new number is not.
    pub phone_number_verified: Option<bool>,
}

impl Change {
    /// The settings of a new account.
    pub fn into_settings(self) -> AccountSettings {
        AccountSettings {
            name: self.name.into_value(),
            username: self.username.into_value(),
            external_id: self.external_id.into_value(),
            email: self.email.into_value(),
            email_verified: self.email_verified.unwrap_or_default(),
            phone_number: self.phone_number.into_value(),
            phone_number_verified: self.phone_number_verified.unwrap_or_default(),
        }
    }

    /// What of it an account does not have already.
    pub fn against(self, user: &User) -> Difference {
        // What has no normal form is compared as it is.
        let key = |text: &Option<String>, key: fn(&str) -> Option<String>| {
            text.as_ref().map(|text| key(text).unwrap_or_else(|| text.clone()))
        };
        let username = key(&user.username, |text| Handle::parse(text).ok().map(Handle::into_key));
        let email = key(&user.email, |text| Email::parse(text).ok().map(Email::into_key));
        let phone = key(&user.phone_number, |text| Phone::parse(text).ok().map(Phone::into_key));
        let other_name = self.username.moves(username.as_deref(), Handle::key);
        let other_email = self.email.moves(email.as_deref(), Email::key);
        let other_phone = self.phone_number.moves(phone.as_deref(), Phone::key);
        let email_verified = mark(
            &self.email,
            email.is_some(),
            other_email,
            user.email_verified,
            self.email_verified,
        );
        let phone_number_verified = mark(
            &self.phone_number,
            phone.is_some(),
            other_phone,
            user.phone_number_verified,
            self.phone_number_verified,
        );
        let change = Self {
            name: self.name.differing(user.name.as_deref(), String::as_str),
            username: self.username.differing(user.username.as_deref(), Handle::as_str),
            external_id: self.external_id.differing(user.external_id.as_deref(), Handle::as_str),
            email: self.email.differing(user.email.as_deref(), Email::as_str),
            email_verified,
            phone_number: self.phone_number.differing(user.phone_number.as_deref(), Phone::as_str),
            phone_number_verified,
        };
        // A mark that is taken away says that the person was not the right one.
        let doubted =
            change.email_verified == Some(false) || change.phone_number_verified == Some(false);
        Difference { change, moved: other_name || other_email || other_phone || doubted }
    }
}

/// What becomes of the mark that a value is verified; none if it stays.
fn mark<T>(
    edit: &Edit<T>,
    had: bool,
    other: bool,
    current: bool,
    said: Option<bool>,
) -> Option<bool> {
    let has = match edit {
        Edit::Keep => had,
        Edit::Clear => false,
        Edit::Set(_) => true,
    };
    let verified = has && said.unwrap_or(current && !other);
    (verified != current).then_some(verified)
}

/// What differs between an account and what is to be.
#[derive(Debug, Clone)]
pub struct Difference {
    change: Change,
    moved: bool,
}

impl Difference {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.fields().is_empty()
    }

    /// Whether the person is found by something else afterwards: by another user name, mail address
    /// or phone number. Then every session ends, because whoever has one may be somebody who had the
    /// account before (attack M8).
    pub fn ends_sessions(&self) -> bool {
        self.moved
    }

    /// The names of what differs.
    pub fn fields(&self) -> Vec<&'static str> {
        let change = &self.change;
        let fields = [
            ("name", change.name.changes()),
            ("username", change.username.changes()),
            ("external_id", change.external_id.changes()),
            ("email", change.email.changes()),
            ("email_verified", change.email_verified.is_some()),
            ("phone_number", change.phone_number.changes()),
            ("phone_number_verified", change.phone_number_verified.is_some()),
        ];
        fields.into_iter().filter(|(_, changes)| *changes).map(|(name, _)| name).collect()
    }

    /// What the account takes for itself that must be unique.
    fn claims(&self, user: &User) -> AccountSettings {
        let change = &self.change;
        let email = match &change.email {
            Edit::Keep => user.email.as_deref().and_then(|text| Email::parse(text).ok()),
            edit => edit.value().cloned(),
        };
        let phone_number = match &change.phone_number {
            Edit::Keep => user.phone_number.as_deref().and_then(|text| Phone::parse(text).ok()),
            edit => edit.value().cloned(),
        };
        AccountSettings {
            name: None,
            username: change.username.value().cloned(),
            external_id: change.external_id.value().cloned(),
            email,
            email_verified: change.email_verified.unwrap_or(user.email_verified),
            phone_number,
            phone_number_verified: change
                .phone_number_verified
                .unwrap_or(user.phone_number_verified),
        }
    }
}

/// The first of the unique values that belongs to another account.
pub async fn taken(
    scope: &mut impl Scope,
    user: &User,
    difference: &Difference,
) -> Result<Option<Unique>> {
    if difference.fields().iter().all(|field| *field == "name") {
        return Ok(None);
    }
    account::taken(scope, Some(user.id), &difference.claims(user)).await
}

/// Writes what differs into an account that has this version, and ends its sessions if
/// [`Difference::ends_sessions`]. What an administrator keeps is no longer the upstream's to change.
/// [`Error::Stale`] if it changed or was deleted, [`Error::Conflict`] if somebody has what must be
/// unique; [`taken`] says what, before.
pub async fn apply(
    tx: &mut TenantWrite,
    env: &Env,
    user: &User,
    difference: &Difference,
) -> Result<()> {
    let Change { name, username, external_id, email, phone_number, .. } = &difference.change;
    let updated = tx
        .query(sql!(
            "UPDATE users SET origin = 'console', name = CASE WHEN $4 THEN $5 ELSE name END,
             name_key = CASE WHEN $4 THEN $6 ELSE name_key END,
             username = CASE WHEN $7 THEN $8 ELSE username END,
             username_key = CASE WHEN $7 THEN $9 ELSE username_key END,
             external_id = CASE WHEN $10 THEN $11 ELSE external_id END,
             external_id_key = CASE WHEN $10 THEN $12 ELSE external_id_key END,
             email = CASE WHEN $13 THEN $14 ELSE email END,
             email_key = CASE WHEN $13 THEN $15 ELSE email_key END,
             phone_number = CASE WHEN $16 THEN $17 ELSE phone_number END,
             phone_key = CASE WHEN $16 THEN $18 ELSE phone_key END,
             email_verified = coalesce($19, email_verified),
             phone_number_verified = coalesce($20, phone_number_verified),
             version = version + 1, updated_at = $21
             WHERE tenant_id = $1 AND id = $2 AND version = $3 AND status <> 'deleted'"
        ))
        .bind(user.id)
        .bind(user.version)
        .bind(name.changes())
        .bind(name.value().cloned())
        .bind(name.value().and_then(|name| name_key(name)))
        .bind(username.changes())
        .bind(username.value().map(|name| name.as_str().to_owned()))
        .bind(username.value().map(Handle::to_stored_key))
        .bind(external_id.changes())
        .bind(external_id.value().map(|id| id.as_str().to_owned()))
        .bind(external_id.value().map(Handle::to_stored_key))
        .bind(email.changes())
        .bind(email.value().map(|email| email.as_str().to_owned()))
        .bind(email.value().map(Email::to_stored_key))
        .bind(phone_number.changes())
        .bind(phone_number.value().map(|phone| phone.as_str().to_owned()))
        .bind(phone_number.value().map(Phone::to_stored_key))
        .bind(difference.change.email_verified)
        .bind(difference.change.phone_number_verified)
        .bind(env.now())
        .execute()
        .await?;
    if updated == 0 {
        return Err(Error::Stale);
    }
    if difference.moved {
        session::end_all_of_user(tx, env, user.id).await?;
    }
    Ok(())
}

/// Counts a change that is kept elsewhere, such as that of the password, as one of the account.
/// [`Error::Stale`] if it was deleted.
pub async fn touch(tx: &mut TenantWrite, env: &Env, id: UserId) -> Result<()> {
    let touched = tx
        .query(sql!(
            "UPDATE users SET version = version + 1, updated_at = $3
             WHERE tenant_id = $1 AND id = $2 AND status <> 'deleted'"
        ))
        .bind(id)
        .bind(env.now())
        .execute()
        .await?;
    if touched == 0 { Err(Error::Stale) } else { Ok(()) }
}
