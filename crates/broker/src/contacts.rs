//! What WeCom tells of a corp's members without anybody signing in (attack K7): whoever has left is
//! signed out, everywhere and at once.

use std::time::Duration;

use store::contact_callback::{self, ContactCallback};
use store::ephemeral::Slot;
use store::id::TenantId;
use store::source::SourceMode;
use wecom::{Callback, CallbackError, ContactChange, ContactEvent};

use crate::Broker;
use crate::wecom::subject_of;

/// Messages that have been acted on. WeCom sends one again when it got no answer; whoever recorded it
/// sends it again for the ten minutes that its signature is taken.
const TOLD: Slot<bool> = Slot::new("contact_event", Duration::from_hours(1));
/// How the audit log says why sessions have ended.
const LEFT: &str = "left_corp";

/// Why a call to an address for WeCom did nothing.
#[derive(Debug, thiserror::Error)]
pub enum ContactError {
    /// The tenant has no such address.
    #[error("there is no such address")]
    Unknown,
    /// It is not WeCom's, or not to be understood.
    #[error(transparent)]
    Refused(#[from] CallbackError),
    /// A store failed: WeCom shall call again.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Broker {
    /// Proves an address to WeCom: what it sent, decrypted [D 90968].
    pub async fn contact_echo(
        &self,
        tenant: TenantId,
        path: &str,
        query: &str,
    ) -> Result<String, ContactError> {
        let (known, callback) = self.contact_callback(tenant, path).await?;
        let echo = callback.echo(query)?;
        if known.verified_at.is_none() {
            let store = self.store();
            contact_callback::mark_verified(&mut store.single(tenant), &store.env, path).await?;
        }
        Ok(echo)
    }

    /// Takes a message of WeCom in. What was taken before, is forged, old, or for another corp has no
    /// effect.
    pub async fn contact_event(
        &self,
        tenant: TenantId,
        path: &str,
        query: &str,
        body: &[u8],
    ) -> Result<(), ContactError> {
        let (known, callback) = self.contact_callback(tenant, path).await?;
        let store = self.store();
        let event = callback.event(query, body, store.env.now().timestamp())?;
        let name = [path.as_bytes(), &event.digest].concat();
        if store.ephemeral.get(&TOLD, tenant, &name).await?.is_some() {
            return Ok(());
        }
        self.act_on_contact_event(tenant, &known, &event).await?;
        // Only now: what fails, or is cut off, is done when WeCom sends it again.
        store.ephemeral.put(&TOLD, tenant, &name, &true).await?;
        Ok(())
    }

    async fn act_on_contact_event(
        &self,
        tenant: TenantId,
        known: &ContactCallback,
        event: &ContactEvent,
    ) -> store::Result<()> {
        let store = self.store();
        if let ContactChange::Left(userid) = &event.change {
            // A link may be older than the sources that there are: every mode's key is looked for.
            let mut people: Vec<_> = SourceMode::ALL
                .iter()
                .map(|mode| subject_of(&known.corp_id, userid, *mode))
                .collect();
            people.dedup();
            for person in &people {
                self.has_left(tenant, None, person, LEFT).await?;
            }
        }
        contact_callback::mark_event(&mut store.single(tenant), &store.env, &known.path).await
    }

    async fn contact_callback(
        &self,
        tenant: TenantId,
        path: &str,
    ) -> Result<(ContactCallback, Callback), ContactError> {
        let store = self.store();
        let known = contact_callback::at(&mut store.tenant(tenant), path).await?;
        let known = known.ok_or(ContactError::Unknown)?;
        let secret = known.secret(&store.keys, tenant)?;
        let callback = Callback::new(secret.token, &secret.encoding_aes_key, &known.corp_id)?;
        Ok((known, callback))
    }
}
