//! DPoP (RFC 9449): a request proves that its sender has the key that a token is bound to.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use store::Store;
use store::app::App;
use store::ephemeral::Slot;
use store::id::TenantId;
use store::secret::Place;
use store::tenant::Tenant;
use url::Url;

use crate::assertion::SKEW;
use crate::error::{ErrorCode, OAuthError, Result};
use crate::jose::{Algorithm, Jws, NumericDate};
use crate::policy::Policy;
use crate::{Caller, Endpoint, Provider};

/// What a proof may be signed with. The older RSA signature is nobody's here: FAPI 2.0 §5.4.1 forbids
/// it, and a token that UserInfo takes with every app's key needs one rule for all.
pub const ALGORITHMS: [Algorithm; 3] = [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Ps256];
/// How old a proof may be, in seconds.
const AGE_AT_MOST: i64 = 60;
/// How long a nonce of ours is good, in seconds.
const NONCE_LIFE: i64 = 300;
/// Longest `jti`, in bytes.
const JTI_AT_MOST: usize = 256;

/// A proof was seen. Marks live as long as a proof could.
const SEEN: Slot<()> = Slot::new("dpop_proof", Duration::from_mins(2));

const INVALID: OAuthError =
    OAuthError::new(ErrorCode::InvalidDpopProof, "the DPoP proof is missing or invalid");
const NONCE: OAuthError = OAuthError::new(
    ErrorCode::UseDpopNonce,
    "the DPoP proof needs the nonce of the DPoP-Nonce header",
);

/// What a proof proves.
#[derive(Debug)]
pub(crate) struct Proof {
    /// The thumbprint of the key (RFC 7638).
    pub(crate) jkt: String,
}

/// The claims of a proof (RFC 9449 §4.2), signed and not yet compared with anything.
#[derive(Debug, Deserialize)]
pub struct Claims {
    /// The proof's own name.
    pub jti: String,
    /// The method of the request.
    pub htm: String,
    /// Where the request goes.
    pub htu: String,
    /// When it was made.
    pub iat: NumericDate,
    /// From when on it is good.
    #[serde(default)]
    pub nbf: Option<NumericDate>,
    /// Until when it is good.
    #[serde(default)]
    pub exp: Option<NumericDate>,
    /// The hash of the access token that it comes with.
    #[serde(default)]
    pub ath: Option<String>,
    /// The nonce that we gave.
    #[serde(default)]
    pub nonce: Option<String>,
}

/// The proof of a request by an app, if it sends one. An app whose tokens have to be bound to a key
/// cannot do without (attack H9).
pub(crate) async fn proof(
    provider: &Provider,
    tenant: &Tenant,
    app: &App,
    caller: &Caller<'_>,
) -> Result<Option<Proof>> {
    let policy = Policy::of(app);
    // A pushed request may bind its code to a key, and need not (RFC 9449 §10.1).
    let required = policy.dpop_required && caller.endpoint == Endpoint::Token;
    match caller.dpop {
        [] if required => Err(INVALID.into()),
        [] => Ok(None),
        _ => check(provider, tenant, caller, None, policy.dpop_nonce_required).await.map(Some),
    }
}

/// Checks that whoever shows an access token has the key that it is bound to.
pub(crate) async fn at_resource(
    provider: &Provider,
    tenant: &Tenant,
    caller: &Caller<'_>,
    token: &str,
    bound: &str,
) -> Result<()> {
    // The token says which app it is of, but the proof is by its key: one rule for all.
    let proof = check(provider, tenant, caller, Some(token), false).await?;
    let mismatch = OAuthError::new(ErrorCode::InvalidToken, "the token is bound to another key");
    if proof.jkt == bound { Ok(()) } else { Err(mismatch.into()) }
}

