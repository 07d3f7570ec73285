//! Contact callbacks: the address at which WeCom tells of what changes among a corp's members.

use actix_web::{delete, get, post};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde_json::json;
use store::audit::{self, Event};
use store::contact_callback::{self, CallbackSecret, ContactCallback};
use store::id::CorpId;
use store::{Scope, TenantWrite, corp};
use utoipa::ToSchema;

use crate::answer::Answer;
use crate::caller::TenantCaller;
use crate::idempotency::once;
use crate::problem::{Problem, Result};

/// Letters and digits of an address, which nobody guesses.
const PATH_LENGTH: usize = 32;
/// Letters and digits of a `Token`, at most [D 90930].
const TOKEN_LENGTH: usize = 32;
/// Letters and digits of an `EncodingAESKey` [D 90930].
const KEY_LENGTH: usize = 43;

/// Where WeCom tells of what changes among a corp's members.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ContactCallback)]
pub(crate) struct ContactCallbackView {
    /// For `URL` in WeCom's console.
    #[schema(
        example = "https://login.acme.example/wecom/contacts/Zk3v9aX0d1Qm7LrT5yUw8eHcBnJ4sGfP"
    )]
    url: String,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When WeCom first proved it, which it does when the address is saved there; null before.
    #[schema(required)]
    verified_at: Option<DateTime<Utc>>,
    /// When WeCom last told of something; null before.
    #[schema(required)]
    last_event_at: Option<DateTime<Utc>>,
}

/// An address with what WeCom signs and encrypts with, shown this once only.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewContactCallback {
    #[serde(flatten)]
    callback: ContactCallbackView,
    /// For `Token` in WeCom's console.
    token: String,
    /// For `EncodingAESKey` in WeCom's console.
    encoding_aes_key: String,
}

fn view(call: &TenantCaller, callback: &ContactCallback) -> ContactCallbackView {
    let issuer = oidc::Issuer::new(&call.console().scheme, &call.tenant.host);
    ContactCallbackView {
        url: issuer.at(&format!("/wecom/contacts/{}", callback.path)),
        created_at: callback.created_at,
        verified_at: callback.verified_at,
        last_event_at: callback.last_event_at,
    }
}

/// Make a corp's contact callback
///
/// Over the one that it has, which stops working at once. WeCom's console takes URL, `Token` and
/// `EncodingAESKey` at 管理工具 > 通讯录同步 > 设置接收事件服务器, or at the app's 接收消息. From then on
/// whoever leaves the corp, is switched off there or may no longer see the app is signed out at once.
#[utoipa::path(tag = "Corps", operation_id = "createContactCallback",
    responses((status = 201, description = "The address and its secrets", body = NewContactCallback)))]
#[post("/tenants/{tenant}/corps/{corp}/contact-callback")]
pub(crate) async fn create(call: TenantCaller) -> Result<Answer> {
    call.no_input()?;
    let env = &call.store().env;
    once(&call, call.tenant.id, async |tx| {
        let corp = corp_of(&call, tx).await?;
        let path = env.alphanumeric(PATH_LENGTH)?;
        let secret = CallbackSecret {
            token: SecretString::from(env.alphanumeric(TOKEN_LENGTH)?),
            encoding_aes_key: SecretString::from(env.alphanumeric(KEY_LENGTH)?),
        };
        contact_callback::put(tx, env, &call.store().keys, corp, &path, &secret).await?;
        record(tx, &call, "corp.contact_callback.create", corp).await?;
        let made = contact_callback::find(tx, corp).await?.ok_or_else(Problem::not_found)?;
        let answer = NewContactCallback {
            callback: view(&call, &made),
            token: secret.token.expose_secret().to_owned(),
            encoding_aes_key: secret.encoding_aes_key.expose_secret().to_owned(),
        };
        Answer::created(call.path().to_owned(), &answer)
    })
    .await
}

/// Read a corp's contact callback
#[utoipa::path(tag = "Corps", operation_id = "getContactCallback",
    responses((status = 200, description = "The address, without its secrets", body = ContactCallbackView)))]
#[get("/tenants/{tenant}/corps/{corp}/contact-callback")]
pub(crate) async fn read(call: TenantCaller) -> Result<Answer> {
    let found = contact_callback::find(&mut call.scope(), call.id("corp")?).await?;
    Answer::ok(&view(&call, &found.ok_or_else(Problem::not_found)?))
}

/// Delete a corp's contact callback
#[utoipa::path(tag = "Corps", operation_id = "deleteContactCallback",
    responses((status = 204, description = "It is gone")))]
#[delete("/tenants/{tenant}/corps/{corp}/contact-callback")]
pub(crate) async fn delete(call: TenantCaller) -> Result<Answer> {
    let mut tx = call.begin().await?;
    let corp = call.id("corp")?;
    if !contact_callback::delete(&mut tx, corp).await? {
        return Err(Problem::not_found());
    }
    record(&mut tx, &call, "corp.contact_callback.delete", corp).await?;
    tx.commit().await?;
    Ok(Answer::no_content())
}

async fn corp_of(call: &TenantCaller, scope: &mut impl Scope) -> Result<CorpId> {
    let found = corp::find(scope, call.id("corp")?).await?;
    Ok(found.ok_or_else(Problem::not_found)?.id)
}

async fn record(
    tx: &mut TenantWrite,
    call: &TenantCaller,
    action: &'static str,
    corp: CorpId,
) -> Result<()> {
    let event = Event { detail: json!({ "corp": corp.to_string() }), ..call.event(action) };
    Ok(audit::record(tx, &call.store().env, event).await?)
}
