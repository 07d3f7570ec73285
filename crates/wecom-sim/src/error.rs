//! What a [`crate::Control`] can refuse.

/// Why a change of the simulated world was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No corp of this id is in the world.
    #[error("no corp {0} in the world")]
    UnknownCorp(String),
    /// The corp has no app of this agentid.
    #[error("corp {corp} has no app {agentid}")]
    UnknownApp {
        /// The corp's id.
        corp: String,
        /// The agentid asked for.
        agentid: i64,
    },
    /// The corp has no member of this userid.
    #[error("corp {corp} has no member {userid}")]
    UnknownMember {
        /// The corp's id.
        corp: String,
        /// The userid asked for.
        userid: String,
    },
    /// A userid against the rules of [D 90195].
    #[error("{0:?} is no userid: 1 to 64 of [A-Za-z0-9_.@-], the first a letter or digit")]
    InvalidUserid(String),
}
