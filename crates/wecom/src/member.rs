//! `user/get` and `auth/getuserdetail`: what WeCom tells about a member. A field that is not there
//! says nothing: stored values are not erased for it [D 90196, D 95833].

use std::fmt;

use serde::Deserialize;

use crate::{Error, Mode, UserId, lenient};

pub(crate) const PATH: &str = "cgi-bin/user/get";
pub(crate) const DETAIL_PATH: &str = "cgi-bin/auth/getuserdetail";

/// The state of a member's account [D 90196].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberStatus {
    /// 1: may sign in.
    Active,
    /// 2: disabled by the administrator.
    Disabled,
    /// 4: has never activated WeCom.
    NotActivated,
    /// 5: left the corp.
    Left,
    /// A number that is not documented.
    Unknown(i64),
}

impl From<i64> for MemberStatus {
    fn from(status: i64) -> Self {
        match status {
            1 => Self::Active,
            2 => Self::Disabled,
            4 => Self::NotActivated,
            5 => Self::Left,
            other => Self::Unknown(other),
        }
    }
}

/// A member of the directory. `mobile`, `email`, `biz_mail` and `avatar` come only to apps made
/// before 2022-06-20 [D 90196]; to an agency app, `name` only if it was granted.
#[derive(Clone, PartialEq, Eq)]
pub struct Member {
    /// Who, as the directory writes it.
    pub user_id: UserId,
    /// The name to show.
    pub name: Option<String>,
    /// Another name.
    pub alias: Option<String>,
    /// Mobile number, in no documented form.
    pub mobile: Option<String>,
    /// Personal or work e-mail; nothing says that it was verified.
    pub email: Option<String>,
    /// The corp's mailbox that WeCom allotted.
    pub biz_mail: Option<String>,
    /// URL of the picture; perhaps `http`.
    pub avatar: Option<String>,
    /// The account's state.
    pub status: Option<MemberStatus>,
}

impl Member {
    /// Only status 1 may sign in; no status is no leave.
    pub fn may_sign_in(&self) -> bool {
        self.status == Some(MemberStatus::Active)
    }

    pub(crate) fn from_reply(reply: Reply, asked: &UserId, mode: Mode) -> Result<Self, Error> {
        Ok(Self {
            user_id: same(PATH, reply.userid.as_deref(), asked, mode)?,
            name: reply.name,
            alias: reply.alias,
            mobile: reply.mobile,
            email: reply.email,
            biz_mail: reply.biz_mail,
            avatar: reply.avatar,
            status: reply.status.map(MemberStatus::from),
        })
    }
}

/// Personal data stays out of logs.
impl fmt::Debug for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Member")
            .field("user_id", &self.user_id)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// What a member consented to give. Each field is there only if the administrator selected it, the
/// member agreed and is in the visible range [D 95833].
#[derive(Clone, PartialEq, Eq)]
pub struct MemberDetail {
    /// Who.
    pub user_id: UserId,
    /// Mobile number, in no documented form.
    pub mobile: Option<String>,
    /// Personal or work e-mail; nothing says that it was verified.
    pub email: Option<String>,
    /// The corp's mailbox that WeCom allotted.
    pub biz_mail: Option<String>,
    /// URL of the picture; the default picture without consent.
    pub avatar: Option<String>,
}

impl MemberDetail {
    pub(crate) fn from_reply(reply: Reply, expected: &UserId, mode: Mode) -> Result<Self, Error> {
        Ok(Self {
            user_id: same(DETAIL_PATH, reply.userid.as_deref(), expected, mode)?,
            mobile: reply.mobile,
            email: reply.email,
            biz_mail: reply.biz_mail,
            avatar: reply.avatar,
        })
    }
}

/// Personal data stays out of logs.
impl fmt::Debug for MemberDetail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemberDetail").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

/// The fields of both replies that are read.
#[derive(Deserialize)]
pub(crate) struct Reply {
    #[serde(default, deserialize_with = "lenient::text")]
    userid: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    alias: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    mobile: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    email: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    biz_mail: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    avatar: Option<String>,
    #[serde(default, deserialize_with = "lenient::integer")]
    status: Option<i64>,
}

/// The reply's userid, which must be the one that was asked for.
fn same(
    path: &'static str,
    received: Option<&str>,
    asked: &UserId,
    mode: Mode,
) -> Result<UserId, Error> {
    let received = received.ok_or_else(|| Error::lacks(path, "userid"))?;
    let unexpected = |source| Error::UnexpectedUserId { path, source };
    let received = UserId::parse(received).map_err(unexpected)?;
    if received.is_same(asked, mode) {
        Ok(received)
    } else {
        Err(Error::Mismatch { path, field: "userid" })
    }
}
