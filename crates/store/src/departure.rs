//! Departures: who has left a corp. Whoever was proven to be a member before gets no new link by it.
//! What a link knows of it stands with the link: [`crate::identity::leave`].

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use crate::env::Env;
use crate::error::Result;
use crate::identity::Subject;
use crate::scope::{Scope as _, TenantWrite, WriteScope};
use crate::sql;

/// Notes that a person has left. What [`is_since`] kept open is done by then, and can be found.
pub async fn record(scope: &mut impl WriteScope, env: &Env, person: &Subject) -> Result<()> {
    scope
        .query(sql!(
            "INSERT INTO departures (tenant_id, corp_id, subject, left_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (tenant_id, corp_id, subject) DO UPDATE SET left_at = excluded.left_at"
        ))
        .bind(person.corp_id.clone())
        .bind(person.subject.clone())
        .bind(env.now())
        .execute()
        .await?;
    Ok(())
}

/// Whether a person has left at this time or later. If not, nobody notes that they do until the
/// transaction is over.
pub async fn is_since(tx: &mut TenantWrite, person: &Subject, time: DateTime<Utc>) -> Result<bool> {
    #[derive(FromRow)]
    struct Known {
        left_at: DateTime<Utc>,
    }
    // A row is there or is made, and held: an absent one could not be.
    let known: Known = tx
        .query(sql!(
            "INSERT INTO departures (tenant_id, corp_id, subject, left_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (tenant_id, corp_id, subject) DO UPDATE SET left_at = departures.left_at
             RETURNING left_at"
        ))
        .bind(person.corp_id.clone())
        .bind(person.subject.clone())
        .bind(DateTime::UNIX_EPOCH)
        .one()
        .await?;
    Ok(known.left_at >= time)
}
