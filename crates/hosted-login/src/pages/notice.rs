//! The catalogue of everything a page may have to tell a person.

/// One situation that ends in a message page.
///
/// Each has a stable code, an HTTP status and, in [`Texts::notice`](crate::texts::Texts), its
/// words: what happened, and what the person can do. None of them tells whether an account exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Notice {
    /// The app's request is malformed; the details line is for its developer.
    InvalidRequest,
    /// `client_id` names no app of this tenant.
    UnknownClient,
    /// `redirect_uri` is not one of the app's, byte for byte.
    RedirectUriMismatch,
    /// `request_uri` names no pushed request of the app, or one that is over.
    RequestUriUnknown,
    /// No tenant has this host.
    UnknownHost,
    /// The interaction is over its time.
    InteractionExpired,
    /// The browser that came back is not the one that left: the cookie is missing.
    BrowserChanged,
    /// The upstream state is unknown, used up or another browser's.
    StateUnknown,
    /// The person pressed "deny" in WeCom.
    DeniedUpstream,
    /// WeCom knows the person, but not as a member of the corp.
    NotAMember,
    /// The member is outside the visible range of the WeCom app.
    NotVisible,
    /// The member belongs to a linked corp (`userid` with `/`).
    LinkedCorp,
    /// The source only signs existing users in, and this person is not linked to one.
    LoginOnly,
    /// The app takes no new accounts, and this person is not linked to one.
    RegistrationClosed,
    /// The person's values lead to several accounts.
    SeveralAccounts,
    /// The account belongs to another person of the same corp.
    AlreadyBound,
    /// The upstream person is linked to another account.
    LinkedElsewhere,
    /// The person's link was switched off.
    LinkSuspended,
    /// The person's own user is suspended.
    UserSuspended,
    /// The source is switched off or not linked to the app.
    SourceDisabled,
    /// WeCom refuses our settings of the source.
    SourceMisconfigured,
    /// The app is switched off.
    AppDisabled,
    /// The whole tenant is suspended.
    TenantSuspended,
    /// WeCom does not answer, or answers nonsense.
    UpstreamUnavailable,
    /// WeCom limits our calls for the moment.
    UpstreamBusy,
    /// The app has no identity source.
    NoSources,
    /// A mobile source was opened outside the WeCom client.
    OnlyInWecom,
    /// A QR source was opened on the phone that would have to scan it.
    OnlyOnDesktop,
    /// The page was opened in personal WeChat.
    PersonalWechat,
    /// The session is over.
    SessionEnded,
    /// The page was finished already, in this or another tab.
    AlreadySignedIn,
    /// We can't serve for the moment (database, ephemeral state).
    Unavailable,
    /// A fault of ours.
    InternalError,
    /// No such page.
    NotFound,
    /// Too many requests from one caller.
    TooManyRequests,
    /// A form came without its token.
    Csrf,
    /// Name and password do not fit, or nobody has that name.
    ProofFailed,
    /// The one-time code is wrong, too old or used.
    CodeWrong,
    /// The person has to sign in, or to sign in again, for this.
    SignInFirst,
    /// What was asked for is not offered here.
    NotOffered,
    /// The only way in cannot be taken away.
    LastWayIn,
    /// The new password is too weak.
    PasswordUnacceptable,
    /// The link or code from another device is used or too old.
    TicketUnknown,
    /// What was typed does not belong to this member.
    ValueNotConfirmed,
    /// The one who authorises is not the one who signs in.
    SomebodyElse,
    /// The message with the code could not be sent.
    CodeNotSent,
    /// What was entered cannot be what was asked for.
    InvalidInput,
}

