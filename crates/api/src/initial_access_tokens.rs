//! Initial access tokens: with one, apps register themselves (RFC 7591 §3).

use actix_web::{delete, get, post};
use chrono::{DateTime, TimeDelta, Utc};
use oidc::app_rules;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use serde_json::{Value, json};
use store::audit::{self, Event};
use store::id::{InitialAccessTokenId, SourceId};
use store::initial_access_token::{self as tokens, InitialAccessToken, Limits};
use store::protocol::Profile;
use store::secret::SecretHash;
use store::source;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::Answer;
use crate::caller::TenantCaller;
use crate::fields::{Context, Fields, Flaw, Flaws, Input};
use crate::idempotency::once;
use crate::paging::{List, PageQuery};
use crate::problem::{Problem, Result};
use crate::{rules, schema, uris};

/// Before the random part of every token.
const PREFIX: &str = "hufu_initial_";
/// Characters of a token that a list shows: the prefix and 6 of 43.
const SHOWN: usize = PREFIX.len() + 6;
/// How long one works at most.
const LONGEST: TimeDelta = TimeDelta::days(90);

/// An initial access token to be made.
#[derive(ToSchema)]
#[expect(dead_code, reason = "nobody makes one: the store's is read")]
pub(crate) struct NewInitialAccessToken {
    /// Whom it is for, for people.
    #[schema(min_length = 1, max_length = 100, example = "Agents of the research team")]
    display_name: String,
    /// When it stops working: within 90 days.
    expires_at: DateTime<Utc>,
    /// How many apps may register with it.
    #[schema(minimum = 1, maximum = 1000, example = 10)]
    uses: i64,
    /// Which rules its apps are held to.
    #[schema(value_type = schema::Profile, required = false, default = "oauth21")]
    profile: Profile,
    /// The hosts that its apps may send browsers to, without ports; any if none is named.
    #[schema(max_items = 20, required = false, example = json!(["app.example.com"]))]
    redirect_hosts: Vec<String>,
    /// The sources that its apps are linked to, in the order of the login page.
    #[schema(max_items = 20)]
    identity_sources: Vec<Uuid>,
    /// What people may sign in with beside the sources: `password`, `email_code`, `sms_code`.
    #[schema(max_items = 3, example = json!(["password"]))]
    sign_in_methods: Vec<String>,
}

impl Input for tokens::NewInitialAccessToken {
    fn read(fields: &mut Fields, context: Context<'_>) -> Option<Self> {
        let now = context.console.store.env.now();
        let display_name = fields.required("display_name", rules::text(100));
        let expires_at = fields.required("expires_at", |value| soon(value, now));
        let uses = fields.required("uses", rules::integer(1, 1000));
        let profile = rules::word(&["oauth21", "oidc_basic", "fapi2"]);
        let profile = fields.defaulted("profile", Profile::Oauth21, profile);
        let hosts = rules::list(0, 20, uris::host);
        let redirect_hosts = fields.defaulted("redirect_hosts", Vec::new(), hosts);
        let sources = rules::list(0, 20, rules::id::<SourceId>);
        let sources = fields.required("identity_sources", sources);
        let sign_in_methods = fields.required("sign_in_methods", app_rules::sign_in_methods);
        let (sources, sign_in_methods) = (sources?, sign_in_methods?);
        if sources.is_empty() && sign_in_methods.is_empty() {
            let text = "is empty, and so is sign_in_methods: nobody could sign in to such an app";
            fields.flaw("identity_sources", &Flaw::new("conflict", text));
        }
        let (profile, redirect_hosts) = (profile?, redirect_hosts?);
        let limits = Limits { profile, redirect_hosts, sources, sign_in_methods };
        Some(Self { display_name: display_name?, uses: uses?, limits, expires_at: expires_at? })
    }
}

/// A moment that comes, and not too late.
fn soon(value: &Value, now: DateTime<Utc>) -> Result<DateTime<Utc>, Flaws> {
    let moment = rules::moment(value)?;
    if moment <= now {
        return Err(vec![Flaw::new("past", "is in the past: choose a later time")]);
    }
    if moment > now + LONGEST {
        return Err(vec![Flaw::new(
            "too_late",
            "is more than 90 days away: choose an earlier time",
        )]);
    }
    Ok(moment)
}

/// An initial access token of a tenant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InitialAccessToken)]
pub(crate) struct InitialAccessTokenView {
    /// Its id.
    id: Uuid,
    /// Whom it is for.
    #[schema(example = "Agents of the research team")]
    display_name: String,
    /// Its first characters, to recognise it.
    #[schema(example = "hufu_initial_Zk3v9a")]
    prefix: String,
    /// How many apps may register with it.
    uses: i64,
    /// How many did.
    used: i64,
    /// Which rules its apps are held to.
    #[schema(value_type = schema::Profile)]
    profile: Profile,
    /// The hosts that its apps may send browsers to; any if there is none.
    redirect_hosts: Vec<String>,
    /// The sources that its apps are linked to. One that was deleted since is passed over.
    identity_sources: Vec<Uuid>,
    /// What people may sign in with beside the sources.
    sign_in_methods: Vec<String>,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it stops working.
    expires_at: DateTime<Utc>,
}

