//! Limits on trying and on sending. A try is counted before anything is looked at, by one atomic
//! operation, so that of 500 parallel ones exactly the allowed ones are looked at (attack R2).
//!
//! | counted by | what it stops | can it keep the owner out? |
//! |---|---|---|
//! | account and address | guessing one account | for as long as its window, at the guesser's address only |
//! | account | guessing one account from many addresses | not at an address that signed in to it lately |
//! | address | guessing many accounts | not elsewhere |
//!
//! Each window stops by itself; a refused try does not make it longer.

use std::net::IpAddr;
use std::time::Duration;

use chrono::TimeDelta;
use store::audit;
use store::ephemeral::Slot;
use store::id::UserId;
use store::secret::SecretHash;
use store::tenant::Tenant;

use crate::error::{Reason, Refused, Result};
use crate::{Broker, Visitor};

/// What is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trying {
    /// A password.
    Password,
    /// A one-time code.
    Code,
}

impl Trying {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Code => "code",
        }
    }
}

/// Tries at one account from one address: the windows grow, which is the back-off.
const HERE: [(Slot<u64>, u64); 3] = [
    (Slot::new("tries_here_minute", Duration::from_mins(1)), 5),
    (Slot::new("tries_here_quarter", Duration::from_mins(15)), 10),
    (Slot::new("tries_here_day", Duration::from_hours(24)), 50),
];
/// Tries at one account from all addresses.
const ACCOUNT: (Slot<u64>, u64) = (Slot::new("tries_account", Duration::from_hours(1)), 100);
/// Tries from one address at all accounts: an office has one address.
const ADDRESS: (Slot<u64>, u64) = (Slot::new("tries_address", Duration::from_mins(10)), 300);
/// How long an address counts as one of an account's own.
const OWN_ADDRESS: TimeDelta = TimeDelta::days(30);

/// Messages to one mail address or phone number that one network asks for.
const TO: [(Slot<u64>, u64); 2] = [
    (Slot::new("sent_to_minute", Duration::from_mins(1)), 2),
    (Slot::new("sent_to_day", Duration::from_hours(24)), 15),
];
/// Messages to one mail address or phone number that all networks ask for. Its owner still gets them
/// where they signed in lately.
const TO_IN_ALL: (Slot<u64>, u64) = (Slot::new("sent_to_in_all", Duration::from_hours(24)), 60);
/// Messages that one network asks for.
const ASKED: (Slot<u64>, u64) = (Slot::new("sends_asked", Duration::from_hours(1)), 60);
/// Messages of a tenant, which pays for them.
const OF_TENANT: (Slot<u64>, u64) = (Slot::new("sent_by_tenant", Duration::from_hours(1)), 3000);

/// Registrations of apps, and changes of them, from one network: a token cannot be guessed, but what
/// it lets one ask costs us calls to other servers.
const REGISTRATIONS: (Slot<u64>, u64) = (Slot::new("registrations", Duration::from_mins(1)), 60);

/// Whose tries are counted: an account by its id, whatever it was called; a name that nobody has by
/// itself, so that the two cannot be told apart.
pub(crate) enum Target<'a> {
    /// An account.
    User(UserId),
    /// A name that nobody has, in its normal form.
    Nobody(&'a str),
}

impl Target<'_> {
    fn key(&self) -> String {
        match self {
            Self::User(user) => format!("user:{user}"),
            Self::Nobody(name) => format!("name:{name}"),
        }
    }
}

