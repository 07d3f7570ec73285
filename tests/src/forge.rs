//! Keys of apps, and JSON Web Tokens of which a test can change every part: client assertions (RFC
//! 7523) and DPoP proofs (RFC 9449).

use std::sync::{Arc, LazyLock};

use aws_lc_rs::digest;
use aws_lc_rs::encoding::{AsBigEndian as _, EcPrivateKeyBin, EcPublicKeyUncompressedBin};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// A key pair of an app. Cheap to clone.
#[derive(Clone)]
pub struct Key(Arc<Pair>);

enum Pair {
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

/// Base64url without padding.
pub fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The base64url of a SHA-256: `ath`, thumbprints, challenges.
pub fn sha256(text: &str) -> String {
    base64url(digest::digest(&digest::SHA256, text.as_bytes()))
}

impl Key {
    /// On P-256, for ES256.
    pub fn ec() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        Self(Arc::new(Pair::Ec(pair)))
    }

    /// On Ed25519, for EdDSA.
    pub fn ed() -> Self {
        Self(Arc::new(Pair::Ed(Ed25519KeyPair::generate().unwrap())))
    }

    /// RSA, for PS256 and RS256. One for all tests of a program: making it takes long.
    pub fn rsa() -> Self {
        static RSA: LazyLock<Key> = LazyLock::new(|| {
            Key(Arc::new(Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())))
        });
        RSA.clone()
    }

    /// The algorithm that it signs with unless a test says otherwise.
    pub fn algorithm(&self) -> &'static str {
        match &*self.0 {
            Pair::Ec(_) => "ES256",
            Pair::Ed(_) => "EdDSA",
            Pair::Rsa(_) => "PS256",
        }
    }

    /// Its public half (RFC 7517).
    pub fn jwk(&self) -> Value {
        match &*self.0 {
            Pair::Ec(pair) => {
                let point: EcPublicKeyUncompressedBin<'_> =
                    pair.public_key().as_be_bytes().unwrap();
                let (x, y) = point.as_ref()[1..].split_at(32);
                json!({ "kty": "EC", "crv": "P-256", "x": base64url(x), "y": base64url(y) })
            }
            Pair::Ed(pair) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "x": base64url(pair.public_key()) })
            }
            Pair::Rsa(pair) => {
                let key = pair.public_key();
                let n = base64url(key.modulus().big_endian_without_leading_zero());
                let e = base64url(key.exponent().big_endian_without_leading_zero());
                json!({ "kty": "RSA", "n": n, "e": e })
            }
        }
    }

    /// Both halves, which nobody but its owner should see.
    ///
    /// # Panics
    /// On a key that is not on P-256.
    pub fn private_jwk(&self) -> Value {
        let Pair::Ec(pair) = &*self.0 else { panic!("only for P-256") };
        let d: EcPrivateKeyBin<'_> = pair.private_key().as_be_bytes().unwrap();
        let mut jwk = self.jwk();
        jwk["d"] = base64url(d.as_ref()).into();
        jwk
    }

    /// A set of nothing but its public half (RFC 7517 §5).
    pub fn jwks(&self) -> Value {
        json!({ "keys": [self.jwk()] })
    }

    /// Its thumbprint (RFC 7638).
    pub fn thumbprint(&self) -> String {
        // The required members alone, in order; none needs to be escaped.
        let jwk = self.jwk();
        let names: &[&str] = match &*self.0 {
            Pair::Ec(_) => &["crv", "kty", "x", "y"],
            Pair::Ed(_) => &["crv", "kty", "x"],
            Pair::Rsa(_) => &["e", "kty", "n"],
        };
        let members: Vec<String> =
            names.iter().map(|name| format!("\"{name}\":{}", jwk[*name])).collect();
        sha256(&format!("{{{}}}", members.join(",")))
    }

    /// The token of two parts that are encoded already, whatever they say (RFC 7515 §3.1).
    pub fn close(&self, algorithm: &str, input: &str) -> String {
        format!("{input}.{}", base64url(self.sign(algorithm, input.as_bytes())))
    }

    fn sign(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &*self.0 {
            Pair::Ec(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Pair::Ed(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                match algorithm {
                    "RS256" => pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature),
                    _ => pair.sign(&RSA_PSS_SHA256, &random, message, &mut signature),
                }
                .unwrap();
                signature
            }
        }
    }
}

/// A JSON Web Token that is still to be signed.
#[derive(Clone)]
pub struct Jwt {
    /// Its header.
    pub header: Value,
    /// Its claims.
    pub claims: Value,
    /// Who signs it, with the header's `alg`.
    pub key: Key,
    spoil: Option<fn(String) -> String>,
}

impl Jwt {
    /// A token with this `typ` and these claims.
    pub fn new(key: &Key, typ: &str, claims: Value) -> Self {
        let header = json!({ "alg": key.algorithm(), "typ": typ });
        Self { header, claims, key: key.clone(), spoil: None }
    }

    /// The same with a claim; `null` takes it away.
    #[must_use]
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        set(&mut self.claims, name, value.into());
        self
    }

    /// The same with a header parameter; `null` takes it away.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        set(&mut self.header, name, value.into());
        self
    }

    /// The same, signed by another key, whatever the header says.
    #[must_use]
    pub fn signed_by(mut self, key: &Key) -> Self {
        self.key = key.clone();
        self
    }

    /// The same, changed after it was signed.
    #[must_use]
    pub fn spoilt(mut self, spoil: fn(String) -> String) -> Self {
        self.spoil = Some(spoil);
        self
    }

    /// The signed token (RFC 7515 §3.1).
    pub fn signed(&self) -> String {
        let encode = |value: &Value| base64url(value.to_string());
        let input = format!("{}.{}", encode(&self.header), encode(&self.claims));
        let algorithm = self.header["alg"].as_str().unwrap_or_default();
        let token = self.key.close(algorithm, &input);
        match self.spoil {
            Some(spoil) => spoil(token),
            None => token,
        }
    }
}

fn set(object: &mut Value, name: &str, value: Value) {
    match value {
        Value::Null => _ = object.as_object_mut().unwrap().remove(name),
        value => object[name] = value,
    }
}
