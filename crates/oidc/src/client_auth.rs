//! Client authentication (RFC 6749 §2.3, OpenID Connect Core §9), at every endpoint that programs
//! call.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};
use store::app::{App, AuthMethod};
use store::id::AppId;
use store::secret::SecretHash;
use store::source::Status;
use store::tenant::Tenant;

use crate::Provider;
use crate::assertion;
use crate::error::{ErrorCode, OAuthError, Result};
use crate::params::Params;

pub(crate) const FAILED: OAuthError =
    OAuthError::new(ErrorCode::InvalidClient, "client authentication failed");

/// The parameters that authenticate. `client_id` is an authorization request's own as well.
pub(crate) const PARAMETERS: &[&str] =
    &["client_secret", "client_assertion", "client_assertion_type"];

/// What a caller shows to prove which app it is.
pub struct Shown<'a> {
    client: String,
    proof: Proof<'a>,
    /// Whether a parameter of the form stands more than once.
    is_ambiguous: bool,
}

enum Proof<'a> {
    /// A client secret, in the header or in the form.
    Secret(SecretString, AuthMethod),
    /// A JWT.
    Assertion(&'a str),
    /// Nothing.
    Nothing,
}

impl Proof<'_> {
    fn method(&self) -> AuthMethod {
        match self {
            Self::Secret(_, method) => *method,
            Self::Assertion(_) => AuthMethod::PrivateKeyJwt,
            Self::Nothing => AuthMethod::None,
        }
    }
}

/// The app that a request proves to come from. Only [`Shown::prove`] makes one.
#[derive(Debug)]
pub struct Client(App);

impl Client {
    /// The app.
    pub fn into_app(self) -> App {
        self.0
    }
}

impl<'a> Shown<'a> {
    /// Reads an `Authorization` header and a form.
    pub fn read(authorization: Option<&str>, params: &'a Params) -> Result<Self> {
        let is_ambiguous = params.has_duplicates();
        let client_id = params.get("client_id")?;
        let client_secret = params.get("client_secret")?;
        let assertion = params.get("client_assertion")?;
        let basic = authorization.map(|header| parse_basic(header).ok_or(FAILED)).transpose()?;
        let ways = [basic.is_some(), client_secret.is_some(), assertion.is_some()];
        if ways.into_iter().filter(|way| *way).count() > 1 {
            let wrong = "the client authenticates in two ways at once";
            return Err(OAuthError::invalid_request(wrong).into());
        }
        if let Some((client, secret)) = basic {
            if client_id.is_some_and(|other| other != client) {
                return Err(FAILED.into());
            }
            let proof = Proof::Secret(secret, AuthMethod::ClientSecretBasic);
            return Ok(Self { client, proof, is_ambiguous });
        }
        if let Some(token) = assertion {
            let kind = params.get("client_assertion_type")?;
            let issuer = assertion::issuer(token).filter(|_| kind == Some(assertion::TYPE));
            let client = issuer.ok_or(FAILED)?;
            if client_id.is_some_and(|other| other != client) {
                return Err(FAILED.into());
            }
            return Ok(Self { client, proof: Proof::Assertion(token), is_ambiguous });
        }
        let client = client_id.ok_or(FAILED)?.to_owned();
        let proof = match client_secret {
            Some(secret) => Proof::Secret(secret.into(), AuthMethod::ClientSecretPost),
            // What is sent empty is nothing, and no way to look like a public client.
            None if PARAMETERS.iter().any(|name| params.has(name)) => return Err(FAILED.into()),
            None => Proof::Nothing,
        };
        Ok(Self { client, proof, is_ambiguous })
    }

    /// The app that it names, to be looked for.
    pub fn app(&self) -> Option<AppId> {
        self.client.parse().ok()
    }

    /// The app that was found by that name, if this proves it. It has to use the one method that it
    /// is registered with (attack E1). What it asks has to be clear: no parameter may stand twice
    /// (RFC 6749 §3.2).
    pub async fn prove(
        &self,
        provider: &Provider,
        tenant: &Tenant,
        app: Option<App>,
    ) -> Result<Client> {
        let usable = app.filter(|app| {
            Some(app.id) == self.app()
                && app.status == Status::Active
                && app.token_endpoint_auth_method == self.proof.method()
        });
        let proven = match &self.proof {
            Proof::Secret(secret, _) => {
                // An unknown app costs the same comparison as a known one (attack E4).
                let hash = usable.as_ref().and_then(App::secret_hash);
                let known = hash.is_some();
                hash.unwrap_or_else(|| SecretHash::of("")).matches(secret.expose_secret()) && known
            }
            Proof::Assertion(token) => match &usable {
                Some(app) => assertion::proves(provider, tenant, app, token).await?,
                None => false,
            },
            Proof::Nothing => true,
        };
        let app = usable.filter(|_| proven).ok_or(FAILED)?;
        match self.is_ambiguous {
            true => Err(OAuthError::invalid_request("a parameter stands more than once").into()),
            false => Ok(Client(app)),
        }
    }
}

/// Reads `Basic base64(id:secret)`; both halves are form-urlencoded (RFC 6749 §2.3.1).
pub fn parse_basic(header: &str) -> Option<(String, SecretString)> {
    let (scheme, value) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    let form = |text: &str| {
        let text = text.replace('+', " ");
        percent_encoding::percent_decode_str(&text)
            .decode_utf8()
            .ok()
            .map(std::borrow::Cow::into_owned)
    };
    let (id, secret) = (form(id)?, form(secret)?);
    (!secret.is_empty()).then(|| (id, secret.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(text: &str) -> Option<(String, String)> {
        parse_basic(&format!("Basic {}", STANDARD.encode(text)))
            .map(|(id, secret)| (id, secret.expose_secret().to_owned()))
    }

    /// Attack E2: the halves are decoded exactly once, after they were split.
    #[test]
    fn e2_basic_is_decoded_as_the_rfc_says() {
        assert_eq!(basic("id:se%3Acret"), Some(("id".into(), "se:cret".into())));
        assert_eq!(basic("id:a+b%2Bc"), Some(("id".into(), "a b+c".into())));
        assert_eq!(basic("id:a:b"), Some(("id".into(), "a:b".into())));
        assert_eq!(basic("id:%25"), Some(("id".into(), "%".into())));
        assert_eq!(basic("id:"), None);
        assert_eq!(basic("id"), None);
        assert!(parse_basic("Bearer x").is_none());
        assert!(parse_basic("Basic ###").is_none());
    }
}
