//! What people allowed to apps that are not the tenant's own.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use crate::env::Env;
use crate::error::Result;
use crate::id::{AppId, UserId};
use crate::scope::{Scope, TenantWrite};
use crate::sql;

/// What a person allowed an app.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Consent {
    /// Which app.
    pub app_id: AppId,
    /// Scopes, separated by spaces.
    pub scope: String,
    /// When.
    pub granted_at: DateTime<Utc>,
}

impl Consent {
    /// Whether it allows every one of these scopes, which are separated by spaces.
    pub fn covers(&self, scope: &str) -> bool {
        scope.split(' ').all(|asked| self.scope.split(' ').any(|allowed| allowed == asked))
    }
}

/// What a person allowed an app, if anything.
pub async fn find(scope: &mut impl Scope, user: UserId, app: AppId) -> Result<Option<Consent>> {
    scope
        .query(sql!(
            "SELECT app_id, scope, granted_at FROM consents
             WHERE tenant_id = $1 AND user_id = $2 AND app_id = $3"
        ))
        .bind(user)
        .bind(app)
        .optional()
        .await
}

/// The same, kept from being withdrawn until the transaction ends: for whoever grants by it.
pub async fn hold(tx: &mut TenantWrite, user: UserId, app: AppId) -> Result<Option<Consent>> {
    tx.query(sql!(
        "UPDATE consents SET scope = scope WHERE tenant_id = $1 AND user_id = $2 AND app_id = $3
         RETURNING app_id, scope, granted_at"
    ))
    .bind(user)
    .bind(app)
    .optional()
    .await
}

/// Writes what a person allows an app from now on.
pub async fn put(
    tx: &mut TenantWrite,
    env: &Env,
    user: UserId,
    app: AppId,
    scope: &str,
) -> Result<()> {
    tx.query(sql!(
        "INSERT INTO consents (tenant_id, user_id, app_id, scope, granted_at)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant_id, user_id, app_id)
         DO UPDATE SET scope = excluded.scope, granted_at = excluded.granted_at"
    ))
    .bind(user)
    .bind(app)
    .bind(scope.to_owned())
    .bind(env.now())
    .execute()
    .await?;
    Ok(())
}
