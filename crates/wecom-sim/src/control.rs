//! The handle that tests and the demo drive the simulator with.

use std::sync::Arc;

use crate::{
    directory::{Company, is_userid},
    error::Error,
    fault::Fault,
    journal::Call,
    lookups::{Limit, WrongLookups},
    state::State,
    tokens::Invalidation,
    world::{App, Member, Rules, World},
};

/// Drives a simulator. Cheap to clone; every method takes effect before it returns.
#[derive(Clone)]
pub struct Control(Arc<State>);

impl Control {
    pub(crate) fn new(state: Arc<State>) -> Self {
        Self(state)
    }

    /// The world as it is.
    pub fn world(&self) -> World {
        self.0.world().to_world()
    }

    /// Replaces the world. Tokens, codes and consents stay as they are.
    pub fn set_world(&self, world: World) {
        *self.0.world_mut() = world.into();
    }

    /// Changes the rules that the documentation leaves open.
    pub fn edit_rules(&self, edit: impl FnOnce(&mut Rules)) {
        edit(&mut self.0.world_mut().rules);
    }

    /// A member, by userid ignoring letter case.
    pub fn member(&self, corp: &str, userid: &str) -> Option<Member> {
        self.0.world().corp(corp)?.member(userid).cloned()
    }

    /// Adds a member, or replaces the one whose userid differs in letter case at most.
    ///
    /// # Errors
    /// [`Error::UnknownCorp`], [`Error::InvalidUserid`].
    pub fn set_member(&self, corp: &str, member: Member) -> Result<(), Error> {
        if !is_userid(&member.userid) {
            return Err(Error::InvalidUserid(member.userid));
        }
        self.edit_corp(corp, |company| company.set_member(member))
    }

    /// Removes a member: gone from the directory, as after leaving.
    ///
    /// # Errors
    /// [`Error::UnknownCorp`], [`Error::UnknownMember`].
    pub fn remove_member(&self, corp: &str, userid: &str) -> Result<(), Error> {
        if self.edit_corp(corp, |company| company.remove_member(userid))? {
            return Ok(());
        }
        Err(Error::UnknownMember { corp: corp.to_owned(), userid: userid.to_owned() })
    }

    /// Changes anything of an app but its agentid.
    ///
    /// # Errors
    /// [`Error::UnknownCorp`], [`Error::UnknownApp`].
    pub fn edit_app(
        &self,
        corp: &str,
        agentid: i64,
        edit: impl FnOnce(&mut App),
    ) -> Result<(), Error> {
        let unknown = || Error::UnknownApp { corp: corp.to_owned(), agentid };
        self.edit_corp(corp, |company| {
            let listing = company.apps.get_mut(&agentid).ok_or_else(unknown)?;
            let mut app = listing.app.clone();
            edit(&mut app);
            app.agentid = agentid;
            *listing = app.into();
            Ok(())
        })?
    }

    /// Resets an app's secret: the old one is wrong from now on, tokens live on.
    ///
    /// # Errors
    /// As [`Control::edit_app`].
    pub fn set_secret(&self, corp: &str, agentid: i64, secret: &str) -> Result<(), Error> {
        self.edit_app(corp, agentid, |app| secret.clone_into(&mut app.secret))
    }

    /// Disables or enables an app.
    ///
    /// # Errors
    /// As [`Control::edit_app`].
    pub fn set_closed(&self, corp: &str, agentid: i64, closed: bool) -> Result<(), Error> {
        self.edit_app(corp, agentid, |app| app.closed = closed)
    }

    /// Sets an app's OAuth trusted domain, `host[:port]`.
    ///
    /// # Errors
    /// As [`Control::edit_app`].
    pub fn set_trusted_domain(
        &self,
        corp: &str,
        agentid: i64,
        domain: Option<&str>,
    ) -> Result<(), Error> {
        self.edit_app(corp, agentid, |app| app.trusted_domain = domain.map(str::to_owned))
    }

    /// Sets an app's Web-login callback domain, `host[:port]`.
    ///
    /// # Errors
    /// As [`Control::edit_app`].
    pub fn set_web_login_callback_domain(
        &self,
        corp: &str,
        agentid: i64,
        domain: Option<&str>,
    ) -> Result<(), Error> {
        let domain = domain.map(str::to_owned);
        self.edit_app(corp, agentid, |app| app.web_login_callback_domain = domain)
    }

    /// Sets an app's trusted IPs; `None` stops checking.
    ///
    /// # Errors
    /// As [`Control::edit_app`].
    pub fn set_trusted_ips(
        &self,
        corp: &str,
        agentid: i64,
        ips: Option<Vec<String>>,
    ) -> Result<(), Error> {
        self.edit_app(corp, agentid, |app| app.trusted_ips = ips)
    }

    /// Sets who is signed in in clients that have no `sim_member` cookie: a userid,
    /// `openid:…` or `linked:CorpId/userid`.
    ///
    /// # Errors
    /// [`Error::UnknownCorp`].
    pub fn set_client_member(&self, corp: &str, member: Option<&str>) -> Result<(), Error> {
        let member = member.map(str::to_owned);
        self.edit_corp(corp, |company| company.profile.client_member = member)
    }

    /// Kills access tokens now, of one corp or all, of one app or all. Returns how many.
    pub fn invalidate_tokens(
        &self,
        corp: Option<&str>,
        agentid: Option<i64>,
        how: Invalidation,
    ) -> usize {
        self.0.tokens.invalidate(corp, agentid, how)
    }

    /// Lifts all blocks and counts of wrong secrets.
    pub fn lift_bans(&self) {
        self.0.bans.lift();
    }

    /// What the corp's wrong look-ups by mobile number and mail have come to.
    ///
    /// # Errors
    /// [`Error::UnknownCorp`].
    pub fn wrong_lookups(&self, corp: &str) -> Result<WrongLookups, Error> {
        let world = self.0.world();
        let company = world.corp(corp).ok_or_else(|| Error::UnknownCorp(corp.to_owned()))?;
        let limit = Limit::of(&world.rules, company);
        Ok(self.0.lookups.told(self.0.now(), corp, limit))
    }

    /// Lifts all blocks and counts of wrong look-ups.
    pub fn forget_wrong_lookups(&self) {
        self.0.lookups.forget();
    }

    /// Forgets which consents were given within the last 30 days.
    pub fn forget_consents(&self) {
        self.0.forget_consents();
    }

    /// Injects a fault.
    pub fn inject(&self, fault: Fault) {
        self.0.faults.inject(fault);
    }

    /// The faults that are still to come.
    pub fn faults(&self) -> Vec<Fault> {
        self.0.faults.list()
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.0.faults.clear();
    }

    /// The last 10,000 calls, the oldest first. A call stands here before its answer is sent.
    pub fn journal(&self) -> Vec<Call> {
        self.0.journal.calls()
    }

    /// The journal's calls of one path.
    pub fn calls_of(&self, path: &str) -> Vec<Call> {
        let mut calls = self.journal();
        calls.retain(|call| call.path == path);
        calls
    }

    /// Empties the journal.
    pub fn clear_journal(&self) {
        self.0.journal.clear();
    }

    /// Switches the journal on (as at first) or off, for measurements.
    pub fn switch_journal(&self, on: bool) {
        self.0.journal.switch(on);
    }

    fn edit_corp<R>(&self, corp: &str, edit: impl FnOnce(&mut Company) -> R) -> Result<R, Error> {
        let mut world = self.0.world_mut();
        let company = world.corp_mut(corp).ok_or_else(|| Error::UnknownCorp(corp.to_owned()))?;
        Ok(edit(company))
    }
}
