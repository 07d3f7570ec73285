//! What WeCom sends to an address of ours, signed with a token and encrypted with a key that only the
//! two know [D 90930, D 90968, D 90238].

use std::fmt::Write as _;

use aws_lc_rs::cipher::{AES_256, DecryptingKey, DecryptionContext, UnboundCipherKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest;
use aws_lc_rs::iv::FixedLength;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use secrecy::{ExposeSecret as _, SecretBox, SecretString};

use crate::contact_event::{self, ContactEvent};

/// How far WeCom's clock and ours may be apart, in seconds; what is older may have been recorded.
const APART: i64 = 600;
/// Letters and digits of an `EncodingAESKey`.
const KEY_LENGTH: usize = 43;
/// Random bytes and the length, before the message [D 90968].
const HEAD: usize = 20;

/// The key is random and no encoding of 32 bytes: its last two bits are mostly set.
const KEY_ENGINE: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// One address of ours: what is sent to it, and for whom.
#[derive(Debug)]
pub struct Callback {
    token: SecretString,
    key: SecretBox<[u8; 32]>,
    receive_id: String,
}

/// Why something that came to the address is not WeCom's, or not to be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    /// The `EncodingAESKey` has not 43 letters and digits.
    #[error("EncodingAESKey has to have 43 letters and digits")]
    Key,
    /// A parameter of the query is missing, comes twice or is no text.
    #[error("msg_signature, timestamp and nonce, and echostr of a GET, have to be there once")]
    Query,
    /// The signature is another.
    #[error("msg_signature is not that of this address' token")]
    Signature,
    /// It was signed too long ago, or the clocks differ.
    #[error("timestamp is more than ten minutes off: is the clock right?")]
    Time,
    /// It does not decrypt to a message.
    #[error("the message does not decrypt")]
    Cipher,
    /// It is for another corp.
    #[error("the message is for another corp")]
    Receiver,
    /// The body, or the message in it, is not the XML that is expected.
    #[error("the body is not the XML of a callback")]
    Body,
}

/// The parameters of the query [D 90968].
#[derive(Debug, Default)]
struct Query {
    msg_signature: Option<String>,
    timestamp: Option<String>,
    nonce: Option<String>,
    echostr: Option<String>,
}

impl Query {
    fn parse(query: &str) -> Result<Self, CallbackError> {
        let mut this = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let place = match &*name {
                "msg_signature" => &mut this.msg_signature,
                "timestamp" => &mut this.timestamp,
                "nonce" => &mut this.nonce,
                "echostr" => &mut this.echostr,
                _ => continue,
            };
            if place.replace(value.into_owned()).is_some() {
                return Err(CallbackError::Query);
            }
        }
        Ok(this)
    }
}

impl Callback {
    /// The address that this token and this `EncodingAESKey` were given for. Its messages are for
    /// `receive_id`: the corp's `corpid`. [`CallbackError::Key`] on any other key.
    pub fn new(
        token: SecretString,
        encoding_aes_key: &SecretString,
        receive_id: &str,
    ) -> Result<Self, CallbackError> {
        let text = encoding_aes_key.expose_secret();
        if text.len() != KEY_LENGTH || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(CallbackError::Key);
        }
        let key = KEY_ENGINE.decode(format!("{text}=")).ok().and_then(|key| key.try_into().ok());
        let key: [u8; 32] = key.ok_or(CallbackError::Key)?;
        Ok(Self { token, key: SecretBox::new(Box::new(key)), receive_id: receive_id.to_owned() })
    }

    /// The answer to a GET: the text that proves that the address knows the key. WeCom may ask the
    /// same twice.
    pub fn echo(&self, query: &str) -> Result<String, CallbackError> {
        let query = Query::parse(query)?;
        // A raw `+` arrives as a space; base64 has none.
        let echostr = query.echostr.as_deref().ok_or(CallbackError::Query)?.replace(' ', "+");
        self.verify(&query, &echostr)?;
        self.decrypt(&echostr)
    }

    /// What a POST tells of. `now` in Unix seconds.
    pub fn event(&self, query: &str, body: &[u8], now: i64) -> Result<ContactEvent, CallbackError> {
        let query = Query::parse(query)?;
        let body = std::str::from_utf8(body).map_err(|_| CallbackError::Body)?;
        let encrypted = contact_event::encrypted(body)?;
        self.verify(&query, &encrypted)?;
        let signed_at = query.timestamp.as_deref().and_then(|text| text.parse::<i64>().ok());
        if signed_at.is_none_or(|at| at.abs_diff(now) > APART.unsigned_abs()) {
            return Err(CallbackError::Time);
        }
        ContactEvent::read(&self.decrypt(&encrypted)?)
    }

    /// `msg_signature` is the hexadecimal SHA-1 of the four texts in the order of their bytes.
    fn verify(&self, query: &Query, encrypted: &str) -> Result<(), CallbackError> {
        let (Some(signature), Some(timestamp), Some(nonce)) =
            (&query.msg_signature, &query.timestamp, &query.nonce)
        else {
            return Err(CallbackError::Query);
        };
        let mut parts = [self.token.expose_secret(), timestamp, nonce, encrypted];
        parts.sort_unstable();
        let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, parts.concat().as_bytes());
        let expected = hash.as_ref().iter().fold(String::new(), |mut text, byte| {
            // Nothing that is written to a text fails.
            _ = write!(text, "{byte:02x}");
            text
        });
        verify_slices_are_equal(expected.as_bytes(), signature.as_bytes())
            .map_err(|_| CallbackError::Signature)
    }

    /// 16 random bytes, the length, the message and for whom it is, filled up to 32 bytes.
    fn decrypt(&self, encrypted: &str) -> Result<String, CallbackError> {
        let mut bytes = STANDARD.decode(encrypted).map_err(|_| CallbackError::Cipher)?;
        let plain = self.decrypted(&mut bytes).ok_or(CallbackError::Cipher)?;
        let length = plain.get(16..HEAD).and_then(|length| length.try_into().ok());
        let length = u32::from_be_bytes(length.ok_or(CallbackError::Cipher)?);
        let end = usize::try_from(length).ok().and_then(|length| HEAD.checked_add(length));
        let message = end.and_then(|end| plain.split_at_checked(end));
        let (message, receiver) = message.ok_or(CallbackError::Cipher)?;
        if receiver != self.receive_id.as_bytes() {
            return Err(CallbackError::Receiver);
        }
        let message = message.get(HEAD..).and_then(|text| std::str::from_utf8(text).ok());
        message.map(str::to_owned).ok_or(CallbackError::Cipher)
    }

    /// AES-256-CBC by the key, whose first half is the initial vector. Ciphers unpad blocks of 16
    /// bytes; these are of 32.
    fn decrypted<'b>(&self, bytes: &'b mut [u8]) -> Option<&'b [u8]> {
        let key = self.key.expose_secret();
        let vector: [u8; 16] = key.first_chunk().copied()?;
        let cipher = DecryptingKey::cbc(UnboundCipherKey::new(&AES_256, key).ok()?).ok()?;
        let context = DecryptionContext::Iv128(FixedLength::from(vector));
        let plain: &[u8] = cipher.decrypt(bytes, context).ok()?;
        let padding = usize::from(*plain.last()?);
        let (text, filled) = plain.split_at_checked(plain.len().checked_sub(padding)?)?;
        let is_right =
            (1..=32).contains(&padding) && filled.iter().all(|b| usize::from(*b) == padding);
        is_right.then_some(text)
    }
}
