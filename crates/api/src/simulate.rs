//! Trying a sign-in out at an identity source, and surveying rules before they are switched on.

use actix_web::post;
use broker::admin::{self, Asked, Simulation};
use broker::decide::{Ask, Decision, RuleReport};
use broker::upstream::UpstreamValues;
use serde::Serialize;
use serde_json::{Value, json};
use store::app;
use store::candidate::Candidate;
use store::id::AppId;
use store::identity::LinkStatus;
use store::user::UserStatus;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::Answer;
use crate::caller::TenantCaller;
use crate::fields::{Context, Fields, Flaw, Flaws, Input};
use crate::idempotency::once_prepared;
use crate::problem::{Problem, Result, TOO_MANY_REQUESTS};
use crate::source_view::Advice;
use crate::sources::{find, record};
use crate::{rules, schema};

/// Whose sign-in is tried out. Exactly one of `person` and `read`.
#[derive(Debug, ToSchema)]
#[schema(as = NewSimulation)]
pub(crate) struct NewSimulation {
    /// The app that the person would come from.
    #[schema(value_type = Uuid)]
    app: AppId,
    /// A person, as typed.
    #[schema(value_type = Option<SimulatedPerson>, required = false)]
    person: Option<Asked>,
    /// The userid of a member, whom WeCom is asked about now.
    #[schema(value_type = Option<String>, required = false, example = "ZhangSan")]
    read: Option<Asked>,
}

/// An upstream person.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the object; it is read by `person`")]
pub(crate) struct SimulatedPerson {
    /// The userid.
    #[schema(min_length = 1, max_length = 64, example = "ZhangSan")]
    userid: String,
    /// The mobile number.
    #[schema(required = false, example = "13800000001")]
    mobile: Option<String>,
    /// The mail address.
    #[schema(required = false, example = "zhangsan@mail.example")]
    email: Option<String>,
    /// The corp's mailbox.
    #[schema(required = false, example = "zhangsan@acme.example")]
    biz_mail: Option<String>,
}

impl Input for NewSimulation {
    fn read(fields: &mut Fields, _: Context<'_>) -> Option<Self> {
        let app = fields.required("app", rules::id);
        let person = fields.optional("person", |value| {
            person(value).map(|(userid, values)| Asked::Typed(userid, values))
        });
        let read = fields.optional("read", |value| userid(value).map(Asked::Live));
        let (person, read) = (person?, read?);
        match (&person, &read) {
            (None, None) => {
                let text = "is missing: add it, or read";
                fields.flaw("person", &Flaw::new("required", text));
            }
            (Some(_), Some(_)) => {
                let text = "cannot stand beside person: leave one out";
                fields.flaw("read", &Flaw::new("conflict", text));
            }
            _ => {}
        }
        Some(Self { app: app?, person, read })
    }
}

/// A userid.
pub(crate) fn userid(value: &Value) -> Result<wecom::UserId, Flaws> {
    wecom::UserId::parse(rules::string(value)?)
        .map_err(|error| vec![Flaw::new("format", format!("is no userid: {error}"))])
}

/// A person: an object with a userid and perhaps values.
pub(crate) fn person(value: &Value) -> Result<(wecom::UserId, UpstreamValues), Flaws> {
    let Some(object) = value.as_object() else {
        return Err(vec![Flaw::new(
            "type",
            "has to be an object such as {\"userid\": \"ZhangSan\"}",
        )]);
    };
    let (mut found, mut values, mut flaws) = (None, UpstreamValues::default(), Flaws::new());
    for (name, value) in object.iter().filter(|(_, value)| !value.is_null()) {
        let read = match name.as_str() {
            "userid" => userid(value).map(|userid| found = Some(userid)),
            "mobile" => rules::text(64)(value).map(|text| values.mobile = Some(text)),
            "email" => rules::text(254)(value).map(|text| values.email = Some(text)),
            "biz_mail" => rules::text(254)(value).map(|text| values.biz_mail = Some(text)),
            _ => {
                let text = "is unknown here: leave it out, or check its spelling";
                Err(vec![Flaw::new("unknown_field", text)])
            }
        };
        let below = crate::json::pointer("", name);
        let more = read.err().unwrap_or_default().into_iter();
        flaws.extend(more.map(|flaw| Flaw { below: format!("{below}{}", flaw.below), ..flaw }));
    }
    match found {
        Some(userid) if flaws.is_empty() => Ok((userid, values)),
        None if !object.contains_key("userid") => {
            let text = "is missing: add it".to_owned();
            flaws.push(Flaw { below: "/userid".into(), code: "required", text });
            Err(flaws)
        }
        _ => Err(flaws),
    }
}

