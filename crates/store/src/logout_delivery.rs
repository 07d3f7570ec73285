//! Logout tokens that are yet to be delivered (OpenID Connect Back-Channel Logout 1.0). They are
//! written in the transaction that ends the session: whoever is signed out is signed out everywhere,
//! even if we fall over in between.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::FromRow;

use crate::env::Env;
use crate::error::Result;
use crate::id::{AppId, IdentityId, SessionId, TenantId, UserId};
use crate::scope::{Scope as _, TenantWrite};
use crate::sql;
use crate::sql::Database;

macro_rules! deliveries {
    ($where:literal) => {
        concat!(
            "INSERT INTO logout_deliveries (tenant_id, session_id, app_id, user_id, created_at,
             attempts, next_at)
             SELECT $1, g.session_id, g.app_id, g.user_id, $2, 0, $2
             FROM grants g JOIN apps a ON a.tenant_id = g.tenant_id AND a.id = g.app_id
             WHERE g.tenant_id = $1 AND g.revoked_at IS NULL AND a.backchannel_logout_uri IS NOT NULL ",
            $where,
            " GROUP BY g.session_id, g.app_id, g.user_id
             ON CONFLICT (tenant_id, session_id, app_id) DO NOTHING"
        )
    };
}

/// Every app that has a live grant of a session is to be told that it has ended.
pub(crate) async fn of_session(
    tx: &mut TenantWrite,
    now: DateTime<Utc>,
    session: SessionId,
) -> Result<()> {
    let statement = sql!(deliveries!("AND g.session_id = $3"));
    let written = tx.query(statement).bind(now).bind(session).execute().await?;
    note(tx, written);
    Ok(())
}

/// The same for the grants of a user, but for those of a session that is kept.
pub(crate) async fn of_grants_of_user(
    tx: &mut TenantWrite,
    now: DateTime<Utc>,
    user: UserId,
    kept: Option<SessionId>,
) -> Result<()> {
    let written = tx
        .query(sql!(deliveries!("AND g.user_id = $3 AND (g.session_id <> $4 OR $4 IS NULL)")))
        .bind(now)
        .bind(user)
        .bind(kept)
        .execute()
        .await?;
    note(tx, written);
    Ok(())
}

/// The same for the grants of an identity.
pub(crate) async fn of_grants_of_identity(
    tx: &mut TenantWrite,
    now: DateTime<Utc>,
    identity: IdentityId,
) -> Result<()> {
    let written = tx
        .query(sql!(deliveries!(
            "AND (g.identity_id = $3 OR g.session_id IN
                  (SELECT s.id FROM sessions s WHERE s.tenant_id = $1 AND s.identity_id = $3))"
        )))
        .bind(now)
        .bind(identity)
        .execute()
        .await?;
    note(tx, written);
    Ok(())
}

/// The same for what a user has granted an app.
pub(crate) async fn of_grants_to_app(
    tx: &mut TenantWrite,
    now: DateTime<Utc>,
    user: UserId,
    app: AppId,
) -> Result<()> {
    let statement = sql!(deliveries!("AND g.user_id = $3 AND g.app_id = $4"));
    let written = tx.query(statement).bind(now).bind(user).bind(app).execute().await?;
    note(tx, written);
    Ok(())
}

/// The same for what everybody has granted an app.
pub(crate) async fn of_app(tx: &mut TenantWrite, now: DateTime<Utc>, app: AppId) -> Result<()> {
    let statement = sql!(deliveries!("AND g.app_id = $3"));
    let written = tx.query(statement).bind(now).bind(app).execute().await?;
    note(tx, written);
    Ok(())
}

/// Whoever delivers is woken when the session has ended for good.
fn note(tx: &mut TenantWrite, written: u64) {
    if written > 0 {
        tx.will_tell_apps();
    }
}

/// A logout token that is due.
#[derive(Debug, Clone, FromRow)]
pub struct Delivery {
    /// Of which tenant.
    pub tenant_id: TenantId,
    /// Which session has ended: the `sid`.
    pub session_id: SessionId,
    /// Who is to be told.
    pub app_id: AppId,
    /// Whose session it was: the `sub`.
    pub user_id: UserId,
    /// When it ended.
    pub created_at: DateTime<Utc>,
    /// How often it was tried in vain.
    pub attempts: i64,
}

/// Takes up to `limit` deliveries that are due, of all tenants, and puts each off to `again`: of two
/// nodes one gets it, and if that one falls over, somebody tries once more.
pub async fn take_due(
    database: &Database,
    env: &Env,
    again: TimeDelta,
    limit: i64,
) -> Result<Vec<Delivery>> {
    let now = env.now();
    // Looking takes no lock: mostly there is nothing.
    let mut due: Vec<Delivery> = database
        .query(
            "SELECT tenant_id, session_id, app_id, user_id, created_at, attempts
             FROM logout_deliveries WHERE next_at <= $1 ORDER BY next_at LIMIT $2",
        )
        .bind(now)
        .bind(limit)
        .all()
        .await?;
    if due.is_empty() {
        return Ok(due);
    }
    // Every node takes them in one order: none waits in a circle.
    due.sort_by_key(|of| (of.tenant_id, of.session_id, of.app_id));
    let mut tx = database.begin().await?;
    let mut taken = Vec::with_capacity(due.len());
    for of in due {
        let mine = tx
            .query(
                "UPDATE logout_deliveries SET next_at = $5 WHERE tenant_id = $1 AND session_id = $2
                 AND app_id = $3 AND next_at <= $4",
            )
            .bind(of.tenant_id)
            .bind(of.session_id)
            .bind(of.app_id)
            .bind(now)
            .bind(now + again)
            .execute()
            .await?;
        if mine == 1 {
            taken.push(of);
        }
    }
    tx.commit().await?;
    Ok(taken)
}

/// Puts a delivery off, with how often it was tried by now.
pub async fn put_off(tx: &mut TenantWrite, of: &Delivery, next: DateTime<Utc>) -> Result<()> {
    tx.query(sql!(
        "UPDATE logout_deliveries SET next_at = $4, attempts = $5
         WHERE tenant_id = $1 AND session_id = $2 AND app_id = $3"
    ))
    .bind(of.session_id)
    .bind(of.app_id)
    .bind(next)
    .bind(of.attempts)
    .execute()
    .await?;
    Ok(())
}

/// Removes a delivery: it is done, or given up.
pub async fn remove(tx: &mut TenantWrite, of: &Delivery) -> Result<()> {
    tx.query(sql!(
        "DELETE FROM logout_deliveries WHERE tenant_id = $1 AND session_id = $2 AND app_id = $3"
    ))
    .bind(of.session_id)
    .bind(of.app_id)
    .execute()
    .await?;
    Ok(())
}
