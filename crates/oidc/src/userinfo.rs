//! UserInfo (OpenID Connect Core §5.3): who the bearer of an access token may know about.

use serde_json::{Map, Value};
use store::app;
use store::grant::LiveGrant;
use store::tenant::Tenant;

use crate::error::{ErrorCode, OAuthError, Result};
use crate::jwt::{self, Kind};
use crate::{Caller, Provider, access_token, claims, dpop};

/// How an access token is shown (RFC 6750 §2.1, RFC 9449 §7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Whoever has it may use it.
    Bearer,
    /// With the proof of a key.
    DPoP,
}

impl Scheme {
    /// The scheme and the token of an `Authorization` header. The scheme is read without regard to
    /// case (RFC 9110 §11.1).
    pub fn parse(header: &str) -> Option<(Self, &str)> {
        let (scheme, token) = header.split_once(' ')?;
        let known = [("bearer", Self::Bearer), ("dpop", Self::DPoP)];
        let known = known.into_iter().find(|(name, _)| scheme.eq_ignore_ascii_case(name));
        known.map(|(_, scheme)| (scheme, token.trim()))
    }
}

const INVALID: OAuthError =
    OAuthError::new(ErrorCode::InvalidToken, "the access token is unknown, expired or revoked");

/// What is told about a person (OpenID Connect Core §5.3.2).
#[derive(Debug)]
pub enum Told {
    /// As JSON.
    Plain(Map<String, Value>),
    /// As a JWT, for an app that asked for it.
    Signed(String),
}

/// The claims that an access token gives. The token has to be of this tenant, and everything that
/// it hangs on alive: grant, session, user, app and source. One that is bound to a key needs its
/// proof, and one that is not takes none (attack H5).
pub async fn claims(
    provider: &Provider,
    tenant: &Tenant,
    caller: &Caller<'_>,
    scheme: Scheme,
    token: &str,
) -> Result<Told> {
    let opened = access_token::open(provider, tenant, token).await?.ok_or(INVALID)?;
    let bound = opened.claims.cnf.as_ref().map(|cnf| cnf.jkt.as_str());
    match (scheme, bound) {
        (Scheme::Bearer, None) => {}
        (Scheme::DPoP, Some(jkt)) => {
            dpop::at_resource(provider, tenant, caller, token, jkt).await?;
        }
        (Scheme::Bearer, Some(_)) | (Scheme::DPoP, None) => return Err(INVALID.into()),
    }
    let scope = &opened.claims.scope;
    let grant = opened.grant.filter(|_| scope.split(' ').any(|word| word == "openid"));
    let grant = grant.ok_or(OAuthError::new(
        ErrorCode::InsufficientScope,
        "this access token is not about a person: it needs the scope openid",
    ))?;
    let single = single(provider, tenant, &grant).await?;
    let mut about = claims::about(&grant, scope, &single);
    about.insert("sub".to_owned(), grant.user_id.to_string().into());
    let Some(algorithm) = grant.userinfo_alg else { return Ok(Told::Plain(about)) };
    about.insert("iss".to_owned(), provider.issuer(tenant).to_string().into());
    about.insert("aud".to_owned(), grant.app_id.to_string().into());
    let keys = provider.keys.of(tenant.id).await?;
    Ok(Told::Signed(jwt::sign(keys.active(algorithm)?, Kind::UserInfo, &about)?))
}

/// The claims that the app asked for one by one and still may have.
async fn single(provider: &Provider, tenant: &Tenant, grant: &LiveGrant) -> Result<Vec<String>> {
    if grant.claims.userinfo.is_empty() {
        return Ok(Vec::new());
    }
    let app = app::find(&mut provider.store.tenant(tenant.id), grant.app_id).await?;
    Ok(app.map(|app| claims::allowed(&app, &grant.claims.userinfo)).unwrap_or_default())
}