/// The network that an address counts for: a household has a whole /64 of IPv6.
pub(crate) fn network(address: Option<IpAddr>) -> String {
    match address {
        None => "unknown".to_owned(),
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

impl Broker {
    async fn within(
        &self,
        tenant: &Tenant,
        (slot, at_most): &(Slot<u64>, u64),
        key: &str,
    ) -> Result<bool> {
        Ok(self.store().ephemeral.count(slot, tenant.id, key).await? <= *at_most)
    }

    /// Counts a try. Refused beyond the limits; nothing may be looked at then.
    pub(crate) async fn count_try(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        trying: Trying,
        target: &Target<'_>,
    ) -> Result<()> {
        let (kind, whom, from) = (trying.as_str(), target.key(), network(visitor.address));
        let too_many = || Refused::because(Reason::TooManyRequests);
        let here = format!("{kind}:{whom}:{from}");
        let [minute, longer @ ..] = &HERE;
        // The shortest first: what it refuses counts nowhere else, so that neither one mad script
        // stops a whole office nor many names fill the state for a day.
        if !self.within(tenant, minute, &here).await?
            || !self.within(tenant, &ADDRESS, &format!("{kind}:{from}")).await?
        {
            return Err(too_many());
        }
        for window in longer {
            if !self.within(tenant, window, &here).await? {
                return Err(too_many());
            }
        }
        if self.within(tenant, &ACCOUNT, &format!("{kind}:{whom}")).await?
            || self.is_own_address(tenant, visitor, target).await?
        {
            return Ok(());
        }
        Err(too_many())
    }

    /// Whether the account was signed in to from this address lately: its owner is not kept out by
    /// somebody who guesses elsewhere.
    async fn is_own_address(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        target: &Target<'_>,
    ) -> Result<bool> {
        let (Target::User(user), Some(address)) = (target, visitor.address) else {
            return Ok(false);
        };
        let store = self.store();
        let since = store.env.now() - OWN_ADDRESS;
        let mut scope = store.tenant(tenant.id);
        let known = audit::signed_in_from(&mut scope, *user, since).await?;
        let is_it = |text: &String| {
            text.parse().is_ok_and(|known| network(Some(known)) == network(Some(address)))
        };
        Ok(known.iter().any(is_it))
    }

    /// A try was right: earlier ones at this account from this address are forgiven.
    pub(crate) async fn forgive_tries(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        trying: Trying,
        target: &Target<'_>,
    ) -> Result<()> {
        let key = format!("{}:{}:{}", trying.as_str(), target.key(), network(visitor.address));
        for (slot, _) in &HERE {
            let _: Option<u64> = self.store().ephemeral.take(slot, tenant.id, &key).await?;
        }
        Ok(())
    }

    /// Counts a message that is asked for, to an address and its owner's account, if there is one.
    /// Refused beyond the limits, whether anybody would get it or not.
    pub(crate) async fn count_message(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        to: &str,
        owner: &Target<'_>,
    ) -> Result<()> {
        let (too_many, from) =
            (|| Refused::because(Reason::TooManyRequests), network(visitor.address));
        if !self.within(tenant, &ASKED, &from).await? {
            return Err(too_many());
        }
        let here = format!("{to}:{from}");
        for window in &TO {
            if !self.within(tenant, window, &here).await? {
                return Err(too_many());
            }
        }
        if self.within(tenant, &TO_IN_ALL, to).await?
            || self.is_own_address(tenant, visitor, owner).await?
        {
            return Ok(());
        }
        Err(too_many())
    }

    /// Counts a call of the registration endpoint, before anything of it is looked at: by its network,
    /// and by the token that it shows. Refused beyond the limit.
    pub async fn count_registration(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        token: Option<&str>,
    ) -> Result<()> {
        let by_token = token.map(|token| format!("token:{}", SecretHash::of(token).to_text()));
        let from = format!("from:{}", network(visitor.address));
        for key in [Some(from), by_token].into_iter().flatten() {
            if !self.within(tenant, &REGISTRATIONS, &key).await? {
                return Err(Refused::because(Reason::TooManyRequests));
            }
        }
        Ok(())
    }

    /// Counts a message that is really sent. Whether the tenant still has one: what is asked for
    /// nobody costs nothing, and stops nobody.
    pub(crate) async fn may_send(&self, tenant: &Tenant) -> Result<bool> {
        self.within(tenant, &OF_TENANT, "").await
    }
}

#[cfg(test)]
mod tests {
    use super::network;

    #[test]
    fn an_ipv6_household_is_one_network() {
        let of = |text: &str| network(Some(text.parse().unwrap()));
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