/// What a sign-in would come to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Simulation)]
pub(crate) struct SimulationView {
    /// What the person would get.
    #[schema(pattern = "^(linked|match|ask|create|refuse)$", example = "match")]
    decision: &'static str,
    /// With `refuse`, the code that the page would show.
    #[schema(required, example = "several_accounts")]
    reason: Option<&'static str>,
    /// With `linked` and `match`, the user.
    #[schema(required)]
    user: Option<Uuid>,
    /// With `match`, the rule that hit.
    #[schema(required, example = "mobile")]
    rule: Option<&'static str>,
    /// With `ask`, what the person would be asked.
    #[schema(required)]
    ask: Option<AskView>,
    /// What that means.
    what_it_means: Advice,
    /// Why nobody gets as far as that at present: `source_disabled` (or not linked to the app),
    /// `source_misconfigured` or `app_disabled`.
    #[schema(required)]
    unusable: Option<&'static str>,
    /// What each rule came to, all of them; none are looked at for a person who is linked, or where
    /// `association` is not `field`.
    rules: Vec<RuleView>,
    /// The link that the person has.
    #[schema(required)]
    link: Option<LinkView>,
    /// Users that have one of the values, but not verified: perhaps the person, but nothing proves it.
    unverified: Vec<UnverifiedView>,
    /// The person's values, and what is compared of them.
    values: Vec<ValueView>,
    /// With `read`, what WeCom answered.
    #[schema(required)]
    read: Option<ReadView>,
}

/// What the person would be asked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SimulatedAsk)]
pub(crate) struct AskView {
    /// Why.
    #[schema(pattern = "^(always|no_match|several|other_identity)$", example = "no_match")]
    why: &'static str,
    /// Whether they may have a new account.
    create: bool,
    /// How they can prove an existing one.
    #[schema(example = json!(["password"]))]
    proofs: Vec<&'static str>,
    /// Whether missing values can be fetched by authorising once inside the WeCom client.
    consent: bool,
    /// Which missing values they may type.
    #[schema(example = json!(["mobile"]))]
    typed: Vec<&'static str>,
}

impl From<&Ask> for AskView {
    fn from(ask: &Ask) -> Self {
        Self {
            why: ask.why.as_str(),
            create: ask.create,
            proofs: ask.proofs.iter().map(|proof| proof.as_str()).collect(),
            consent: ask.consent,
            typed: ask.typed.iter().map(|field| field.as_str()).collect(),
        }
    }
}

/// A rule, and what it came to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SimulatedRule)]
pub(crate) struct RuleView {
    /// Its field.
    #[schema(example = "mobile")]
    field: &'static str,
    /// Whether the upstream's value is beyond doubt.
    trusted: bool,
    /// What it came to.
    #[schema(pattern = "^(no_value|nobody|unverified|untrusted|hit)$", example = "hit")]
    outcome: &'static str,
    /// The user whom it leads to, whether it counts or not.
    #[schema(required)]
    user: Option<Uuid>,
    /// What that means.
    what_it_means: Advice,
}

impl From<&RuleReport> for RuleView {
    fn from(report: &RuleReport) -> Self {
        Self {
            field: report.rule.field.as_str(),
            trusted: report.rule.trusted,
            outcome: report.outcome.as_str(),
            user: report.outcome.user().map(|id| id.0),
            what_it_means: advice(admin::of_rule(report.outcome)),
        }
    }
}

/// The link that a person has.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SimulatedLink)]
pub(crate) struct LinkView {
    /// The identity.
    identity: Uuid,
    /// Its user.
    user: Uuid,
    /// Whether it signs its person in.
    #[schema(value_type = schema::LinkStatus)]
    status: LinkStatus,
    /// Whether the user may sign in.
    #[schema(value_type = schema::UserStatus)]
    user_status: UserStatus,
}

/// A user with an unverified value.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UnverifiedUser)]
pub(crate) struct UnverifiedView {
    /// The user.
    user: Uuid,
    /// Whether it may sign in.
    #[schema(value_type = schema::UserStatus)]
    status: UserStatus,
    /// Whether it has another identity of the corp.
    other_identity: bool,
}

impl From<&Candidate> for UnverifiedView {
    fn from(account: &Candidate) -> Self {
        Self { user: account.user_id.0, status: account.status, other_identity: account.of_corp }
    }
}

/// A value of a person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SimulatedValue)]
pub(crate) struct ValueView {
    /// Which.
    #[schema(pattern = "^(mobile|email|biz_mail|userid)$", example = "mobile")]
    name: &'static str,
    /// Whether there is one.
    given: bool,
    /// Its normal form, which is compared with those of the users; null where it cannot be compared.
    #[schema(required, example = "+8613800000001")]
    compared: Option<String>,
}

