//! Corps: the WeCom organisations of a tenant.

use actix_web::{delete, get, patch, post};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use store::audit::{self, Event};
use store::corp::{self, Corp};
use store::id::CorpId;
use store::{Scope, TenantWrite};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::Answer;
use crate::caller::TenantCaller;
use crate::fields::{Context, Fields, Flaw, Input};
use crate::idempotency::once;
use crate::paging::{List, PageQuery};
use crate::precondition::{etag, if_match, is_known};
use crate::problem::{Problem, Result};
use crate::rules;

/// A corp to be made.
#[derive(Debug, ToSchema)]
pub(crate) struct NewCorp {
    /// WeCom's id of the organisation, from the bottom of 我的企业. Unique in the tenant; never
    /// changes.
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = "^[A-Za-z0-9_-]+$",
        example = "ww1a2b3c4d5e6f7890"
    )]
    corp_id: String,
    /// Its name, for people.
    #[schema(min_length = 1, max_length = 100, example = "Acme Shanghai")]
    display_name: String,
    /// The operator's named way out that calls to WeCom take for this corp. Null is the direct way.
    #[schema(example = "shanghai-1")]
    egress: Option<String>,
}

impl Input for NewCorp {
    fn read(fields: &mut Fields, context: Context<'_>) -> Option<Self> {
        let corp_id = fields.required("corp_id", rules::wecom_corp_id);
        let display_name = fields.required("display_name", rules::text(100));
        let egress = fields.optional("egress", |value: &Value| {
            let name = rules::string(value)?;
            let names = context.console.egresses.iter().map(|egress| egress.name.as_str());
            let names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
            if names.contains(&name) {
                return Ok(name.to_owned());
            }
            let text = match names.as_slice() {
                [] => "is no egress of this installation, which has none: leave it out".to_owned(),
                names => {
                    format!("is no egress of this installation: use one of {}", names.join(", "))
                }
            };
            Err(vec![Flaw::new("unknown_egress", text)])
        });
        Some(Self { corp_id: corp_id?, display_name: display_name?, egress: egress? })
    }
}

/// One WeCom organisation of a tenant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Corp)]
pub(crate) struct CorpView {
    /// Our id; identity sources name it.
    id: Uuid,
    /// WeCom's id of the organisation.
    #[schema(example = "ww1a2b3c4d5e6f7890")]
    corp_id: String,
    /// Its name, for people.
    #[schema(example = "Acme Shanghai")]
    display_name: String,
    /// The named way out of its calls; null is the direct way.
    #[schema(required, example = "shanghai-1")]
    egress: Option<String>,
    /// Goes up by one with every change.
    #[schema(example = 1)]
    version: i64,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it was last changed.
    updated_at: DateTime<Utc>,
}

impl From<Corp> for CorpView {
    fn from(corp: Corp) -> Self {
        Self {
            id: corp.id.0,
            corp_id: corp.corp_id,
            display_name: corp.display_name,
            egress: corp.egress,
            version: corp.version,
            created_at: corp.created_at,
            updated_at: corp.updated_at,
        }
    }
}

/// List corps
#[utoipa::path(tag = "Corps", operation_id = "listCorps", params(PageQuery),
    responses((status = 200, description = "A page of the tenant's corps, oldest first", body = List<CorpView>)))]
#[get("/tenants/{tenant}/corps")]
pub(crate) async fn list(call: TenantCaller) -> Result<Answer> {
    let page = corp::list(&mut call.scope(), call.page()?).await?;
    call.answer_page(page, CorpView::from)
}

/// Make a corp
///
/// WeCom is not asked: a source's test does that.
#[utoipa::path(tag = "Corps", operation_id = "createCorp", request_body = NewCorp,
    responses((status = 201, description = "It was made", body = CorpView)))]
