//! `auth/getuserinfo`: who redeemed the code.

use secrecy::SecretString;
use serde::Deserialize;

use crate::{Error, UserId, lenient};

pub(crate) const PATH: &str = "cgi-bin/auth/getuserinfo";

/// Who the visitor is [D 91023, D 98176].
#[derive(Debug, Clone)]
pub enum UserInfo {
    /// A member of the corp, whether or not in the app's visible range: not yet leave to sign in.
    Member {
        /// Who.
        user_id: UserId,
        /// Key to [`crate::Client::user_detail`] for 1800 s; only after `snsapi_privateinfo`.
        user_ticket: Option<SecretString>,
    },
    /// A member of another corp that is linked with this one: the `userid` had a `/`.
    LinkedCorp,
    /// Somebody else; WeCom answers so with `errcode` 0.
    NotMember {
        /// The visitor's id with this corp.
        openid: Option<String>,
        /// If the visitor is a customer of a member in the visible range.
        external_userid: Option<String>,
    },
}

#[derive(Deserialize)]
pub(crate) struct Reply {
    #[serde(default, deserialize_with = "lenient::text")]
    userid: Option<String>,
    #[serde(default, deserialize_with = "lenient::secret")]
    user_ticket: Option<SecretString>,
    #[serde(default, deserialize_with = "lenient::text")]
    openid: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    external_userid: Option<String>,
}

impl UserInfo {
    /// Success is a `userid`, not `errcode` 0.
    pub(crate) fn from_reply(reply: Reply) -> Result<Self, Error> {
        let Reply { userid: received, user_ticket, openid, external_userid } = reply;
        match received {
            None => Ok(Self::NotMember { openid, external_userid }),
            Some(received) if received.contains('/') => Ok(Self::LinkedCorp),
            Some(received) => {
                let unexpected = |source| Error::UnexpectedUserId { path: PATH, source };
                let user_id = UserId::parse(&received).map_err(unexpected)?;
                Ok(Self::Member { user_id, user_ticket })
            }
        }
    }
}
