//! Client authentication at the token endpoint (RFC 6749 §2.3, OpenID Connect Core §9).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};
use store::app::{self, App, AuthMethod};
use store::id::AppId;
use store::secret::SecretHash;
use store::source::Status;
use store::tenant::Tenant;

use crate::Provider;
use crate::error::{ErrorCode, OAuthError, Result};
use crate::params::Params;

const FAILED: OAuthError =
    OAuthError::new(ErrorCode::InvalidClient, "client authentication failed");

/// What a caller showed.
struct Credentials {
    client: String,
    secret: Option<SecretString>,
    method: AuthMethod,
}

/// The app that a request proves to come from. It has to use the one method that it is registered
/// with (attack E1).
pub async fn authenticate(
    provider: &Provider,
    tenant: &Tenant,
    authorization: Option<&str>,
    params: &Params,
) -> Result<App> {
    let shown = credentials(authorization, params)?;
    let app = match shown.client.parse::<AppId>() {
        Ok(id) => app::find(&mut provider.store.tenant(tenant.id), id).await?,
        Err(_) => None,
    };
    // An unknown app costs the same comparison as a known one (attack E4).
    let hash = app.as_ref().and_then(App::secret_hash).unwrap_or_else(|| SecretHash::of(""));
    let secret_matches =
        shown.secret.as_ref().is_some_and(|secret| hash.matches(secret.expose_secret()));
    match app {
        Some(app)
            if app.status == Status::Active
                && app.token_endpoint_auth_method == shown.method
                && (secret_matches
                    || (shown.method == AuthMethod::None && app.secret_hash().is_none())) =>
        {
            Ok(app)
        }
        _ => Err(FAILED.into()),
    }
}

fn credentials(authorization: Option<&str>, params: &Params) -> Result<Credentials> {
    let client_id = params.get("client_id")?;
    let client_secret = params.get("client_secret")?;
    let basic = authorization.map(|header| parse_basic(header).ok_or(FAILED)).transpose()?;
    match (basic, client_id, client_secret) {
        (Some(_), _, Some(_)) => {
            Err(OAuthError::invalid_request("the client authenticates in two ways at once").into())
        }
        (Some((client, _)), Some(other), None) if client != other => Err(FAILED.into()),
        (Some((client, secret)), _, None) => {
            Ok(Credentials { client, secret: Some(secret), method: AuthMethod::ClientSecretBasic })
        }
        (None, Some(client), Some(secret)) => Ok(Credentials {
            client: client.to_owned(),
            secret: Some(secret.into()),
            method: AuthMethod::ClientSecretPost,
        }),
        // A secret that is sent empty is no secret, and no way to look like a public client.
        (None, Some(client), None) if !params.has("client_secret") => {
            Ok(Credentials { client: client.to_owned(), secret: None, method: AuthMethod::None })
        }
        _ => Err(FAILED.into()),
    }
}

/// Reads `Basic base64(id:secret)`; both halves are form-urlencoded (RFC 6749 §2.3.1).
fn parse_basic(header: &str) -> Option<(String, SecretString)> {
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