/// RFC 9449 §4.3, check by check.
async fn check(
    provider: &Provider,
    tenant: &Tenant,
    caller: &Caller<'_>,
    token: Option<&str>,
    nonce_required: bool,
) -> Result<Proof> {
    let [proof] = caller.dpop else { return Err(INVALID.into()) };
    let (claims, jkt) = read(proof).ok_or(INVALID)?;
    let store = &provider.store;
    let now = store.env.now().timestamp();
    let expected = provider.issuer(tenant).at(caller.endpoint.path());
    let ath = token.map(|token| URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes())));
    let fits = claims.htm == caller.method
        && is_same_target(&claims.htu, &expected)
        && claims.ath == ath
        && (1..=JTI_AT_MOST).contains(&claims.jti.len());
    let in_time = claims.iat.0 <= now + SKEW
        && claims.iat.0 > now - AGE_AT_MOST
        && claims.nbf.is_none_or(|nbf| nbf.0 <= now + SKEW)
        && claims.exp.is_none_or(|exp| exp.0 > now - SKEW);
    if !fits || !in_time {
        return Err(INVALID.into());
    }
    // Of what came before the process began, nobody knows whether it was seen: it has to come again
    // with a nonce that is younger (attack H2).
    let nonce_since =
        if claims.iat.0 < provider.seen_since { provider.seen_since } else { i64::MIN };
    match &claims.nonce {
        Some(nonce) => {
            let made = made_at(store, tenant.id, caller.endpoint, nonce).ok_or(NONCE)?;
            if made < nonce_since {
                return Err(NONCE.into());
            }
        }
        None if nonce_required || nonce_since > i64::MIN => return Err(NONCE.into()),
        None => {}
    }
    let key = format!("{jkt}:{}", claims.jti);
    match store.ephemeral.put_new(&SEEN, tenant.id, key, &()).await? {
        true => Ok(Proof { jkt }),
        false => Err(INVALID.into()),
    }
}

/// The claims of a proof that the key in it signed, and that key's thumbprint (RFC 7638). Whether they
/// are those of a request is another question.
pub fn read(proof: &str) -> Option<(Claims, String)> {
    let jws = Jws::parse(proof).ok()?;
    if !jws.header().has_typ("dpop+jwt") || !ALGORITHMS.contains(&jws.header().alg) {
        return None;
    }
    let key = jws.embedded_key().ok()?;
    let claims = jws.verify(&key).ok()?.claims_as().ok()?;
    Some((claims, key.thumbprint().to_owned()))
}

/// Whether an `htu` names this URL: compared as URLs, without query and fragment (RFC 9449 §4.3).
fn is_same_target(htu: &str, expected: &str) -> bool {
    let normal = |text: &str| {
        let mut url = Url::parse(text).ok()?;
        url.set_query(None);
        url.set_fragment(None);
        Some(url)
    };
    htu.len() <= 2048 && normal(htu).is_some_and(|htu| normal(expected) == Some(htu))
}

fn place(tenant: TenantId, endpoint: Endpoint) -> Place<'static> {
    Place { tenant: Some(tenant), column: "dpop.nonce", row: endpoint.path().as_bytes() }
}

/// A nonce for a tenant's endpoint: the time, sealed. No node has to remember it (RFC 9449 §8).
pub fn nonce(store: &Store, tenant: TenantId, endpoint: Endpoint) -> Result<String> {
    let now = store.env.now().timestamp().to_be_bytes();
    Ok(URL_SAFE_NO_PAD.encode(store.keys.seal(&store.env, place(tenant, endpoint), &now)?))
}

/// When a nonce was made, if it is ours, for this endpoint of this tenant, and recent.
fn made_at(store: &Store, tenant: TenantId, endpoint: Endpoint, nonce: &str) -> Option<i64> {
    if nonce.len() > 256 {
        return None;
    }
    let sealed = URL_SAFE_NO_PAD.decode(nonce).ok()?;
    let time = store.keys.open(place(tenant, endpoint), &sealed).ok()?;
    let made = i64::from_be_bytes(time.expose_secret().try_into().ok()?);
    let age = store.env.now().timestamp() - made;
    (-SKEW..=NONCE_LIFE).contains(&age).then_some(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn htu_is_compared_as_a_url() {
        let expected = "https://acme.example.com/oidc/token";
        for same in [
            expected,
            "https://acme.example.com/oidc/token?a=b#c",
            "HTTPS://ACME.example.com:443/oidc/token",
        ] {
            assert!(is_same_target(same, expected), "{same}");
        }
        for other in [
            "http://acme.example.com/oidc/token",
            "https://acme.example.com/oidc/me",
            "https://acme.example.com:8443/oidc/token",
            "https://evil.example.com/oidc/token",
            "https://acme.example.com/oidc/token/",
            "/oidc/token",
            "",
        ] {
            assert!(!is_same_target(other, expected), "{other}");
        }
    }
}
