//! The test of an identity source.

use actix_web::post;
use broker::source_test::{Mark, Report, Step, TooMany, Verdict};
use serde::Serialize;
use serde_json::json;
use store::source;
use utoipa::ToSchema;

use crate::answer::Answer;
use crate::caller::TenantCaller;
use crate::idempotency::once_prepared;
use crate::problem::{Problem, Result, TOO_MANY_REQUESTS};
use crate::schema;
use crate::source_view::Advice;
use crate::sources::{find, record};

/// The report of a test.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TestReport {
    /// What was looked at, in this order.
    steps: Vec<TestStep>,
}

/// One step of a test.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TestStep {
    /// What was looked at.
    #[schema(value_type = schema::Check)]
    step: &'static str,
    /// How it ended. `cannot_tell`: WeCom does not say; `skipped`: an earlier step has to pass first,
    /// or this kind of source has no need of it.
    #[schema(value_type = schema::Verdict)]
    verdict: &'static str,
    /// WeCom's error code, where one decided.
    #[schema(required, example = 60020)]
    errcode: Option<i64>,
    /// WeCom's reference for its support.
    #[schema(required, example = "1760849381_95_0a1b2c")]
    hint: Option<String>,
    /// Our address as WeCom saw it: with 60020, the one to add to 企业可信IP.
    #[schema(required, example = "203.0.113.10")]
    from_ip: Option<String>,
    /// What to do; null where the step passed.
    #[schema(required)]
    what_to_do: Option<Advice>,
    /// The page of WeCom's console, as it is written there.
    #[schema(example = "应用管理 → 应用 → 企业可信IP")]
    console_page: &'static str,
}

impl From<&Step> for TestStep {
    fn from(step: &Step) -> Self {
        Self {
            step: step.check.as_str(),
            verdict: step.verdict.as_str(),
            errcode: step.errcode,
            hint: step.hint.clone(),
            from_ip: step.from_ip.map(|address| address.to_string()),
            what_to_do: step.advice.map(|advice| Advice { zh: advice.zh, en: advice.en }),
            console_page: step.console_page,
        }
    }
}

/// Test an identity source
///
/// Asks WeCom with what was saved, step by step. A wrong secret that is sent again and again gets
/// our address banned for everybody, so a source can be tested 3 times a minute, and a tenant's
/// sources 20 times an hour. If WeCom accepts the credentials, the source's mark is lifted; if it
/// refuses them, the mark is set.
#[utoipa::path(tag = "Identity sources", operation_id = "testIdentitySource",
    responses(
        (status = 200, description = "The report; a step that failed is no error of this call", body = TestReport),
        (status = 429, description = "Too many tests; see Retry-After", body = crate::problem::ProblemBody<'static>, content_type = "application/problem+json",
            headers(("Retry-After" = u64, description = "Seconds to wait"))),
    ))]
#[post("/tenants/{tenant}/identity-sources/{source}/test")]
pub(crate) async fn test(call: TenantCaller) -> Result<Answer> {
    call.no_input()?;
    let source = find(&call, &mut call.scope()).await?;
    let tester = &call.console().tester;
    let run = async || -> Result<Report> {
        tester.admit(call.tenant.id, source.id).await?.map_err(too_many)?;
        Ok(tester.run(&call.tenant, &source).await?)
    };
    once_prepared(&call, call.tenant.id, run, async |tx, report| {
        let fault = match &report.mark {
            Mark::Keep => None,
            Mark::Lift => Some(None),
            Mark::Set(fault) => Some(Some(fault.clone())),
        };
        if let Some(fault) = fault {
            source::mark_misconfigured(tx, source.id, source.version, fault).await?;
        }
        let failed = report.steps.iter().filter(|step| step.verdict == Verdict::Fail);
        let failed: Vec<_> = failed.map(|step| step.check.as_str()).collect();
        record(tx, &call, "source.test", source.id, json!({ "failed": failed })).await?;
        Answer::ok(&TestReport { steps: report.steps.iter().map(TestStep::from).collect() })
    })
    .await
}

fn too_many(refused: TooMany) -> Problem {
    let text = "Too many tests: WeCom bans addresses that keep sending wrong secrets. Wait, then test again.";
    Problem::new(TOO_MANY_REQUESTS, text)
        .with_header("Retry-After", refused.retry_after.to_string())
}
