//! Signing in: from an app through WeCom and back.

mod qr;
