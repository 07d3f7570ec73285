//! The other direction: what WeCom sends to an address that an administrator gave it [D 90930, D 90968].

use std::fmt::Write as _;

use aws_lc_rs::cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::{digest, rand};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use url::form_urlencoded::Serializer;

/// What stands in WeCom's console about an address, and for whom its messages are.
#[derive(Debug, Clone)]
pub struct Receiver {
    /// `Token`.
    pub token: String,
    /// `EncodingAESKey`: 43 letters and digits.
    pub encoding_aes_key: String,
    /// The corp's `corpid`.
    pub receive_id: String,
}

/// A call to an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// What stands behind the `?`.
    pub query: String,
    /// The body of a POST.
    pub body: String,
}

impl Receiver {
    /// The query of the GET by which WeCom has the address prove itself, at this Unix time. None if the
    /// `EncodingAESKey` is none.
    pub fn ask(&self, echo: &str, at: i64) -> Option<String> {
        let encrypted = self.encrypt(echo)?;
        Some(self.query(&encrypted, at).append_pair("echostr", &encrypted).finish())
    }

    /// The POST of a message, at this Unix time. None if the `EncodingAESKey` is none.
    pub fn deliver(&self, message: &str, at: i64) -> Option<Delivery> {
        let encrypted = self.encrypt(message)?;
        let body = format!(
            "<xml><ToUserName><![CDATA[{}]]></ToUserName><AgentID></AgentID>\
             <Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>",
            self.receive_id
        );
        Some(Delivery { query: self.query(&encrypted, at).finish(), body })
    }

    fn query(&self, encrypted: &str, at: i64) -> Serializer<'static, String> {
        let (timestamp, nonce) = (at.to_string(), "1372623149");
        let mut parts = [self.token.as_str(), &timestamp, nonce, encrypted];
        parts.sort_unstable();
        let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, parts.concat().as_bytes());
        let signature = hash.as_ref().iter().fold(String::new(), |mut text, byte| {
            // Nothing that is written to a text fails.
            _ = write!(text, "{byte:02x}");
            text
        });
        let mut query = Serializer::new(String::new());
        query.append_pair("msg_signature", &signature);
        query.append_pair("timestamp", &timestamp).append_pair("nonce", nonce);
        query
    }

    fn encrypt(&self, message: &str) -> Option<String> {
        let trailing = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
        let engine = GeneralPurpose::new(&alphabet::STANDARD, trailing);
        let key = engine.decode(format!("{}=", self.encoding_aes_key)).ok()?;
        let vector: [u8; 16] = key.first_chunk().copied()?;
        let mut random = [0; 16];
        rand::fill(&mut random).ok()?;
        let length = u32::try_from(message.len()).ok()?.to_be_bytes();
        let mut text =
            [&random, length.as_slice(), message.as_bytes(), self.receive_id.as_bytes()].concat();
        let padding = 32 - text.len() % 32;
        text.resize(text.len() + padding, u8::try_from(padding).ok()?);
        let cipher = EncryptingKey::cbc(UnboundCipherKey::new(&AES_256, &key).ok()?).ok()?;
        let context = EncryptionContext::Iv128(FixedLength::from(vector));
        cipher.less_safe_encrypt(&mut text, context).ok()?;
        Some(STANDARD.encode(text))
    }
}