impl From<InitialAccessToken> for InitialAccessTokenView {
    fn from(token: InitialAccessToken) -> Self {
        let Limits { profile, redirect_hosts, sources, sign_in_methods } = token.limits.0;
        Self {
            id: token.id.0,
            display_name: token.display_name,
            prefix: token.prefix,
            uses: token.uses,
            used: token.used,
            profile,
            redirect_hosts,
            identity_sources: sources.into_iter().map(|source| source.0).collect(),
            sign_in_methods,
            created_at: token.created_at,
            expires_at: token.expires_at,
        }
    }
}

/// An initial access token that was made just now.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedInitialAccessToken {
    /// The token's record.
    #[serde(flatten)]
    record: InitialAccessTokenView,
    /// The token itself. It is shown this once only.
    #[schema(example = "hufu_initial_…")]
    token: String,
}

/// List initial access tokens
#[utoipa::path(tag = "Initial access tokens", operation_id = "listInitialAccessTokens", params(PageQuery),
    responses((status = 200, description = "A page of the tenant's tokens, oldest first", body = List<InitialAccessTokenView>)))]
#[get("/tenants/{tenant}/initial-access-tokens")]
pub(crate) async fn list(call: TenantCaller) -> Result<Answer> {
    let page = tokens::list(&mut call.scope(), call.page()?).await?;
    call.answer_page(page, InitialAccessTokenView::from)
}

/// Make an initial access token
///
/// Whoever has it registers that many apps at the tenant's `registration_endpoint`. People are asked
/// before such an app learns who they are. The answer has the token itself, this once.
#[utoipa::path(tag = "Initial access tokens", operation_id = "createInitialAccessToken", request_body = NewInitialAccessToken,
    responses((status = 201, description = "It was made", body = CreatedInitialAccessToken)))]
#[post("/tenants/{tenant}/initial-access-tokens")]
pub(crate) async fn create(call: TenantCaller) -> Result<Answer> {
    let new: tokens::NewInitialAccessToken = call.input()?;
    let env = &call.store().env;
    once(&call, call.tenant.id, async |tx| {
        for (at, id) in new.limits.sources.iter().enumerate() {
            if source::find(tx, *id).await?.is_none() {
                let pointer = format!("/identity_sources/{at}");
                let text = "is no identity source of this tenant: leave it out";
                let text = format!("identity_sources/{at} {text}");
                return Err(Problem::field(&pointer, "unknown", text));
            }
        }
        let token = env.secret(PREFIX)?;
        let text = token.expose_secret();
        let (prefix, hash) = (text.get(..SHOWN).unwrap_or(PREFIX), SecretHash::of(text));
        let record = tokens::create(tx, env, new.clone(), prefix, &hash).await?;
        let detail = json!({ "initial_access_token": record.id });
        audit::record(tx, env, Event { detail, ..call.event("initial_access_token.create") })
            .await?;
        let location = format!("{}/{}", call.path(), record.id);
        let created = CreatedInitialAccessToken { record: record.into(), token: text.to_owned() };
        Answer::created(location, &created)
    })
    .await
}

/// Read an initial access token's record
#[utoipa::path(tag = "Initial access tokens", operation_id = "getInitialAccessToken",
    responses((status = 200, description = "The record, without the token itself", body = InitialAccessTokenView)))]
#[get("/tenants/{tenant}/initial-access-tokens/{token}")]
pub(crate) async fn read(call: TenantCaller) -> Result<Answer> {
    let token = tokens::find(&mut call.scope(), call.id("token")?).await?;
    Answer::ok(&InitialAccessTokenView::from(token.ok_or_else(Problem::not_found)?))
}

/// Withdraw an initial access token
///
/// It stops working at once. The apps that registered with it stay.
#[utoipa::path(tag = "Initial access tokens", operation_id = "deleteInitialAccessToken",
    responses((status = 204, description = "It is gone")))]
#[delete("/tenants/{tenant}/initial-access-tokens/{token}")]
pub(crate) async fn delete(call: TenantCaller) -> Result<Answer> {
    let id: InitialAccessTokenId = call.id("token")?;
    let mut tx = call.begin().await?;
    if !tokens::delete(&mut tx, id).await? {
        return Err(Problem::not_found());
    }
    let detail = json!({ "initial_access_token": id });
    let event = Event { detail, ..call.event("initial_access_token.delete") };
    audit::record(&mut tx, &call.store().env, event).await?;
    tx.commit().await?;
    Ok(Answer::no_content())
}
