//! Whose app calls.

use secrecy::SecretString;

/// How the app came to be; it decides how userids compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// 自建应用: the corp made it itself; userids are plain and ignore case.
    SelfBuilt,
    /// 代开发应用: a provider made it; corp ids and userids are encrypted and case-sensitive.
    Agency,
}

/// An app's number within its corp, such as 1000002.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AgentId(pub u64);

impl std::fmt::Display for AgentId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What a call needs to act for one app of one corp.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The corp's id; the encrypted one for an agency app.
    pub corp_id: String,
    /// The app's secret; the `permanent_code` for an agency app [D 97164].
    pub secret: SecretString,
    /// Key of the access token in the [`crate::TokenCache`]; opaque here. It must differ between
    /// any two (tenant, corp, secret): a new secret then starts without the old one's refusal.
    pub token_key: String,
    /// The named egress to call through; none calls directly.
    pub egress: Option<String>,
    /// How userids of this app compare.
    pub mode: Mode,
}