#[post("/tenants/{tenant}/corps")]
pub(crate) async fn create(call: TenantCaller) -> Result<Answer> {
    let new: NewCorp = call.input()?;
    let env = &call.store().env;
    once(&call, call.tenant.id, async |tx| {
        let now = env.now();
        let corp = Corp {
            id: CorpId(env.ordered_id()?),
            corp_id: new.corp_id,
            display_name: new.display_name,
            egress: new.egress,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        corp::create(tx, &corp).await.map_err(corp_taken)?;
        record(tx, &call, "corp.create", corp.id, json!({})).await?;
        let (location, tag) = (format!("{}/{}", call.path(), corp.id), etag(corp.version));
        Ok(Answer::created(location, &CorpView::from(corp))?.etag(tag))
    })
    .await
}

/// Read a corp
#[utoipa::path(tag = "Corps", operation_id = "getCorp",
    responses((status = 200, description = "The corp", body = CorpView)))]
#[get("/tenants/{tenant}/corps/{corp}")]
pub(crate) async fn read(call: TenantCaller) -> Result<Answer> {
    let corp = find(&call, &mut call.scope()).await?;
    let tag = etag(corp.version);
    if is_known(call.headers(), &tag)? {
        return Ok(Answer::not_modified().etag(tag));
    }
    Ok(Answer::ok(&CorpView::from(corp))?.etag(tag))
}

/// Change a corp
#[utoipa::path(tag = "Corps", operation_id = "updateCorp",
    request_body(content = ref("#/components/schemas/CorpPatch"), content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The corp as it is now", body = CorpView)))]
#[patch("/tenants/{tenant}/corps/{corp}")]
pub(crate) async fn update(call: TenantCaller) -> Result<Answer> {
    let mut tx = call.begin().await?;
    let corp = find(&call, &mut tx).await?;
    if_match(call.headers(), corp.version)?;
    let current = json!({
        "corp_id": corp.corp_id, "display_name": corp.display_name, "egress": corp.egress,
    });
    let (new, changed): (NewCorp, _) = call.patched(&current, &["corp_id"])?;
    let corp = Corp { display_name: new.display_name, egress: new.egress, ..corp };
    let corp = corp::update(&mut tx, &call.store().env, &corp).await?;
    record(&mut tx, &call, "corp.update", corp.id, json!({ "changed": changed })).await?;
    tx.commit().await?;
    let tag = etag(corp.version);
    Ok(Answer::ok(&CorpView::from(corp))?.etag(tag))
}

/// Delete a corp
///
/// Only while no identity source uses it.
#[utoipa::path(tag = "Corps", operation_id = "deleteCorp",
    responses((status = 204, description = "It is gone")))]
#[delete("/tenants/{tenant}/corps/{corp}")]
pub(crate) async fn delete(call: TenantCaller) -> Result<Answer> {
    let mut tx = call.begin().await?;
    let corp = find(&call, &mut tx).await?;
    if_match(call.headers(), corp.version)?;
    corp::delete(&mut tx, corp.id, corp.version).await.map_err(|error| match error {
        store::Error::Reference => {
            let text = "identity sources use this corp: delete them first";
            Problem::conflict("", "in_use", text)
        }
        other => other.into(),
    })?;
    record(&mut tx, &call, "corp.delete", corp.id, json!({})).await?;
    tx.commit().await?;
    Ok(Answer::no_content())
}

async fn find(call: &TenantCaller, scope: &mut impl Scope) -> Result<Corp> {
    corp::find(scope, call.id("corp")?).await?.ok_or_else(Problem::not_found)
}

async fn record(
    tx: &mut TenantWrite,
    call: &TenantCaller,
    action: &'static str,
    corp: CorpId,
    mut detail: Value,
) -> Result<()> {
    detail["corp"] = corp.to_string().into();
    let event = Event { detail, ..call.event(action) };
    Ok(audit::record(tx, &call.store().env, event).await?)
}

fn corp_taken(error: store::Error) -> Problem {
    match error {
        store::Error::Conflict => Problem::conflict(
            "/corp_id",
            "taken",
            "corp_id is one of the tenant's corps already: use that one",
        ),
        other => other.into(),
    }
}
