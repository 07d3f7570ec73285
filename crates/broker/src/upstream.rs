//! What the broker asks of an upstream: two methods, and what only some can do. A second upstream is
//! one more module.

use std::future::Future;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use store::id::TenantId;
use store::identity::Subject;
use store::source::Source;
use store::user::Profile;

use crate::error::Reason;
use crate::supplement::Typed;

/// Who somebody is upstream, proven by the upstream to us, just now.
#[derive(Clone, Serialize, Deserialize)]
pub struct UpstreamIdentity {
    /// The key by which we know the person.
    pub subject: Subject,
    /// What the upstream tells about the person, to be shown.
    pub profile: Profile,
    /// What it tells that an account may be found by, as received.
    pub values: UpstreamValues,
    /// When it was asked: whoever has left since is nobody any more.
    pub proven_at: DateTime<Utc>,
}

/// Personal data stays out of logs.
impl std::fmt::Debug for UpstreamIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UpstreamIdentity")
    }
}

/// Values of an upstream person that an account may be found by. Each may be missing.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpstreamValues {
    /// Mobile number.
    pub mobile: Option<String>,
    /// Mail address.
    pub email: Option<String>,
    /// The corp's mailbox.
    pub biz_mail: Option<String>,
}

/// How a sign-in is begun.
#[derive(Debug, Clone, Copy)]
pub struct Begin<'a> {
    /// Where the upstream sends the browser back to.
    pub redirect_uri: &'a str,
    /// Comes back with it: letters and digits.
    pub state: &'a str,
    /// Language of the upstream's page, `zh` or `en`.
    pub language: Option<&'a str>,
    /// Whether it is shown in a frame of our page, and how large.
    pub panel: Option<Panel>,
    /// Whether the person is asked to agree to more values than the source usually asks for.
    pub consent: bool,
}

/// Size of the upstream's panel in our page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Panel {
    /// For desktops.
    Middle,
    /// For narrow windows.
    Small,
}

/// Why the upstream did not say who it is.
#[derive(Debug, Clone)]
pub struct UpstreamFault {
    /// What the person is told.
    pub reason: Reason,
    /// The upstream's own code, for administrators.
    pub errcode: Option<i64>,
    /// The upstream's reference.
    pub hint: Option<String>,
    /// Whether the source's credentials were refused and must not be used again.
    pub credentials_refused: bool,
    /// Who it is, if the upstream knows the person but does not let them in any more.
    pub refused_person: Option<Subject>,
}

impl UpstreamFault {
    /// A fault without a code of the upstream.
    pub(crate) fn plain(reason: Reason) -> Self {
        Self { reason, errcode: None, hint: None, credentials_refused: false, refused_person: None }
    }
}

/// An upstream that signs people in.
pub trait Upstream {
    /// Where the browser goes.
    fn begin(&self, source: &Source, begin: Begin<'_>) -> Result<String, UpstreamFault>;

    /// Redeems the code that the browser brought back. Once; never repeated.
    fn redeem(
        &self,
        tenant: TenantId,
        source: &Source,
        code: SecretString,
    ) -> impl Future<Output = Result<UpstreamIdentity, UpstreamFault>> + Send;
}

/// Why an upstream did not say whose a value is.
#[derive(Debug, Clone)]
pub struct LookUpFault {
    /// What happened.
    pub fault: UpstreamFault,
    /// Whether the upstream may have counted a wrong look-up nevertheless.
    pub may_count: bool,
    /// Whether it answers no look-up of the corp any more, for its window.
    pub blocked: bool,
}

/// What only some upstreams can: tell whose a value is.
pub trait LooksUp {
    /// Whose a value is, of those whom the source's app may see; nobody's if none of them has it. A
    /// wrong look-up costs the whole corp: the caller keeps count.
    fn owner(
        &self,
        tenant: TenantId,
        source: &Source,
        value: &Typed,
    ) -> impl Future<Output = Result<Option<Subject>, LookUpFault>> + Send;
}
