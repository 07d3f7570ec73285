//! Grants: what a user allowed an app in one sign-in. Codes and tokens hang on them.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use sqlx::types::Json;
use uuid::Uuid;

use crate::env::Env;
use crate::error::Result;
use crate::id::{AppId, GrantId, SessionId, UserId};
use crate::refresh_token::RefreshToken;
use crate::scope::{Scope, TenantWrite};
use crate::secret::SecretHash;
use crate::session::{Session, SignInMethod};
use crate::signing_key::Algorithm;
use crate::source::SourceKind;
use crate::sql;

/// Claims that an app asked for one by one (OpenID Connect Core §5.5), by where it wants them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Claims {
    /// At UserInfo.
    pub userinfo: Vec<String>,
    /// In the ID token.
    pub id_token: Vec<String>,
}

/// A live grant, with what tokens say about its user: it is not revoked nor expired, its session
/// neither ended nor idle for too long (unless it is for offline access), user, app, source and link
/// are active, and the app still takes the way that the user came in by.
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
    /// What was asked for one by one.
    #[sqlx(json)]
    pub claims: Claims,
    /// Whether it outlives its session.
    pub offline: bool,
    /// The key that its refresh tokens are bound to: a thumbprint (RFC 7638).
    pub dpop_jkt: Option<String>,
    /// How the person signed in.
    pub method: SignInMethod,
    /// By what kind of source, if it was one.
    pub source_kind: Option<SourceKind>,
    /// What UserInfo is signed with for the app.
    pub userinfo_alg: Option<Algorithm>,
    /// When the person signed in.
    pub authenticated_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
    /// The user's name.
    pub name: Option<String>,
    /// The name that the user signs in with.
    pub username: Option<String>,
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

/// A grant to be made.
#[derive(Debug)]
pub struct NewGrant<'a> {
    /// To whom.
    pub app: AppId,
    /// In which session.
    pub session: &'a Session,
    /// What is allowed, separated by spaces.
    pub scope: &'a str,
    /// What was asked for one by one.
    pub claims: &'a Claims,
    /// How long it outlives the session at most; not at all without offline access.
    pub offline: Option<TimeDelta>,
    /// The hash of its authorization code.
    pub code: &'a SecretHash,
}

/// Makes a grant in a session.
pub async fn create(tx: &mut TenantWrite, env: &Env, new: NewGrant<'_>) -> Result<GrantId> {
    let id = GrantId(env.random_id()?);
    let now = env.now();
    tx.query(sql!(
        "INSERT INTO grants (tenant_id, id, app_id, user_id, session_id, method, source_id, identity_id,
         authenticated_at, scope, claims, code_hash, offline, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"
    ))
    .bind(id)
    .bind(new.app)
    .bind(new.session.user_id)
    .bind(new.session.id)
    .bind(new.session.method)
    .bind(new.session.source_id)
    .bind(new.session.identity_id)
    .bind(new.session.authenticated_at)
    .bind(new.scope.to_owned())
    .bind(Json(new.claims.clone()))
    .bind(new.code.to_stored())
    .bind(new.offline.is_some())
    .bind(now)
    .bind(new.offline.map_or(new.session.expires_at, |life| now + life))
    .execute()
    .await?;
    Ok(id)
}

macro_rules! live {
    ($columns:literal, $from:literal, $where:literal) => {
        concat!(
            "SELECT g.id, g.app_id, g.user_id, g.session_id, g.scope, g.claims, g.offline, g.dpop_jkt,
             g.method, src.kind AS source_kind,
             a.protocol ->> 'userinfo_signed_response_alg' AS userinfo_alg, g.authenticated_at,
             g.expires_at, u.name, u.username, u.email, u.email_verified, u.phone_number,
             u.phone_number_verified, u.picture, u.updated_at",
            $columns,
            " FROM grants g
             JOIN users u ON u.id = g.user_id
             JOIN apps a ON a.id = g.app_id
             LEFT JOIN identity_sources src ON src.id = g.source_id",
            $from,
            " WHERE g.tenant_id = $1 AND g.revoked_at IS NULL AND g.expires_at > $2
             AND (g.offline OR EXISTS (SELECT 1 FROM sessions s
                  WHERE s.id = g.session_id AND s.ended_at IS NULL AND s.expires_at > $2
                  AND s.idle_until > $2))
             AND u.status = 'active' AND a.status = 'active'
             AND CASE WHEN g.source_id IS NULL
                 THEN a.sign_in_methods ->> 'values' LIKE '%\"' || g.method || '\"%'
                 ELSE src.status = 'active' AND EXISTS (SELECT 1 FROM app_sources l
                      WHERE l.tenant_id = $1 AND l.app_id = g.app_id AND l.source_id = g.source_id)
                 END
             AND (g.identity_id IS NULL OR EXISTS (SELECT 1 FROM identities i
                  WHERE i.tenant_id = $1 AND i.id = g.identity_id AND i.status = 'active'
                  AND (i.left_at IS NULL OR i.left_at < g.authenticated_at))) ",
            $where
        )
    };
}

/// The grant with this id, if everything that it hangs on is still alive.
pub async fn find_live(
    scope: &mut impl Scope,
    env: &Env,
    id: GrantId,
) -> Result<Option<LiveGrant>> {
    scope.query(sql!(live!("", "", "AND g.id = $3"))).bind(env.now()).bind(id).optional().await
}

/// The live grant of an access token with this `jti`, unless the token itself was revoked.
pub async fn of_access_token(
    scope: &mut impl Scope,
    env: &Env,
    id: GrantId,
    token: Uuid,
) -> Result<Option<LiveGrant>> {
    scope
        .query(sql!(live!(
            "",
            "",
            "AND g.id = $3 AND NOT EXISTS (SELECT 1 FROM revoked_access_tokens r
             WHERE r.tenant_id = $1 AND r.id = $4)"
        )))
        .bind(env.now())
        .bind(id)
        .bind(token)
        .optional()
        .await
}

/// The refresh token with this hash, exchanged or not, if its grant is alive.
pub async fn of_refresh_token(
    scope: &mut impl Scope,
    env: &Env,
    token: &SecretHash,
) -> Result<Option<RefreshToken>> {
    scope
        .query(sql!(live!(
            ", t.rotated_at, t.successor, t.expires_at AS idle_until,
             (SELECT s.last_seen_at FROM sessions s WHERE s.id = g.session_id) AS session_seen_at",
            " JOIN refresh_tokens t ON t.tenant_id = g.tenant_id AND t.grant_id = g.id",
            "AND t.token_hash = $3"
        )))
        .bind(env.now())
        .bind(token.to_stored())
        .optional()
        .await
}

/// Binds the refresh tokens of a grant to a key, once: by its thumbprint.
pub async fn bind_to_key(tx: &mut TenantWrite, id: GrantId, jkt: &str) -> Result<()> {
    tx.query(sql!(
        "UPDATE grants SET dpop_jkt = $3 WHERE tenant_id = $1 AND id = $2 AND dpop_jkt IS NULL"
    ))
    .bind(id)
    .bind(jkt.to_owned())
    .execute()
    .await?;
    Ok(())
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
