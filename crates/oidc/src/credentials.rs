//! Client credentials (RFC 6749 §4.4): an app that acts for itself.

use store::app::AuthMethod;

use crate::access_token::{self, Subject};
use crate::error::{ErrorCode, OAuthError, Result};
use crate::parameters::is_of_a_person;
use crate::token::{TokenRequest, Tokens};

/// Answers a request with `grant_type=client_credentials`. The scopes of a person are nobody's here
/// (attack B6).
pub(crate) async fn exchange(request: &TokenRequest<'_>) -> Result<Tokens> {
    let TokenRequest { provider, tenant, app, params, proof } = request;
    if app.token_endpoint_auth_method == AuthMethod::None {
        let wrong = "an app without credentials has none to show";
        return Err(OAuthError::new(ErrorCode::UnauthorizedClient, wrong).into());
    }
    let scopes = app.protocol.scopes.iter().map(String::as_str);
    let allowed: Vec<&str> = scopes.filter(|scope| !is_of_a_person(scope)).collect();
    let scope = match params.get("scope")? {
        None => allowed.join(" "),
        Some(asked) => {
            let asked: Vec<&str> = asked.split(' ').filter(|scope| !scope.is_empty()).collect();
            if asked.iter().any(|scope| !allowed.contains(scope)) {
                let wrong = "scope asks for what this app may not have for itself";
                return Err(OAuthError::new(ErrorCode::InvalidScope, wrong).into());
            }
            asked.join(" ")
        }
    };
    let keys = provider.keys.of(tenant.id).await?;
    let jkt = proof.as_ref().map(|proof| proof.jkt.clone());
    let subject = Subject { app, grant: None, scope: &scope, jkt };
    let token = access_token::issue(provider, tenant, &keys, subject)?;
    Ok(request.bare(token, &scope))
}
