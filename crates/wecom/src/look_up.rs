//! `user/getuserid` and `user/get_userid_by_email`: who has this number or this address. Both are
//! personal data: they are in the body of the call and nowhere else.

use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;

use crate::{Error, UserId, lenient};

pub(crate) const MOBILE_PATH: &str = "cgi-bin/user/getuserid";
pub(crate) const EMAIL_PATH: &str = "cgi-bin/user/get_userid_by_email";

/// A mobile number's shortest and longest form, in bytes [D 95402].
const MOBILE_LEN: std::ops::RangeInclusive<usize> = 5..=32;
/// WeCom names no length of an address; no address that mail can be sent to is longer, in bytes
/// (RFC 5321 §4.5.3.1.3, which counts the angle brackets too).
const EMAIL_LEN: std::ops::RangeInclusive<usize> = 1..=254;
/// Nobody in the visible range has it [D 90313].
const NOT_FOUND: i64 = 46004;

/// Which of a member's two addresses is meant [D 95895].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EmailKind {
    /// 1: the corp's mailbox that WeCom allotted, [`crate::Member::biz_mail`].
    Corp,
    /// 2: the other one, [`crate::Member::email`].
    Personal,
}

impl EmailKind {
    fn number(self) -> u8 {
        match self {
            Self::Corp => 1,
            Self::Personal => 2,
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct Reply {
    #[serde(default, deserialize_with = "lenient::text")]
    userid: Option<String>,
}

/// The body that asks for `mobile`.
pub(crate) fn by_mobile(mobile: &str) -> Result<SecretString, Error> {
    if mobile.trim().is_empty() || !MOBILE_LEN.contains(&mobile.len()) {
        return Err(Error::Length { path: MOBILE_PATH, field: "mobile" });
    }
    Ok(json!({ "mobile": mobile }).to_string().into())
}

/// The body that asks for `email`.
pub(crate) fn by_email(email: &str, kind: EmailKind) -> Result<SecretString, Error> {
    if email.trim().is_empty() || !EMAIL_LEN.contains(&email.len()) {
        return Err(Error::Length { path: EMAIL_PATH, field: "email" });
    }
    Ok(json!({ "email": email, "email_type": kind.number() }).to_string().into())
}

/// Who was found by the look-up at `path`, or nobody. The path tells its refusal from `gettoken`'s.
pub(crate) fn found(
    path: &'static str,
    reply: Result<Reply, Error>,
) -> Result<Option<UserId>, Error> {
    let received = match reply {
        Ok(reply) => reply.userid.ok_or_else(|| Error::lacks(path, "userid"))?,
        Err(Error::Api(refused)) if refused.path == path && refused.errcode == NOT_FOUND => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let unexpected = |source| Error::UnexpectedUserId { path, source };
    UserId::parse(&received).map(Some).map_err(unexpected)
}
