//! Client of the WeCom (企业微信) server API, as far as a sign-in needs it: login URLs, the access
//! token's life, `auth/getuserinfo`, `auth/getuserdetail`, `user/get`, `user/getuserid`,
//! `user/get_userid_by_email`, `agent/get`. And the other way round: what WeCom calls us with
//! ([`Callback`]).
//!
//! ```text
//! BaseUrls::web_login / in_client ──browser──▶ WeCom ──code──▶ caller
//!                                                               │
//!   TokenCache ◀── access token (one refresher at a time) ── Client::user_info ▶ UserInfo
//!                                                          Client::user_detail ▶ MemberDetail
//!                                                               Client::member ▶ Member
//!                                Client::user_id_by_mobile / user_id_by_email ▶ UserId
//! ```
//!
//! Four rules shape everything here:
//! - a wrong secret sent several times bans the caller's address for an hour, for every corp behind
//!   it [D 90312]: no call is repeated after 40001, 40013 or 40091, and the refusal is shared;
//! - a code is redeemed once: `getuserinfo` is never repeated after anything that may have used it;
//! - wrong look-ups above a fifth of the corp's size block them for a day [D 90312]: their answer
//!   is final, and the caller makes none for a visitor whom nobody knows;
//! - the access token travels in the query [D 90313]: no URL of a call is in an error or in a log.
//!
//! `[D n]` is page n of WeCom's documentation, `developer.work.weixin.qq.com/document/path/n`.

mod action;
mod agent;
mod callback;
mod client;
mod contact_event;
mod credentials;
mod encode;
mod errmsg;
mod error;
mod lenient;
mod login;
mod look_up;
mod member;
mod refresh;
mod remedy;
mod reply;
mod resolve;
mod settings;
mod state;
mod token;
mod transport;
mod user_agent;
mod user_id;
mod user_info;

pub use self::{
    action::Action,
    agent::{Agent, VisibleRange},
    callback::{Callback, CallbackError},
    client::Client,
    contact_event::{ContactChange, ContactEvent},
    credentials::{AgentId, Credentials, Mode},
    error::{ApiError, Error, TransportError},
    login::{InClientLogin, Lang, Panel, PanelSize, Scope, WebLogin},
    look_up::EmailKind,
    member::{Member, MemberDetail, MemberStatus},
    remedy::{Remedy, remedy},
    settings::{BaseUrl, BaseUrlError, BaseUrls, Egress, Env, Settings},
    state::{State, StateError},
    token::{CacheEntry, CachedToken, LockGuardToken, Refusal, TokenCache},
    user_agent::{Device, UserAgent, Version, classify},
    user_id::{UserId, UserIdError},
    user_info::UserInfo,
};
