//! Trying a sign-in out: which decision a person would get, by which rule, and why the others don't
//! hit. Asks [`look`], which decides the real ones; writes nothing.

use std::time::Duration;

use store::Env;
use store::app::App;
use store::candidate::{self, Candidate, Wanted};
use store::ephemeral::Slot;
use store::id::{SourceId, TenantId};
use store::identity::LinkedUser;
use store::normal::{Email, Handle, Phone};
use store::source::{self, Source, Status};
use store::user::Profile;
use wecom::UserId as Userid;

use super::{Links, TooMany};
use crate::associate::{Looked, look};
use crate::complete::consent_source_for;
use crate::decide::{Decision, RuleReport};
use crate::error::{Reason, Result};
use crate::upstream::{UpstreamFault, UpstreamIdentity, UpstreamValues};
use crate::wecom::subject_of;

/// Members read live for one source: at most [`PER_SOURCE`] in its time.
const SOURCE_READS: Slot<u64> = Slot::new("simulated_reads", Duration::from_mins(1));
/// And for one tenant: at most [`PER_TENANT`] in its time.
const TENANT_READS: Slot<u64> = Slot::new("simulated_reads_tenant", Duration::from_hours(1));
const PER_SOURCE: u64 = 10;
const PER_TENANT: u64 = 200;

/// Whom a simulation is about.
#[derive(Clone)]
pub enum Asked {
    /// A person as typed.
    Typed(Userid, UpstreamValues),
    /// A member, as WeCom tells now.
    Live(Userid),
}

/// Personal data stays out of logs.
impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Asked")
    }
}

/// A value of the person, as the rules see it.
#[derive(Clone, PartialEq, Eq)]
pub struct Value {
    /// Which.
    pub name: &'static str,
    /// Whether there is one.
    pub given: bool,
    /// Its normal form, which is what is compared; none if it has none.
    pub compared: Option<String>,
}

/// Personal data stays out of logs.
impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Value").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What WeCom answered when a member was read.
#[derive(Debug, Clone)]
pub struct LiveRead {
    /// Why WeCom did not tell.
    pub fault: Option<UpstreamFault>,
    /// Whether the answer has a mobile number.
    pub mobile: bool,
}

/// What a sign-in would come to.
#[derive(Debug, Clone)]
pub struct Simulation {
    /// Why nobody gets as far as the decision at present.
    pub unusable: Option<Reason>,
    /// The decision.
    pub decision: Decision,
    /// What each rule came to; empty where none was looked at.
    pub rules: Vec<RuleReport>,
    /// The link that the person has.
    pub linked: Option<LinkedUser>,
    /// Accounts that have one of the values unverified: nothing proves that they are the person's.
    pub unverified: Vec<Candidate>,
    /// The values.
    pub values: Vec<Value>,
    /// What was read live, if it was.
    pub read: Option<LiveRead>,
}

impl Links {
    /// Counts a live read. Ask before each simulation with [`Asked::Live`].
    pub async fn admit_read(
        &self,
        tenant: TenantId,
        source: SourceId,
    ) -> store::Result<Result<(), TooMany>> {
        let ephemeral = &self.store.ephemeral;
        if ephemeral.count(&SOURCE_READS, tenant, source.0.as_bytes()).await? > PER_SOURCE {
            return Ok(Err(TooMany { retry_after: SOURCE_READS.ttl().as_secs() }));
        }
        if ephemeral.count(&TENANT_READS, tenant, tenant.0.as_bytes()).await? > PER_TENANT {
            return Ok(Err(TooMany { retry_after: TENANT_READS.ttl().as_secs() }));
        }
        Ok(Ok(()))
    }

    /// What a sign-in by this source for this app would come to.
    pub async fn simulate(
        &self,
        tenant: TenantId,
        source: &Source,
        app: &App,
        asked: Asked,
    ) -> Result<Simulation> {
        let unusable = self.unusable(tenant, source, app).await?;
        let (person, read) = match asked {
            Asked::Typed(userid, values) => (typed(&self.store.env, source, &userid, values), None),
            Asked::Live(userid) => match self.read(tenant, source, &userid).await {
                Ok(person) => {
                    let mobile = person.values.mobile.is_some();
                    (person, Some(LiveRead { fault: None, mobile }))
                }
                Err(fault) => return Ok(unread(unusable, fault)),
            },
        };
        let mut scope = self.store.tenant(tenant);
        let consent = consent_source_for(&mut scope, Some(app.id), source).await?.is_some();
        let looked = look(&mut scope, source, Some(app), &person, consent).await?;
        let unverified = candidate::unverified(&mut scope, &source.corp_id, &looked.wanted).await?;
        let Looked { linked, verdict, wanted } = looked;
        Ok(Simulation {
            unusable,
            decision: verdict.decision,
            rules: verdict.rules,
            linked,
            unverified,
            values: values(&person, &wanted),
            read,
        })
    }

    /// As the sign-in looks at app and source before it begins.
    async fn unusable(
        &self,
        tenant: TenantId,
        source: &Source,
        app: &App,
    ) -> Result<Option<Reason>> {
        if app.status != Status::Active {
            return Ok(Some(Reason::AppDisabled));
        }
        let mut scope = self.store.tenant(tenant);
        let usable = source::usable(&mut scope, app.id, &source.identifier).await?;
        Ok(match usable {
            None => Some(Reason::SourceDisabled),
            Some(source) if source.misconfigured.is_some() => Some(Reason::SourceMisconfigured),
            Some(_) => None,
        })
    }

    async fn read(
        &self,
        tenant: TenantId,
        source: &Source,
        userid: &Userid,
    ) -> Result<UpstreamIdentity, UpstreamFault> {
        // One more wrong secret and WeCom bans the address of all tenants [D 90312].
        if source.misconfigured.is_some() {
            return Err(UpstreamFault::plain(Reason::SourceMisconfigured));
        }
        self.wecom.read(tenant, source, userid).await
    }
}

/// A person as an administrator describes them, as if WeCom had said so now.
pub(super) fn typed(
    env: &Env,
    source: &Source,
    userid: &Userid,
    values: UpstreamValues,
) -> UpstreamIdentity {
    let subject = subject_of(&source.corp_id, userid, source.mode);
    UpstreamIdentity { subject, profile: Profile::default(), values, proven_at: env.now() }
}

/// WeCom does not tell who it is: the sign-in would be refused for the same reason.
fn unread(unusable: Option<Reason>, fault: UpstreamFault) -> Simulation {
    Simulation {
        unusable,
        decision: Decision::Refuse(fault.reason),
        rules: Vec::new(),
        linked: None,
        unverified: Vec::new(),
        values: Vec::new(),
        read: Some(LiveRead { fault: Some(fault), mobile: false }),
    }
}

fn values(person: &UpstreamIdentity, wanted: &Wanted) -> Vec<Value> {
    let values = &person.values;
    let value = |name, given: bool, key: Option<&str>| Value {
        name,
        given,
        compared: key.map(str::to_owned),
    };
    let email = |email: &Option<Email>| email.as_ref().map(|it| it.key().to_owned());
    vec![
        value("mobile", values.mobile.is_some(), wanted.mobile.as_ref().map(Phone::key)),
        value("email", values.email.is_some(), email(&wanted.email).as_deref()),
        value("biz_mail", values.biz_mail.is_some(), email(&wanted.biz_mail).as_deref()),
        value("userid", true, wanted.userid.as_ref().map(Handle::key)),
    ]
}
