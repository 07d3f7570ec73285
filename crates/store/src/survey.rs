//! How many of a tenant's users have what they could be found by: for the report before a rule is
//! switched on.

use sqlx::FromRow;

use crate::error::{Error, Result};
use crate::scope::Scope;
use crate::sql;

/// How many users of a tenant have what a rule could find them by. Tombstones don't count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct Survey {
    /// All users.
    pub users: i64,
    /// Those with a verified phone number.
    pub verified_phones: i64,
    /// Those with one that is not verified: no rule finds them by it.
    pub unverified_phones: i64,
    /// Numbers that several users have unverified.
    pub repeated_phones: i64,
    /// Those with a verified mail address.
    pub verified_emails: i64,
    /// Those with one that is not verified: no rule finds them by it.
    pub unverified_emails: i64,
    /// Addresses that several users have unverified.
    pub repeated_emails: i64,
    /// Those with a user name.
    pub usernames: i64,
    /// Those with an external id.
    pub external_ids: i64,
}

/// Counts the tenant's users. Reads all of them, as a list is read: not for a sign-in.
pub async fn count(scope: &mut impl Scope) -> Result<Survey> {
    let counted: Vec<Survey> = scope
        .query(sql!(
            "SELECT count(*) AS users,
             count(*) FILTER (WHERE phone_number_verified AND phone_key IS NOT NULL) AS verified_phones,
             count(*) FILTER (WHERE NOT phone_number_verified AND phone_key IS NOT NULL) AS unverified_phones,
             (SELECT count(*) FROM (SELECT phone_key FROM users WHERE tenant_id = $1
              AND status <> 'deleted' AND NOT phone_number_verified AND phone_key IS NOT NULL
              GROUP BY phone_key HAVING count(*) > 1) p) AS repeated_phones,
             count(*) FILTER (WHERE email_verified AND email_key IS NOT NULL) AS verified_emails,
             count(*) FILTER (WHERE NOT email_verified AND email_key IS NOT NULL) AS unverified_emails,
             (SELECT count(*) FROM (SELECT email_key FROM users WHERE tenant_id = $1
              AND status <> 'deleted' AND NOT email_verified AND email_key IS NOT NULL
              GROUP BY email_key HAVING count(*) > 1) e) AS repeated_emails,
             count(username_key) AS usernames, count(external_id_key) AS external_ids
             FROM users WHERE tenant_id = $1 AND status <> 'deleted'"
        ))
        .all()
        .await?;
    counted.into_iter().next().ok_or(Error::Database(sqlx::Error::RowNotFound))
}
