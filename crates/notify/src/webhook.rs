//! A tenant's webhook: where it is, and how it knows that a request is ours.
//!
//! The form is that of Standard Webhooks 1.0 (<https://www.standardwebhooks.com>), so that the
//! receiver verifies with any of its libraries.

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use outgoing::{Policy, UrlFlaw, check_url};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};

/// What a secret's text begins with.
const PREFIX: &str = "whsec_";

/// Where a tenant's messages go by HTTP.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// An https URL.
    pub url: String,
    /// `whsec_` and the base64 of 24 to 64 bytes.
    pub secret: SecretString,
}

/// Why a webhook can't be saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookFlaw {
    /// The URL.
    #[error(transparent)]
    Url(#[from] UrlFlaw),
    /// The secret's form.
    #[error("the secret must be whsec_ and the base64 of 24 to 64 bytes")]
    Secret,
}

impl Webhook {
    /// Checks both parts, for saving them.
    pub fn check(&self, policy: &Policy) -> Result<(), WebhookFlaw> {
        check_url(&self.url, policy)?;
        self.key().map(drop).ok_or(WebhookFlaw::Secret)
    }

    /// The text of a secret made of these random bytes.
    pub fn secret_of(random: &[u8; 32]) -> SecretString {
        format!("{PREFIX}{}", STANDARD.encode(random)).into()
    }

    /// The value of `webhook-signature`; `None` if the secret is unusable.
    pub(crate) fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> Option<String> {
        let mut context = hmac::Context::with_key(&self.key()?);
        context.update(format!("{id}.{timestamp}.").as_bytes());
        context.update(body);
        Some(format!("v1,{}", STANDARD.encode(context.sign())))
    }

    fn key(&self) -> Option<hmac::Key> {
        let text = self.secret.expose_secret().strip_prefix(PREFIX)?;
        let bytes = Zeroizing::new(STANDARD.decode(text).ok()?);
        (24..=64).contains(&bytes.len()).then(|| hmac::Key::new(hmac::HMAC_SHA256, &bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::{Policy, UrlFlaw, Webhook, WebhookFlaw};

    fn webhook(url: &str, secret: &str) -> Webhook {
        Webhook { url: url.to_owned(), secret: secret.into() }
    }

    /// The example of the specification's own libraries.
    #[test]
    fn the_signature_is_that_of_standard_webhooks() {
        let webhook = webhook("https://x.example", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let signature = webhook.sign(id, 1_614_265_330, br#"{"test": 2432232314}"#).unwrap();
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_webhook_is_checked_when_it_is_saved() {
        let (policy, url) = (Policy::default(), "https://hooks.acme.com/sms");
        let short = format!("whsec_{}", "A".repeat(28));
        for secret in ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_%%%", &short] {
            let flaw = webhook(url, secret).check(&policy).unwrap_err();
            assert_eq!(flaw, WebhookFlaw::Secret, "{secret}");
        }
        let long = format!("whsec_{}", "A".repeat(88));
        assert_eq!(webhook(url, &long).check(&policy), Err(WebhookFlaw::Secret));
        let mut good = Webhook { url: url.to_owned(), secret: Webhook::secret_of(&[7; 32]) };
        assert_eq!(good.check(&policy), Ok(()));
        "http://hooks.acme.com/sms".clone_into(&mut good.url);
        assert_eq!(good.check(&policy), Err(WebhookFlaw::Url(UrlFlaw::Scheme)));
        assert!(!format!("{good:?}").contains("whsec"));
    }
}
