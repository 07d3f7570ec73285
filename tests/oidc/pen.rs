//! A key of an app's own under a name, which signs whatever it is given: right tokens and wrong ones.

use e2e::Key;
use e2e::base64url as encode;
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

/// A key, its name, and the algorithm that it signs by.
pub(crate) struct Pen {
    key: Key,
    kid: String,
    algorithm: Algorithm,
}

impl Pen {
    /// A key of this name.
    pub(crate) fn new(algorithm: Algorithm, kid: &str) -> Self {
        let key = match algorithm {
            Algorithm::ES256 => Key::ec(),
            Algorithm::EdDSA => Key::ed(),
            _ => Key::rsa(),
        };
        Self { key, kid: kid.to_owned(), algorithm }
    }

    /// The public half.
    pub(crate) fn jwk(&self) -> Value {
        let mut jwk = self.key.jwk();
        jwk["kid"] = json!(self.kid);
        jwk
    }

    /// The header of a right token.
    pub(crate) fn header(&self) -> Value {
        json!({ "alg": self.algorithm, "kid": self.kid })
    }

    /// A token of these two texts, JSON or not.
    pub(crate) fn token(&self, header: &str, payload: &str) -> String {
        self.signed(self.algorithm, header, payload)
    }

    /// A token by another algorithm of the same key.
    pub(crate) fn token_by(&self, algorithm: Algorithm, payload: &str) -> String {
        let header = json!({ "alg": algorithm, "kid": self.kid });
        self.signed(algorithm, &header.to_string(), payload)
    }

    fn signed(&self, algorithm: Algorithm, header: &str, payload: &str) -> String {
        let input = format!("{}.{}", encode(header), encode(payload));
        self.key.close(&format!("{algorithm:?}"), &input)
    }
}
