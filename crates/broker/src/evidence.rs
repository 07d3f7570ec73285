//! What an account was proved by, as it was then: looked at again in the transaction that rests on it,
//! so that whoever recovers an account in between shuts everybody else out (attack M10).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use store::id::{IdentityId, UserId};
use store::identity::{self, LinkStatus};
use store::normal::{Email, Phone};
use store::policy::Proof;
use store::{TenantWrite, account, departure, password};

use crate::codes::Address;
use crate::error::Result;

/// What an account was proved by.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Evidence {
    /// The password that was chosen then.
    Password(DateTime<Utc>),
    /// A code that went to this mail address.
    Email(String),
    /// A code that went to this number.
    Phone(String),
    /// A sign-in by this link, whose person was proven to be a member at this time.
    Link(IdentityId, DateTime<Utc>),
}

impl From<&Address> for Evidence {
    fn from(address: &Address) -> Self {
        match address {
            Address::Email(email) => Self::Email(email.as_str().to_owned()),
            Address::Phone(phone) => Self::Phone(phone.as_str().to_owned()),
        }
    }
}

impl Evidence {
    /// Which proof it is.
    pub fn proof(&self) -> Proof {
        match self {
            Self::Password(_) => Proof::Password,
            Self::Email(_) => Proof::EmailCode,
            Self::Phone(_) => Proof::SmsCode,
            Self::Link(..) => Proof::Source,
        }
    }

    /// Whether it still proves this account, whose row the transaction holds.
    pub(crate) async fn holds(&self, tx: &mut TenantWrite, user: UserId) -> Result<bool> {
        match self {
            Self::Password(chosen) => {
                let now = password::find(tx, user).await?;
                Ok(now.is_some_and(|password| password.changed_at == *chosen))
            }
            Self::Email(text) => {
                let email = Email::parse(text).ok();
                let owner = account::by_address(tx, email.as_ref(), None).await?;
                Ok(owner.is_some_and(|owner| owner.id == user))
            }
            Self::Phone(text) => {
                let phone = Phone::parse(text).ok();
                let owner = account::by_address(tx, None, phone.as_ref()).await?;
                Ok(owner.is_some_and(|owner| owner.id == user))
            }
            Self::Link(id, proven_at) => {
                let link = identity::find(tx, *id).await?;
                Ok(link.is_some_and(|link| {
                    link.user_id == user
                        && link.status == LinkStatus::Active
                        && !departure::is_since(link.left_at, *proven_at)
                }))
            }
        }
    }
}
