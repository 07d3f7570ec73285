//! How a tenant reaches its people: whom they can ask for help, and where codes by text message are
//! handed over.

use actix_web::{get, put};
use notify::Webhook;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde_json::{Value, json};
use store::audit::{self, Event};
use store::tenant::{self, SmsWebhook, Tenant};
use utoipa::ToSchema;

use crate::answer::Answer;
use crate::caller::TenantCaller;
use crate::fields::{Context, Fields, Flaw, Flaws, Input};
use crate::precondition::{etag, if_match, is_known};
use crate::problem::{Problem, Result};
use crate::{rules, uris};

/// How a tenant reaches its people.
#[derive(ToSchema)]
pub(crate) struct NewMessaging {
    /// Whom people can ask when they cannot sign in, as shown to them.
    #[schema(max_length = 200, example = "IT 服务台 8888, it@acme.example")]
    support_contact: Option<String>,
    /// Where codes by text message are handed over: an https URL, called as Standard Webhooks says.
    /// Without it no text messages are sent.
    #[schema(max_length = 2048, example = "https://sms.acme.example/hufu")]
    sms_webhook_url: Option<String>,
    /// What signs the calls: `whsec_` and 24 to 64 bytes in base64. Without it the kept one stays; where
    /// none is kept, one is made and shown once.
    #[schema(value_type = Option<String>, write_only, max_length = 128)]
    sms_webhook_secret: Option<SecretString>,
}

impl Input for NewMessaging {
    fn read(fields: &mut Fields, context: Context<'_>) -> Option<Self> {
        let support_contact = fields.optional("support_contact", rules::text(200));
        let url = fields.optional("sms_webhook_url", uris::called(&context.console.outgoing));
        let secret = fields.optional("sms_webhook_secret", secret);
        Some(Self {
            support_contact: support_contact?,
            sms_webhook_url: url?,
            sms_webhook_secret: secret?,
        })
    }
}

fn secret(value: &Value) -> Result<SecretString, Flaws> {
    let secret: SecretString = rules::visible_ascii(128)(value)?.into();
    // The address is checked apart; any good one will do here.
    let webhook = Webhook { url: "https://example.com/".to_owned(), secret: secret.clone() };
    if webhook.check(&outgoing::Policy::default()).is_ok() {
        return Ok(secret);
    }
    let text = "has to be whsec_ and 24 to 64 bytes in base64: leave it out to have one made";
    Err(vec![Flaw::new("format", text)])
}

/// How a tenant reaches its people.
#[derive(Serialize, ToSchema)]
#[schema(as = Messaging)]
pub(crate) struct MessagingView {
    /// Whom people can ask when they cannot sign in.
    #[schema(required)]
    support_contact: Option<String>,
    /// Where codes by text message are handed over.
    #[schema(required)]
    sms_webhook_url: Option<String>,
    /// The secret, where it was made just now. It is shown once.
    #[serde(skip_serializing_if = "Option::is_none")]
    sms_webhook_secret: Option<String>,
}

/// Read how a tenant reaches its people
#[utoipa::path(tag = "Messaging", operation_id = "getTenantMessaging",
    responses((status = 200, description = "How it reaches them", body = MessagingView)))]
#[get("/tenants/{tenant}/messaging")]
pub(crate) async fn read(call: TenantCaller) -> Result<Answer> {
    let tag = etag(call.tenant.version);
    if is_known(call.headers(), &tag)? {
        return Ok(Answer::not_modified().etag(tag));
    }
    let store = call.store();
    let webhook = tenant::sms_webhook(&store.database, &store.keys, call.tenant.id).await?;
    let view = MessagingView {
        support_contact: call.tenant.support_contact.clone(),
        sms_webhook_url: webhook.map(|webhook| webhook.url),
        sms_webhook_secret: None,
    };
    Ok(Answer::ok(&view)?.etag(tag))
}

/// Decide how a tenant reaches its people
///
/// As a whole: what is left out is taken away. The tenant's version goes up.
#[utoipa::path(tag = "Messaging", operation_id = "putTenantMessaging", request_body = NewMessaging,
    responses((status = 200, description = "How it reaches them now", body = MessagingView)))]
#[put("/tenants/{tenant}/messaging")]
pub(crate) async fn put(call: TenantCaller) -> Result<Answer> {
    if_match(call.headers(), call.tenant.version)?;
    let new: NewMessaging = call.input()?;
    if new.sms_webhook_url.is_none() && new.sms_webhook_secret.is_some() {
        let text = "sms_webhook_secret belongs to an sms_webhook_url: add it";
        return Err(Problem::field("/sms_webhook_url", "required", text));
    }
    let store = call.store();
    let before = tenant::sms_webhook(&store.database, &store.keys, call.tenant.id).await?;
    let mut made = None;
    let secret = match (new.sms_webhook_secret, before) {
        (Some(secret), _) => secret,
        (None, Some(before)) => before.secret,
        (None, None) => {
            let secret = Webhook::secret_of(&store.env.bytes()?);
            made = Some(secret.expose_secret().to_owned());
            secret
        }
    };
    let webhook = new.sms_webhook_url.map(|url| SmsWebhook { url, secret });
    let mut tx = call.begin().await?;
    let tenant = Tenant { support_contact: new.support_contact, ..call.tenant.clone() };
    let tenant = tenant::update(&mut tx, &store.env, &tenant).await?;
    tenant::set_sms_webhook(&mut tx, &store.env, &store.keys, webhook.as_ref()).await?;
    let detail = json!({ "changed": ["support_contact", "sms_webhook"] });
    let event = Event { detail, ..call.event("tenant.messaging.put") };
    audit::record(&mut tx, &store.env, event).await?;
    tx.commit().await?;
    let view = MessagingView {
        support_contact: tenant.support_contact,
        sms_webhook_secret: made.filter(|_| webhook.is_some()),
        sms_webhook_url: webhook.map(|webhook| webhook.url),
    };
    Ok(Answer::ok(&view)?.etag(etag(tenant.version)))
}
