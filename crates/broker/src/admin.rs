//! The administrator's tools around links between users and upstream persons: linking by hand, trying
//! a sign-in out, surveying a rule before it is switched on, and taking back what was linked wrongly.
//!
//! ```text
//! link · unlink · suspend ─┐                        ┌─ simulate: what would the decision be, and why
//! import (in bulk) ────────┼─▶ link + journal event │  report:   what would a rule do to many
//! undo · restore ──────────┘                        └─ both ask `associate::look`, the real one
//! ```
//! Whatever takes a link away ends sessions **after** it: a sign-in that found the link before has
//! either written its session by then, which ends here, or fails at `identity::touch` and is decided
//! anew. Nothing that looks like a sign-in is decided a second time here.

mod import;
mod link;
mod outcome;
mod report;
mod simulate;
mod undo;

use store::Store;
use store::audit::ActorKind;
use store::id::UserId;
use uuid::Uuid;

pub use self::import::{Account, Import, Line};
pub use self::link::{Linked, Wish};
pub use self::outcome::{NO_MOBILE, of_decision, of_rule};
pub use self::report::{Example, Found, Report, Sum};
pub use self::simulate::{Asked, LiveRead, Simulation, Value};
pub use self::undo::{RESTORABLE, Undone};
pub use crate::source_test::{Advice, TooMany};
use crate::wecom::WeCom;

/// The administrator's tools around links. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Links {
    wecom: WeCom,
    store: Store,
}

impl Links {
    /// Tools over this store that read members by this client.
    #[must_use]
    pub fn new(wecom: WeCom, store: Store) -> Self {
        Self { wecom, store }
    }
}

/// Who acts, as the journal of links has it.
#[derive(Debug, Clone)]
pub struct By {
    /// What kind of actor.
    pub kind: ActorKind,
    /// The API key's id.
    pub id: Option<Uuid>,
    /// The trace code of the call.
    pub trace: Option<String>,
}

/// Result of a change of links.
pub type Result<T, E = Refusal> = std::result::Result<T, E>;

/// Why a change of links was not made.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The user, identity or event that it names is not there.
    #[error("there is no such user, identity or event")]
    NotFound,
    /// The corp that it names is not there.
    #[error("there is no such corp")]
    NoCorp,
    /// The user was deleted.
    #[error("the user was deleted")]
    Tombstone,
    /// The user is suspended.
    #[error("the user is suspended")]
    UserSuspended,
    /// The person is linked to this other user.
    #[error("the person is linked to another user")]
    LinkedElsewhere(UserId),
    /// The user has another identity of the corp.
    #[error("the user has another identity of the corp")]
    SecondIdentity,
    /// The text is no userid.
    #[error("{0}")]
    Userid(#[from] wecom::UserIdError),
    /// The corp has sources of both modes, and none was named.
    #[error("the corp has sources of both modes")]
    ModeNeeded,
    /// The event is of another kind.
    #[error("an event of that kind cannot be taken back in this way")]
    WrongKind,
    /// The event was taken back before.
    #[error("the event was taken back before")]
    AlreadyUndone,
    /// The link that the event made has been taken away or made anew since.
    #[error("the link is not the one that the event made any more")]
    Superseded,
    /// The event is too old.
    #[error("the event is too old")]
    TooOld,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}
