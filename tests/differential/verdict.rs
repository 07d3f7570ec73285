//! What both providers have to say to a request of the table.

use crate::case::Outcome;

/// What both providers have to say, as [`Outcome`] writes it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Verdict {
    /// Both take it: it only looks unusual.
    Neither,
    /// Both refuse it with the same words.
    Both(&'static str),
    /// Both refuse it, we with the first, the other with the second.
    Each(&'static str, &'static str),
    /// Only we refuse it.
    Ours(&'static str),
    /// Only the other refuses it, and why we need not.
    Theirs(&'static str, &'static str),
}

pub(crate) use Verdict::{Both, Each, Neither, Ours, Theirs};

/// At the endpoints for programs.
pub(crate) const REQUEST: Verdict = Both("400 invalid_request");
/// The same, where only we look.
pub(crate) const OUR_REQUEST: Verdict = Ours("400 invalid_request");
/// Nobody who is known.
pub(crate) const CLIENT: Verdict = Both("401 invalid_client");
/// The same, where only we look.
pub(crate) const OUR_CLIENT: Verdict = Ours("401 invalid_client");
/// A client that did not or could not authenticate has its own code (RFC 6749 §5.2, RFC 7521 §4.2.1);
/// the other calls a proof that it cannot read a wrong request.
pub(crate) const CLIENT_OR_REQUEST: Verdict = Each("401 invalid_client", "400 invalid_request");
/// A code or token that gives nothing.
pub(crate) const GRANT: Verdict = Both("400 invalid_grant");
/// What does not fit to the code (RFC 6749 §5.2, RFC 7636 §4.6); the other looks at its form first,
/// which the standards leave open.
pub(crate) const GRANT_OR_REQUEST: Verdict = Each("400 invalid_grant", "400 invalid_request");
/// A method that an endpoint does not have is 405 (RFC 9110 §15.5.6); the other says that there is no
/// such endpoint.
pub(crate) const METHOD: Verdict = Each("405 invalid_request", "404");
/// At the authorization endpoint, told to the app.
pub(crate) const SENT: Verdict = Both("sent invalid_request");
/// The same, where only we look.
pub(crate) const OUR_SENT: Verdict = Ours("sent invalid_request");
/// A scope without `openid` is a wrong scope (RFC 6749 §3.3).
pub(crate) const SCOPE: Verdict = Each("sent invalid_scope", "sent invalid_request");
/// A response type that is not offered has its own code (RFC 6749 §4.1.2.1).
pub(crate) const TYPE: Verdict = Both("sent unsupported_response_type");
/// The other looks at what such a type would need first.
pub(crate) const TYPE_OR_REQUEST: Verdict =
    Each("sent unsupported_response_type", "sent invalid_request");
/// No standard that we follow has a code for a response mode.
pub(crate) const MODE: Verdict = Each("sent invalid_request", "sent unsupported_response_mode");
/// A page of the provider's own, since there is no address to trust.
pub(crate) const PAGE: Verdict = Both("page 400");
/// A token that nothing is said about.
pub(crate) const INACTIVE: Verdict = Both("inactive");

impl Verdict {
    /// What kind of row it makes, in the document's words.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Neither => "both take it",
            Both(_) => "both refuse it in the same words",
            Each(..) => "both refuse it, each in its own words",
            Ours(_) => "only Hufu refuses it",
            Theirs(..) => "only the other refuses it",
        }
    }

    /// Whether this is what came, and nothing that it says is idle.
    pub(crate) fn holds(&self, ours: &Outcome, theirs: &Outcome) -> bool {
        match *self {
            Neither => !ours.refused() && !theirs.refused(),
            Both(text) => ours.is(text) && theirs.is(text),
            Each(us, them) => ours.is(us) && theirs.is(them) && us != them,
            Ours(us) => ours.is(us) && !theirs.refused(),
            // An explanation names the section that it rests on.
            Theirs(them, why) => theirs.is(them) && !ours.refused() && why.contains('§'),
        }
    }
}
