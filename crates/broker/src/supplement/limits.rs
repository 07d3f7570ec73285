//! Limits on looking up whose a value is, for WeCom counts as well: wrong look-ups above a fifth of
//! the corp's size block the look-ups of all its apps for a day [D 90312].
//!
//! | counted by | at most | what it stops |
//! |---|---|---|
//! | person | 3 in a day | finding out whose values are known here |
//! | corp | 10 in an hour, 30 in a day | the block, in all but small corps |
//!
//! A look-up takes a place in each window before WeCom is asked, and each place has one taker, so that
//! of many at once exactly the allowed ones ask. A place is free again when its time is over; at once,
//! if the look-up was right or was surely none: a right one does not count at WeCom, and a connection
//! that never came about is nobody's try. An answer that got lost counts, as it may count there.
//!
//! The corp's windows are the deployment's, not the tenant's: WeCom counts by corp, whoever asks.

use std::time::Duration;

use store::ephemeral::{Owner, Slot};
use store::identity::Subject;

use crate::Broker;
use crate::error::{Reason, Refused, Result};

/// Places, and how many there are of them.
type Window = (Slot<bool>, u32);

const PERSON: Window = (Slot::new("look_ups_person", Duration::from_hours(24)), 3);
const CORP: [Window; 2] = [
    (Slot::new("look_ups_corp_hour", Duration::from_hours(1)), 10),
    (Slot::new("look_ups_corp_day", Duration::from_hours(24)), 30),
];
/// A corp whose look-ups WeCom has blocked: for as long as the block may last.
const BLOCKED: Slot<bool> = Slot::new("look_ups_blocked", Duration::from_hours(24));

/// The places that a look-up has taken.
pub(super) struct Places(Vec<(Slot<bool>, String)>);

impl Broker {
    /// Takes the places of a look-up for this person, or refuses.
    pub(super) async fn take_places(&self, person: &Subject) -> Result<Places> {
        let (corp, ephemeral) = (&person.corp_id, &self.store().ephemeral);
        if ephemeral.get(&BLOCKED, Owner::Deployment, corp).await?.is_some() {
            return Err(Refused::because(Reason::UpstreamBusy));
        }
        let mut places = Places(Vec::new());
        let whose = format!("{corp}:{}", person.subject);
        if !self.take_place(&mut places, PERSON, &whose).await? {
            return Err(Refused::because(Reason::TooManyRequests));
        }
        for window in CORP {
            if !self.take_place(&mut places, window, corp).await? {
                self.give_back(places).await;
                return Err(Refused::because(Reason::UpstreamBusy));
            }
        }
        Ok(places)
    }

    async fn take_place(
        &self,
        places: &mut Places,
        (slot, at_most): Window,
        whose: &str,
    ) -> Result<bool> {
        for number in 0..at_most {
            let key = format!("{number}:{whose}");
            if self.store().ephemeral.put_new(&slot, Owner::Deployment, &key, &true).await? {
                places.0.push((slot, key));
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The look-up was right, or none. A failure costs a place until its time is over.
    pub(super) async fn give_back(&self, places: Places) {
        for (slot, key) in places.0 {
            let taken: store::Result<Option<bool>> =
                self.store().ephemeral.take(&slot, Owner::Deployment, &key).await;
            if let Err(error) = taken {
                tracing::warn!(%error, "a look-up's place could not be given back");
            }
        }
    }

    /// WeCom has blocked the look-ups of a corp: nobody asks any more.
    pub(super) async fn mark_blocked(&self, corp: &str) -> Result<()> {
        tracing::warn!(corp, "WeCom has blocked the look-ups of a corp");
        Ok(self.store().ephemeral.put(&BLOCKED, Owner::Deployment, corp, &true).await?)
    }
}
