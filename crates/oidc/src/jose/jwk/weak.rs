//! Keys that are well-formed and worth nothing: others than their owner can sign with them.

/// Odd primes whose product every modulus of the broken generator is built around.
const PRIMES: [u32; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
    101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/// Whether a modulus has the fingerprint of the generator of CVE-2017-15361 ("ROCA"), of which the
/// factors can be found: modulo each of the first primes it is a power of 65537 (Nemec et al., "The
/// Return of Coppersmith's Attack", CCS 2017, §3.3). One sound key in 200 million has it as well.
pub(super) fn is_roca(modulus: &[u8]) -> bool {
    PRIMES.iter().all(|&prime| {
        let residue = modulus.iter().fold(0, |rest, &byte| (rest * 256 + u32::from(byte)) % prime);
        // The powers repeat when they come back to 1.
        let mut power = 1;
        loop {
            if power == residue {
                return true;
            }
            power = power * 65537 % prime;
            if power == 1 {
                return false;
            }
        }
    })
}

/// Whether a public key of Ed25519 is one of the points of which eight make nothing (RFC 8032
/// §5.1.7 lets them pass). A signature by such a key can be made for any message without a secret.
/// By their y coordinate, little-endian, in every spelling; the sign of x does not count.
pub(super) fn is_small_order(point: &[u8]) -> bool {
    let Some((&last, rest)) = point.split_last() else { return false };
    SMALL_ORDER.iter().any(|y| y.split_last() == Some((&(last & 0x7f), rest)))
}

const SMALL_ORDER: [[u8; 32]; 7] = [
    edges(0x00, 0x00, 0x00),
    edges(0x01, 0x00, 0x00),
    // p - 1, p and p + 1, with p = 2^255 - 19
    edges(0xec, 0xff, 0x7f),
    edges(0xed, 0xff, 0x7f),
    edges(0xee, 0xff, 0x7f),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
];

const fn edges(first: u8, middle: u8, last: u8) -> [u8; 32] {
    let mut y = [middle; 32];
    y[0] = first;
    y[31] = last;
    y
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ED25519, ParsedPublicKey};

    use super::*;

    /// What the check is for: the neutral point, and a signature of R = S · B with S = 0.
    #[test]
    fn f6_anybody_could_sign_with_a_point_of_small_order() {
        let neutral = edges(1, 0, 0);
        let mut signature = [0; 64];
        signature[..32].copy_from_slice(&neutral);
        let key = ParsedPublicKey::new(&ED25519, neutral).unwrap();
        assert!(key.verify_sig(b"anything", &signature).is_ok());

        assert!(is_small_order(&neutral));
        let mut negative = neutral;
        negative[31] |= 0x80;
        assert!(is_small_order(&negative));
        // The base point.
        assert!(!is_small_order(&edges(0x58, 0x66, 0x66)));
        assert!(!is_small_order(&[]));
    }

    #[test]
    fn f6_the_fingerprint_is_every_residue() {
        // 65537^2, and one more.
        assert!(is_roca(&4_295_098_369_u64.to_be_bytes()));
        assert!(!is_roca(&4_295_098_370_u64.to_be_bytes()));
        assert!(!is_roca(&[]));
    }
}
