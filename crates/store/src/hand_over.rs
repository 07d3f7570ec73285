//! Handing over: a sign-in goes on in another browser of the same person, as old as it is.

use sqlx::FromRow;
use sqlx::types::Json;

use crate::env::Env;
use crate::error::Result;
use crate::id::{AppId, SessionId, SourceId, UserId};
use crate::policy::AssociationPolicy;
use crate::scope::{Scope, TenantWrite};
use crate::secret::SecretHash;
use crate::session::{Device, Session};
use crate::sql;

/// A session that another browser may go on as.
#[derive(Debug, Clone, FromRow)]
pub struct Original {
    /// Whose it is.
    pub user_id: UserId,
    /// The person's name, as shown.
    pub name: Option<String>,
    /// The name to sign in by.
    pub username: Option<String>,
    /// By which source the person signed in.
    pub source_id: SourceId,
    /// What that source's administrator decided.
    pub policy: Json<AssociationPolicy>,
}

/// The session with this id as long as everything about it still stands: itself, its user, its
/// source, the link to the person upstream, the app, and the app's link to the source. Only a sign-in
/// by a source is handed over.
pub async fn find(
    scope: &mut impl Scope,
    env: &Env,
    session: SessionId,
    app: AppId,
) -> Result<Option<Original>> {
    scope
        .query(sql!(
            "SELECT u.id AS user_id, u.name, u.username, src.id AS source_id, src.policy
             FROM sessions s JOIN users u ON u.id = s.user_id
             JOIN identity_sources src ON src.id = s.source_id
             JOIN identities i ON i.id = s.identity_id
             JOIN app_sources l ON l.tenant_id = s.tenant_id AND l.source_id = src.id
             JOIN apps a ON a.id = l.app_id
             WHERE s.tenant_id = $1 AND s.id = $2 AND a.id = $3
             AND s.ended_at IS NULL AND s.expires_at > $4 AND s.idle_until > $4 AND u.status = 'active'
             AND src.status = 'active' AND i.status = 'active' AND a.status = 'active'
             AND (i.left_at IS NULL OR i.left_at < s.authenticated_at)"
        ))
        .bind(session)
        .bind(app)
        .bind(env.now())
        .optional()
        .await
}

/// Begins a session in another browser that is what this one is: same person, same way of signing in,
/// signed in when it was, and over when it is. None if it has been ended.
pub async fn copy(
    tx: &mut TenantWrite,
    env: &Env,
    original: SessionId,
    device: &Device,
    token: &SecretHash,
) -> Result<Option<Session>> {
    tx.query(sql!(
        "INSERT INTO sessions (tenant_id, id, token_hash, user_id, method, source_id, identity_id,
         user_agent, address, created_at, authenticated_at, last_seen_at, expires_at,
         idle_until)
         SELECT $1, $3, $4, user_id, method, source_id, identity_id, $5, $6, $7, authenticated_at, $7,
         expires_at, idle_until FROM sessions WHERE tenant_id = $1 AND id = $2 AND ended_at IS NULL
         RETURNING id, user_id, method, source_id, identity_id, authenticated_at, expires_at"
    ))
    .bind(original)
    .bind(SessionId(env.random_id()?))
    .bind(token.to_stored())
    .bind(device.user_agent.clone())
    .bind(device.address.clone())
    .bind(env.now())
    .optional()
    .await
}
