//! What an installation does for itself: checking its key ring, sealing secrets anew, sweeping up.

use chrono::TimeDelta;
use secrecy::ExposeSecret as _;
use sqlx::FromRow;

use crate::env::first_id;
use crate::error::{Error, Result};
use crate::page::PageRequest;
use crate::secret::Place;
use crate::{Store, contact_callback, signing_key, source, tenant};

const CHECK: &str = "key_ring_check";
const CHECK_VALUE: &[u8] = b"hufu";

#[derive(FromRow)]
struct Installation {
    value: Vec<u8>,
}

/// What `hufu keys rotate` did.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rotated {
    /// Values that are sealed with the first key now and were not before.
    pub resealed: u64,
    /// Values that already were.
    pub current: u64,
}

fn check_place() -> Place<'static> {
    Place { tenant: None, column: "installation.value", row: CHECK.as_bytes() }
}

impl Store {
    /// Fails unless the key ring opens what this database holds: a start with the wrong keys would
    /// look healthy until the first sign-in. The first start leaves the value to check with.
    pub async fn check_key_ring(&self) -> Result<()> {
        self.database
            .query("INSERT INTO installation (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
            .bind(CHECK)
            .bind(self.keys.seal(&self.env, check_place(), CHECK_VALUE)?)
            .execute()
            .await?;
        let row: Installation = self
            .database
            .query("SELECT value FROM installation WHERE name = $1")
            .bind(CHECK)
            .one()
            .await?;
        let opened = self.keys.open(check_place(), &row.value).map_err(|_| {
            Error::Settings(
                "secrets.keys do not open this database's secrets: put back the key that sealed them, \
                 behind the new one if you are changing keys",
            )
        })?;
        if opened.expose_secret() == CHECK_VALUE {
            Ok(())
        } else {
            Err(Error::Settings("the database's key check is not Hufu's"))
        }
    }

    /// Seals every secret with the ring's first key. Afterwards the other keys can be taken out of
    /// the settings. Can be repeated, also while Hufu serves.
    pub async fn rotate_keys(&self) -> Result<Rotated> {
        let mut rotated = Rotated::default();
        let mut page = PageRequest { after: None, limit: 100 };
        loop {
            let tenants = tenant::list(&self.database, page).await?;
            for tenant in tenants.items {
                self.rotate_tenant(tenant.id, &mut rotated).await?;
            }
            page.after = tenants.next;
            if page.after.is_none() {
                break;
            }
        }
        // Not worth re-sealing: answers to repeated console calls are gone within a day, and the
        // successors of refresh tokens are of use for seconds.
        self.database
            .query("UPDATE refresh_tokens SET successor = NULL WHERE successor IS NOT NULL")
            .execute()
            .await?;
        self.database.query("DELETE FROM idempotency_keys").execute().await?;
        self.database
            .query("UPDATE installation SET value = $2 WHERE name = $1")
            .bind(CHECK)
            .bind(self.keys.seal(&self.env, check_place(), CHECK_VALUE)?)
            .execute()
            .await?;
        Ok(rotated)
    }

    async fn rotate_tenant(&self, id: crate::id::TenantId, rotated: &mut Rotated) -> Result<()> {
        let mut tx = self.begin(id).await?;
        let mut note = |resealed| {
            let counter = if resealed { &mut rotated.resealed } else { &mut rotated.current };
            *counter += 1;
        };
        if let Some(resealed) = tenant::reseal_webhook(&mut tx, &self.env, &self.keys).await? {
            note(resealed);
        }
        for key in signing_key::list(&mut tx).await? {
            note(signing_key::reseal(&mut tx, &self.env, &self.keys, &key).await?);
        }
        for callback in contact_callback::all(&mut tx).await? {
            note(contact_callback::reseal(&mut tx, &self.env, &self.keys, &callback).await?);
        }
        let mut page = PageRequest { after: None, limit: 200 };
        loop {
            let sources = source::list(&mut tx, page).await?;
            for source in sources.items {
                note(source::reseal(&mut tx, &self.env, &self.keys, &source).await?);
            }
            page.after = sources.next;
            if page.after.is_none() {
                break;
            }
        }
        tx.commit().await
    }

    /// Deletes what nobody can use any more: sessions and grants whose time was over a day ago (their
    /// refresh tokens go with them), revoked access tokens that have expired, and departures and answers
    /// to repeated console calls of a day ago. Returns the rows deleted.
    pub async fn sweep(&self) -> Result<u64> {
        let yesterday = self.env.now() - TimeDelta::days(1);
        let mut all = in_portions(|| {
            self.database
                .query(
                    "DELETE FROM sessions WHERE id IN
                       (SELECT id FROM sessions WHERE expires_at < $1 LIMIT 500)",
                )
                .bind(yesterday)
                .execute()
        })
        .await?;
        all += in_portions(|| {
            self.database
                .query(
                    "DELETE FROM grants WHERE id IN
                       (SELECT id FROM grants WHERE expires_at < $1 LIMIT 500)",
                )
                .bind(yesterday)
                .execute()
        })
        .await?;
        all += in_portions(|| {
            self.database
                .query(
                    "DELETE FROM revoked_access_tokens WHERE (tenant_id, id) IN
                       (SELECT tenant_id, id FROM revoked_access_tokens WHERE expires_at < $1
                        LIMIT 500)",
                )
                .bind(yesterday)
                .execute()
        })
        .await?;
        all += in_portions(|| {
            self.database
                .query(
                    "DELETE FROM departures WHERE (tenant_id, person) IN
                       (SELECT tenant_id, person FROM departures WHERE left_at < $1 LIMIT 500)
                     -- Of one that is noted anew meanwhile the part above is what it was.
                     AND left_at < $1",
                )
                .bind(yesterday)
                .execute()
        })
        .await?;
        let answers = self
            .database
            .query("DELETE FROM idempotency_keys WHERE created_at < $1")
            .bind(yesterday)
            .execute()
            .await?;
        Ok(all + answers)
    }

    /// Deletes audit events that are older than `keep`. Returns the rows deleted.
    pub async fn sweep_audit_events(&self, keep: TimeDelta) -> Result<u64> {
        let Some(oldest) = self.env.now().checked_sub_signed(keep) else { return Ok(0) };
        in_portions(|| {
            // Ids order by time: the oldest events are the first ones of the primary key.
            self.database
                .query(
                    "DELETE FROM audit_events WHERE id IN
                       (SELECT id FROM audit_events WHERE id < $1 ORDER BY id LIMIT 500)",
                )
                .bind(first_id(oldest))
                .execute()
        })
        .await
    }
}

/// Deletes in portions of 500, as `portion` does, until nothing is left: SQLite has one writer, and
/// everybody waits for it.
async fn in_portions<F>(portion: impl Fn() -> F) -> Result<u64>
where
    F: Future<Output = Result<u64>>,
{
    let mut all = 0;
    loop {
        let swept = portion().await?;
        all += swept;
        if swept < 500 {
            return Ok(all);
        }
    }
}
