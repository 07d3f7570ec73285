//! JSON that somebody else wrote, read strictly: no name stands twice, and every mistake is told at
//! once. Knows nothing of Hufu.
//!
//! ```text
//! text ──read──▶ value ──read_object / read_known──▶ Fields ──rules──▶ typed values, or all flaws
//! ```

mod fields;
mod json;
pub mod rules;

pub use self::fields::{Fields, Flaw, Flaws, read_known, read_object};
pub use self::json::{Malformed, pointer, read};
