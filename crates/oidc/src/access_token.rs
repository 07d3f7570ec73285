//! Access tokens: JWTs (RFC 9068), opened by ourselves only together with what they hang on.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest;
use moka::sync::Cache;
use serde::{Deserialize, Serialize};
use store::app::App;
use store::grant::{self, LiveGrant};
use store::id::{AppId, GrantId, KeyId, TenantId};
use store::signing_key::Algorithm;
use store::tenant::Tenant;
use store::{Scope, revoked_token};
use uuid::Uuid;

use crate::acr::Acr;
use crate::error::Result;
use crate::jwt::{self, Kind};
use crate::policy::Policy;
use crate::{Provider, keys::TenantKeys};

/// Claims of an access token (RFC 9068 §2.2).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AccessClaims {
    pub(crate) iss: String,
    /// The user; of a token that the app has for itself, the app.
    pub(crate) sub: Uuid,
    pub(crate) aud: Audience,
    pub(crate) client_id: AppId,
    pub(crate) iat: i64,
    pub(crate) exp: i64,
    pub(crate) jti: Uuid,
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub(crate) scope: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    auth_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    acr: Option<String>,
    /// The grant that the token hangs on and dies with; none if the app has it for itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) grant_id: Option<GrantId>,
    /// The key that it is bound to (RFC 9449 §6.1).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) cnf: Option<Confirmation>,
}

/// The key that a token is bound to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Confirmation {
    /// Its thumbprint (RFC 7638).
    pub(crate) jkt: String,
}

/// Whom a token is for: one name, or several (RFC 7519 §4.1.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    pub(crate) fn has(&self, name: &str) -> bool {
        match self {
            Self::One(one) => one == name,
            Self::Several(several) => several.iter().any(|one| one == name),
        }
    }
}

/// What a new access token is made from.
pub(crate) struct Subject<'a> {
    pub(crate) app: &'a App,
    /// The person's grant; none if the app asks for itself.
    pub(crate) grant: Option<&'a LiveGrant>,
    pub(crate) scope: &'a str,
    pub(crate) jkt: Option<String>,
}

/// Signs a new access token.
pub(crate) fn issue(
    provider: &Provider,
    tenant: &Tenant,
    keys: &TenantKeys,
    of: Subject<'_>,
) -> Result<String> {
    let Subject { app, grant, scope, jkt } = of;
    let env = &provider.store.env;
    let now = env.now().timestamp();
    let issuer = provider.issuer(tenant).to_string();
    let others = &app.protocol.audiences;
    let aud = if others.is_empty() {
        Audience::One(issuer.clone())
    } else {
        Audience::Several(std::iter::once(issuer.clone()).chain(others.iter().cloned()).collect())
    };
    let claims = AccessClaims {
        iss: issuer,
        sub: grant.map_or(app.id.0, |grant| grant.user_id.0),
        aud,
        client_id: app.id,
        iat: now,
        exp: now + Policy::of(app).access_token_life.num_seconds(),
        jti: env.random_id()?,
        scope: scope.to_owned(),
        auth_time: grant.map(|grant| grant.authenticated_at.timestamp()),
        acr: grant.map(|grant| Acr::of(grant.method, grant.source_kind).as_str().to_owned()),
        grant_id: grant.map(|grant| grant.id),
        cnf: jkt.map(|jkt| Confirmation { jkt }),
    };
    jwt::sign(keys.active(Algorithm::Es256)?, Kind::AccessToken, &claims)
}

/// An access token of ours that is valid at this moment.
pub(crate) struct Opened {
    pub(crate) claims: Arc<AccessClaims>,
    /// Its grant; none if the app has it for itself.
    pub(crate) grant: Option<LiveGrant>,
}

/// Access tokens whose signature this process has found to be right, by tenant and SHA-256: that a
/// key signed these bytes stays true, so that it need not be found out again (some 30 µs each time).
/// Everything that may change is asked each time: whether the key is still the tenant's, the clock,
/// and what the token hangs on.
#[derive(Debug, Clone)]
pub(crate) struct Recognized(Cache<(TenantId, [u8; 32]), (KeyId, Arc<AccessClaims>)>);

impl Default for Recognized {
    fn default() -> Self {
        // Some 10 MB; a token lives ten minutes unless an administrator wants it otherwise.
        let cache = Cache::builder().max_capacity(10_000);
        Self(cache.time_to_live(Duration::from_mins(10)).build())
    }
}

impl Recognized {
    fn open(&self, tenant: TenantId, keys: &TenantKeys, token: &str) -> Option<Arc<AccessClaims>> {
        let hash = digest::digest(&digest::SHA256, token.as_bytes());
        let name = (tenant, hash.as_ref().try_into().ok()?);
        if let Some((key, claims)) = self.0.get(&name) {
            return keys.by_id(key).map(|_| claims);
        }
        let (key, claims) = jwt::open(keys, Kind::AccessToken, token)?;
        let claims = Arc::new(claims);
        self.0.insert(name, (key, Arc::clone(&claims)));
        Some(claims)
    }
}

/// The claims of an access token that this tenant's issuer signed and that has not expired. Whether
/// it still lives is another question.
pub(crate) async fn read(
    provider: &Provider,
    tenant: &Tenant,
    token: &str,
) -> Result<Option<Arc<AccessClaims>>> {
    let keys = provider.keys.of(tenant.id).await?;
    let claims = provider.recognized.open(tenant.id, &keys, token);
    let issuer = provider.issuer(tenant);
    let now = provider.store.env.now().timestamp();
    Ok(claims.filter(|claims| issuer.is(&claims.iss) && claims.exp > now))
}

/// Opens an access token of this tenant, if everything that it hangs on is alive: grant, session,
/// user, app and source, or the app alone.
pub(crate) async fn open(
    provider: &Provider,
    tenant: &Tenant,
    token: &str,
) -> Result<Option<Opened>> {
    let Some(claims) = read(provider, tenant, token).await? else { return Ok(None) };
    let mut scope = provider.store.tenant(tenant.id);
    let Some(id) = claims.grant_id else {
        let alive = lives_by_itself(&mut scope, &claims).await?;
        return Ok(alive.then_some(Opened { claims, grant: None }));
    };
    let env = &provider.store.env;
    let grant = grant::of_access_token(&mut scope, env, id, claims.jti).await?;
    let grant =
        grant.filter(|grant| grant.user_id.0 == claims.sub && grant.app_id == claims.client_id);
    Ok(grant.map(|grant| Opened { claims, grant: Some(grant) }))
}

async fn lives_by_itself(scope: &mut impl Scope, claims: &AccessClaims) -> Result<bool> {
    let app = store::app::find(scope, claims.client_id).await?;
    let active = app.is_some_and(|app| app.status == store::source::Status::Active);
    Ok(active && !revoked_token::is_revoked(scope, claims.jti).await?)
}
