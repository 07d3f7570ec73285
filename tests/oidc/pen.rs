//! A key of an app's own, which signs whatever it is given: right tokens and wrong ones.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::encoding::Pkcs8V1Der;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

/// A key, and the one algorithm that it signs by.
pub(crate) struct Pen {
    algorithm: Algorithm,
    key: EncodingKey,
    kid: String,
}

impl Pen {
    /// A fresh key of this name.
    pub(crate) fn new(algorithm: Algorithm, kid: &str) -> Self {
        let key = match algorithm {
            Algorithm::ES256 => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
                EncodingKey::from_ec_pem(&pem(pair.to_pkcs8v1().unwrap().as_ref()))
            }
            Algorithm::EdDSA => {
                let pair = Ed25519KeyPair::generate().unwrap();
                EncodingKey::from_ed_pem(&pem(pair.to_pkcs8v1().unwrap().as_ref()))
            }
            _ => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
                let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
                EncodingKey::from_rsa_pem(&pem(der.as_ref()))
            }
        };
        Self { algorithm, key: key.unwrap(), kid: kid.to_owned() }
    }

    /// The public half.
    pub(crate) fn jwk(&self) -> Value {
        let jwk = Jwk::from_encoding_key(&self.key, self.algorithm).unwrap();
        let mut jwk = serde_json::to_value(jwk).unwrap();
        jwk["kid"] = json!(self.kid);
        jwk
    }

    /// The header of a right token.
    pub(crate) fn header(&self) -> Value {
        json!({ "alg": self.algorithm, "kid": self.kid })
    }

    /// A token of these two texts, JSON or not.
    pub(crate) fn token(&self, header: &str, payload: &str) -> String {
        self.close(&format!("{}.{}", encode(header), encode(payload)))
    }

    /// The same, signed by another algorithm of the same key.
    pub(crate) fn token_by(&self, algorithm: Algorithm, payload: &str) -> String {
        let header = json!({ "alg": algorithm, "kid": self.kid }).to_string();
        let input = format!("{}.{}", encode(&header), encode(payload));
        let signature = jsonwebtoken::crypto::sign(input.as_bytes(), &self.key, algorithm);
        format!("{input}.{}", signature.unwrap())
    }

    /// A token of two parts that are encoded already.
    pub(crate) fn close(&self, input: &str) -> String {
        let signature = jsonwebtoken::crypto::sign(input.as_bytes(), &self.key, self.algorithm);
        format!("{input}.{}", signature.unwrap())
    }
}

/// A part of a token.
pub(crate) fn encode(text: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

fn pem(der: &[u8]) -> Vec<u8> {
    let text = STANDARD.encode(der);
    format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n").into_bytes()
}
