//! SMS: handed to the tenant's webhook, which knows the gateway.

use std::{fmt, time::Duration};

use outgoing::{CallError, GuardedClient, Policy, guarded_client};
use reqwest::{Response, StatusCode, header};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
use serde::Serialize;

use crate::{Error, Failure, Language, Message, Webhook};

/// The whole call: name, connection, answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// As much of an answer is read, so that the connection can be kept; nothing of it is used.
const MAX_ANSWER: usize = 64 * 1024;

/// A text message to one person.
#[derive(Clone)]
pub struct Sms {
    /// Unique; the same when the message is sent again, so that the receiver can tell.
    pub id: String,
    /// The number, in the form of E.164: `+8613800138000`.
    pub to: String,
    /// What to show, complete, for gateways that take any text.
    pub text: String,
    /// The code in it, for gateways that have templates; none in a notice.
    pub code: Option<SecretString>,
    /// What it is for, see [`Message::purpose`].
    pub purpose: &'static str,
    /// The text's language, a BCP 47 tag.
    pub language: &'static str,
    /// Whose message it is.
    pub tenant: String,
}

/// Says what for, not to whom and with which code.
impl fmt::Debug for Sms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Sms");
        debug.field("id", &self.id).field("purpose", &self.purpose).finish_non_exhaustive()
    }
}

/// The body, in this order.
#[derive(Serialize)]
struct Body<'a> {
    id: &'a str,
    to: &'a str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    purpose: &'a str,
    language: &'a str,
    tenant: &'a str,
}

impl Sms {
    /// The message in its words; `id`, `to` and `tenant` as in the fields of those names.
    pub fn new(
        id: &str,
        to: &str,
        tenant: &str,
        language: Language,
        brand: &str,
        message: &Message<'_>,
    ) -> Self {
        Self {
            id: id.to_owned(),
            to: to.to_owned(),
            text: crate::sms(language, brand, message),
            code: message.code().map(SecretString::from),
            purpose: message.purpose(),
            language: language.tag(),
            tenant: tenant.to_owned(),
        }
    }

    fn body(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        let body = Body {
            id: &self.id,
            to: &self.to,
            text: &self.text,
            code: self.code.as_ref().map(ExposeSecret::expose_secret),
            purpose: self.purpose,
            language: self.language,
            tenant: &self.tenant,
        };
        let unwritable = |_| Error::Refused(Failure::Message("content"));
        serde_json::to_vec(&body).map(Zeroizing::new).map_err(unwritable)
    }
}

/// Calls webhooks, and nothing that is not on the public internet.
#[derive(Debug, Clone)]
pub struct Sender {
    client: GuardedClient,
}

impl Sender {
    /// A sender that may call what `policy` permits.
    pub fn new(policy: &Policy) -> Result<Self, Error> {
        Ok(Self { client: guarded_client(policy, TIMEOUT)? })
    }

    /// Hands the message over. Any 2xx means that the receiver has it.
    pub async fn send(&self, webhook: &Webhook, sms: &Sms, now_unix: i64) -> Result<(), Error> {
        if !is_e164(&sms.to) {
            return Err(Error::BadAddress);
        }
        // It is a header, and a part of what is signed
        let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'.';
        if sms.id.is_empty() || !sms.id.bytes().all(plain) {
            return Err(Error::Refused(Failure::Message("id")));
        }
        let body = sms.body()?;
        let signature = webhook.sign(&sms.id, now_unix, &body);
        let signature = signature.ok_or(Error::Refused(Failure::Secret))?;
        let request = self
            .client
            .post(&webhook.url)
            .map_err(|flaw| Error::Refused(Failure::Url(flaw)))?
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", &sms.id)
            .header("webhook-timestamp", now_unix)
            .header("webhook-signature", signature)
            .body(body.to_vec());
        let result = match request.send().await {
            Ok(response) => judge(response).await,
            Err(error) => Err(failure(error.into())),
        };
        match &result {
            Ok(()) => tracing::debug!(purpose = sms.purpose, "SMS handed to the webhook"),
            Err(Error::Refused(cause) | Error::Unavailable(cause)) => {
                tracing::warn!(purpose = sms.purpose, %cause, "SMS not handed to the webhook");
            }
            Err(error) => tracing::warn!(%error, "SMS not handed to the webhook"),
        }
        result
    }
}

async fn judge(response: Response) -> Result<(), Error> {
    let status = response.status();
    if status.is_success() {
        // What the answer says, and whether it comes to its end, does not matter
        let _ = GuardedClient::read(response, MAX_ANSWER).await;
        return Ok(());
    }
    let later = status.is_server_error()
        || [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS]
            .contains(&status);
    let failure = Failure::Http(status.as_u16());
    Err(if later { Error::Unavailable(failure) } else { Error::Refused(failure) })
}

fn failure(error: CallError) -> Error {
    match error {
        CallError::Url(flaw) => Error::Refused(Failure::Url(flaw)),
        CallError::NotPermitted => Error::Refused(Failure::NotPermitted),
        CallError::TimedOut => Error::Unavailable(Failure::TimedOut),
        error => Error::Unavailable(Failure::Connection(error.into())),
    }
}

/// `+`, then 8 to 15 digits, the first of them not 0.
fn is_e164(number: &str) -> bool {
    number.strip_prefix('+').is_some_and(|digits| {
        (8..=15).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0')
    })
}
