//! Secrets at rest. What must be read back is sealed with the key ring; what need not be is hashed.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::env::Env;
use crate::error::{Error, Result};
use crate::id::TenantId;

/// SHA-256 of a random secret (at least 128 bits), as it is stored. Human passwords are another
/// matter and need Argon2id.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretHash(Vec<u8>);

impl SecretHash {
    /// Hashes a secret.
    pub fn of(secret: &str) -> Self {
        Self(
            aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, secret.as_bytes())
                .as_ref()
                .to_vec(),
        )
    }

    /// Compares in constant time.
    pub fn matches(&self, secret: &str) -> bool {
        self.0.ct_eq(&Self::of(secret).0).into()
    }

    /// The hash itself, 32 bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The hash as 43 characters of base64url.
    pub fn to_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.0)
    }

    pub(crate) fn from_stored(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub(crate) fn to_stored(&self) -> Vec<u8> {
        self.0.clone()
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash")
    }
}

/// A new client secret of an app.
pub fn client_secret(env: &Env) -> Result<SecretString> {
    env.secret("hufu_secret_")
}

/// Where a sealed value lives. It is authenticated with the value, so that a ciphertext which
/// somebody moved to another row, column or tenant does not open (attack N7).
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The tenant; none for the installation's own values.
    pub tenant: Option<TenantId>,
    /// `table.column`.
    pub column: &'static str,
    /// The row's key.
    pub row: &'a [u8],
}

impl Place<'_> {
    fn associated_data(&self) -> Vec<u8> {
        let tenant = self.tenant.map(|tenant| tenant.0.into_bytes()).unwrap_or_default();
        let mut data = Vec::with_capacity(16 + 1 + self.column.len() + 1 + self.row.len());
        data.extend_from_slice(&tenant);
        data.extend_from_slice(self.column.as_bytes());
        data.push(0);
        data.extend_from_slice(self.row);
        data
    }
}

struct RingKey {
    id: String,
    key: LessSafeKey,
}

/// The keys that seal secrets (AES-256-GCM). The first one seals; all of them open, until
/// `hufu keys rotate` has re-encrypted everything and the old ones are taken out of the settings.
pub struct KeyRing {
    keys: Vec<RingKey>,
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|key| &key.id)).finish()
    }
}

/// Format: version (1) · length of the key id (1) · key id · nonce (12) · ciphertext and tag.
const VERSION: u8 = 1;

impl KeyRing {
    /// Makes a ring from pairs of key id (1 to 32 of `[a-z0-9-]`) and key (base64 of 32 bytes).
    /// Refuses an empty ring, double ids, short keys and keys that are no random bytes.
    pub fn new(keys: &[(String, SecretString)]) -> Result<Self> {
        if keys.is_empty() {
            return Err(Error::Settings(
                "secrets.keys is empty: add one with an id and 32 random bytes in base64 (`openssl rand -base64 32`)",
            ));
        }
        let mut ring: Vec<RingKey> = Vec::with_capacity(keys.len());
        for (id, key) in keys {
            let proper = (1..=32).contains(&id.len())
                && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            if !proper {
                return Err(Error::Settings("secrets.keys: an id is 1 to 32 of a-z, 0-9 and -"));
            }
            if ring.iter().any(|known| known.id == *id) {
                return Err(Error::Settings("secrets.keys: two keys have the same id"));
            }
            ring.push(RingKey { id: id.clone(), key: parse_key(key)? });
        }
        Ok(Self { keys: ring })
    }

    /// A ring with one fresh random key, for the demo and for tests: what it seals is lost with it.
    pub fn ephemeral(env: &Env) -> Result<Self> {
        let key = STANDARD.encode(Zeroizing::new(env.bytes::<32>()?));
        Self::new(&[("ephemeral".to_owned(), key.into())])
    }

