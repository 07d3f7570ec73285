//! Links between apps and sources: a source works only for the apps it is linked to.

use actix_web::{delete, get, put};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use store::app::{self, Link};
use store::audit::{self, Event};
use store::id::{AppId, SourceId};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::Answer;
use crate::caller::TenantCaller;
use crate::fields::{Context, Fields, Input};
use crate::paging::List;
use crate::problem::{CONFLICT, Problem, Result};
use crate::{apps, rules, sources};

/// Most sources of an app.
const MAX_LINKS: usize = 100;

/// Where a source stands on an app's login page.
#[derive(Debug, ToSchema)]
pub(crate) struct NewLink {
    /// Lower comes first.
    #[schema(minimum = 0, maximum = 1_000_000, required = false, default = 0, example = 0)]
    position: i64,
}

impl Input for NewLink {
    fn read(fields: &mut Fields, _: Context<'_>) -> Option<Self> {
        let position = fields.defaulted("position", 0, rules::integer(0, 1_000_000));
        Some(Self { position: position? })
    }
}

/// A link between an app and a source.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Link)]
pub(crate) struct LinkView {
    /// The app.
    app: Uuid,
    /// The source.
    source: Uuid,
    /// Its place on the app's login page; lower comes first.
    #[schema(example = 0)]
    position: i64,
    /// When they were linked.
    created_at: DateTime<Utc>,
}

impl From<Link> for LinkView {
    fn from(link: Link) -> Self {
        Self {
            app: link.app_id.0,
            source: link.source_id.0,
            position: link.position,
            created_at: link.created_at,
        }
    }
}

/// List the sources of an app
///
/// In the order of its login page; all of them, at most 100.
#[utoipa::path(tag = "Links", operation_id = "listAppIdentitySources",
    responses((status = 200, description = "The links", body = List<LinkView>)))]
#[get("/tenants/{tenant}/apps/{app}/identity-sources")]
pub(crate) async fn of_app(call: TenantCaller) -> Result<Answer> {
    let mut scope = call.scope();
    let app = apps::find(&call, &mut scope).await?;
    let links = app::links_of_app(&mut scope, app.id).await?;
    List::whole(links.into_iter().map(LinkView::from).collect())
}

/// List the apps of a source
#[utoipa::path(tag = "Links", operation_id = "listIdentitySourceApps",
    responses((status = 200, description = "The links, oldest first", body = List<LinkView>)))]
#[get("/tenants/{tenant}/identity-sources/{source}/apps")]
pub(crate) async fn of_source(call: TenantCaller) -> Result<Answer> {
    let mut scope = call.scope();
    let source = sources::find(&call, &mut scope).await?;
    let links = app::links_of_source(&mut scope, source.id).await?;
    List::whole(links.into_iter().map(LinkView::from).collect())
}

/// Link a source to an app
///
/// Or move it on the app's login page. The same call twice does no more than once.
#[utoipa::path(tag = "Links", operation_id = "putAppIdentitySource", request_body = NewLink,
    responses((status = 200, description = "The link", body = LinkView)))]
#[put("/tenants/{tenant}/apps/{app}/identity-sources/{source}")]
pub(crate) async fn put(call: TenantCaller) -> Result<Answer> {
    let new: NewLink = call.input()?;
    let mut tx = call.begin().await?;
    let app = apps::find(&call, &mut tx).await?;
    let source = sources::find(&call, &mut tx).await?;
    let links = app::links_of_app(&mut tx, app.id).await?;
    let known = links.iter().any(|link| link.source_id == source.id);
    if !known && links.len() >= MAX_LINKS {
        let text = "The app has 100 sources, which is the most: unlink one first.";
        return Err(Problem::new(CONFLICT, text));
    }
    let link = app::link(&mut tx, &call.store().env, app.id, source.id, new.position).await?;
    let event = Event {
        app_id: Some(app.id),
        source_id: Some(source.id),
        detail: json!({ "position": link.position }),
        ..call.event("link.put")
    };
    audit::record(&mut tx, &call.store().env, event).await?;
    tx.commit().await?;
    Answer::ok(&LinkView::from(link))
}

/// Unlink a source from an app
///
/// Sessions that began by it go on.
#[utoipa::path(tag = "Links", operation_id = "deleteAppIdentitySource",
    responses((status = 204, description = "It is gone")))]
#[delete("/tenants/{tenant}/apps/{app}/identity-sources/{source}")]
pub(crate) async fn delete(call: TenantCaller) -> Result<Answer> {
    let (app, source): (AppId, SourceId) = (call.id("app")?, call.id("source")?);
    let mut tx = call.begin().await?;
    if !app::unlink(&mut tx, app, source).await? {
        return Err(Problem::not_found());
    }
    let event = Event { app_id: Some(app), source_id: Some(source), ..call.event("link.delete") };
    audit::record(&mut tx, &call.store().env, event).await?;
    tx.commit().await?;
    Ok(Answer::no_content())
}
