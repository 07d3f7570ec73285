//! From a JWK's numbers to a key that aws-lc-rs can verify with (RFC 7518 §6, RFC 8037 §2).

use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA256, RsaParameters,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::super::{Algorithm, Error, Result};
use super::weak;

/// The key once for each algorithm that it is for, and the text that its thumbprint is of (RFC 7638
/// §3.2). That text needs no escapes: base64url has been checked, to the last bit.
type Prepared = (Vec<(Algorithm, ParsedPublicKey)>, String);

/// Prepares a key for `alg`, or, if it names none, for each algorithm of its type.
pub(super) fn prepare(jwk: &Map<String, Value>, alg: Option<Algorithm>) -> Result<Prepared> {
    match text(jwk, "kty")? {
        "EC" => ec(jwk, alg),
        "RSA" => rsa(jwk, alg),
        "OKP" => okp(jwk, alg),
        _ => Err(Error::NotForUs("kty")),
    }
}

/// RFC 7518 §6.2.1. Coordinates have the length of the field, leading zeros and all; aws-lc-rs
/// refuses a point that is not on the curve.
fn ec(jwk: &Map<String, Value>, alg: Option<Algorithm>) -> Result<Prepared> {
    if text(jwk, "crv")? != "P-256" {
        return Err(Error::NotForUs("crv"));
    }
    let fitting = fitting(alg, &[Algorithm::Es256])?;
    let (x_text, x) = bytes(jwk, "x")?;
    let (y_text, y) = bytes(jwk, "y")?;
    if x.len() != 32 || y.len() != 32 {
        return Err(Error::Key("x or y"));
    }
    // SEC 1 §2.3.4: an uncompressed point.
    let point = [&[4][..], &x, &y].concat();
    let key =
        ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).map_err(|_| Error::Key("x or y"))?;
    let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x_text}","y":"{y_text}"}}"#);
    Ok((fitting.into_iter().map(|alg| (alg, key.clone())).collect(), canonical))
}

/// RFC 8037 §2.
fn okp(jwk: &Map<String, Value>, alg: Option<Algorithm>) -> Result<Prepared> {
    if text(jwk, "crv")? != "Ed25519" {
        return Err(Error::NotForUs("crv"));
    }
    let fitting = fitting(alg, &[Algorithm::EdDsa])?;
    let (x_text, x) = bytes(jwk, "x")?;
    // Of any other length, aws-lc-rs would look for X.509 in it.
    if x.len() != 32 {
        return Err(Error::Key("x"));
    }
    if weak::is_small_order(&x) {
        return Err(Error::Weak("anybody can sign with its point"));
    }
    let key = ParsedPublicKey::new(&ED25519, x).map_err(|_| Error::Key("x"))?;
    let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x_text}"}}"#);
    Ok((fitting.into_iter().map(|alg| (alg, key.clone())).collect(), canonical))
}

/// RFC 7518 §6.3.1. The bounds are ours: below 2048 bits is too weak (§3.3, §3.5), and a larger
/// modulus or exponent lets the sender choose how much work we do (attack H10).
fn rsa(jwk: &Map<String, Value>, alg: Option<Algorithm>) -> Result<Prepared> {
    let fitting = fitting(alg, &[Algorithm::Rs256, Algorithm::Ps256])?;
    let (n_text, n) = bytes(jwk, "n")?;
    let (e_text, e) = bytes(jwk, "e")?;
    let is_odd = |number: &[u8]| number.last().is_some_and(|byte| byte % 2 == 1);
    let bits_n = bits(&n).ok_or(Error::Key("n"))?;
    let bits_e = bits(&e).ok_or(Error::Key("e"))?;
    if !(2048..=4096).contains(&bits_n) {
        return Err(Error::Weak("its modulus does not have 2048 to 4096 bits"));
    }
    // An odd number of one bit is 1, with which everything is its own signature.
    if !is_odd(&n) || !is_odd(&e) || !(2..=33).contains(&bits_e) {
        return Err(Error::Weak("its modulus or exponent is not one of RSA"));
    }
    if weak::is_roca(&n) {
        return Err(Error::Weak("its modulus can be factored (CVE-2017-15361)"));
    }
    let components = PublicKeyComponents { n, e };
    let key = |alg| match components.to_parsed_public_key(parameters(alg)) {
        Ok(key) => Ok((alg, key)),
        Err(_) => Err(Error::Key("n or e")),
    };
    let verifiers = fitting.into_iter().map(key).collect::<Result<_>>()?;
    let canonical = format!(r#"{{"e":"{e_text}","kty":"RSA","n":"{n_text}"}}"#);
    Ok((verifiers, canonical))
}

fn parameters(alg: Algorithm) -> &'static RsaParameters {
    match alg {
        Algorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
        _ => &RSA_PKCS1_2048_8192_SHA256,
    }
}

/// What the key is for, of what its type can do.
fn fitting(named: Option<Algorithm>, possible: &[Algorithm]) -> Result<Vec<Algorithm>> {
    match named {
        None => Ok(possible.to_vec()),
        Some(alg) if possible.contains(&alg) => Ok(vec![alg]),
        Some(_) => Err(Error::NotForUs("alg")),
    }
}

/// The length of a number without leading zeros (RFC 7518 §2, Base64urlUInt). `None` if it has some
/// or is empty: a number has one spelling, or a key would have two thumbprints.
fn bits(number: &[u8]) -> Option<usize> {
    let (&first, rest) = number.split_first().filter(|(first, _)| **first != 0)?;
    Some(rest.len() * 8 + first.ilog2() as usize + 1)
}

fn text<'j>(jwk: &'j Map<String, Value>, name: &'static str) -> Result<&'j str> {
    jwk.get(name).and_then(Value::as_str).ok_or(Error::Key(name))
}

/// A member in base64url without padding: as it is written, and what it says.
fn bytes<'j>(jwk: &'j Map<String, Value>, name: &'static str) -> Result<(&'j str, Vec<u8>)> {
    let text = text(jwk, name)?;
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Error::Key(name))?;
    Ok((text, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_spelling() {
        assert_eq!(bits(&[1]), Some(1));
        assert_eq!(bits(&[3]), Some(2));
        assert_eq!(bits(&[1, 0, 1]), Some(17));
        assert_eq!(bits(&[0x80; 256]), Some(2048));
        assert_eq!(bits(&[0, 1]), None);
        assert_eq!(bits(&[]), None);
    }
}
