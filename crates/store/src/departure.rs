//! Departures: who has left a corp. Whoever was proven to be a member before gets no link by it, and a
//! link remembers: [`crate::identity::leave`].

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use crate::env::Env;
use crate::error::Result;
use crate::identity::Subject;
use crate::scope::{Scope as _, TenantWrite, WriteScope};
use crate::secret::SecretHash;
use crate::sql;

/// A person whose departure nobody notes until the transaction is over: what it makes of them can be
/// found by then. Whoever is linked is held.
#[derive(Debug, Clone, Copy)]
pub struct Held<'a> {
    pub(crate) person: &'a Subject,
    pub(crate) left_at: Option<DateTime<Utc>>,
}

impl Held<'_> {
    /// The person, unless they have left since they were proven to be a member.
    pub fn if_member_at(self, proven_at: DateTime<Utc>) -> Option<Self> {
        (!is_since(self.left_at, proven_at)).then_some(self)
    }
}

/// Whether a departure makes a proof of this time worthless: it is no older than that.
pub fn is_since(left_at: Option<DateTime<Utc>>, proven_at: DateTime<Utc>) -> bool {
    left_at.is_some_and(|left| left >= proven_at)
}

fn key(person: &Subject) -> Vec<u8> {
    SecretHash::of(&format!("{}\n{}", person.corp_id, person.subject)).to_stored()
}

/// Notes that a person has left. Waits for whoever holds them. A later note stays.
pub async fn record(scope: &mut impl WriteScope, env: &Env, person: &Subject) -> Result<()> {
    scope
        .query(sql!(
            "INSERT INTO departures (tenant_id, person, left_at) VALUES ($1, $2, $3)
             ON CONFLICT (tenant_id, person) DO UPDATE SET left_at =
             CASE WHEN departures.left_at > excluded.left_at THEN departures.left_at
             ELSE excluded.left_at END"
        ))
        .bind(key(person))
        .bind(env.now())
        .execute()
        .await?;
    Ok(())
}

/// Holds a person.
pub async fn hold<'p>(tx: &mut TenantWrite, person: &'p Subject) -> Result<Held<'p>> {
    #[derive(FromRow)]
    struct Known {
        left_at: DateTime<Utc>,
    }
    // There has to be a row: none could not be held.
    let known: Known = tx
        .query(sql!(
            "INSERT INTO departures (tenant_id, person, left_at) VALUES ($1, $2, $3)
             ON CONFLICT (tenant_id, person) DO UPDATE SET left_at = departures.left_at
             RETURNING left_at"
        ))
        .bind(key(person))
        .bind(DateTime::UNIX_EPOCH)
        .one()
        .await?;
    let left_at = Some(known.left_at).filter(|left| *left != DateTime::UNIX_EPOCH);
    Ok(Held { person, left_at })
}
