//! A tenant's signing keys: what there is, changing them, and taking one away at once.

use actix_web::{delete, get, post};
use chrono::{DateTime, Utc};
use oidc::rotation::{Hand, PUBLISH_FOR, Withdrawal};
use serde::Serialize;
use store::Scope;
use store::id::KeyId;
use store::signing_key::{self, Algorithm, KeyStatus, SigningKey};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::Answer;
use crate::caller::TenantCaller;
use crate::fields::{Context, Fields, Input};
use crate::idempotency::{once, once_prepared};
use crate::paging::List;
use crate::problem::{CONFLICT, Problem, Result};
use crate::{rules, schema};

/// A signing key to be made.
#[derive(Debug, ToSchema)]
pub(crate) struct NewSigningKey {
    /// What it signs with.
    #[schema(value_type = schema::Algorithm, example = "ES256")]
    algorithm: Algorithm,
}

impl Input for NewSigningKey {
    fn read(fields: &mut Fields, _: Context<'_>) -> Option<Self> {
        let algorithm = fields.required("algorithm", rules::algorithm);
        Some(Self { algorithm: algorithm? })
    }
}

/// How a key begins to sign.
#[derive(Debug, Default, ToSchema)]
pub(crate) struct NewActivation {
    /// Whether it does so although it has not been published for an hour: apps that have not read the
    /// JWK Set since then refuse what it signs until they do.
    #[schema(required = false, default = false)]
    force: bool,
}

impl Input for NewActivation {
    fn read(fields: &mut Fields, _: Context<'_>) -> Option<Self> {
        let force = fields.defaulted("force", false, rules::boolean);
        Some(Self { force: force? })
    }
}

/// A signing key of a tenant. Its private half never leaves the server; its public half is in the JWK
/// Set.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SigningKey)]
pub(crate) struct SigningKeyView {
    /// Its id: the `kid` in the JWK Set and in the header of what it signs.
    kid: Uuid,
    /// What it signs with.
    #[schema(value_type = schema::Algorithm)]
    algorithm: Algorithm,
    /// Whether it signs.
    #[schema(value_type = schema::KeyStatus)]
    status: KeyStatus,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// Since when it has its status.
    changed_at: DateTime<Utc>,
}

impl From<SigningKey> for SigningKeyView {
    fn from(key: SigningKey) -> Self {
        Self {
            kid: key.id.0,
            algorithm: key.algorithm,
            status: key.status,
            created_at: key.created_at,
            changed_at: key.changed_at,
        }
    }
}

/// List signing keys
///
/// All that are in the tenant's JWK Set. They are changed by schedule, as the operator has set it.
#[utoipa::path(tag = "Signing keys", operation_id = "listSigningKeys",
    responses((status = 200, description = "The tenant's keys, newest first", body = List<SigningKeyView>)))]
#[get("/tenants/{tenant}/signing-keys")]
pub(crate) async fn list(call: TenantCaller) -> Result<Answer> {
    let keys = signing_key::list(&mut call.scope()).await?;
    List::whole(keys.into_iter().map(SigningKeyView::from).collect())
}

/// Prepare a signing key
///
/// It is published at once and signs an hour later by itself, whatever the schedule says. The one that
/// signs until then goes on verifying until all that it signed is dead. An algorithm has one such key at
/// a time.
#[utoipa::path(tag = "Signing keys", operation_id = "createSigningKey", request_body = NewSigningKey,
    responses((status = 201, description = "It was made and is published", body = SigningKeyView)))]
#[post("/tenants/{tenant}/signing-keys")]
pub(crate) async fn create(call: TenantCaller) -> Result<Answer> {
    let new: NewSigningKey = call.input()?;
    let prepare = async || Ok(call.console().new_keys.take(new.algorithm).await?);
    once_prepared(&call, call.tenant.id, prepare, async |tx, key| {
        let made = hand(&call).create(tx, &key, KeyStatus::Next).await;
        let id = made.map_err(|error| match error {
            store::Error::Conflict => Problem::conflict(
                "/algorithm",
                "taken",
                "algorithm has a next key already: activate that one, or take it away first",
            ),
            other => other.into(),
        })?;
        let view = SigningKeyView::from(find(tx, id).await?);
        Answer::created(format!("{}/{id}", call.path()), &view)
    })
    .await
}

