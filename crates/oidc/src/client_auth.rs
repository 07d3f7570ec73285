//! Client authentication (RFC 6749 §2.3, OpenID Connect Core §9), at every endpoint that programs
//! call.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};
use store::app::{self, App, AuthMethod};
use store::id::AppId;
use store::secret::SecretHash;
use store::source::Status;
use store::tenant::Tenant;

use crate::assertion;
use crate::error::{ErrorCode, OAuthError, Result};
use crate::params::Params;
use crate::{Caller, Provider};

pub(crate) const FAILED: OAuthError =
    OAuthError::new(ErrorCode::InvalidClient, "client authentication failed");

/// The parameters that authenticate. `client_id` is an authorization request's own as well.
pub(crate) const PARAMETERS: &[&str] =
    &["client_secret", "client_assertion", "client_assertion_type"];

/// What a caller showed.
struct Credentials<'a> {
    client: String,
    proof: Shown<'a>,
}

enum Shown<'a> {
    /// A client secret, in the header or in the form.
    Secret(SecretString, AuthMethod),
    /// A JWT.
    Assertion(&'a str),
    /// Nothing.
    Nothing,
}

impl Shown<'_> {
    fn method(&self) -> AuthMethod {
        match self {
            Self::Secret(_, method) => *method,
            Self::Assertion(_) => AuthMethod::PrivateKeyJwt,
            Self::Nothing => AuthMethod::None,
        }
    }
}

/// The app that a request proves to come from. It has to use the one method that it is registered
/// with (attack E1). What it asks has to be clear: no parameter may stand twice (RFC 6749 §3.2).
pub async fn authenticate(
    provider: &Provider,
    tenant: &Tenant,
    caller: &Caller<'_>,
    params: &Params,
) -> Result<App> {
    let shown = credentials(caller.authorization, params)?;
    let app = match shown.client.parse::<AppId>() {
        Ok(id) => app::find(&mut provider.store.tenant(tenant.id), id).await?,
        Err(_) => None,
    };
    let usable = app.filter(|app| {
        app.status == Status::Active && app.token_endpoint_auth_method == shown.proof.method()
    });
    let proven = match &shown.proof {
        Shown::Secret(secret, _) => {
            // An unknown app costs the same comparison as a known one (attack E4).
            let hash = usable.as_ref().and_then(App::secret_hash);
            let known = hash.is_some();
            hash.unwrap_or_else(|| SecretHash::of("")).matches(secret.expose_secret()) && known
        }
        Shown::Assertion(token) => match &usable {
            Some(app) => assertion::proves(provider, tenant, app, token).await?,
            None => false,
        },
        Shown::Nothing => true,
    };
    let app = usable.filter(|_| proven).ok_or(FAILED)?;
    match params.has_duplicates() {
        true => Err(OAuthError::invalid_request("a parameter stands more than once").into()),
        false => Ok(app),
    }
}

fn credentials<'a>(authorization: Option<&str>, params: &'a Params) -> Result<Credentials<'a>> {
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
        let proof = Shown::Secret(secret, AuthMethod::ClientSecretBasic);
        return Ok(Credentials { client, proof });
    }
    if let Some(token) = assertion {
        let kind = params.get("client_assertion_type")?;
        let issuer = assertion::issuer(token).filter(|_| kind == Some(assertion::TYPE));
        let client = issuer.ok_or(FAILED)?;
        if client_id.is_some_and(|other| other != client) {
            return Err(FAILED.into());
        }
        return Ok(Credentials { client, proof: Shown::Assertion(token) });
    }
    let client = client_id.ok_or(FAILED)?.to_owned();
    let proof = match client_secret {
        Some(secret) => Shown::Secret(secret.into(), AuthMethod::ClientSecretPost),
        // What is sent empty is nothing, and no way to look like a public client.
        None if PARAMETERS.iter().any(|name| params.has(name)) => return Err(FAILED.into()),
        None => Shown::Nothing,
    };
    Ok(Credentials { client, proof })
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
