//! Client assertions (RFC 7523, OpenID Connect Core §9 `private_key_jwt`): an app proves itself with
//! a JWT that its own key signed.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use store::app::App;
use store::ephemeral::Slot;
use store::tenant::Tenant;

use crate::Provider;
use crate::error::Result;
use crate::jose::{Algorithm, JwkSet, Jws, NumericDate};
use crate::policy::Policy;

/// What `client_assertion_type` says (RFC 7523 §2.2).
pub(crate) const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How far a client's clock may be off, in seconds.
pub(crate) const SKEW: i64 = 30;
/// How far ahead an assertion may expire, in seconds: it is made for one request.
const LIFE_AT_MOST: i64 = 300;
/// Longest `jti`, in bytes.
const JTI_AT_MOST: usize = 256;

/// An assertion was seen. Marks live as long as the longest assertion could.
const SEEN: Slot<()> = Slot::new("client_assertion", Duration::from_mins(7));

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Value,
    exp: NumericDate,
    #[serde(default)]
    nbf: Option<NumericDate>,
    #[serde(default)]
    iat: Option<NumericDate>,
    jti: String,
}

/// Whose assertion it says that it is. Not to be believed yet.
pub(crate) fn issuer(token: &str) -> Option<String> {
    let claims = Jws::parse(token).ok()?.unverified_claims().ok()?;
    claims.get("iss")?.as_str().map(str::to_owned)
}

/// Whether an assertion proves that this app made the request: its key signed it, for us and nobody
/// else, just now, and nobody has shown it before (attack E3). The audience is our issuer as a plain
/// text; an endpoint or a list could be somebody else's too (CVE-2025-27370).
pub(crate) async fn proves(
    provider: &Provider,
    tenant: &Tenant,
    app: &App,
    token: &str,
) -> Result<bool> {
    let Some(claims) = claims(app, token) else { return Ok(false) };
    let (id, now) = (app.id.to_string(), provider.store.env.now().timestamp());
    let issuer = provider.issuer(tenant);
    let is_ours = claims.aud.as_str().is_some_and(|aud| issuer.is(aud));
    let by_app = claims.iss == id && claims.sub == id;
    let exp = claims.exp.0;
    let in_time = exp > now - SKEW
        && exp <= now + LIFE_AT_MOST + SKEW
        && claims.nbf.is_none_or(|nbf| nbf.0 <= now + SKEW)
        && claims.iat.is_none_or(|iat| iat.0 <= now + SKEW);
    // Of what was made before the process began, nobody knows whether it was seen. An app that does not
    // say when it made it would be shut out for minutes: there the risk is taken.
    let made = claims.iat.or(claims.nbf);
    let in_time = in_time && made.is_none_or(|made| made.0 >= provider.seen_since);
    let named = (1..=JTI_AT_MOST).contains(&claims.jti.len());
    if !(is_ours && by_app && in_time && named) {
        return Ok(false);
    }
    let key = format!("{id}:{}", claims.jti);
    Ok(provider.store.ephemeral.put_new(&SEEN, tenant.id, key, &()).await?)
}

/// The claims of a token that one of the app's registered keys signed.
fn claims(app: &App, token: &str) -> Option<Claims> {
    let jws = Jws::parse(token).ok()?;
    let header = jws.header();
    let typed = header.typ.is_none()
        || header.has_typ("JWT")
        || header.has_typ("client-authentication+jwt");
    let allowed = header.alg != Algorithm::Rs256 || Policy::of(app).rs256_allowed;
    if !typed || !allowed || header.jwk.is_some() {
        return None;
    }
    let keys = app.protocol.jwks.as_ref()?.as_object()?;
    let keys = JwkSet::from_members(keys).ok()?;
    jws.verify_with(&keys).ok()?.claims_as().ok()
}
