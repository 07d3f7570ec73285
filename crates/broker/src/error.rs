//! Why a sign-in does not go on.

use serde::{Deserialize, Serialize};
use store::app::App;
use store::source::Source;

use crate::interaction::{Interaction, InteractionId};

/// Result of a step.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a step was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A rule says no; the person gets a page.
    #[error("refused: {}", .0.reason.as_str())]
    Refused(Box<Refused>),
    /// A store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The protocol's part failed.
    #[error(transparent)]
    Oidc(#[from] oidc::Error),
    /// A password could not be hashed or verified.
    #[error(transparent)]
    Password(#[from] password::Error),
    /// A message could not be sent.
    #[error(transparent)]
    Notify(#[from] notify::Error),
}

/// Why a rule says no. The texts are stable: they stand on pages and in the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The interaction is unknown, too old or finished.
    InteractionExpired,
    /// This is not the browser that began (rule 2).
    BrowserChanged,
    /// The upstream state is unknown, too old or used, or WeCom knows the code no more.
    StateUnknown,
    /// The person said no at WeCom.
    DeniedUpstream,
    /// Somebody who is no active member of the corp.
    NotAMember,
    /// A member whom the app at WeCom is not made visible to.
    NotVisible,
    /// A member of another corp that is linked with this one (rule 3).
    LinkedCorp,
    /// The source lets only existing users in, and this person is none.
    LoginOnly,
    /// The app lets no accounts be made, and this person has none.
    RegistrationClosed,
    /// The values lead to several accounts.
    SeveralAccounts,
    /// The account has another identity of the corp already.
    AlreadyBound,
    /// The upstream person is linked to another account.
    LinkedElsewhere,
    /// The link is suspended.
    LinkSuspended,
    /// The user is suspended.
    UserSuspended,
    /// The source is switched off, or not linked to the app.
    SourceDisabled,
    /// WeCom refuses the source's settings; only an administrator can help.
    SourceMisconfigured,
    /// The app is switched off.
    AppDisabled,
    /// WeCom does not answer, or not sensibly.
    UpstreamUnavailable,
    /// WeCom is too busy for us.
    UpstreamBusy,
    /// The sign-in is done, and the app has got it.
    AlreadySignedIn,
    /// Name or password are wrong, or nobody has that name: never told apart.
    ProofFailed,
    /// The one-time code is wrong, too old or used.
    CodeWrong,
    /// Too many tries of this kind; they are counted before anything is looked at.
    TooManyRequests,
    /// There is no session, or its sign-in is too old for this.
    SignInFirst,
    /// The way that was tried is not one that the app or the source offers.
    NotOffered,
    /// It is the last way in that the account has.
    LastWayIn,
    /// The new password is too short, too common, or about the person.
    PasswordUnacceptable,
    /// The ticket is unknown, used or too old.
    TicketUnknown,
    /// What was typed is not this member's at WeCom.
    ValueNotConfirmed,
    /// The one who authorises is not the one who signs in.
    SomebodyElse,
    /// The message with the code could not be sent.
    CodeNotSent,
}

impl Reason {
    /// The stable code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InteractionExpired => "interaction_expired",
            Self::BrowserChanged => "browser_changed",
            Self::StateUnknown => "state_unknown",
            Self::DeniedUpstream => "denied_upstream",
            Self::NotAMember => "not_a_member",
            Self::NotVisible => "not_visible",
            Self::LinkedCorp => "linked_corp",
            Self::LoginOnly => "login_only",
            Self::RegistrationClosed => "registration_closed",
            Self::SeveralAccounts => "several_accounts",
            Self::AlreadyBound => "already_bound",
            Self::LinkedElsewhere => "linked_elsewhere",
            Self::LinkSuspended => "link_suspended",
            Self::UserSuspended => "user_suspended",
            Self::ProofFailed => "proof_failed",
            Self::CodeWrong => "code_wrong",
            Self::TooManyRequests => "too_many_requests",
            Self::SignInFirst => "sign_in_first",
            Self::NotOffered => "not_offered",
            Self::LastWayIn => "last_way_in",
            Self::PasswordUnacceptable => "password_unacceptable",
            Self::TicketUnknown => "ticket_unknown",
            Self::ValueNotConfirmed => "value_not_confirmed",
            Self::SomebodyElse => "somebody_else",
            Self::CodeNotSent => "code_not_sent",
            Self::SourceDisabled => "source_disabled",
            Self::SourceMisconfigured => "source_misconfigured",
            Self::AppDisabled => "app_disabled",
            Self::UpstreamUnavailable => "upstream_unavailable",
            Self::UpstreamBusy => "upstream_busy",
            Self::AlreadySignedIn => "already_signed_in",
        }
    }
}

/// A refusal, with what its page needs.
#[derive(Debug)]
pub struct Refused {
    /// Why.
    pub reason: Reason,
    /// The code by which an administrator finds this sign-in.
    pub trace: Option<String>,
    /// Whether there is an audit event of it already.
    pub recorded: bool,
    /// The app that the person came from, if it is known.
    pub app: Option<App>,
    /// The interaction, if it can be tried again in this browser.
    pub retry: Option<InteractionId>,
    /// The source concerned.
    pub source: Option<Source>,
    /// Whether the person came by the app's link in the workbench, which begins anew.
    pub workbench: bool,
}

impl Refused {
    /// A refusal of which nothing more is known.
    pub(crate) fn because(reason: Reason) -> Error {
        Self::about(reason).into()
    }

    /// The same, to be completed by struct update.
    pub fn about(reason: Reason) -> Self {
        Self {
            reason,
            trace: None,
            recorded: false,
            app: None,
            retry: None,
            source: None,
            workbench: false,
        }
    }

    /// A refusal within an interaction.
    pub(crate) fn within(reason: Reason, interaction: &Interaction) -> Self {
        Self { trace: Some(interaction.trace.clone()), ..Self::about(reason) }
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        Self::Refused(Box::new(refused))
    }
}
