//! Candidates: the accounts that an upstream person's values lead to, for the decision of a first
//! sign-in.

use sqlx::FromRow;

use crate::error::Result;
use crate::id::UserId;
use crate::normal::{Email, Handle, Phone};
use crate::scope::Scope;
use crate::sql;
use crate::user::UserStatus;

/// The values of an upstream person that accounts may be found by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Mobile number.
    pub mobile: Option<Phone>,
    /// Mail address.
    pub email: Option<Email>,
    /// The corp's mailbox.
    pub biz_mail: Option<Email>,
    /// The userid; not for agency apps, whose ids are encrypted.
    pub userid: Option<Handle>,
}

/// An account that one of the values leads to.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Candidate {
    /// The user.
    pub user_id: UserId,
    /// Whether it may sign in.
    pub status: UserStatus,
    /// The user name's key.
    pub username_key: Option<Vec<u8>>,
    /// The external id's key.
    pub external_id_key: Option<Vec<u8>>,
    /// The mail address's key.
    pub email_key: Option<Vec<u8>>,
    /// Whether the address is verified.
    pub email_verified: bool,
    /// The phone number's key.
    pub phone_key: Option<Vec<u8>>,
    /// Whether the number is verified.
    pub phone_number_verified: bool,
    /// Whether it has an identity of the corp already.
    pub of_corp: bool,
}

macro_rules! candidates {
    ($where:literal) => {
        concat!(
            "SELECT u.id AS user_id, u.status, u.username_key, u.external_id_key, u.email_key,
             u.email_verified, u.phone_key, u.phone_number_verified,
             EXISTS (SELECT 1 FROM identities i WHERE i.tenant_id = $1 AND i.user_id = u.id
                     AND i.provider = 'wecom' AND i.corp_id = $2) AS of_corp
             FROM users u WHERE u.tenant_id = $1 AND u.status <> 'deleted' AND (",
            $where
        )
    };
}

/// The accounts that have one of the values verified: at most one for each value.
pub async fn verified(
    scope: &mut impl Scope,
    corp_id: &str,
    wanted: &Wanted,
) -> Result<Vec<Candidate>> {
    let query = scope.query(sql!(candidates!(
        "u.username_key = $3 OR u.external_id_key = $3
         OR (u.email_verified AND u.email_key = $4) OR (u.email_verified AND u.email_key = $5)
         OR (u.phone_number_verified AND u.phone_key = $6)) ORDER BY u.id"
    )));
    query
        .bind(corp_id.to_owned())
        .bind(wanted.userid.as_ref().map(Handle::to_stored_key))
        .bind(wanted.email.as_ref().map(Email::to_stored_key))
        .bind(wanted.biz_mail.as_ref().map(Email::to_stored_key))
        .bind(wanted.mobile.as_ref().map(Phone::to_stored_key))
        .all()
        .await
}

/// Accounts that have one of the values, but not verified: probably the same person, but nothing
/// proves it (at most 20).
pub async fn unverified(
    scope: &mut impl Scope,
    corp_id: &str,
    wanted: &Wanted,
) -> Result<Vec<Candidate>> {
    let query = scope.query(sql!(candidates!(
        "(NOT u.email_verified AND u.email_key = $3) OR (NOT u.email_verified AND u.email_key = $4)
         OR (NOT u.phone_number_verified AND u.phone_key = $5)) ORDER BY u.id LIMIT 20"
    )));
    query
        .bind(corp_id.to_owned())
        .bind(wanted.email.as_ref().map(Email::to_stored_key))
        .bind(wanted.biz_mail.as_ref().map(Email::to_stored_key))
        .bind(wanted.mobile.as_ref().map(Phone::to_stored_key))
        .all()
        .await
}