    /// Seals a value for its place.
    pub fn seal(&self, env: &Env, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>> {
        let failed = Error::Sealed { column: place.column, reason: "sealing failed" };
        let Some(key) = self.keys.first() else { return Err(failed) };
        let nonce: [u8; NONCE_LEN] = env.bytes()?;
        let mut sealed = Vec::with_capacity(2 + key.id.len() + NONCE_LEN + plain.len() + 16);
        sealed.push(VERSION);
        sealed.push(u8::try_from(key.id.len()).unwrap_or(0));
        sealed.extend_from_slice(key.id.as_bytes());
        sealed.extend_from_slice(&nonce);
        let mut text = Zeroizing::new(plain.to_vec());
        let tag = key
            .key
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(place.associated_data()),
                &mut text,
            )
            .map_err(|_| failed)?;
        sealed.extend_from_slice(&text);
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// Opens a value that was sealed for this place.
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<SecretSlice<u8>> {
        let failed = |reason| Error::Sealed { column: place.column, reason };
        let (id, rest) = split(sealed).ok_or(failed("it is cut short"))?;
        let key = self.keys.iter().find(|key| key.id.as_bytes() == id).ok_or(failed(
            "its key is not in secrets.keys: put the old key back, behind the new one",
        ))?;
        let (nonce, text) = rest.split_at_checked(NONCE_LEN).ok_or(failed("it is cut short"))?;
        let nonce =
            Nonce::try_assume_unique_for_key(nonce).map_err(|_| failed("it is cut short"))?;
        let mut text = text.to_vec();
        let length = key
            .key
            .open_in_place(nonce, Aad::from(place.associated_data()), &mut text)
            .map_err(|_| failed("it was changed or moved, or the key is another one with this id"))?
            .len();
        text.truncate(length);
        Ok(text.into())
    }

    /// As [`open`](Self::open), for text.
    pub fn open_text(&self, place: Place<'_>, sealed: &[u8]) -> Result<SecretString> {
        let bytes = self.open(place, sealed)?;
        std::str::from_utf8(bytes.expose_secret())
            .map(SecretString::from)
            .map_err(|_| Error::Sealed { column: place.column, reason: "it is not text" })
    }

    /// The value sealed with the first key; none if it is already.
    pub(crate) fn resealed(
        &self,
        env: &Env,
        place: Place<'_>,
        sealed: &[u8],
    ) -> Result<Option<Vec<u8>>> {
        if self.is_current(sealed) {
            return Ok(None);
        }
        let plain = self.open(place, sealed)?;
        self.seal(env, place, plain.expose_secret()).map(Some)
    }

    /// Whether a value is sealed with the first key already.
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        match (split(sealed), self.keys.first()) {
            (Some((id, _)), Some(key)) => key.id.as_bytes() == id,
            _ => false,
        }
    }
}

fn split(sealed: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&[version, length], rest) = sealed.split_first_chunk()?;
    if version != VERSION {
        return None;
    }
    rest.split_at_checked(usize::from(length))
}

fn parse_key(text: &SecretString) -> Result<LessSafeKey> {
    let decoded = STANDARD.decode(text.expose_secret().trim());
    let bytes =
        Zeroizing::new(decoded.map_err(|_| Error::Settings("secrets.keys: a key is not base64"))?);
    if bytes.len() != 32 {
        return Err(Error::Settings(
            "secrets.keys: a key has to be exactly 32 bytes (44 characters of base64)",
        ));
    }
    // Placeholders ("AAAA…", repeated words) have few different bytes; 32 random ones have at
    // least 20 in all but one of 10^11 cases.
    let mut seen = [false; 256];
    bytes.iter().for_each(|byte| seen[usize::from(*byte)] = true);
    if seen.iter().filter(|seen| **seen).count() < 16 {
        return Err(Error::Settings(
            "secrets.keys: a key is a placeholder, not 32 random bytes (`openssl rand -base64 32`)",
        ));
    }
    let key = UnboundKey::new(&AES_256_GCM, &bytes)
        .map_err(|_| Error::Settings("secrets.keys: a key is unusable"))?;
    Ok(LessSafeKey::new(key))
}
