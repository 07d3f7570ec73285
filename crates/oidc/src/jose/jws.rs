//! Tokens: a JSON Web Signature in compact form (RFC 7515 §3.1).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{Algorithm, Error, JwkSet, PublicKey, Result, json};

/// Length of the longest token that is looked at, in bytes.
pub const MAX_LENGTH: usize = 16 * 1024;

/// Header parameters that no token may have. `crit` and `b64` change what the rest means (RFC 7515
/// §4.1.11, RFC 7797 §3), `zip` and `enc` are of encrypted tokens (RFC 7516 §4.1). `jku`, `x5u` and
/// `x5c` offer a key (RFC 7515 §4.1.2, §4.1.5, §4.1.6): ours are known by registration, and are
/// never fetched because a token says where from.
const REFUSED: [&str; 7] = ["crit", "b64", "zip", "enc", "jku", "x5u", "x5c"];

/// The header parameters that mean something to us (RFC 7515 §4.1). Others are ignored.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// `alg`.
    pub alg: Algorithm,
    /// `typ`, as it was written. [`Header::has_typ`] compares it.
    pub typ: Option<String>,
    /// `kid`: untrusted text, to be compared and nothing else.
    pub kid: Option<String>,
    /// `jwk`, unread. No signature is checked with it unless the caller asks for
    /// [`Jws::embedded_key`], which only a DPoP proof is a reason for (RFC 9449 §4.3).
    pub jwk: Option<Map<String, Value>>,
}

impl Header {
    /// Whether `typ` is this media type. Case does not count, and `application/` may be left out
    /// (RFC 7515 §4.1.9).
    pub fn has_typ(&self, expected: &str) -> bool {
        self.typ.as_deref().is_some_and(|typ| {
            typ.eq_ignore_ascii_case(expected)
                || typ.split_once('/').is_some_and(|(tree, name)| {
                    tree.eq_ignore_ascii_case("application") && name.eq_ignore_ascii_case(expected)
                })
        })
    }

    fn parse(json: &[u8]) -> Result<Self> {
        let mut members = json::object(json)?;
        if let Some(name) = REFUSED.iter().find(|name| members.contains_key(**name)) {
            return Err(Error::Header(name));
        }
        let alg = text(&mut members, "alg")?.ok_or(Error::Header("alg"))?;
        Ok(Self {
            alg: Algorithm::from_name(&alg).ok_or(Error::Algorithm)?,
            typ: text(&mut members, "typ")?,
            kid: text(&mut members, "kid")?,
            jwk: match members.remove("jwk") {
                None => None,
                Some(Value::Object(jwk)) => Some(jwk),
                Some(_) => return Err(Error::Header("jwk")),
            },
        })
    }
}

fn text(members: &mut Map<String, Value>, name: &'static str) -> Result<Option<String>> {
    match members.remove(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Error::Header(name)),
    }
}

/// A token that has been read, by nobody known.
#[derive(Debug, Clone)]
pub struct Jws<'t> {
    header: Header,
    signing_input: &'t str,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'t> Jws<'t> {
    /// Reads a token. Whether its payload is JSON is seen when the claims are asked for.
    pub fn parse(token: &'t str) -> Result<Self> {
        if token.len() > MAX_LENGTH {
            return Err(Error::TooLong);
        }
        let (signing_input, signature) = token.rsplit_once('.').ok_or(Error::NotCompact)?;
        let (header, payload) = signing_input.split_once('.').ok_or(Error::NotCompact)?;
        // Refuses padding, other characters (a fourth part's dot is one), and bits that are not
        // used but set: one token has one spelling.
        let decode = |part| URL_SAFE_NO_PAD.decode(part).map_err(|_| Error::NotCompact);
        Ok(Self {
            header: Header::parse(&decode(header)?)?,
            signing_input,
            payload: decode(payload)?,
            signature: decode(signature)?,
        })
    }

    /// What the token says about itself; the signature covers it.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The claims before anybody has looked at the signature: enough to find out whose keys to try
    /// (`iss` of an assertion), and not to be believed.
    pub fn unverified_claims(&self) -> Result<Map<String, Value>> {
        json::object(&self.payload)
    }

    /// The key in the header, for a DPoP proof (RFC 9449 §4.2). A signature by it proves that the
    /// sender has its private half, not who that is.
    pub fn embedded_key(&self) -> Result<PublicKey> {
        PublicKey::from_members(self.header.jwk.as_ref().ok_or(Error::Header("jwk"))?)
    }

    /// Checks that this key signed the token, with the algorithm that both name.
    pub fn verify(&self, key: &PublicKey) -> Result<Verified<'_>> {
        key.verify(self.header.alg, self.signing_input.as_bytes(), &self.signature)
            .then_some(Verified(self))
            .ok_or(Error::Signature)
    }

    /// Checks that a key of this set signed the token. A `kid` in the header chooses the key;
    /// without one, each that is for the algorithm is tried.
    pub fn verify_with(&self, keys: &JwkSet) -> Result<Verified<'_>> {
        let mut outcome = Err(Error::NoKey);
        for key in keys.candidates(self.header.alg, self.header.kid.as_deref()) {
            outcome = self.verify(key);
            if outcome.is_ok() {
                break;
            }
        }
        outcome
    }
}

/// A token of which the signature is right. `typ`, issuer, audience and times are the caller's to
/// check.
#[derive(Debug, Clone, Copy)]
pub struct Verified<'t>(&'t Jws<'t>);

impl Verified<'_> {
    /// The header that was signed.
    pub fn header(&self) -> &Header {
        &self.0.header
    }

    /// The bytes that were signed.
    pub fn payload(&self) -> &[u8] {
        &self.0.payload
    }

    /// The claims (RFC 7519 §4): a JSON object that names each once.
    pub fn claims(&self) -> Result<Map<String, Value>> {
        json::object(&self.0.payload)
    }

    /// The claims as a type; [`super::NumericDate`] is for the times in it.
    pub fn claims_as<C: DeserializeOwned>(&self) -> Result<C> {
        serde_json::from_value(Value::Object(self.claims()?)).map_err(|_| Error::Claims)
    }
}
