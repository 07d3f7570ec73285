//! Stored hashes: the PHC string form, `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`.

use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher as _, Version, password_hash,
};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::{Error, settings::OUTPUT_LEN};

/// Bytes of a salt.
pub(crate) const SALT_LEN: usize = 16;

/// The most that a stored hash may ask for, unless the settings ask for more: 256 MiB,
const MAX_MEMORY_KIB: u32 = 256 * 1024;
/// 1 GiB over all passes (half a second),
const MAX_WORK_KIB: u64 = 1024 * 1024;
/// and 16 lanes.
const MAX_LANES: u32 = 16;

/// Hashes a normalised password.
pub(crate) fn hash(
    params: &Params,
    password: &[u8],
    salt: [u8; SALT_LEN],
) -> Result<String, Error> {
    Ok(argon2id(params.clone()).hash_password_with_salt(password, &salt)?.to_string())
}

fn argon2id(params: Params) -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// A hash to compare with.
pub(crate) struct Stored {
    argon2: Argon2<'static>,
    salt: Vec<u8>,
    output: Vec<u8>,
    /// It is not what [`hash`] would make today.
    outdated: bool,
    /// There is somebody whose hash it is.
    real: bool,
}

impl Stored {
    /// Reads a PHC string: any variant and version of Argon2, within reason.
    pub(crate) fn parse(text: &str, current: &Params) -> Result<Self, Error> {
        let hash = PasswordHash::new(text).map_err(|_| Error::Unreadable)?;
        let algorithm =
            Algorithm::try_from(hash.algorithm.as_str()).map_err(|_| Error::Unreadable)?;
        // Strings from before version 1.3 have none
        let version = hash.version.map_or(Ok(Version::V0x10), Version::try_from);
        let version = version.map_err(|_| Error::Unreadable)?;
        let params = Params::try_from(&hash).map_err(|_| Error::Unreadable)?;
        let (Some(salt), Some(output)) = (hash.salt, hash.hash) else {
            return Err(Error::Unreadable);
        };
        if is_costly(&params, current) {
            return Err(Error::Costly);
        }
        let outdated = algorithm != Algorithm::Argon2id
            || version != Version::V0x13
            || params != *current
            || salt.len() < SALT_LEN;
        Ok(Self {
            argon2: Argon2::new(algorithm, version, params),
            salt: salt.to_vec(),
            output: output.as_bytes().to_vec(),
            outdated,
            real: true,
        })
    }

    /// Nobody's hash: comparing with it costs what [`hash`] costs, and never succeeds.
    pub(crate) fn nobodys(current: &Params) -> Self {
        Self {
            argon2: argon2id(current.clone()),
            salt: vec![0; SALT_LEN],
            output: vec![0; OUTPUT_LEN],
            outdated: false,
            real: false,
        }
    }

    /// Whether the hash should be made anew.
    pub(crate) fn is_outdated(&self) -> bool {
        self.outdated
    }

    /// Whether it is the hash of a normalised password; compared in constant time.
    pub(crate) fn matches(&self, password: &[u8]) -> Result<bool, Error> {
        let mut output = Zeroizing::new(vec![0; self.output.len()]);
        let hashed = self.argon2.hash_password_into(password, &self.salt, &mut output);
        hashed.map_err(password_hash::Error::from)?;
        Ok(bool::from(output.ct_eq(&self.output)) && self.real)
    }
}

/// Whether `params` ask for more than is reasonable beside the current ones.
fn is_costly(params: &Params, current: &Params) -> bool {
    let work = |params: &Params| u64::from(params.m_cost()) * u64::from(params.t_cost());
    params.m_cost() > current.m_cost().max(MAX_MEMORY_KIB)
        || work(params) > work(current).max(MAX_WORK_KIB)
        || params.p_cost() > current.p_cost().max(MAX_LANES)
}
