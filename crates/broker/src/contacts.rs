//! What WeCom tells of a corp's members without anybody signing in (attack K7): whoever has left is
//! signed out, everywhere and at once.

use std::time::Duration;

use store::audit::ActorKind;
use store::contact_callback::{self, ContactCallback};
use store::ephemeral::Slot;
use store::id::TenantId;
use store::identity::{self, Subject};
use store::link_event::{self, LinkEvent, LinkKind};
use store::source::SourceMode;
use store::{departure, user};
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
        // Only now: what fails, or is cut off, is done when WeCom sends it again. Of two at once both are
        // acted on, which comes to the same.
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
        // A link may be older than the sources that there are: every mode's key is looked for.
        let keys = |userid| {
            let all = SourceMode::ALL.iter();
            all.map(|mode| subject_of(&known.corp_id, userid, *mode)).collect::<Vec<_>>()
        };
        match &event.change {
            ContactChange::Left(userid) => {
                let mut people = keys(userid);
                people.dedup();
                for person in &people {
                    self.note_departure(tenant, None, person, LEFT).await?;
                }
            }
            ContactChange::Renamed { old, new } => {
                let mut people: Vec<_> = keys(old).into_iter().zip(keys(new)).collect();
                // One link goes along once: a userid without capitals is the key of either mode, and what
                // it becomes is then a self-built app's. Agency apps' ids are WeCom's own, and have some.
                people.dedup_by(|(next, _), (old, _)| next == old);
                for (old, new) in &people {
                    self.note_rename(tenant, old, new).await?;
                }
            }
            ContactChange::Other => {}
        }
        contact_callback::mark_event(&mut store.single(tenant), &store.env, &known.path).await
    }

    /// Lets the link of a person who has another userid go along. If somebody else is linked by that one
    /// already, nobody knows whose account it is: then the old one has left.
    async fn note_rename(
        &self,
        tenant: TenantId,
        old: &Subject,
        new: &Subject,
    ) -> store::Result<()> {
        let store = self.store();
        let is_other = old.subject != new.subject;
        if is_other {
            // Whoever is being asked by the old one begins again.
            departure::record(&mut store.single(tenant), &store.env, old).await?;
        }
        let mut tx = store.begin(tenant).await?;
        let Some(linked) = identity::linked_user(&mut tx, old).await? else { return Ok(()) };
        user::lock(&mut tx, linked.user_id).await?;
        if !identity::rename(&mut tx, old, new).await? {
            drop(tx);
            return self.note_departure(tenant, None, old, LEFT).await;
        }
        if is_other {
            for (kind, person) in [(LinkKind::Unlink, old), (LinkKind::Link, new)] {
                let event = LinkEvent {
                    kind,
                    user_id: linked.user_id,
                    subject: person.clone(),
                    source_id: None,
                    app_id: None,
                    rule: Some("renamed"),
                    evidence: serde_json::json!({}),
                    actor_kind: ActorKind::System,
                    actor_id: None,
                    trace: None,
                };
                link_event::record(&mut tx, &store.env, event).await?;
            }
        }
        tx.commit().await
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
