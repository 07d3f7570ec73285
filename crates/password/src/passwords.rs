//! Hashing and verifying.

use std::{fmt, sync::Arc};

use argon2::Params;
use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    Error, Load, Settings,
    phc::{self, SALT_LEN, Stored},
    pool::Pool,
    text,
};

/// What a password turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// Not the one that was hashed, or there is none.
    Wrong,
    /// The one that was hashed.
    Right {
        /// The stored hash is not what today's settings would make: hash the password anew and
        /// store that, now that it is known.
        outdated: bool,
    },
}

/// Hashes and verifies passwords, never more at a time than the settings say. Clones share the
/// pool. It works inside a tokio runtime only.
#[derive(Clone)]
pub struct Passwords {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    params: Params,
    pool: Pool,
}

impl Passwords {
    /// Checks the settings ([`Error::Settings`]). Nothing is allocated until the first hash.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        let params = settings.params()?;
        let pool = Pool::new(settings);
        Ok(Self { inner: Arc::new(Inner { settings, params, pool }) })
    }

    /// Hashes a password with Argon2id, into a PHC string of some hundred bytes. `salt` is 16 random
    /// bytes, never used before. Whether the password is a good one is [`crate::check()`]'s question.
    pub async fn hash(
        &self,
        password: SecretString,
        salt: [u8; SALT_LEN],
    ) -> Result<String, Error> {
        let password = text::normalise(password.expose_secret())?;
        let params = self.inner.params.clone();
        self.inner.pool.run(move || phc::hash(&params, password.as_bytes(), salt)).await?
    }

    /// Compares a password with the `stored` PHC string. `None`, for a name that nobody has or a
    /// user without a password, is always [`Verdict::Wrong`] and costs as much as a hash of today's
    /// settings: ask with it rather than not at all.
    pub async fn verify(
        &self,
        password: SecretString,
        stored: Option<String>,
    ) -> Result<Verdict, Error> {
        let current = &self.inner.params;
        let stored = match stored {
            Some(text) => Stored::parse(&text, current)?,
            None => Stored::nobodys(current),
        };
        // Never hashed, whoever is asked about
        let Ok(password) = text::normalise(password.expose_secret()) else {
            return Ok(Verdict::Wrong);
        };
        let outdated = stored.is_outdated();
        match self.inner.pool.run(move || stored.matches(password.as_bytes())).await?? {
            true => Ok(Verdict::Right { outdated }),
            false => Ok(Verdict::Wrong),
        }
    }

    /// What the pool is doing and has done, for metrics.
    pub fn load(&self) -> Load {
        self.inner.pool.load()
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passwords").field("settings", &self.inner.settings).finish_non_exhaustive()
    }
}
