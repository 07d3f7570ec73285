//! Users, their identities and sessions, as they are shown.

use chrono::{DateTime, Utc};
use serde::Serialize;
use store::identity::{Identity, LinkStatus};
use store::session::{Listed, SignInMethod};
use store::user::{Origin, UserStatus};
use store::user_search::Overview;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::paging::List;
use crate::schema;

/// A person's account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserView {
    /// Its id; in tokens the `sub`. Random, never used again.
    id: Uuid,
    /// Whether it may sign in. A deleted one is a tombstone that keeps its id from being used again.
    #[schema(value_type = schema::UserStatus)]
    status: UserStatus,
    /// Who made it or keeps it.
    #[schema(value_type = schema::Origin)]
    origin: Origin,
    /// The person's name.
    #[schema(required, example = "张三")]
    name: Option<String>,
    /// The name to sign in by.
    #[schema(required, example = "zhangsan")]
    username: Option<String>,
    /// Your own number of the person.
    #[schema(required, example = "A-0017")]
    external_id: Option<String>,
    /// The person's mail address.
    #[schema(required, example = "zhangsan@acme.example")]
    email: Option<String>,
    /// Whether an administrator or a one-time code confirmed it. What WeCom gives never is.
    email_verified: bool,
    /// The person's phone number.
    #[schema(required, example = "+8613800000000")]
    phone_number: Option<String>,
    /// Whether an administrator or a one-time code confirmed it. What WeCom gives never is.
    phone_number_verified: bool,
    /// A picture of the person.
    #[schema(required)]
    picture: Option<String>,
    /// Whether it has a password.
    has_password: bool,
    /// When the person last signed in. Null if never, or by password or code and longer ago than
    /// sessions are kept.
    #[schema(required)]
    last_sign_in_at: Option<DateTime<Utc>>,
    /// Goes up with every change by an administrator.
    #[schema(example = 1)]
    version: i64,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it was last changed.
    updated_at: DateTime<Utc>,
}

impl From<Overview> for UserView {
    fn from(Overview { user, has_password, last_sign_in_at }: Overview) -> Self {
        Self {
            id: user.id.0,
            status: user.status,
            origin: user.origin,
            name: user.name,
            username: user.username,
            external_id: user.external_id,
            email: user.email,
            email_verified: user.email_verified,
            phone_number: user.phone_number,
            phone_number_verified: user.phone_number_verified,
            picture: user.picture,
            has_password,
            last_sign_in_at,
            version: user.version,
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}

/// The entity-tag of a user. A sign-in refreshes the profile without a new version, so both times are
/// part of it.
pub(crate) fn user_etag(seen: &Overview) -> String {
    let last = seen.last_sign_in_at.map_or(0, |at| at.timestamp_micros());
    let updated = seen.user.updated_at.timestamp_micros();
    format!("\"{}.{updated}.{last}\"", seen.user.version)
}

/// Users: a page, or what a search found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserList)]
pub(crate) struct UserList {
    /// The rows.
    pub(crate) items: Vec<UserView>,
    /// The `cursor` of the next page; null on the last one, and in a search.
    #[schema(required)]
    pub(crate) next: Option<String>,
    /// Whether there are, or may be, more than these. Then a page goes on with `next`; a search needs a
    /// longer text.
    pub(crate) more: bool,
}

impl From<List<UserView>> for UserList {
    fn from(List { items, next }: List<UserView>) -> Self {
        Self { items, more: next.is_some(), next }
    }
}

/// The link from a user to an upstream person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Identity)]
pub(crate) struct IdentityView {
    /// Its id.
    id: Uuid,
    /// Which kind of upstream: always `wecom` yet.
    #[schema(example = "wecom")]
    provider: &'static str,
    /// WeCom's id of the organisation.
    #[schema(example = "ww1a2b3c4d5e6f7890")]
    corp_id: String,
    /// The person's userid there, as it was first received.
    #[schema(example = "ZhangSan")]
    userid: String,
    /// The person's name there, as last told.
    #[schema(required, example = "张三")]
    name: Option<String>,
    /// Whether it signs its person in.
    #[schema(value_type = schema::LinkStatus)]
    status: LinkStatus,
    /// When it was linked.
    created_at: DateTime<Utc>,
    /// When it last signed in; when it was linked, if it has not yet.
    last_sign_in_at: DateTime<Utc>,
    /// When WeCom last said that the person has left the corp, or may not see the app any more; they are
    /// back if they signed in after that. Null if it never did.
    #[schema(required)]
    left_at: Option<DateTime<Utc>>,
}

impl From<Identity> for IdentityView {
    fn from(identity: Identity) -> Self {
        Self {
            id: identity.id.0,
            provider: "wecom",
            corp_id: identity.corp_id,
            userid: identity.userid,
            name: identity.name,
            status: identity.status,
            created_at: identity.created_at,
            last_sign_in_at: identity.last_sign_in_at,
            left_at: identity.left_at,
        }
    }
}

/// A browser that is signed in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionView {
    /// Its id; in ID tokens the `sid`.
    id: Uuid,
    /// How the person signed in.
    #[schema(value_type = schema::SignInMethod)]
    method: SignInMethod,
    /// By which source, if it was one.
    #[schema(required)]
    source: Option<Uuid>,
    /// The browser's `User-Agent`, cut to 256 characters.
    #[schema(required)]
    user_agent: Option<String>,
    /// The network address that it was begun from.
    #[schema(required, example = "198.51.100.7")]
    address: Option<String>,
    /// When it began.
    created_at: DateTime<Utc>,
    /// When it was last used.
    last_seen_at: DateTime<Utc>,
}

impl From<Listed> for SessionView {
    fn from(session: Listed) -> Self {
        Self {
            id: session.id.0,
            method: session.method,
            source: session.source_id.map(|id| id.0),
            user_agent: session.user_agent,
            address: session.address,
            created_at: session.created_at,
            last_seen_at: session.last_seen_at,
        }
    }
}