/// Read a signing key
#[utoipa::path(tag = "Signing keys", operation_id = "getSigningKey",
    responses((status = 200, description = "The key, without its private half", body = SigningKeyView)))]
#[get("/tenants/{tenant}/signing-keys/{kid}")]
pub(crate) async fn read(call: TenantCaller) -> Result<Answer> {
    let key = find(&mut call.scope(), call.id("kid")?).await?;
    Answer::ok(&SigningKeyView::from(key))
}

/// Activate a signing key
///
/// A `next` key begins to sign, and the one that did retires. It has to have been published for an
/// hour, so that everybody knows it.
#[utoipa::path(tag = "Signing keys", operation_id = "activateSigningKey", request_body = NewActivation,
    responses((status = 200, description = "The key as it is now", body = SigningKeyView)))]
#[post("/tenants/{tenant}/signing-keys/{kid}/activate")]
pub(crate) async fn activate(call: TenantCaller) -> Result<Answer> {
    let NewActivation { force } =
        if call.body().is_empty() { NewActivation::default() } else { call.input()? };
    let id: KeyId = call.id("kid")?;
    once(&call, call.tenant.id, async |tx| {
        let key = find(tx, id).await?;
        if key.status != KeyStatus::Next {
            let text = format!(
                "The key is {}: only a next key can be activated. Make one first.",
                key.status
            );
            return Err(Problem::new(CONFLICT, text));
        }
        let known_at = key.changed_at + PUBLISH_FOR;
        if !force && call.store().env.now() < known_at {
            let text = format!(
                "Apps may not know the key before {}: wait until then, or send {{\"force\": true}} \
                 and accept that some refuse what it signs until they read the JWK Set again.",
                known_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
            );
            return Err(Problem::new(CONFLICT, text));
        }
        hand(&call).activate(tx, id).await.map_err(meanwhile)?;
        Answer::ok(&SigningKeyView::from(find(tx, id).await?))
    })
    .await
}

/// Withdraw a signing key
///
/// For a key that somebody else may have: it leaves the JWK Set, and Hufu refuses all that it signed,
/// access tokens as well as ID token hints, within seconds on every node. If it was the active one, a
/// next key signs from now on, or else a new one.
#[utoipa::path(tag = "Signing keys", operation_id = "deleteSigningKey",
    responses((status = 204, description = "It is gone, and what it signed is worth nothing")))]
#[delete("/tenants/{tenant}/signing-keys/{kid}")]
pub(crate) async fn delete(call: TenantCaller) -> Result<Answer> {
    let id: KeyId = call.id("kid")?;
    let mut spare = None;
    loop {
        let mut tx = call.begin().await?;
        let done = hand(&call).withdraw(&mut tx, id, spare.as_ref()).await.map_err(meanwhile)?;
        match done {
            Withdrawal::Unknown => return Err(Problem::not_found()),
            Withdrawal::Done => {
                tx.commit().await?;
                return Ok(Answer::no_content());
            }
            Withdrawal::NeedsKey(algorithm) => {
                // An RSA key takes its time, in which no transaction waits.
                drop(tx);
                spare = Some(call.console().new_keys.take(algorithm).await?);
            }
        }
    }
}

fn hand(call: &TenantCaller) -> Hand<'_> {
    Hand { store: call.store(), by: call.event("signing_key") }
}

async fn find(scope: &mut impl Scope, id: KeyId) -> Result<SigningKey> {
    signing_key::find(scope, id).await?.ok_or_else(Problem::not_found)
}

/// Somebody else changed the keys at the same time.
fn meanwhile(error: store::Error) -> Problem {
    match error {
        store::Error::Conflict | store::Error::Stale => {
            let text = "The keys were changed at the same moment: list them, and try again.";
            Problem::new(CONFLICT, text)
        }
        other => other.into(),
    }
}