impl Notice {
    /// The notice with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notice| notice.code() == code)
    }

    /// Every notice once, for documents and tests.
    pub const ALL: [Self; 47] = [
        Self::InvalidRequest,
        Self::UnknownClient,
        Self::RedirectUriMismatch,
        Self::RequestUriUnknown,
        Self::UnknownHost,
        Self::InteractionExpired,
        Self::BrowserChanged,
        Self::StateUnknown,
        Self::DeniedUpstream,
        Self::NotAMember,
        Self::NotVisible,
        Self::LinkedCorp,
        Self::LoginOnly,
        Self::RegistrationClosed,
        Self::SeveralAccounts,
        Self::AlreadyBound,
        Self::LinkedElsewhere,
        Self::LinkSuspended,
        Self::UserSuspended,
        Self::SourceDisabled,
        Self::SourceMisconfigured,
        Self::AppDisabled,
        Self::TenantSuspended,
        Self::UpstreamUnavailable,
        Self::UpstreamBusy,
        Self::NoSources,
        Self::OnlyInWecom,
        Self::OnlyOnDesktop,
        Self::PersonalWechat,
        Self::SessionEnded,
        Self::AlreadySignedIn,
        Self::Unavailable,
        Self::InternalError,
        Self::NotFound,
        Self::TooManyRequests,
        Self::Csrf,
        Self::ProofFailed,
        Self::CodeWrong,
        Self::SignInFirst,
        Self::NotOffered,
        Self::LastWayIn,
        Self::PasswordUnacceptable,
        Self::TicketUnknown,
        Self::ValueNotConfirmed,
        Self::SomebodyElse,
        Self::CodeNotSent,
        Self::InvalidInput,
    ];

    /// The code shown on the page and kept in the audit log. Never changes once released.
    pub fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::UnknownClient => "unknown_client",
            Self::RedirectUriMismatch => "redirect_uri_mismatch",
            Self::RequestUriUnknown => "request_uri_unknown",
            Self::UnknownHost => "unknown_host",
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
            Self::SourceDisabled => "source_disabled",
            Self::SourceMisconfigured => "source_misconfigured",
            Self::AppDisabled => "app_disabled",
            Self::TenantSuspended => "tenant_suspended",
            Self::UpstreamUnavailable => "upstream_unavailable",
            Self::UpstreamBusy => "upstream_busy",
            Self::NoSources => "no_sources",
            Self::OnlyInWecom => "only_in_wecom",
            Self::OnlyOnDesktop => "only_on_desktop",
            Self::PersonalWechat => "personal_wechat",
            Self::SessionEnded => "session_ended",
            Self::AlreadySignedIn => "already_signed_in",
            Self::Unavailable => "unavailable",
            Self::InternalError => "internal_error",
            Self::NotFound => "not_found",
            Self::TooManyRequests => "too_many_requests",
            Self::Csrf => "csrf",
            Self::ProofFailed => "proof_failed",
            Self::CodeWrong => "code_wrong",
            Self::SignInFirst => "sign_in_first",
            Self::NotOffered => "not_offered",
            Self::LastWayIn => "last_way_in",
            Self::PasswordUnacceptable => "password_unacceptable",
            Self::TicketUnknown => "ticket_unknown",
            Self::ValueNotConfirmed => "value_not_confirmed",
            Self::SomebodyElse => "somebody_else",
            Self::CodeNotSent => "code_not_sent",
            Self::InvalidInput => "invalid_input",
        }
    }

    /// Whether only an administrator can help.
    pub fn is_for_administrators(self) -> bool {
        matches!(
            self,
            Self::NotAMember
                | Self::NotVisible
                | Self::LinkedCorp
                | Self::LoginOnly
                | Self::RegistrationClosed
                | Self::SeveralAccounts
                | Self::AlreadyBound
                | Self::LinkedElsewhere
                | Self::LinkSuspended
                | Self::UserSuspended
                | Self::SourceDisabled
                | Self::SourceMisconfigured
                | Self::AppDisabled
                | Self::NoSources
                | Self::InternalError
        )
    }

    /// The HTTP status of the page (RFC 9110, 15). Only what is not the caller's doing is a 5xx.
    pub fn status(self) -> u16 {
        match self {
            Self::SessionEnded | Self::AlreadySignedIn => 200,
            Self::InvalidRequest
            | Self::UnknownClient
            | Self::RedirectUriMismatch
            | Self::RequestUriUnknown
            | Self::InteractionExpired
            | Self::BrowserChanged
            | Self::StateUnknown
            | Self::InvalidInput
            | Self::TicketUnknown => 400,
            Self::DeniedUpstream
            | Self::NotAMember
            | Self::NotVisible
            | Self::LinkedCorp
            | Self::LoginOnly
            | Self::RegistrationClosed
            | Self::SeveralAccounts
            | Self::AlreadyBound
            | Self::LinkedElsewhere
            | Self::LinkSuspended
            | Self::UserSuspended
            | Self::ProofFailed
            | Self::CodeWrong
            | Self::SignInFirst
            | Self::NotOffered
            | Self::LastWayIn
            | Self::PasswordUnacceptable
            | Self::ValueNotConfirmed
            | Self::SomebodyElse
            | Self::SourceDisabled
            | Self::AppDisabled
            | Self::TenantSuspended
            | Self::NoSources
            | Self::OnlyInWecom
            | Self::OnlyOnDesktop
            | Self::PersonalWechat
            | Self::Csrf => 403,
            Self::UnknownHost | Self::NotFound => 404,
            Self::TooManyRequests => 429,
            Self::InternalError => 500,
            Self::SourceMisconfigured
            | Self::UpstreamUnavailable
            | Self::UpstreamBusy
            | Self::CodeNotSent
            | Self::Unavailable => 503,
        }
    }
}

/// The words of a [`Notice`] in one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoticeText {
    /// What happened, in one line.
    pub heading: &'static str,
    /// A sentence or two: why, and what the person can do.
    pub text: &'static str,
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::Notice;
    use crate::language::Language;
    use crate::texts::Texts;

    #[test]
    fn codes_are_distinct_snake_case() {
        let codes: HashSet<_> = Notice::ALL.iter().map(|notice| notice.code()).collect();
        assert_eq!(codes.len(), Notice::ALL.len());
        for code in codes {
            assert!(code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{code}");
        }
    }

    #[test]
    fn every_notice_has_words_of_its_own_in_each_language() {
        for language in Language::ALL {
            let texts = Texts::of(language);
            let mut seen = HashSet::new();
            for notice in Notice::ALL {
                let words = (texts.notice)(notice);
                assert!(seen.insert(words.text), "{} repeats another text", notice.code());
                assert!(!words.heading.is_empty() && words.heading.chars().count() <= 48);
                let stop = if language == Language::En { '.' } else { '。' };
                assert!(words.text.ends_with(stop), "{}", words.text);
                assert!(!words.heading.ends_with(stop), "{}", words.heading);
                assert!(!format!("{words:?}").contains(['!', '！']), "{}", words.text);
            }
        }
    }

    #[test]
    fn only_faults_that_are_not_the_callers_are_5xx() {
        let faults: Vec<_> =
            Notice::ALL.iter().filter(|n| n.status() >= 500).map(|n| n.code()).collect();
        assert_eq!(
            faults,
            [
                "source_misconfigured",
                "upstream_unavailable",
                "upstream_busy",
                "unavailable",
                "internal_error",
                "code_not_sent"
            ]
        );
    }
}
