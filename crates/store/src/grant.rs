//! Grants: what a user allowed an app in one sign-in. Codes and tokens hang on them.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use crate::env::Env;
use crate::error::Result;
use crate::id::{AppId, GrantId, SessionId, UserId};
use crate::scope::{Scope, TenantWrite};
use crate::secret::SecretHash;
use crate::session::Session;
use crate::sql;

/// A live grant, with what tokens say about its user: it is not revoked, its session not ended, and
/// user, app and source are active.
#[derive(Debug, Clone, FromRow)]
pub struct LiveGrant {
    /// Its id.
    pub id: GrantId,
    /// To whom it was given.
    pub app_id: AppId,
    /// Whose it is.
    pub user_id: UserId,
    /// In which session.
    pub session_id: SessionId,
    /// What was allowed, separated by spaces.
    pub scope: String,
    /// When the person signed in.
    pub authenticated_at: DateTime<Utc>,
    /// The user's name.
    pub name: Option<String>,
    /// The user's mail address.
    pub email: Option<String>,
    /// Whether it is verified.
    pub email_verified: bool,
    /// The user's phone number.
    pub phone_number: Option<String>,
    /// Whether it is verified.
    pub phone_number_verified: bool,
    /// The user's picture.
    pub picture: Option<String>,
    /// When the user's profile last changed.
    pub updated_at: DateTime<Utc>,
}

/// Makes a grant in a session, for the authorization code of this hash.
pub async fn create(
    tx: &mut TenantWrite,
    env: &Env,
    app: AppId,
    session: &Session,
    scope: &str,
    code: &SecretHash,
) -> Result<GrantId> {
    let id = GrantId(env.random_id()?);
    tx.query(sql!(
        "INSERT INTO grants (tenant_id, id, app_id, user_id, session_id, source_id, scope, code_hash,
         created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
    ))
    .bind(id)
    .bind(app)
    .bind(session.user_id)
    .bind(session.id)
    .bind(session.source_id)
    .bind(scope.to_owned())
    .bind(code.to_stored())
    .bind(env.now())
    .execute()
    .await?;
    Ok(id)
}

/// The grant with this id, if everything that it hangs on is still alive.
pub async fn find_live(
    scope: &mut impl Scope,
    env: &Env,
    id: GrantId,
) -> Result<Option<LiveGrant>> {
    scope
        .query(sql!(
            "SELECT g.id, g.app_id, g.user_id, g.session_id, g.scope, s.authenticated_at,
             u.name, u.email, u.email_verified, u.phone_number, u.phone_number_verified, u.picture,
             u.updated_at
             FROM grants g
             JOIN users u ON u.id = g.user_id
             JOIN apps a ON a.id = g.app_id
             JOIN sessions s ON s.id = g.session_id
             LEFT JOIN identity_sources src ON src.id = g.source_id
             WHERE g.tenant_id = $1 AND g.id = $2 AND g.revoked_at IS NULL
             AND s.ended_at IS NULL AND s.expires_at > $3
             AND u.status = 'active' AND a.status = 'active'
             AND (g.source_id IS NULL OR src.status = 'active')
             AND (s.identity_id IS NULL OR EXISTS (SELECT 1 FROM identities i
                  WHERE i.tenant_id = $1 AND i.id = s.identity_id AND i.status = 'active'))"
        ))
        .bind(id)
        .bind(env.now())
        .optional()
        .await
}

/// Revokes a grant and with it everything that was issued under it. Whether it was alive.
pub async fn revoke(tx: &mut TenantWrite, env: &Env, id: GrantId) -> Result<bool> {
    let revoked = tx
        .query(sql!(
            "UPDATE grants SET revoked_at = $3
             WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL"
        ))
        .bind(id)
        .bind(env.now())
        .execute()
        .await?;
    Ok(revoked == 1)
}

/// The live grant of an app's authorization code, used or not.
pub async fn of_code(
    scope: &mut impl Scope,
    app: AppId,
    code: &SecretHash,
) -> Result<Option<GrantId>> {
    #[derive(FromRow)]
    struct Found {
        id: GrantId,
    }
    let found: Option<Found> = scope
        .query(sql!(
            "SELECT id FROM grants
             WHERE tenant_id = $1 AND app_id = $2 AND code_hash = $3 AND revoked_at IS NULL"
        ))
        .bind(app)
        .bind(code.to_stored())
        .optional()
        .await?;
    Ok(found.map(|row| row.id))
}
