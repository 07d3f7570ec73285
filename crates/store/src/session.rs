//! Sessions: browsers that are signed in on a tenant's host.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::FromRow;

use crate::env::Env;
use crate::error::{Error, Result};
use crate::id::{AppId, SessionId, SourceId, UserId};
use crate::scope::{Scope, TenantWrite};
use crate::secret::SecretHash;
use crate::sql;

/// A session that is alive: not ended, not expired, its user active, its source active.
#[derive(Debug, Clone, FromRow)]
pub struct Session {
    /// Its id: the `sid`.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// How the person signed in.
    pub source_id: SourceId,
    /// When the person last proved who they are: the `auth_time`.
    pub authenticated_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
}

/// Begins a session. `token` is the cookie's value; only its hash is kept.
pub async fn create(
    tx: &mut TenantWrite,
    env: &Env,
    user: UserId,
    source: SourceId,
    token: &SecretHash,
    life: TimeDelta,
) -> Result<Session> {
    let now = env.now();
    tx.query(sql!(
        "INSERT INTO sessions (tenant_id, id, token_hash, user_id, source_id, authenticated_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         RETURNING id, user_id, source_id, authenticated_at, expires_at"
    ))
    .bind(SessionId(env.random_id()?))
    .bind(token.to_stored())
    .bind(user)
    .bind(source)
    .bind(now)
    .bind(now + life)
    .one()
    .await
}

/// Lets a session go on after its person signed in anew: under another secret, so that an older
/// copy of the cookie is worth nothing. [`Error::Conflict`] if it was ended meanwhile: the sign-in's
/// transaction has to be begun anew.
pub async fn renew(
    tx: &mut TenantWrite,
    env: &Env,
    id: SessionId,
    source: SourceId,
    token: &SecretHash,
    life: TimeDelta,
) -> Result<Session> {
    let now = env.now();
    tx.query(sql!(
        "UPDATE sessions SET token_hash = $3, source_id = $4, authenticated_at = $5, expires_at = $6
         WHERE tenant_id = $1 AND id = $2 AND ended_at IS NULL
         RETURNING id, user_id, source_id, authenticated_at, expires_at"
    ))
    .bind(id)
    .bind(token.to_stored())
    .bind(source)
    .bind(now)
    .bind(now + life)
    .optional()
    .await?
    .ok_or(Error::Conflict)
}

macro_rules! alive {
    ($where:literal) => {
        concat!(
            "SELECT s.id, s.user_id, s.source_id, s.authenticated_at, s.expires_at
             FROM sessions s JOIN users u ON u.id = s.user_id
             JOIN identity_sources src ON src.id = s.source_id
             WHERE s.tenant_id = $1 AND s.token_hash = $2 AND s.ended_at IS NULL AND s.expires_at > $3
             AND u.status = 'active' AND src.status = 'active'",
            $where
        )
    };
}

/// The live session with this cookie.
pub async fn find(
    scope: &mut impl Scope,
    env: &Env,
    token: &SecretHash,
) -> Result<Option<Session>> {
    scope.query(sql!(alive!(""))).bind(token.to_stored()).bind(env.now()).optional().await
}

/// The session with this cookie that has not been ended, whatever became of its user and source:
/// for ending it.
pub async fn find_to_end(scope: &mut impl Scope, token: &SecretHash) -> Result<Option<Session>> {
    scope
        .query(sql!(
            "SELECT id, user_id, source_id, authenticated_at, expires_at FROM sessions
             WHERE tenant_id = $1 AND token_hash = $2 AND ended_at IS NULL"
        ))
        .bind(token.to_stored())
        .optional()
        .await
}

/// The live session with this cookie, if its source is linked to the app: a source works only for
/// the apps it is linked to, and a session carries no further than its source.
pub async fn find_for_app(
    scope: &mut impl Scope,
    env: &Env,
    token: &SecretHash,
    app: AppId,
) -> Result<Option<Session>> {
    scope
        .query(sql!(alive!(
            " AND EXISTS (SELECT 1 FROM app_sources l WHERE l.tenant_id = $1 AND l.app_id = $4
              AND l.source_id = s.source_id)"
        )))
        .bind(token.to_stored())
        .bind(env.now())
        .bind(app)
        .optional()
        .await
}

/// Ends a session and revokes what was granted in it. Whether it was alive.
pub async fn end(tx: &mut TenantWrite, env: &Env, id: SessionId) -> Result<bool> {
    let now = env.now();
    let ended = tx
        .query(sql!(
            "UPDATE sessions SET ended_at = $3 WHERE tenant_id = $1 AND id = $2 AND ended_at IS NULL"
        ))
        .bind(id)
        .bind(now)
        .execute()
        .await?;
    tx.query(sql!(
        "UPDATE grants SET revoked_at = $3
         WHERE tenant_id = $1 AND session_id = $2 AND revoked_at IS NULL"
    ))
    .bind(id)
    .bind(now)
    .execute()
    .await?;
    Ok(ended == 1)
}

/// Ends every session of a user and revokes every grant.
pub async fn end_all_of_user(tx: &mut TenantWrite, env: &Env, user: UserId) -> Result<()> {
    let now = env.now();
    tx.query(sql!(
        "UPDATE sessions SET ended_at = $3 WHERE tenant_id = $1 AND user_id = $2 AND ended_at IS NULL"
    ))
    .bind(user)
    .bind(now)
    .execute()
    .await?;
    tx.query(sql!(
        "UPDATE grants SET revoked_at = $3
         WHERE tenant_id = $1 AND user_id = $2 AND revoked_at IS NULL"
    ))
    .bind(user)
    .bind(now)
    .execute()
    .await?;
    Ok(())
}
