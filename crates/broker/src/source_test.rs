//! An administrator's test of a source: does WeCom accept what was saved, step by step, and what is
//! to be done where it does not (peers' pains 1 and 2).
//!
//! A wrong secret that is sent several times bans our address for an hour, for all tenants behind it
//! [D 90312]. So a test asks for a token once, with the saved secret, and there may be few tests.

use std::net::IpAddr;
use std::time::Duration;

use store::Store;
use store::ephemeral::Slot;
use store::id::{SourceId, TenantId};
use store::source::{Misconfigured, Source, SourceKind};
use store::tenant::Tenant;
use wecom::{Agent, AgentId};

use crate::wecom::WeCom;

mod texts;

/// Tests of one source: at most [`PER_SOURCE`] in its time.
const SOURCE_TESTS: Slot<u64> = Slot::new("source_test", Duration::from_mins(1));
/// Tests of one tenant: at most [`PER_TENANT`] in its time.
const TENANT_TESTS: Slot<u64> = Slot::new("source_test_tenant", Duration::from_hours(1));
const PER_SOURCE: u64 = 3;
const PER_TENANT: u64 = 20;

/// What a step looks at, in the order of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// WeCom knows the corp.
    CorpId,
    /// The secret is one of that corp.
    Secret,
    /// Secret and agent id are of one app, and it is enabled.
    AgentId,
    /// Somebody may use the app.
    VisibleRange,
    /// The app's trusted domain is the tenant's host.
    RedirectDomain,
    /// The app's callback domain for the web login is the tenant's host.
    WebLoginCallbackDomain,
    /// WeCom takes calls from our address.
    TrustedIp,
}

impl Check {
    /// Every check, in the order of the report.
    pub const ALL: [Self; 7] = [
        Self::CorpId,
        Self::Secret,
        Self::AgentId,
        Self::VisibleRange,
        Self::RedirectDomain,
        Self::WebLoginCallbackDomain,
        Self::TrustedIp,
    ];

    /// Its name in the report.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CorpId => "corp_id",
            Self::Secret => "secret",
            Self::AgentId => "agent_id",
            Self::VisibleRange => "visible_range",
            Self::RedirectDomain => "redirect_domain",
            Self::WebLoginCallbackDomain => "web_login_callback_domain",
            Self::TrustedIp => "trusted_ip",
        }
    }
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is right.
    Pass,
    /// It is wrong.
    Fail,
    /// WeCom does not say.
    CannotTell,
    /// An earlier step has to pass first, or this kind of source has no need of it.
    Skipped,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 4] = [Self::Pass, Self::Fail, Self::CannotTell, Self::Skipped];

    /// Its name in the report.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::CannotTell => "cannot_tell",
            Self::Skipped => "skipped",
        }
    }
}

/// A sentence for administrators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advice {
    /// In Chinese.
    pub zh: &'static str,
    /// In English.
    pub en: &'static str,
}

/// One step of a report.
#[derive(Debug, Clone)]
pub struct Step {
    /// What was looked at.
    pub check: Check,
    /// How it ended.
    pub verdict: Verdict,
    /// WeCom's error code, where one decided.
    pub errcode: Option<i64>,
    /// WeCom's reference for its support.
    pub hint: Option<String>,
    /// Our address as WeCom saw it.
    pub from_ip: Option<IpAddr>,
    /// What to do; none where the step passed.
    pub advice: Option<Advice>,
    /// The page of WeCom's console, as it is written there.
    pub console_page: &'static str,
}

/// What a test means for the source's mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// WeCom accepts the credentials: lift it.
    Lift,
    /// WeCom refuses the credentials: set it.
    Set(Misconfigured),
    /// Nothing is known: leave it.
    Keep,
}

/// The report of a test.
#[derive(Debug, Clone)]
pub struct Report {
    /// Its steps, one for each [`Check`], in that order.
    pub steps: Vec<Step>,
    /// What it means for the source's mark.
    pub mark: Mark,
}

/// There were too many tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany {
    /// Seconds after which another may succeed.
    pub retry_after: u64,
}

/// Tests sources. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Tester {
    wecom: WeCom,
    store: Store,
}

impl Tester {
    /// A tester that calls by this client and counts in this store.
    #[must_use]
    pub fn new(wecom: WeCom, store: Store) -> Self {
        Self { wecom, store }
    }

    /// Counts a test. Ask before each [`run`](Self::run).
    pub async fn admit(
        &self,
        tenant: TenantId,
        source: SourceId,
    ) -> store::Result<Result<(), TooMany>> {
        let ephemeral = &self.store.ephemeral;
        if ephemeral.count(&SOURCE_TESTS, tenant, source.0.as_bytes()).await? > PER_SOURCE {
            return Ok(Err(TooMany { retry_after: SOURCE_TESTS.ttl().as_secs() }));
        }
        if ephemeral.count(&TENANT_TESTS, tenant, tenant.0.as_bytes()).await? > PER_TENANT {
            return Ok(Err(TooMany { retry_after: TENANT_TESTS.ttl().as_secs() }));
        }
        Ok(Ok(()))
    }