/// What WeCom answered about a member.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SimulatedRead)]
pub(crate) struct ReadView {
    /// Whether it told who it is.
    ok: bool,
    /// WeCom's error code.
    #[schema(required, example = 60111)]
    errcode: Option<i64>,
    /// WeCom's reference for its support.
    #[schema(required, example = "1760849381_95_0a1b2c")]
    hint: Option<String>,
    /// What to know about the answer, such as that it has no mobile number.
    #[schema(required)]
    note: Option<Advice>,
}

fn advice(advice: admin::Advice) -> Advice {
    Advice { zh: advice.zh, en: advice.en }
}

impl From<&Simulation> for SimulationView {
    fn from(simulation: &Simulation) -> Self {
        let decision = &simulation.decision;
        let (mut reason, mut user, mut rule, mut ask) = (None, None, None, None);
        match decision {
            Decision::Linked(id) => user = Some(id.0),
            Decision::Match(id, field) => (user, rule) = (Some(id.0), Some(field.as_str())),
            Decision::Ask(asked) => ask = Some(AskView::from(asked)),
            Decision::Refuse(why) => reason = Some(why.as_str()),
            Decision::Create => {}
        }
        let value = |value: &admin::Value| ValueView {
            name: value.name,
            given: value.given,
            compared: value.compared.clone(),
        };
        Self {
            decision: decision.as_str(),
            reason,
            user,
            rule,
            ask,
            what_it_means: advice(admin::of_decision(decision)),
            unusable: simulation.unusable.map(broker::Reason::as_str),
            rules: simulation.rules.iter().map(RuleView::from).collect(),
            link: simulation.linked.as_ref().map(|linked| LinkView {
                identity: linked.identity_id.0,
                user: linked.user_id.0,
                status: linked.link_status,
                user_status: linked.status,
            }),
            unverified: simulation.unverified.iter().map(UnverifiedView::from).collect(),
            values: simulation.values.iter().map(value).collect(),
            read: simulation.read.as_ref().map(|read| ReadView {
                ok: read.fault.is_none(),
                errcode: read.fault.as_ref().and_then(|fault| fault.errcode),
                hint: read.fault.as_ref().and_then(|fault| fault.hint.clone()),
                note: (read.fault.is_none() && !read.mobile).then(|| advice(admin::NO_MOBILE)),
            }),
        }
    }
}

/// Try a sign-in out
///
/// Which decision a person would get here, by which rule, and why the others don't hit. It is the decision
/// of the real sign-in, asked without one: nothing is written but an audit event. With `read`, WeCom is
/// asked about a member, at most 10 times a minute for a source and 200 times an hour for a tenant; apps
/// made after 2022-06-20 get no mobile number and no address in that way.
#[utoipa::path(tag = "Identity sources", operation_id = "simulateSignIn", request_body = NewSimulation,
    responses(
        (status = 200, description = "What the sign-in would come to", body = SimulationView),
        (status = 429, description = "Too many live reads; see Retry-After", body = crate::problem::ProblemBody<'static>, content_type = "application/problem+json",
            headers(("Retry-After" = u64, description = "Seconds to wait"))),
    ))]
#[post("/tenants/{tenant}/identity-sources/{source}/simulate")]
pub(crate) async fn simulate(call: TenantCaller) -> Result<Answer> {
    let new: NewSimulation = call.input()?;
    let mut scope = call.scope();
    let source = find(&call, &mut scope).await?;
    let app = app::find(&mut scope, new.app).await?.ok_or_else(|| {
        let text = "app is none of this tenant's apps: check the id";
        Problem::field("/app", "unknown", text)
    })?;
    let asked = new.person.or(new.read).ok_or_else(Problem::not_found)?;
    let live = matches!(asked, Asked::Live(_));
    let links = &call.console().links;
    let run = async || -> Result<Simulation> {
        if live {
            links.admit_read(call.tenant.id, source.id).await?.map_err(too_many)?;
        }
        Ok(links.simulate(call.tenant.id, &source, &app, asked).await?)
    };
    once_prepared(&call, call.tenant.id, run, async |tx, simulation| {
        let by = if live { "read" } else { "person" };
        let detail = json!({ "by": by, "decision": simulation.decision.as_str() });
        record(tx, &call, "source.simulate", source.id, detail).await?;
        Answer::ok(&SimulationView::from(&simulation))
    })
    .await
}

fn too_many(refused: admin::TooMany) -> Problem {
    let text = "Too many members were read live: WeCom limits calls. Wait, or type the person.";
    Problem::new(TOO_MANY_REQUESTS, text)
        .with_header("Retry-After", refused.retry_after.to_string())
}
