//! Time and randomness, injected: nothing else in the house asks the machine for either.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, SubsecRound as _, Utc};
use secrecy::SecretString;
use uuid::Uuid;

use crate::error::{Error, Result};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> DateTime<Utc>;
}

/// Gives random bytes.
pub trait Random: Send + Sync {
    /// Fills `bytes` with unpredictable values, or fails and leaves them unusable.
    fn fill(&self, bytes: &mut [u8]) -> Result<()>;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the clock is read")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// The machine's cryptographic random number generator.
#[derive(Debug)]
pub struct SystemRandomness(SystemRandom);

impl Random for SystemRandomness {
    fn fill(&self, bytes: &mut [u8]) -> Result<()> {
        self.0.fill(bytes).map_err(|_| Error::Random)
    }
}

/// Time and randomness, as everything that needs them gets them.
#[derive(Clone)]
pub struct Env {
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Env")
    }
}

impl Env {
    /// The machine's own.
    #[must_use]
    pub fn system() -> Self {
        Self::new(Arc::new(SystemClock), Arc::new(SystemRandomness(SystemRandom::new())))
    }

    /// Time and randomness of the caller's choice.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self { clock, random }
    }

    /// Now, in whole microseconds, which is what PostgreSQL keeps.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now().trunc_subsecs(6)
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.random.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// An id without structure or order (UUID v4), for what the outside sees.
    pub fn random_id(&self) -> Result<Uuid> {
        Ok(uuid::Builder::from_random_bytes(self.bytes()?).into_uuid())
    }

    /// An id that orders by time (UUID v7), for rows. To the microsecond: the part of the millisecond
    /// that has passed stands where there could be 12 random bits (RFC 9562 §6.2, method 3).
    pub fn ordered_id(&self) -> Result<Uuid> {
        let now = self.now();
        let millis = u64::try_from(now.timestamp_millis()).unwrap_or(0);
        let part = now.timestamp_subsec_micros() % 1000 * 4096 / 1000;
        let mut bytes: [u8; 10] = self.bytes()?;
        bytes[..2].copy_from_slice(&part.to_be_bytes()[2..]);
        Ok(uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid())
    }

    /// A secret of 256 random bits behind `prefix`, which says what it is and helps to find leaks:
    /// `prefix` and 43 characters of base64url.
    pub fn secret(&self, prefix: &str) -> Result<SecretString> {
        let bytes: [u8; 32] = self.bytes()?;
        let mut text = String::with_capacity(prefix.len() + 43);
        text.push_str(prefix);
        URL_SAFE_NO_PAD.encode_string(bytes, &mut text);
        Ok(text.into())
    }

    /// `length` random letters and digits (5.95 bits each).
    pub fn alphanumeric(&self, length: usize) -> Result<String> {
        const LETTERS: &[u8; 62] =
            b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let mut text = String::with_capacity(length);
        while text.len() < length {
            let bytes: [u8; 64] = self.bytes()?;
            // 248 = 4 × 62: what lies above would make the first letters more likely.
            let usable = bytes.iter().filter(|byte| **byte < 248);
            text.extend(
                usable
                    .take(length - text.len())
                    .map(|byte| char::from(LETTERS[usize::from(byte % 62)])),
            );
        }
        Ok(text)
    }
}

/// The smallest of all ids that [`Env::ordered_id`] makes from this millisecond on.
pub(crate) fn first_id(time: DateTime<Utc>) -> Uuid {
    let millis = u64::try_from(time.timestamp_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid()
}
