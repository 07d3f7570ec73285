//! A sign-in by QR code tells no phone number: it is typed and confirmed by WeCom, or authorised in
//! the WeCom client.

mod consent;
mod stage;
mod typed;
mod typed_limits;
