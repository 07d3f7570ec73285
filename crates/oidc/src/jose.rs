//! JOSE from outside: the JSON Web Tokens and keys that other people made (client assertions, DPoP
//! proofs). Reads strictly and leaves the cryptography to aws-lc-rs.
//!
//! ```text
//! JSON  ─▶ JwkSet / PublicKey          parsed and prepared once, used many times
//!                 │
//! token ─▶ Jws ─verify─▶ Verified ─▶ claims
//!           └─▶ unverified_claims      to find out whose key it should be, and for nothing else
//! ```
//!
//! Whatever could be read in two ways is refused (RFC 8725 §2.4, §2.6): other alphabets of base64,
//! bits that mean nothing, members named twice, headers that change what the rest means. A key says
//! which algorithms it is for; the token can only agree (attack F6). No key is fetched because a
//! token says so.

mod algorithm;
#[cfg(test)]
mod attacks;
#[cfg(test)]
mod forge;
pub mod json;
pub mod jwk;
pub mod jws;

pub use algorithm::Algorithm;
pub use json::{NumericDate, numeric_date};
pub use jwk::{JwkSet, PublicKey};
pub use jws::{Header, Jws, Verified};

/// Result of reading or verifying.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a token or a key is refused. For the log and for the person who registers a key; it repeats
/// nothing of what was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Nothing longer is worth a look.
    #[error("it is longer than allowed")]
    TooLong,
    /// RFC 7515 §3.1: no compact serialization.
    #[error("it is not three parts of base64url without padding")]
    NotCompact,
    /// Not JSON, no object, nested too deep, or a member is named twice (RFC 7515 §4, RFC 7519 §4).
    #[error("it is not one JSON object that names every member once")]
    NotJson,
    /// A header parameter that is refused, or has a wrong type.
    #[error("the header parameter {0} is refused")]
    Header(&'static str),
    /// The header asks for an algorithm that is not in [`Algorithm`].
    #[error("the algorithm is not accepted")]
    Algorithm,
    /// The set has no key with this `kid` for this algorithm.
    #[error("there is no key for this token")]
    NoKey,
    /// The key did not sign this.
    #[error("the signature is wrong")]
    Signature,
    /// The claims are not of the types that were asked for.
    #[error("a claim is missing or has the wrong type")]
    Claims,
    /// A key that has a private part or is a shared secret. Who shows it has lost it.
    #[error("the key is not a public key")]
    NotPublic,
    /// A key that is sound for all we know, but not for verifying signatures with one of our
    /// algorithms; by the member that says so.
    #[error("the key cannot be used here because of its {0}")]
    NotForUs(&'static str),
    /// A member of a key is missing or malformed.
    #[error("the key's {0} is malformed")]
    Key(&'static str),
    /// A key that others could sign with, or that would cost too much.
    #[error("the key is refused: {0}")]
    Weak(&'static str),
    /// A JWK Set with more than [`jwk::MAX_KEYS`].
    #[error("there are too many keys in the set")]
    TooManyKeys,
    /// Two keys of a set have one `kid`: which of them is meant would be a guess.
    #[error("two keys of the set have the same kid")]
    DuplicateKid,
}
