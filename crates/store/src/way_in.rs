//! Ways in: what a user can sign in by. Nobody takes the last one away from themselves.

use sqlx::FromRow;

use crate::error::Result;
use crate::id::{IdentityId, UserId};
use crate::scope::Scope;
use crate::sql;

/// What a user can sign in by, and what of a way is there already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, FromRow)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each a column")]
pub struct WaysIn {
    /// A link that signs its person in, of a corp that has a source.
    pub identity: bool,
    /// A password.
    pub has_password: bool,
    /// A name to sign in by: a user name, a verified mail address or phone number.
    pub has_name: bool,
    /// An app that takes passwords.
    pub takes_password: bool,
    /// A verified mail address, and an app that takes codes sent to it.
    pub email_code: bool,
    /// A verified phone number, and an app that takes codes sent to it.
    pub sms_code: bool,
}

impl WaysIn {
    /// Whether a password signs the user in, or would, had they one.
    pub fn could_use_password(&self) -> bool {
        self.has_name && self.takes_password
    }

    /// Whether there is any.
    pub fn any(&self) -> bool {
        let password = self.has_password && self.could_use_password();
        self.identity || password || self.email_code || self.sms_code
    }
}

/// What a user can sign in by, not counting one identity, if one is named: as if it were gone.
pub async fn without(
    scope: &mut impl Scope,
    user: UserId,
    identity: Option<IdentityId>,
) -> Result<WaysIn> {
    let found: Option<WaysIn> = scope
        .query(sql!(
            "SELECT EXISTS (SELECT 1 FROM identities i
                 JOIN corps c ON c.tenant_id = i.tenant_id AND c.corp_id = i.corp_id
                 JOIN identity_sources s ON s.tenant_id = c.tenant_id AND s.corp = c.id
                 WHERE i.tenant_id = $1 AND i.user_id = u.id AND (i.id <> $3 OR $3 IS NULL)
                 AND i.status = 'active' AND s.status = 'active') AS identity,
             EXISTS (SELECT 1 FROM passwords p
                 WHERE p.tenant_id = $1 AND p.user_id = u.id) AS has_password,
             (u.username_key IS NOT NULL OR u.email_verified OR u.phone_number_verified) AS has_name,
             EXISTS (SELECT 1 FROM apps a WHERE a.tenant_id = $1 AND a.status = 'active'
                 AND a.sign_in_methods ->> 'values' LIKE '%password%') AS takes_password,
             (u.email_verified AND EXISTS (SELECT 1 FROM apps a WHERE a.tenant_id = $1
                 AND a.status = 'active'
                 AND a.sign_in_methods ->> 'values' LIKE '%email_code%')) AS email_code,
             (u.phone_number_verified AND EXISTS (SELECT 1 FROM apps a WHERE a.tenant_id = $1
                 AND a.status = 'active'
                 AND a.sign_in_methods ->> 'values' LIKE '%sms_code%')) AS sms_code
             FROM users u WHERE u.tenant_id = $1 AND u.id = $2"
        ))
        .bind(user)
        .bind(identity)
        .optional()
        .await?;
    Ok(found.unwrap_or_default())
}
