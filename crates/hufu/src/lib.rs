//! The binary's parts: settings, telemetry, wiring, and the commands. Everything is put together
//! by hand, in [`node`].

pub mod command;
pub mod demo;
mod key_rotation;
mod management;
mod middleware;
pub mod node;
pub mod settings;
pub mod telemetry;
mod tls;
