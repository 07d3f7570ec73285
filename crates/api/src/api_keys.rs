//! API keys: with one, a program acts for its tenant here.

use actix_web::{delete, get, post};
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret as _;
use serde::Serialize;
use serde_json::json;
use store::TenantWrite;
use store::api_key::{self, ApiKey};
use store::audit::{self, Event};
use store::id::ApiKeyId;
use store::secret::SecretHash;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::Answer;
use crate::caller::TenantCaller;
use crate::fields::{Context, Fields, Flaw, Input};
use crate::idempotency::once;
use crate::paging::{List, PageQuery};
use crate::problem::{Problem, Result};
use crate::rules;

/// Before the random part of every key.
const PREFIX: &str = "hufu_key_";
/// Characters of a key that a list shows: the prefix and 6 of 43.
const SHOWN: usize = PREFIX.len() + 6;

/// An API key to be made.
#[derive(Debug, ToSchema)]
pub(crate) struct NewApiKey {
    /// What it is for, for people.
    #[schema(min_length = 1, max_length = 100, example = "Deployment")]
    display_name: String,
    /// When it stops working; never if left out.
    expires_at: Option<DateTime<Utc>>,
}

impl Input for NewApiKey {
    fn read(fields: &mut Fields, context: Context<'_>) -> Option<Self> {
        let display_name = fields.required("display_name", rules::text(100));
        let now = context.console.store.env.now();
        let expires_at = fields.optional("expires_at", |value: &serde_json::Value| {
            let moment = rules::moment(value)?;
            if moment <= now {
                return Err(vec![Flaw::new("past", "is in the past: choose a later time")]);
            }
            Ok(moment)
        });
        Some(Self { display_name: display_name?, expires_at: expires_at? })
    }
}

/// An API key of a tenant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub(crate) struct ApiKeyView {
    /// Its id.
    id: Uuid,
    /// What it is for.
    #[schema(example = "Deployment")]
    display_name: String,
    /// Its first characters, to recognise it.
    #[schema(example = "hufu_key_Zk3v9a")]
    prefix: String,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it stops working; null is never.
    #[schema(required)]
    expires_at: Option<DateTime<Utc>>,
}

impl From<ApiKey> for ApiKeyView {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id.0,
            display_name: key.display_name,
            prefix: key.prefix,
            created_at: key.created_at,
            expires_at: key.expires_at,
        }
    }
}

/// An API key that was made just now.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedApiKey {
    /// The key's record.
    #[serde(flatten)]
    record: ApiKeyView,
    /// The key itself. It is shown this once only.
    #[schema(example = "hufu_key_…")]
    key: String,
}

/// List API keys
#[utoipa::path(tag = "API keys", operation_id = "listApiKeys", params(PageQuery),
    responses((status = 200, description = "A page of the tenant's keys, oldest first", body = List<ApiKeyView>)))]
#[get("/tenants/{tenant}/api-keys")]
pub(crate) async fn list(call: TenantCaller) -> Result<Answer> {
    let page = api_key::list(&mut call.scope(), call.page()?).await?;
    call.answer_page(page, ApiKeyView::from)
}

/// Make an API key
///
/// It has every right on this tenant, and none on another. A key that expires makes none that expires
/// later. The answer has the key itself, this once.
#[utoipa::path(tag = "API keys", operation_id = "createApiKey", request_body = NewApiKey,
    responses((status = 201, description = "It was made", body = CreatedApiKey)))]
#[post("/tenants/{tenant}/api-keys")]
pub(crate) async fn create(call: TenantCaller) -> Result<Answer> {
    let new: NewApiKey = call.input()?;
    let env = &call.store().env;
    once(&call, call.tenant.id, async |tx| {
        outlives_nobody(&call, tx, &new).await?;
        let key = env.secret(PREFIX)?;
        let text = key.expose_secret();
        let (prefix, hash) = (text.get(..SHOWN).unwrap_or(PREFIX), SecretHash::of(text));
        let name = &new.display_name;
        let record = api_key::create(tx, env, name, prefix, &hash, new.expires_at).await?;
        let detail = json!({ "api_key": record.id });
        audit::record(tx, env, Event { detail, ..call.event("api_key.create") }).await?;
        let location = format!("{}/{}", call.path(), record.id);
        Answer::created(location, &CreatedApiKey { record: record.into(), key: text.to_owned() })
    })
    .await
}

/// A key that ends makes none that ends later: who finds one gets no more time than it has.
async fn outlives_nobody(call: &TenantCaller, tx: &mut TenantWrite, new: &NewApiKey) -> Result<()> {
    let Some(id) = call.api_key() else { return Ok(()) };
    let Some(end) = api_key::find(tx, id).await?.and_then(|own| own.expires_at) else {
        return Ok(());
    };
    if new.expires_at.is_some_and(|at| at <= end) {
        return Ok(());
    }
    let text = format!(
        "expires_at has to be {} or before: then this call's own key ends",
        end.to_rfc3339()
    );
    Err(Problem::field("/expires_at", "too_late", text))
}

/// Read an API key's record
#[utoipa::path(tag = "API keys", operation_id = "getApiKey",
    responses((status = 200, description = "The record, without the key itself", body = ApiKeyView)))]
#[get("/tenants/{tenant}/api-keys/{key}")]
pub(crate) async fn read(call: TenantCaller) -> Result<Answer> {
    let key = api_key::find(&mut call.scope(), call.id("key")?).await?;
    Answer::ok(&ApiKeyView::from(key.ok_or_else(Problem::not_found)?))
}

/// Delete an API key
///
/// It stops working at once. A key may delete itself.
#[utoipa::path(tag = "API keys", operation_id = "deleteApiKey",
    responses((status = 204, description = "It is gone")))]
#[delete("/tenants/{tenant}/api-keys/{key}")]
pub(crate) async fn delete(call: TenantCaller) -> Result<Answer> {
    let id: ApiKeyId = call.id("key")?;
    let mut tx = call.begin().await?;
    if !api_key::delete(&mut tx, id).await? {
        return Err(Problem::not_found());
    }
    let event = Event { detail: json!({ "api_key": id }), ..call.event("api_key.delete") };
    audit::record(&mut tx, &call.store().env, event).await?;
    tx.commit().await?;
    Ok(Answer::no_content())
}
