//! What rules of a source would do, before they are switched on.

use actix_web::post;
use broker::admin::{Found, Report, Sum};
use broker::upstream::UpstreamValues;
use serde::Serialize;
use serde_json::{Value, json};
use store::policy::MatchRule;
use store::survey::Survey;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::Answer;
use crate::caller::TenantUpload;
use crate::fields::{self, Context, Fields, Input};
use crate::lines::{Faults, LineFault, Lines, object};
use crate::problem::{MALFORMED_JSON, Problem, Result};
use crate::simulate::{SimulatedPerson, person};
use crate::source_policy::{MatchRuleBody, match_rules};
use crate::sources::{find, record};

/// Most persons of a report.
const PERSONS: usize = 10_000;

/// The rules in question: the first line of the body.
#[derive(ToSchema)]
pub(crate) struct NewRuleReport {
    /// The rules; those of the source, without this field.
    #[schema(value_type = Vec<MatchRuleBody>, required = false, max_items = 10)]
    rules: Option<Vec<MatchRule>>,
}

impl Input for NewRuleReport {
    fn read(fields: &mut Fields, _: Context<'_>) -> Option<Self> {
        let rules = fields.optional("rules", |value| match_rules(value, None));
        Some(Self { rules: rules? })
    }
}

/// What rules would do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RuleReportView {
    /// What the tenant's users have that rules could find them by.
    accounts: AccountsView,
    /// How many persons were listed and could be read.
    persons: u64,
    /// What would become of them; outcomes that don't come are left out.
    outcomes: Vec<OutcomeView>,
    /// Users whom the rules find for several of the persons: only the first one who comes gets it.
    contested: Vec<Uuid>,
    /// How many lines could not be read.
    bad_lines: u64,
    /// The first 1,000 of them.
    errors: Vec<LineFault>,
}

/// What a tenant's users have. Tombstones don't count.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AccountSurvey)]
pub(crate) struct AccountsView {
    /// All users.
    users: i64,
    /// With a verified phone number, which `mobile` compares.
    verified_phones: i64,
    /// With one that is not verified: ignored.
    unverified_phones: i64,
    /// Numbers that several users have unverified.
    repeated_phones: i64,
    /// With a verified mail address, which `email` and `biz_mail` compare.
    verified_emails: i64,
    /// With one that is not verified: ignored.
    unverified_emails: i64,
    /// Addresses that several users have unverified.
    repeated_emails: i64,
    /// With a user name, which `userid_username` compares.
    usernames: i64,
    /// With an external id, which `userid_external_id` compares.
    external_ids: i64,
}

impl From<Survey> for AccountsView {
    fn from(survey: Survey) -> Self {
        Self {
            users: survey.users,
            verified_phones: survey.verified_phones,
            unverified_phones: survey.unverified_phones,
            repeated_phones: survey.repeated_phones,
            verified_emails: survey.verified_emails,
            unverified_emails: survey.unverified_emails,
            repeated_emails: survey.repeated_emails,
            usernames: survey.usernames,
            external_ids: survey.external_ids,
        }
    }
}

/// An outcome, and how often it came.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RuleOutcome)]
pub(crate) struct OutcomeView {
    /// What would become of a person: `linked` already; `matched` with one user; `ambiguous`, several
    /// users; `other_identity`, a user who has another identity of the corp; `suspended`, a suspended
    /// user; `unmatched`.
    #[schema(
        pattern = "^(linked|matched|ambiguous|other_identity|suspended|unmatched)$",
        example = "matched"
    )]
    outcome: &'static str,
    /// With `matched`, the rule that hit.
    #[schema(required, example = "mobile")]
    rule: Option<&'static str>,
    /// How many persons.
    persons: u64,
    /// At most 50 of them.
    examples: Vec<ExampleView>,
}

/// A person of an outcome.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RuleExample)]
pub(crate) struct ExampleView {
    /// Who, upstream.
    #[schema(example = "ZhangSan")]
    userid: String,
    /// The user, where it is one.
    #[schema(required)]
    user: Option<Uuid>,
}

impl From<Sum> for OutcomeView {
    fn from(sum: Sum) -> Self {
        let rule = match sum.found {
            Found::Matched(field) => Some(field.as_str()),
            _ => None,
        };
        let examples = sum.examples.into_iter();
        Self {
            outcome: sum.found.as_str(),
            rule,
            persons: sum.persons,
            examples: examples
                .map(|it| ExampleView { userid: it.userid, user: it.user.map(|id| id.0) })
                .collect(),
        }
    }
}

/// Report what rules would do
///
/// Before they are switched on. The body has lines of JSON: the first one the rules, each further one a
/// person of the corp (as `SimulatedPerson`), at most 10,000. Without persons the report tells what the
/// tenant's users have that the rules could find them by. Nothing is written but an audit event.
#[utoipa::path(tag = "Identity sources", operation_id = "reportRules",
    request_body(content((NewRuleReport = "application/x-ndjson"), (SimulatedPerson = "application/ndjson"))),
    responses((status = 200, description = "What the rules would do", body = RuleReportView)))]
#[post("/tenants/{tenant}/identity-sources/{source}/rule-report")]
pub(crate) async fn report(upload: TenantUpload) -> Result<Answer> {
    let TenantUpload { call, payload } = upload;
    call.media_type(&["application/x-ndjson", "application/ndjson", "application/json"])?;
    let source = find(&call, &mut call.scope()).await?;
    let mut lines = Lines::new(payload, PERSONS + 1);
    let asked = match lines.next().await? {
        Some((_, line)) => first(&call, &line)?,
        None => return Err(Problem::new(MALFORMED_JSON, "The body is empty: send {} at least.")),
    };
    let rules = match asked.rules {
        Some(rules) => rules,
        None => source.policy.rules.clone(),
    };
    let (mut persons, mut faults) = (Vec::new(), Faults::default());
    while let Some((number, line)) = lines.next().await? {
        match read(&line) {
            Ok(person) => persons.push(person),
            Err((code, text)) => faults.note(number, code, text),
        }
    }
    let tools = &call.console().links;
    let Report { accounts, sums, contested } =
        tools.report(call.tenant.id, &source, rules, &persons).await?;
    let mut tx = call.begin().await?;
    let detail = json!({ "persons": persons.len() });
    record(&mut tx, &call, "source.rule_report", source.id, detail).await?;
    tx.commit().await?;
    Answer::ok(&RuleReportView {
        accounts: accounts.into(),
        persons: persons.len() as u64,
        outcomes: sums.into_iter().map(OutcomeView::from).collect(),
        contested: contested.into_iter().map(|id| id.0).collect(),
        bad_lines: faults.count,
        errors: faults.first,
    })
}

fn first(call: &crate::caller::TenantCaller, line: &[u8]) -> Result<NewRuleReport> {
    let context = Context { console: call.console(), patching: false };
    fields::read(crate::json::parse(line)?, context)
}

fn read(line: &[u8]) -> Result<(wecom::UserId, UpstreamValues), (&'static str, String)> {
    let value: Value = object(line)?;
    person(&value).map_err(|flaws| {
        // The first ones tell what to look at; a body has many lines.
        let texts: Vec<String> = flaws
            .iter()
            .take(3)
            .map(|flaw| format!("{} {}", flaw.below.trim_start_matches('/'), flaw.text))
            .collect();
        (flaws.first().map_or("format", |flaw| flaw.code), texts.join("; "))
    })
}
