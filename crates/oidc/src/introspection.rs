//! Introspection (RFC 7662): what a resource server may know about a token that somebody showed it.

use serde::Serialize;
use store::app::{App, AuthMethod};
use store::grant;
use store::secret::SecretHash;
use store::tenant::Tenant;

use crate::access_token::{self, AccessClaims, Audience, Confirmation};
use crate::client_auth::{self, Client};
use crate::error::{OAuthError, Result};
use crate::params::Params;
use crate::{Provider, refresh};

/// What is said about a token. Of one that is not alive, or none of the caller's business, nothing.
#[derive(Debug, Default, Serialize)]
pub struct Introspection {
    active: bool,
    #[serde(flatten)]
    about: Option<About>,
}

#[derive(Debug, Serialize)]
struct About {
    client_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    scope: String,
    sub: String,
    iss: String,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<Audience>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cnf: Option<Confirmation>,
}

/// Answers an introspection request. An app sees its own tokens and those that are for it.
pub async fn introspect(
    provider: &Provider,
    tenant: &Tenant,
    client: Client,
    params: &Params,
) -> Result<Introspection> {
    let app = client.into_app();
    // Whoever cannot prove who they are could be anybody with a stolen token.
    if app.token_endpoint_auth_method == AuthMethod::None {
        return Err(client_auth::FAILED.into());
    }
    let token = params.get("token")?;
    let token = token.ok_or(OAuthError::invalid_request("token is missing"))?;
    let about = if token.starts_with(refresh::PREFIX) {
        refresh_token(provider, tenant, &app, token).await?
    } else {
        let opened = access_token::open(provider, tenant, token).await?;
        opened
            .map(|opened| opened.claims)
            .filter(|claims| concerns(&app, claims))
            .map(|claims| access(&claims))
    };
    Ok(Introspection { active: about.is_some(), about })
}

fn concerns(app: &App, claims: &AccessClaims) -> bool {
    claims.client_id == app.id || claims.aud.has(&app.id.to_string())
}

fn access(claims: &AccessClaims) -> About {
    About {
        client_id: claims.client_id.to_string(),
        token_type: Some(if claims.cnf.is_some() { "DPoP" } else { "Bearer" }),
        scope: claims.scope.clone(),
        sub: claims.sub.to_string(),
        iss: claims.iss.clone(),
        exp: claims.exp,
        iat: Some(claims.iat),
        aud: Some(claims.aud.clone()),
        jti: Some(claims.jti.to_string()),
        cnf: claims.cnf.clone(),
    }
}

async fn refresh_token(
    provider: &Provider,
    tenant: &Tenant,
    app: &App,
    token: &str,
) -> Result<Option<About>> {
    let store = &provider.store;
    let hash = SecretHash::of(token);
    let found = grant::of_refresh_token(&mut store.tenant(tenant.id), &store.env, &hash).await?;
    let alive = found.filter(|found| {
        let unused = found.rotated_at.is_none() && found.idle_until > store.env.now();
        unused && found.grant.app_id == app.id
    });
    Ok(alive.map(|found| About {
        client_id: app.id.to_string(),
        token_type: None,
        exp: found.idle_until.min(found.grant.expires_at).timestamp(),
        scope: found.grant.scope,
        sub: found.grant.user_id.to_string(),
        iss: provider.issuer(tenant).to_string(),
        iat: None,
        aud: None,
        jti: None,
        cnf: found.grant.dpop_jkt.map(|jkt| Confirmation { jkt }),
    }))
}