    /// Asks WeCom with the saved credentials: `gettoken` once [D 91039], then `agent/get`
    /// [D 90227]. Takes no longer than the client's time-outs. Writes nothing; the caller applies
    /// [`Report::mark`].
    pub async fn run(&self, tenant: &Tenant, source: &Source) -> store::Result<Report> {
        let credentials = self.wecom.credentials(tenant.id, source)?;
        let client = self.wecom.client();
        let mut report = Draft::new(source.kind);
        let mark = match client.verify_secret(&credentials).await {
            Ok(()) => Mark::Lift,
            Err(error) => {
                let mark = self.mark(&error);
                report.token_refused(&error);
                return Ok(Report { steps: report.steps, mark });
            }
        };
        report.set(Check::CorpId, Verdict::Pass);
        report.set(Check::Secret, Verdict::Pass);
        let agent_id = AgentId(u64::try_from(source.agent_id).unwrap_or(0));
        match client.agent(&credentials, agent_id).await {
            Ok(agent) => report.agent(&agent, &tenant.host),
            Err(error) => report.agent_refused(&error),
        }
        Ok(Report { steps: report.steps, mark })
    }

    fn mark(&self, error: &wecom::Error) -> Mark {
        match error.api() {
            Some(api) if api.misconfigured => Mark::Set(Misconfigured {
                errcode: api.errcode,
                hint: api.hint.clone(),
                at: self.store.env.now(),
            }),
            _ => Mark::Keep,
        }
    }
}

/// A report in the making: every step skipped, until its turn comes.
struct Draft {
    kind: SourceKind,
    steps: Vec<Step>,
}

impl Draft {
    fn new(kind: SourceKind) -> Self {
        let skipped = |check: Check| Step {
            check,
            verdict: Verdict::Skipped,
            errcode: None,
            hint: None,
            from_ip: None,
            advice: None,
            console_page: texts::console_page(check),
        };
        let mut draft = Self { kind, steps: Check::ALL.map(skipped).into() };
        if kind == SourceKind::WecomQr {
            // No API shows it; only a sign-in proves it.
            draft.set(Check::WebLoginCallbackDomain, Verdict::CannotTell);
        }
        draft
    }

    fn set(&mut self, check: Check, verdict: Verdict) {
        self.change(check, |step| {
            step.verdict = verdict;
            step.advice = match verdict {
                Verdict::Pass | Verdict::Skipped => None,
                Verdict::Fail | Verdict::CannotTell => Some(texts::advice(check)),
            };
        });
    }

    fn change(&mut self, check: Check, change: impl FnOnce(&mut Step)) {
        if let Some(step) = self.steps.iter_mut().find(|step| step.check == check) {
            change(step);
        }
    }

    /// Ends a step by what WeCom, or the way to it, answered.
    fn end(&mut self, check: Check, verdict: Verdict, error: &wecom::Error) {
        self.set(check, verdict);
        self.change(check, |step| match error.api() {
            Some(api) => {
                step.errcode = Some(api.errcode);
                step.hint.clone_from(&api.hint);
                step.from_ip = api.from_ip;
                if let Some(remedy) = wecom::remedy(api.errcode) {
                    step.advice = Some(Advice { zh: remedy.zh, en: remedy.en });
                } else if verdict == Verdict::CannotTell {
                    step.advice = Some(texts::LATER);
                }
            }
            None => step.advice = Some(texts::way(error)),
        });
    }

    fn token_refused(&mut self, error: &wecom::Error) {
        match error.api().map(|api| api.errcode) {
            Some(40013) => self.end(Check::CorpId, Verdict::Fail, error),
            // WeCom looks at the corp id first.
            Some(40001 | 40091) => {
                self.set(Check::CorpId, Verdict::Pass);
                self.end(Check::Secret, Verdict::Fail, error);
            }
            Some(60020) => {
                self.set(Check::CorpId, Verdict::CannotTell);
                self.set(Check::Secret, Verdict::CannotTell);
                self.end(Check::TrustedIp, Verdict::Fail, error);
            }
            _ => {
                self.end(Check::CorpId, Verdict::CannotTell, error);
                self.end(Check::Secret, Verdict::CannotTell, error);
            }
        }
    }

    fn agent_refused(&mut self, error: &wecom::Error) {
        match error.api().map(|api| api.errcode) {
            Some(60020) => {
                self.set(Check::AgentId, Verdict::CannotTell);
                self.end(Check::TrustedIp, Verdict::Fail, error);
            }
            Some(40056 | 301_002 | 50003) => {
                self.end(Check::AgentId, Verdict::Fail, error);
                self.set(Check::TrustedIp, Verdict::CannotTell);
            }
            _ => {
                self.end(Check::AgentId, Verdict::CannotTell, error);
                self.set(Check::TrustedIp, Verdict::CannotTell);
            }
        }
    }

    fn agent(&mut self, agent: &Agent, host: &str) {
        if agent.closed == Some(true) {
            self.set(Check::AgentId, Verdict::Fail);
            self.change(Check::AgentId, |step| step.advice = Some(texts::ENABLE));
        } else {
            self.set(Check::AgentId, Verdict::Pass);
        }
        let nobody = agent.visible_range.is_empty();
        self.set(Check::VisibleRange, if nobody { Verdict::Fail } else { Verdict::Pass });
        self.set(Check::TrustedIp, Verdict::Pass);
        let domain = match agent.redirect_domain.as_deref() {
            None => Verdict::CannotTell,
            Some(domain) if domain.eq_ignore_ascii_case(host) => Verdict::Pass,
            // The web login also takes its own callback domain, which WeCom does not show [D 98152].
            Some(_) if self.kind == SourceKind::WecomQr => Verdict::CannotTell,
            Some(_) => Verdict::Fail,
        };
        self.set(Check::RedirectDomain, domain);
    }
}
