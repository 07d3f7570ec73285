//! What is the same for everybody: metadata, keys, verification files, our own files. The hot ones
//! are kept ready as bytes for a moment; an unknown host is remembered as well.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{
    self, CacheControl, CacheDirective, ETag, EntityTag, HeaderName, HeaderValue, IfNoneMatch,
};
use actix_web::web::Bytes;
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, web};
use moka::future::Cache;
use oidc::{Provider, discovery};
use store::id::TenantId;
use store::tenant::{self, TenantStatus};
use store::verification_file;

use crate::Site;
use crate::address::host;
use crate::answer;
use crate::assets::{self, Asset};
use crate::context::Context;
use crate::failure::{Failure, FailurePage};
use crate::pages::Notice;

/// How long a node may go on with what it has read: a suspended tenant's metadata lives as much
/// longer, and nothing else rests on it.
const FRESH_FOR: Duration = Duration::from_secs(1);

/// Tenants and their metadata by host, as this node has read them.
#[derive(Clone)]
pub struct PublicDocuments(Cache<String, Option<Arc<Documents>>>);

impl fmt::Debug for PublicDocuments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicDocuments")
    }
}

impl Default for PublicDocuments {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(10_000).time_to_live(FRESH_FOR).build())
    }
}

struct Documents {
    tenant: TenantId,
    metadata: Bytes,
}

impl PublicDocuments {
    async fn of(
        &self,
        provider: &Provider,
        host: String,
    ) -> Result<Option<Arc<Documents>>, Failure> {
        if let Some(known) = self.0.get(&host).await {
            return Ok(known);
        }
        let read = self.0.try_get_with(host.clone(), read(provider, &host)).await;
        read.map_err(|error| Failure::Store(store::Error::Unavailable(Box::new(Shared(error)))))
    }
}

/// Several callers may get one failure.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct Shared(Arc<oidc::Error>);

async fn read(provider: &Provider, host: &str) -> Result<Option<Arc<Documents>>, oidc::Error> {
    let found = tenant::find_by_host(&provider.store.database, host).await?;
    let Some(tenant) = found.filter(|tenant| tenant.status == TenantStatus::Active) else {
        return Ok(None);
    };
    let metadata = discovery::document(&provider.issuer(&tenant)).into();
    Ok(Some(Arc::new(Documents { tenant: tenant.id, metadata })))
}

/// `GET /oidc/.well-known/openid-configuration`, and RFC 8414's form of the same.
pub(crate) async fn metadata(site: web::Data<Site>, request: HttpRequest) -> HttpResponse {
    let found = find(&site, &request).await;
    published(&site, found.map(|documents| documents.metadata.clone()))
}

/// `GET /oidc/.well-known/jwks.json`. The keys that this node signs by, and no copy of them that may be
/// older: an app that meets a new one asks once, and then not again for a minute.
pub(crate) async fn keys(site: web::Data<Site>, request: HttpRequest) -> HttpResponse {
    let jwks = jwks(&site, &request).await;
    published(&site, jwks)
}

async fn jwks(site: &Site, request: &HttpRequest) -> Result<Bytes, Failure> {
    let tenant = find(site, request).await?.tenant;
    let keys = site.broker.provider.keys.of(tenant).await?;
    Ok(Bytes::copy_from_slice(&keys.jwks()))
}

async fn find(site: &Site, request: &HttpRequest) -> Result<Arc<Documents>, Failure> {
    let unknown = || Failure::Notice(Notice::UnknownHost);
    let host = host(request.head()).ok_or_else(unknown)?;
    site.documents.of(&site.broker.provider, host).await?.ok_or_else(unknown)
}

fn published(site: &Site, document: Result<Bytes, Failure>) -> HttpResponse {
    match document {
        Ok(body) => HttpResponse::Ok()
            .content_type("application/json")
            .insert_header((header::CACHE_CONTROL, "public, max-age=60"))
            // Public, and read by scripts of any site; never with credentials (attack I6).
            .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
            .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .body(body),
        Err(failure) => FailurePage::without_tenant(site.default_language, failure).into_response(),
    }
}

/// `GET /WW_verify_{name}.txt`: proves to WeCom who owns the host [D 90315].
pub(crate) async fn verification_file(context: Context, name: web::Path<String>) -> HttpResponse {
    let name = format!("WW_verify_{name}.txt");
    let mut scope = context.site.broker.provider.store.tenant(context.tenant.id);
    let result = match verification_file::find(&mut scope, &name).await {
        Ok(Some(file)) => Ok(HttpResponse::Ok()
            .content_type("text/plain; charset=utf-8")
            .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .body(file.content)),
        Ok(None) => Err(Failure::Notice(Notice::NotFound)),
        Err(error) => Err(error.into()),
    };
    context.answer(result).await
}

/// `GET /assets/{name}`: our own style and script, under names that change with their content.
pub(crate) async fn asset(request: HttpRequest) -> HttpResponse {
    let Some(asset) = assets::find(request.path()) else {
        return answer::json(actix_web::http::StatusCode::NOT_FOUND, &serde_json::json!({}));
    };
    let forever = vec![
        CacheDirective::Public,
        CacheDirective::MaxAge(31_536_000),
        CacheDirective::Extension("immutable".to_owned(), None),
    ];
    file(&request, asset, forever)
}

/// `GET /sdk/hufu.js`: the script for apps. A module is read by scripts of any site.
pub(crate) async fn sdk(request: HttpRequest) -> HttpResponse {
    let brief = vec![CacheDirective::Public, CacheDirective::MaxAge(3600)];
    let mut response = file(&request, assets::sdk(), brief);
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    let anybody = HeaderValue::from_static("cross-origin");
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), anybody);
    response
}

fn file(request: &HttpRequest, asset: Asset, caching: Vec<CacheDirective>) -> HttpResponse {
    let tag = EntityTag::new_strong(asset.etag.trim_matches('"').to_owned());
    let cached = request.get_header::<IfNoneMatch>().is_some_and(|wanted| match wanted {
        IfNoneMatch::Any => true,
        IfNoneMatch::Items(tags) => tags.iter().any(|known| known.weak_eq(&tag)),
    });
    let mut response = if cached { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header(ETag(tag))
        .insert_header(CacheControl(caching))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .content_type(asset.mime);
    if cached { response.finish() } else { response.body(asset.bytes) }
}

/// Anything else on a tenant's host.
pub(crate) async fn not_found(context: Context) -> HttpResponse {
    context.answer(Err(Failure::Notice(Notice::NotFound))).await
}
