//! Proof Key for Code Exchange (RFC 7636), S256 only.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

use crate::error::OAuthError;
use crate::params::Params;

/// The challenge of an authorization request. `required` for public clients (RFC 9700 §2.1.1).
pub(crate) fn challenge(params: &Params, required: bool) -> Result<Option<String>, OAuthError> {
    let method = params.get("code_challenge_method")?;
    let Some(challenge) = params.get("code_challenge")? else {
        return if method.is_some() {
            Err(OAuthError::invalid_request("code_challenge is missing"))
        } else if required || params.has("code_challenge") {
            Err(OAuthError::invalid_request(
                "code_challenge is required: send one with method S256",
            ))
        } else {
            Ok(None)
        };
    };
    if method != Some("S256") {
        return Err(OAuthError::invalid_request("code_challenge_method has to be S256"));
    }
    // An S256 challenge is 32 bytes in base64url: always 43 characters.
    let proper =
        challenge.len() == 43 && URL_SAFE_NO_PAD.decode(challenge).is_ok_and(|b| b.len() == 32);
    if !proper {
        return Err(OAuthError::invalid_request(
            "code_challenge is not the base64url of a SHA-256",
        ));
    }
    Ok(Some(challenge.to_owned()))
}

/// Whether a token request's `code_verifier` answers the code's challenge. A verifier where there
/// was no challenge is refused too: somebody took the challenge away (RFC 9700 §2.1.1).
pub(crate) fn verify(challenge: Option<&str>, verifier: Option<&str>) -> bool {
    match (challenge, verifier) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) => {
            let length_ok = (43..=128).contains(&verifier.len());
            let alphabet_ok = verifier
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~'));
            let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes());
            let same: bool =
                URL_SAFE_NO_PAD.encode(digest).as_bytes().ct_eq(challenge.as_bytes()).into();
            length_ok && alphabet_ok && same
        }
        _ => false,
    }
}
