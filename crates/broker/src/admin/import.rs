//! Links in bulk, so that people are known at their first sign-in.

use std::collections::{HashMap, HashSet};

use store::id::{CorpId, UserId};
use store::normal::Handle;
use store::source::SourceMode;
use store::{TenantWrite, account, corp};
use wecom::UserId as Userid;

use super::link::default_mode;
use super::{By, Links, Refusal, Result, Wish};
use crate::wecom::subject_of;

/// By what a line names its user.
#[derive(Debug, Clone)]
pub enum Account {
    /// By its id.
    Id(UserId),
    /// By its external id.
    ExternalId(Handle),
    /// By its user name.
    Username(Handle),
}

/// A link to be made.
#[derive(Debug, Clone)]
pub struct Line {
    /// Our id of the corp.
    pub corp: CorpId,
    /// The person.
    pub userid: String,
    /// Whose app the id is of; by the corp's sources, if it is not said.
    pub mode: Option<SourceMode>,
    /// The user.
    pub account: Account,
}

/// An import in parts, each of which is a transaction of the caller's.
#[derive(Debug)]
pub struct Import<'a> {
    links: &'a Links,
    by: By,
    allow_second: bool,
    /// WeCom's id of each corp, and whose apps its sources are, if that is clear.
    corps: HashMap<CorpId, (String, Option<SourceMode>)>,
    /// What earlier parts linked: a dry run's are rolled back, and later ones have to know.
    persons: HashMap<(String, String), UserId>,
    users: HashSet<(UserId, String)>,
}

impl Links {
    /// Begins an import. `allow_second`: users may get a second identity of a corp.
    #[must_use]
    pub fn import(&self, by: By, allow_second: bool) -> Import<'_> {
        Import {
            links: self,
            by,
            allow_second,
            corps: HashMap::new(),
            persons: HashMap::new(),
            users: HashSet::new(),
        }
    }
}

impl Import<'_> {
    /// Makes the link of a line, if it is not there already: whether it is new. After a refusal the
    /// transaction can go on.
    pub async fn line(&mut self, tx: &mut TenantWrite, line: &Line) -> Result<bool> {
        let (corp_id, mode) = self.corp(tx, line).await?;
        let subject = subject_of(&corp_id, &Userid::parse(&line.userid)?, mode);
        let user = match &line.account {
            Account::Id(id) => Some(*id),
            Account::ExternalId(id) => account::find_by_external_id(tx, id).await?,
            Account::Username(name) => account::find_by_username(tx, name).await?,
        };
        let user = user.ok_or(Refusal::NotFound)?;
        let key = (corp_id.clone(), subject.subject.clone());
        match self.persons.get(&key) {
            Some(earlier) if *earlier == user => return Ok(false),
            Some(earlier) => return Err(Refusal::LinkedElsewhere(*earlier)),
            None => {}
        }
        if !self.allow_second && self.users.contains(&(user, corp_id.clone())) {
            return Err(Refusal::SecondIdentity);
        }
        let wish = Wish { user, subject, allow_second: self.allow_second };
        let linked = self.links.link(tx, &self.by, &wish).await?;
        self.persons.insert(key, user);
        self.users.insert((user, corp_id));
        Ok(linked.new)
    }

    /// The corp of a line, looked up once, and whose app its userid is of.
    async fn corp(&mut self, tx: &mut TenantWrite, line: &Line) -> Result<(String, SourceMode)> {
        let (corp_id, default) = if let Some(known) = self.corps.get(&line.corp) {
            known.clone()
        } else {
            let corp = corp::find(tx, line.corp).await?.ok_or(Refusal::NoCorp)?;
            let mode = match default_mode(tx, &corp).await {
                Ok(mode) => Some(mode),
                Err(Refusal::ModeNeeded) => None,
                Err(other) => return Err(other),
            };
            self.corps.insert(line.corp, (corp.corp_id.clone(), mode));
            (corp.corp_id, mode)
        };
        Ok((corp_id, line.mode.or(default).ok_or(Refusal::ModeNeeded)?))
    }

    /// The corps that lines were of.
    #[must_use]
    pub fn corps(&self) -> Vec<CorpId> {
        let mut corps: Vec<CorpId> = self.corps.keys().copied().collect();
        corps.sort_unstable();
        corps
    }
}
