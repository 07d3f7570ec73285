//! The world, indexed for look-ups.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::{
    domain::is_registered,
    world::{App, Corp, Member, Rules, World},
};

/// Deepest department tree that WeCom allows; also ends a loop in a careless world.
const MAX_LEVELS: usize = 15;

/// An app with its visible members as a set.
pub(crate) struct Listing {
    pub(crate) app: App,
    visible: HashSet<String>,
}

impl From<App> for Listing {
    fn from(app: App) -> Self {
        let visible =
            app.visible.members.iter().map(|userid| userid.to_ascii_lowercase()).collect();
        Self { app, visible }
    }
}

/// A corp, indexed. `profile` has neither apps nor members.
pub(crate) struct Company {
    pub(crate) profile: Corp,
    pub(crate) apps: BTreeMap<i64, Listing>,
    members: BTreeMap<String, Member>,
    parents: HashMap<u32, u32>,
}

impl From<Corp> for Company {
    fn from(mut corp: Corp) -> Self {
        let apps = std::mem::take(&mut corp.apps);
        let members = std::mem::take(&mut corp.members);
        Self {
            apps: apps.into_iter().map(|app| (app.agentid, app.into())).collect(),
            members: members.into_iter().map(|m| (m.userid.to_ascii_lowercase(), m)).collect(),
            parents: corp.departments.iter().map(|d| (d.id, d.parentid)).collect(),
            profile: corp,
        }
    }
}

impl Company {
    pub(crate) fn app(&self, agentid: i64) -> Option<&App> {
        self.apps.get(&agentid).map(|listing| &listing.app)
    }

    /// Userids are looked up ignoring letter case.
    pub(crate) fn member(&self, userid: &str) -> Option<&Member> {
        self.members.get(&userid.to_ascii_lowercase())
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }

    /// The size that the limit of wrong look-ups goes by.
    pub(crate) fn size(&self) -> usize {
        let set = self.profile.size.and_then(|size| usize::try_from(size).ok());
        set.unwrap_or(self.members.len())
    }

    pub(crate) fn set_member(&mut self, member: Member) {
        self.members.insert(member.userid.to_ascii_lowercase(), member);
    }

    pub(crate) fn remove_member(&mut self, userid: &str) -> bool {
        self.members.remove(&userid.to_ascii_lowercase()).is_some()
    }

    /// Is the member in the app's visible range?
    pub(crate) fn in_range(&self, agentid: i64, member: &Member) -> bool {
        let Some(listing) = self.apps.get(&agentid) else { return false };
        let visible = &listing.app.visible;
        visible.all
            || listing.visible.contains(&member.userid.to_ascii_lowercase())
            || member.department.iter().any(|id| self.is_under(*id, &visible.departments))
    }

    /// Has any app of the corp this trusted domain?
    pub(crate) fn trusts(&self, domain: &str) -> bool {
        self.apps.values().any(|l| is_registered(l.app.trusted_domain.as_deref(), domain))
    }

    fn is_under(&self, mut department: u32, above: &[u32]) -> bool {
        for _ in 0..MAX_LEVELS {
            if above.contains(&department) {
                return true;
            }
            match self.parents.get(&department) {
                Some(parent) => department = *parent,
                None => return false,
            }
        }
        false
    }

    fn to_corp(&self) -> Corp {
        Corp {
            apps: self.apps.values().map(|listing| listing.app.clone()).collect(),
            members: self.members.values().cloned().collect(),
            ..self.profile.clone()
        }
    }
}

/// All corps by id, and the rules.
pub(crate) struct Directory {
    pub(crate) rules: Rules,
    corps: BTreeMap<String, Company>,
}

impl From<World> for Directory {
    fn from(world: World) -> Self {
        let corps = world.corps.into_iter().map(|c| (c.corp_id.clone(), c.into())).collect();
        Self { rules: world.rules, corps }
    }
}

impl Directory {
    pub(crate) fn corp(&self, corp_id: &str) -> Option<&Company> {
        self.corps.get(corp_id)
    }

    pub(crate) fn corp_mut(&mut self, corp_id: &str) -> Option<&mut Company> {
        self.corps.get_mut(corp_id)
    }

    pub(crate) fn corps(&self) -> impl Iterator<Item = &Company> {
        self.corps.values()
    }

    pub(crate) fn to_world(&self) -> World {
        World {
            corps: self.corps.values().map(Company::to_corp).collect(),
            rules: self.rules.clone(),
        }
    }
}

/// The rule for userids [D 90195].
pub(crate) fn is_userid(text: &str) -> bool {
    text.len() <= 64
        && text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.@-".contains(&b))
}
