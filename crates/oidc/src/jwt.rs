//! JSON Web Tokens of ours: signing and opening them. Each kind has its own `typ`, and opening asks
//! for one kind, so that none passes for another (attack F5).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::id::KeyId;

use crate::error::{Error, Result};
use crate::jose::Jws;
use crate::keys::{Key, TenantKeys};

/// A kind of token of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// OpenID Connect Core §2.
    IdToken,
    /// RFC 9068.
    AccessToken,
    /// OpenID Connect Back-Channel Logout 1.0 §2.4.
    LogoutToken,
    /// OpenID Connect Core §5.3.2. It has no registered type; one of its own keeps it from passing for
    /// an ID token.
    UserInfo,
}

impl Kind {
    const fn typ(self) -> &'static str {
        match self {
            Self::IdToken => "JWT",
            Self::AccessToken => "at+jwt",
            Self::LogoutToken => "logout+jwt",
            Self::UserInfo => "userinfo+jwt",
        }
    }
}

/// Signs claims with a key: a JWS in compact form (RFC 7515 §3.1).
pub(crate) fn sign(key: &Key, kind: Kind, claims: &impl Serialize) -> Result<String> {
    // None of the three has a character that JSON escapes.
    let (alg, typ) = (key.algorithm.as_str(), kind.typ());
    let header = format!(r#"{{"alg":"{alg}","typ":"{typ}","kid":"{}"}}"#, key.id);
    let claims = serde_json::to_vec(claims).map_err(|_| Error::Key("the claims are not JSON"))?;
    let mut token = String::with_capacity(256 + claims.len() * 4 / 3);
    URL_SAFE_NO_PAD.encode_string(header, &mut token);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(claims, &mut token);
    let signature = key.sign(token.as_bytes())?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(token)
}

/// The claims of a token that one of these keys signed as this kind, and which key that was. Times
/// and audience are the caller's to check, with the injected clock. `None` for anything else.
pub(crate) fn open<C: DeserializeOwned>(
    keys: &TenantKeys,
    kind: Kind,
    token: &str,
) -> Option<(KeyId, C)> {
    let jws = Jws::parse(token).ok()?;
    if jws.header().typ.as_deref() != Some(kind.typ()) {
        return None;
    }
    // The key says which algorithm, never the token.
    let key = keys.by_id(jws.header().kid.as_deref()?.parse().ok()?)?;
    Some((key.id, jws.verify(key.verifier()).ok()?.claims_as().ok()?))
}
