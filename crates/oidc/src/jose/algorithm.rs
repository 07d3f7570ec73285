//! The algorithms that are accepted: asymmetric ones only.

use std::fmt;

/// A signature algorithm of RFC 7518 §3.1 or RFC 8037 §3.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256, RFC 7518 §3.3.
    Rs256,
    /// RSASSA-PSS with SHA-256 and a salt of 32 bytes, RFC 7518 §3.5.
    Ps256,
    /// ECDSA on P-256 with SHA-256, RFC 7518 §3.4.
    Es256,
    /// EdDSA with Ed25519, RFC 8037 §3.1.
    EdDsa,
}

impl Algorithm {
    /// All of them, for the metadata.
    pub const ALL: [Self; 4] = [Self::Rs256, Self::Ps256, Self::Es256, Self::EdDsa];

    /// The algorithm of this name; names are case-sensitive (RFC 7515 §4.1.1). `Ed25519` is the
    /// newer name of what `EdDSA` means for a key on that curve (RFC 9864 §2.2), the only one here.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "PS256" => Some(Self::Ps256),
            "ES256" => Some(Self::Es256),
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            _ => None,
        }
    }

    /// The name in the registry "JSON Web Signature and Encryption Algorithms" (RFC 7518 §7.1).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::from_name(algorithm.as_str()), Some(algorithm));
        }
        assert_eq!(Algorithm::from_name("Ed25519"), Some(Algorithm::EdDsa));
        for other in ["none", "nONe", "", "es256", "ES256 ", "HS256", "RS512", "Ed448", "ES256K"] {
            assert_eq!(Algorithm::from_name(other), None, "{other}");
        }
    }
}
