//! Passwords as a caller sees them: hashed and verified by the real Argon2id, the pool, the lists.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod choice;
mod hashes;
mod lists;
mod pool;
mod properties;
mod settings;

use password::{Passwords, Settings};
use secrecy::SecretString;

/// The least that Argon2id takes: what is tested here is not its strength.
const TINY: Settings =
    Settings { memory_kib: 8, iterations: 1, parallelism: 1, at_once: 2, waiting: 100 };

fn tiny() -> Passwords {
    Passwords::new(TINY).unwrap()
}

fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}
