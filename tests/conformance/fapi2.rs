//! FAPI 2.0 Security Profile Final.

mod accepted;
mod assertion;
mod authorization;
mod dpop;
mod pushed;
mod token;
