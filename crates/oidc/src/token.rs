//! The token endpoint (RFC 6749 §3.2): code in, tokens out.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use store::app::App;
use store::grant::{self, LiveGrant};
use store::id::{AppId, GrantId, SessionId, UserId};
use store::signing_key::Algorithm;
use store::tenant::Tenant;

use crate::error::{ErrorCode, OAuthError, Result};
use crate::jwt::{self, Kind};
use crate::params::Params;
use crate::{Issuer, Provider, client_auth, code};

/// How long an access token is valid, in seconds.
pub const ACCESS_TOKEN_LIFE: i64 = 600;
/// How long an ID token is valid, in seconds.
pub const ID_TOKEN_LIFE: i64 = 600;

/// A successful answer (RFC 6749 §5.1, OpenID Connect Core §3.1.3.3).
#[derive(Serialize)]
pub struct Tokens {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
    scope: String,
    id_token: String,
}

/// Claims of an access token (RFC 9068 §2.2).
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AccessClaims {
    pub(crate) iss: String,
    pub(crate) sub: UserId,
    pub(crate) aud: String,
    pub(crate) client_id: AppId,
    pub(crate) iat: i64,
    pub(crate) exp: i64,
    jti: uuid::Uuid,
    pub(crate) scope: String,
    auth_time: i64,
    /// The grant that the token hangs on and dies with.
    pub(crate) grant_id: GrantId,
}

/// Claims of an ID token (OpenID Connect Core §2).
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct IdClaims {
    pub(crate) iss: String,
    pub(crate) sub: UserId,
    pub(crate) aud: AppId,
    iat: i64,
    exp: i64,
    auth_time: i64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    nonce: Option<String>,
    at_hash: String,
    pub(crate) sid: SessionId,
}

/// Answers a token request. `authorization` is the header of that name.
pub async fn exchange(
    provider: &Provider,
    tenant: &Tenant,
    authorization: Option<&str>,
    params: &Params,
) -> Result<Tokens> {
    let app = client_auth::authenticate(provider, tenant, authorization, params).await?;
    if params.has_duplicates() {
        return Err(OAuthError::invalid_request("a parameter stands more than once").into());
    }
    match params.get("grant_type")? {
        Some("authorization_code") => authorization_code(provider, tenant, &app, params).await,
        None => Err(OAuthError::invalid_request("grant_type is missing").into()),
        Some(_) => Err(OAuthError::new(
            ErrorCode::UnsupportedGrantType,
            "use grant_type=authorization_code",
        )
        .into()),
    }
}

async fn authorization_code(
    provider: &Provider,
    tenant: &Tenant,
    app: &App,
    params: &Params,
) -> Result<Tokens> {
    let store = &provider.store;
    let code = params.get("code")?.ok_or(OAuthError::invalid_request("code is missing"))?;
    let (redirect_uri, verifier) = (params.get("redirect_uri")?, params.get("code_verifier")?);
    // The grant is read before the code is used up: whoever then comes second revokes it, and the
    // one who came first still gets an answer, though its tokens are dead by then (attack D1).
    let grant = match code::grant_of(store, tenant.id, app.id, code).await? {
        None => None,
        Some(id) => grant::find_live(&mut store.tenant(tenant.id), &store.env, id).await?,
    };
    let code = code::redeem(store, tenant.id, app.id, code, redirect_uri, verifier).await?;
    let ended = OAuthError::invalid_grant("the sign-in that this code belongs to has ended");
    let grant = grant.filter(|grant| grant.id == code.grant).ok_or(ended)?;
    issue(provider, tenant, app, &grant, code.nonce).await
}

async fn issue(
    provider: &Provider,
    tenant: &Tenant,
    app: &App,
    grant: &LiveGrant,
    nonce: Option<String>,
) -> Result<Tokens> {
    let issuer: Issuer = provider.issuer(tenant);
    let env = &provider.store.env;
    let now = env.now().timestamp();
    let auth_time = grant.authenticated_at.timestamp();
    let keys = provider.keys.of(tenant.id).await?;
    let access = AccessClaims {
        iss: issuer.to_string(),
        sub: grant.user_id,
        aud: issuer.to_string(),
        client_id: app.id,
        iat: now,
        exp: now + ACCESS_TOKEN_LIFE,
        jti: env.random_id()?,
        scope: grant.scope.clone(),
        auth_time,
        grant_id: grant.id,
    };
    let access_token = jwt::sign(keys.active(Algorithm::Es256)?, Kind::AccessToken, &access)?;
    let id = IdClaims {
        iss: issuer.to_string(),
        sub: grant.user_id,
        aud: app.id,
        iat: now,
        exp: now + ID_TOKEN_LIFE,
        auth_time,
        nonce,
        at_hash: at_hash(&access_token),
        sid: grant.session_id,
    };
    let id_token = jwt::sign(keys.active(app.id_token_alg)?, Kind::IdToken, &id)?;
    let scope = grant.scope.clone();
    Ok(Tokens {
        access_token,
        token_type: "Bearer",
        expires_in: ACCESS_TOKEN_LIFE,
        scope,
        id_token,
    })
}

/// The left half of the access token's hash (OpenID Connect Core §3.1.3.6). Both our algorithms
/// use SHA-256.
fn at_hash(access_token: &str) -> String {
    let hash = digest::digest(&digest::SHA256, access_token.as_bytes());
    URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16])
}
