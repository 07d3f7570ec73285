//! What the end-to-end tests share. A [`World`] is a whole deployment: one node on SQLite and
//! in-process state, or two nodes on PostgreSQL and Redis, with a simulated WeCom beside it. The
//! object of a test is the one who acts: a [`Browser`], or an app's or administrator's [`Caller`].
//!
//! Every case is written once and runs on each deployment: see [`on_every_backend!`].

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::disallowed_methods,
    reason = "a test that cannot go on panics; it reads its environment and the clock"
)]

mod app_server;
mod backend;
mod browser;
mod client;
mod clock;
mod console;
mod contacts;
mod forge;
mod garbage;
pub mod mutations;
mod nodes;
mod proofs;
mod registration;
mod request;
mod tenant;
mod tokens;
mod world;

pub use crate::app_server::{AppServer, Received, Reply};
pub use crate::backend::Backend;
pub use crate::browser::{Answer, Browser, DESKTOP, PEER, PHONE, WECHAT, WECOM, WECOM_DESKTOP};
pub use crate::client::{
    AUTHORIZE, Client, Code, END, INTROSPECTION, PUSH, REVOCATION, TOKEN, USERINFO, request_uri,
};
pub use crate::clock::TestClock;
pub use crate::console::Caller;
pub use crate::contacts::{ContactAddress, contact_change, member_deleted};
pub use crate::forge::{Jwt, Key, base64url, sha256};
pub use crate::garbage::garbage_like;
pub use crate::proofs::{Change, RIGHT_PROOFS, WRONG_ATH, WRONG_PROOFS};
pub use crate::registration::REGISTER;
pub use crate::request::Request;
pub use crate::tenant::{App, Pkce, Tenant};
pub use crate::tokens::{Claims, verify_id_token, verify_logout_token};
pub use crate::world::{SMS_SECRET, World};

/// Writes a case once and runs it on each deployment: `sqlite` (one node, an SQLite file,
/// in-process state) and `postgres` (two nodes, PostgreSQL and Redis, where each request of a
/// browser goes to the other node).
#[macro_export]
macro_rules! on_every_backend {
    ($($(#[$doc:meta])* async fn $name:ident($world:ident: World) $body:block)*) => {$(
        mod $name {
            #[allow(unused_imports, clippy::allow_attributes, reason = "a case may not need all")]
            use super::*;

            $(#[$doc])*
            async fn case($world: $crate::World) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let world = $crate::World::start($crate::Backend::Sqlite).await;
                case(world.clone()).await;
                world.stop().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                let world = $crate::World::start($crate::Backend::Postgres).await;
                case(world.clone()).await;
                world.stop().await;
            }
        }
    )*};
}
