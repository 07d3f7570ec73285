//! Checks ID tokens as an app has to (OpenID Connect Core §3.1.3.7).

use std::collections::HashMap;

use anyhow::{Context as _, Result, bail, ensure};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// The issuer's ES256 keys, by key id.
#[derive(Debug)]
pub(crate) struct Keys(HashMap<String, UnparsedPublicKey<Vec<u8>>>);

/// What an ID token has to say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected<'a> {
    /// `iss`.
    pub(crate) issuer: &'a str,
    /// `aud`.
    pub(crate) audience: &'a str,
    /// `nonce`.
    pub(crate) nonce: &'a str,
    /// Seconds since 1970, which `exp` has to lie after.
    pub(crate) now: i64,
}

fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str> {
    value[name].as_str().with_context(|| format!("there is no {name}"))
}

impl Keys {
    /// Reads a JWK Set.
    pub(crate) fn parse(json: &[u8]) -> Result<Self> {
        let set: Value = serde_json::from_slice(json)?;
        let mut keys = HashMap::new();
        for jwk in set["keys"].as_array().into_iter().flatten().filter(|jwk| jwk["kty"] == "EC") {
            let mut point = vec![4];
            for coordinate in ["x", "y"] {
                point.extend(URL_SAFE_NO_PAD.decode(text(jwk, coordinate)?)?);
            }
            let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
            keys.insert(text(jwk, "kid")?.to_owned(), key);
        }
        Ok(Self(keys))
    }

    /// Checks signature, issuer, audience, nonce and expiry.
    pub(crate) fn verify(&self, token: &str, expected: Expected<'_>) -> Result<()> {
        let (signed, signature) = token.rsplit_once('.').context("an ID token is no JWT")?;
        let (header, claims) = signed.split_once('.').context("an ID token is no JWT")?;
        let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header)?)?;
        ensure!(text(&header, "alg")? == "ES256", "an ID token is not signed with ES256");
        let key = self.0.get(text(&header, "kid")?).context("an ID token has an unknown key")?;
        if key.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature)?).is_err() {
            bail!("an ID token's signature is wrong");
        }
        let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims)?)?;
        ensure!(text(&claims, "iss")? == expected.issuer, "an ID token is another issuer's");
        ensure!(text(&claims, "aud")? == expected.audience, "an ID token is for another app");
        ensure!(text(&claims, "nonce")? == expected.nonce, "an ID token has another nonce");
        let expiry = claims["exp"].as_i64().unwrap_or_default();
        ensure!(expiry > expected.now, "an ID token has expired");
        Ok(())
    }
}
