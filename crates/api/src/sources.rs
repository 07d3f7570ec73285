//! Identity sources: the ways to sign in through a corp.

use actix_web::{delete, get, patch, post};
use serde::Serialize;
use serde_json::{Value, json};
use store::audit::{self, Event};
use store::id::SourceId;
use store::source::{self, Source};
use store::{Scope, TenantWrite};
use utoipa::ToSchema;

use crate::answer::Answer;
use crate::caller::TenantCaller;
use crate::idempotency::once;
use crate::paging::{List, PageQuery};
use crate::precondition::{if_match, is_known};
use crate::problem::{FieldError, Problem, Result};
use crate::rules;
use crate::source_input::{IMMUTABLE, NewIdentitySource, written};
use crate::source_view::{SourceView, source_etag};

/// List identity sources
#[utoipa::path(tag = "Identity sources", operation_id = "listIdentitySources", params(PageQuery),
    responses((status = 200, description = "A page of the tenant's sources, oldest first", body = List<SourceView>)))]
#[get("/tenants/{tenant}/identity-sources")]
pub(crate) async fn list(call: TenantCaller) -> Result<Answer> {
    let page = source::list(&mut call.scope(), call.page()?).await?;
    call.answer_page(page, |source| SourceView::new(call.console(), &call.tenant, source))
}

/// Make an identity source
///
/// It works for an app once it is linked to it. The answer's `setup` says what to copy into WeCom's
/// console; then test it.
#[utoipa::path(tag = "Identity sources", operation_id = "createIdentitySource",
    request_body = NewIdentitySource,
    responses((status = 201, description = "It was made", body = SourceView)))]
#[post("/tenants/{tenant}/identity-sources")]
pub(crate) async fn create(call: TenantCaller) -> Result<Answer> {
    let mut new: NewIdentitySource = call.input()?;
    let secret = new.secret.take().unwrap_or_default();
    let (row, settings) = new.split(secret);
    let (env, ring) = (&call.store().env, &call.store().keys);
    once(&call, call.tenant.id, async |tx| {
        let source = source::create(tx, env, ring, row, settings).await.map_err(refused)?;
        record(tx, &call, "source.create", source.id, json!({})).await?;
        let (location, tag) = (format!("{}/{}", call.path(), source.id), source_etag(&source));
        let view = SourceView::new(call.console(), &call.tenant, source);
        Ok(Answer::created(location, &view)?.etag(tag))
    })
    .await
}

/// Whether an identifier may be used.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IdentifierStatus {
    /// The identifier that was asked for.
    #[schema(example = "wecom")]
    identifier: String,
    /// Whether no source of the tenant has it.
    free: bool,
}

/// Ask whether an identifier is free
///
/// 422 says that it could never be used, and why.
#[utoipa::path(tag = "Identity sources", operation_id = "getIdentifierStatus",
    responses(
        (status = 200, description = "Whether it is free", body = IdentifierStatus),
        (status = 422, description = "No source can have this identifier", body = crate::problem::ProblemBody<'static>, content_type = "application/problem+json"),
    ))]
#[get("/tenants/{tenant}/identity-sources/identifiers/{identifier}")]
pub(crate) async fn identifier(call: TenantCaller) -> Result<Answer> {
    let name = Value::String(call.name("identifier").to_owned());
    let identifier = rules::identifier(&name).map_err(|flaws| {
        let error = |flaw: crate::fields::Flaw| FieldError {
            pointer: "/identifier".to_owned(),
            code: flaw.code,
            detail: format!("identifier {}", flaw.text),
        };
        Problem::invalid(flaws.into_iter().map(error).collect())
    })?;
    let taken = source::find_by_identifier(&mut call.scope(), &identifier).await?.is_some();
    Answer::ok(&IdentifierStatus { identifier, free: !taken })
}

/// Read an identity source
#[utoipa::path(tag = "Identity sources", operation_id = "getIdentitySource",
    responses((status = 200, description = "The source", body = SourceView)))]
#[get("/tenants/{tenant}/identity-sources/{source}")]
pub(crate) async fn read(call: TenantCaller) -> Result<Answer> {
    let source = find(&call, &mut call.scope()).await?;
    let tag = source_etag(&source);
    if is_known(call.headers(), &tag)? {
        return Ok(Answer::not_modified().etag(tag));
    }
    Ok(Answer::ok(&SourceView::new(call.console(), &call.tenant, source))?.etag(tag))
}

/// Change an identity source
///
/// Without `secret` the kept one stays. Saving lifts the mark of a source that WeCom refused.
#[utoipa::path(tag = "Identity sources", operation_id = "updateIdentitySource",
    request_body(content = ref("#/components/schemas/IdentitySourcePatch"), content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The source as it is now", body = SourceView)))]
#[patch("/tenants/{tenant}/identity-sources/{source}")]
pub(crate) async fn update(call: TenantCaller) -> Result<Answer> {
    let mut tx = call.begin().await?;
    let old = find(&call, &mut tx).await?;
    if_match(call.headers(), old.version)?;
    let (mut new, changed): (NewIdentitySource, _) = call.patched(&written(&old), &IMMUTABLE)?;
    let (env, ring) = (&call.store().env, &call.store().keys);
    let secret = match new.secret.take() {
        Some(secret) => secret,
        None => source::secret(ring, call.tenant.id, &old)?,
    };
    let (_, settings) = new.split(secret);
    let source = source::update(&mut tx, env, ring, old.id, old.version, settings).await?;
    record(&mut tx, &call, "source.update", source.id, json!({ "changed": changed })).await?;
    tx.commit().await?;
    let tag = source_etag(&source);
    Ok(Answer::ok(&SourceView::new(call.console(), &call.tenant, source))?.etag(tag))
}

/// Delete an identity source
///
/// Its links to apps go with it, and whoever is signed in by it is signed out. Users and their
/// identities stay: they belong to the corp.
#[utoipa::path(tag = "Identity sources", operation_id = "deleteIdentitySource",
    responses((status = 204, description = "It is gone")))]
#[delete("/tenants/{tenant}/identity-sources/{source}")]
pub(crate) async fn delete(call: TenantCaller) -> Result<Answer> {
    let mut tx = call.begin().await?;
    let source = find(&call, &mut tx).await?;
    if_match(call.headers(), source.version)?;
    source::delete(&mut tx, source.id, source.version).await?;
    let detail = json!({ "identifier": source.identifier });
    record(&mut tx, &call, "source.delete", source.id, detail).await?;
    tx.commit().await?;
    Ok(Answer::no_content())
}

/// The source of the path.
pub(crate) async fn find(call: &TenantCaller, scope: &mut impl Scope) -> Result<Source> {
    source::find(scope, call.id("source")?).await?.ok_or_else(Problem::not_found)
}

/// Records what was done to a source.
pub(crate) async fn record(
    tx: &mut TenantWrite,
    call: &TenantCaller,
    action: &'static str,
    source: SourceId,
    detail: Value,
) -> Result<()> {
    let event = Event { source_id: Some(source), detail, ..call.event(action) };
    Ok(audit::record(tx, &call.store().env, event).await?)
}

fn refused(error: store::Error) -> Problem {
    match error {
        store::Error::Conflict => Problem::conflict(
            "/identifier",
            "taken",
            "identifier belongs to another source of this tenant: choose another",
        ),
        store::Error::Reference => Problem::field(
            "/corp",
            "unknown",
            "corp is none of this tenant's corps: make it first, or check the id",
        ),
        other => other.into(),
    }
}
