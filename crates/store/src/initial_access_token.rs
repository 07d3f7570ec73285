//! Initial access tokens (RFC 7591 §1.2): with one, apps register themselves.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use sqlx::types::Json;

use crate::env::Env;
use crate::error::Result;
use crate::id::{InitialAccessTokenId, SourceId};
use crate::page::{Cursor, Page, PageRequest};
use crate::protocol::Profile;
use crate::scope::{Scope, TenantWrite};
use crate::secret::SecretHash;
use crate::sql;

/// What the apps of a token get, whatever they ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// The rules that they are held to.
    pub profile: Profile,
    /// The hosts that browsers may be sent to; any, if there is none.
    pub redirect_hosts: Vec<String>,
    /// The sources that they are linked to, in the order of the login page. One may be gone by now.
    pub sources: Vec<SourceId>,
    /// What people may sign in with beside the sources.
    pub sign_in_methods: Vec<String>,
}

/// An initial access token. The token itself is shown once, when it is made.
#[derive(Debug, Clone, FromRow)]
pub struct InitialAccessToken {
    /// Its id.
    pub id: InitialAccessTokenId,
    /// Whom it is for, for people.
    pub display_name: String,
    /// Its first characters.
    pub prefix: String,
    /// How many apps may register with it.
    pub uses: i64,
    /// How many did.
    pub used: i64,
    /// What its apps get.
    pub limits: Json<Limits>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it stops working.
    pub expires_at: DateTime<Utc>,
}

/// A token to be made.
#[derive(Debug, Clone)]
pub struct NewInitialAccessToken {
    /// Whom it is for, for people.
    pub display_name: String,
    /// How many apps may register with it.
    pub uses: i64,
    /// What its apps get.
    pub limits: Limits,
    /// When it stops working.
    pub expires_at: DateTime<Utc>,
}

/// Keeps a new token.
pub async fn create(
    tx: &mut TenantWrite,
    env: &Env,
    new: NewInitialAccessToken,
    prefix: &str,
    hash: &SecretHash,
) -> Result<InitialAccessToken> {
    tx.query(sql!(
        "INSERT INTO initial_access_tokens (tenant_id, id, display_name, token_hash, prefix, uses,
         used, limits, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9)
         RETURNING id, display_name, prefix, uses, used, limits, created_at, expires_at"
    ))
    .bind(InitialAccessTokenId(env.ordered_id()?))
    .bind(new.display_name)
    .bind(hash.to_stored())
    .bind(prefix.to_owned())
    .bind(new.uses)
    .bind(Json(new.limits))
    .bind(env.now())
    .bind(new.expires_at)
    .one()
    .await
}

/// The token with this id.
pub async fn find(
    scope: &mut impl Scope,
    id: InitialAccessTokenId,
) -> Result<Option<InitialAccessToken>> {
    scope
        .query(sql!(
            "SELECT id, display_name, prefix, uses, used, limits, created_at, expires_at
             FROM initial_access_tokens WHERE tenant_id = $1 AND id = $2"
        ))
        .bind(id)
        .optional()
        .await
}

/// A page of the tenant's tokens.
pub async fn list(scope: &mut impl Scope, page: PageRequest) -> Result<Page<InitialAccessToken>> {
    let rows = scope
        .query(sql!(
            "SELECT id, display_name, prefix, uses, used, limits, created_at, expires_at
             FROM initial_access_tokens
             WHERE tenant_id = $1 AND ((created_at, id) > ($2, $3) OR $2 IS NULL)
             ORDER BY created_at, id LIMIT $4"
        ))
        .bind(page.after_time())
        .bind(page.after_id())
        .bind(page.fetch())
        .all()
        .await?;
    let cursor = |row: &InitialAccessToken| Cursor { created_at: row.created_at, id: row.id.0 };
    Ok(page.page(rows, cursor))
}

/// The token that somebody shows, if it still works.
pub async fn usable(
    scope: &mut impl Scope,
    env: &Env,
    hash: &SecretHash,
) -> Result<Option<InitialAccessToken>> {
    scope
        .query(sql!(
            "SELECT id, display_name, prefix, uses, used, limits, created_at, expires_at
             FROM initial_access_tokens
             WHERE tenant_id = $1 AND token_hash = $2 AND expires_at > $3 AND used < uses"
        ))
        .bind(hash.to_stored())
        .bind(env.now())
        .optional()
        .await
}

/// Takes one of its uses. Whether there was one left: of many who come at once, as many get one as
/// there are.
pub async fn take(tx: &mut TenantWrite, env: &Env, id: InitialAccessTokenId) -> Result<bool> {
    let taken = tx
        .query(sql!(
            "UPDATE initial_access_tokens SET used = used + 1
             WHERE tenant_id = $1 AND id = $2 AND expires_at > $3 AND used < uses"
        ))
        .bind(id)
        .bind(env.now())
        .execute()
        .await?;
    Ok(taken == 1)
}

/// Withdraws a token; it stops working at once. Whether there was one.
pub async fn delete(tx: &mut TenantWrite, id: InitialAccessTokenId) -> Result<bool> {
    let deleted = tx
        .query(sql!("DELETE FROM initial_access_tokens WHERE tenant_id = $1 AND id = $2"))
        .bind(id)
        .execute()
        .await?;
    Ok(deleted == 1)
}
