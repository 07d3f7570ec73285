//! Apps: the OpenID Connect clients of a tenant, and their links to sources.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use sqlx::{ColumnIndex, Decode, FromRow, Row, Type};

use crate::branding::Branding;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::id::{AppId, SourceId};
use crate::page::{Cursor, Page, PageRequest};
use crate::protocol::Protocol;
use crate::registration::Registered;
use crate::scope::{Scope, TenantWrite};
use crate::secret::SecretHash;
use crate::session::SignInMethod;
use crate::signing_key::Algorithm;
use crate::source::Status;
use crate::sql;
use crate::sql::Database;
use crate::tenant::Tenant;

crate::text_enum! {
    /// How an app proves itself at the token endpoint (OpenID Connect Core §9).
    AuthMethod {
        /// HTTP Basic with the client secret.
        ClientSecretBasic = "client_secret_basic",
        /// The client secret in the form.
        ClientSecretPost = "client_secret_post",
        /// A JWT signed with its own key (RFC 7523).
        PrivateKeyJwt = "private_key_jwt",
        /// Not at all: a public client.
        None = "none",
    }
}

impl AuthMethod {
    /// Whether an app that proves itself this way has a client secret.
    pub const fn has_secret(self) -> bool {
        matches!(self, Self::ClientSecretBasic | Self::ClientSecretPost)
    }
}

/// A list that is kept in a JSON column, which must hold an object.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct List {
    /// The values.
    pub values: Vec<String>,
}

/// An OpenID Connect client.
#[derive(Debug, Clone, FromRow)]
pub struct App {
    /// Its id: the `client_id`.
    pub id: AppId,
    /// Its name, for people.
    pub display_name: String,
    /// Its picture.
    pub logo_url: Option<String>,
    /// Where a person can go back to when a sign-in cannot go on.
    pub home_url: Option<String>,
    /// Where a sign-in can be begun anew (OpenID Connect Core §4).
    pub initiate_login_uri: Option<String>,
    /// Where codes may be sent, byte for byte.
    pub redirect_uris: Json<List>,
    /// Where a browser may be sent after signing out, byte for byte.
    pub post_logout_redirect_uris: Json<List>,
    /// How it proves itself.
    pub token_endpoint_auth_method: AuthMethod,
    secret_hash: Option<Vec<u8>>,
    /// What its ID tokens are signed with.
    pub id_token_alg: Algorithm,
    /// Whether a first sign-in may make an account.
    pub registration: bool,
    /// What people may sign in with beside its sources.
    pub sign_in_methods: Json<List>,
    /// Whether it may be used.
    pub status: Status,
    /// How its pages look, over the tenant's.
    #[sqlx(json(nullable))]
    pub branding: Option<Branding>,
    /// What it may do at the provider.
    pub protocol: Json<Protocol>,
    /// Where it learns that a session has ended (OpenID Connect Back-Channel Logout 1.0 §2.2).
    pub backchannel_logout_uri: Option<String>,
    /// What it told of itself, if it registered itself.
    #[sqlx(json(nullable))]
    pub registered: Option<Box<Registered>>,
    /// Goes up by one with every change.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

impl App {
    /// The hash of its client secret; none for a public client.
    pub fn secret_hash(&self) -> Option<SecretHash> {
        self.secret_hash.clone().map(SecretHash::from_stored)
    }

    /// What an administrator has decided about it, to be written again with a change.
    pub fn settings(&self) -> AppSettings {
        AppSettings {
            display_name: self.display_name.clone(),
            logo_url: self.logo_url.clone(),
            home_url: self.home_url.clone(),
            initiate_login_uri: self.initiate_login_uri.clone(),
            redirect_uris: self.redirect_uris.values.clone(),
            post_logout_redirect_uris: self.post_logout_redirect_uris.values.clone(),
            token_endpoint_auth_method: self.token_endpoint_auth_method,
            secret_hash: self.secret_hash(),
            id_token_alg: self.id_token_alg,
            registration: self.registration,
            sign_in_methods: self.sign_in_methods.values.clone(),
            status: self.status,
            branding: self.branding.clone(),
            protocol: self.protocol.0.clone(),
            backchannel_logout_uri: self.backchannel_logout_uri.clone(),
        }
    }

    /// Whether people may sign in by this method. Sources have links of their own.
    pub fn allows(&self, method: SignInMethod) -> bool {
        self.sign_in_methods.values.iter().any(|allowed| allowed == method.as_str())
    }
}

/// What an administrator decides about an app.
#[derive(Debug, Clone)]
pub struct AppSettings {
    /// Its name, for people.
    pub display_name: String,
    /// Its picture.
    pub logo_url: Option<String>,
    /// Where a person can go back to.
    pub home_url: Option<String>,
    /// Where a sign-in can be begun anew.
    pub initiate_login_uri: Option<String>,
    /// Where codes may be sent.
    pub redirect_uris: Vec<String>,
    /// Where a browser may be sent after signing out.
    pub post_logout_redirect_uris: Vec<String>,
    /// How it proves itself.
    pub token_endpoint_auth_method: AuthMethod,
    /// The hash of its client secret; none for a public client.
    pub secret_hash: Option<SecretHash>,
    /// What its ID tokens are signed with.
    pub id_token_alg: Algorithm,
    /// Whether a first sign-in may make an account.
    pub registration: bool,
    /// What people may sign in with beside its sources.
    pub sign_in_methods: Vec<String>,
    /// Whether it may be used.
    pub status: Status,
    /// How its pages look, over the tenant's.
    pub branding: Option<Branding>,
    /// What it may do at the provider.
    pub protocol: Protocol,
    /// Where it learns that a session has ended.
    pub backchannel_logout_uri: Option<String>,
}

macro_rules! columns {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            " id, display_name, logo_url, home_url, initiate_login_uri, redirect_uris,
              post_logout_redirect_uris, token_endpoint_auth_method, secret_hash, id_token_alg,
              registration, sign_in_methods, status, branding, protocol, backchannel_logout_uri,
              registered, version, created_at, updated_at ",
            $after
        )
    };
}

/// Makes an app.
pub async fn create(tx: &mut TenantWrite, env: &Env, settings: AppSettings) -> Result<App> {
    tx.query(sql!(columns!(
        "INSERT INTO apps (tenant_id, id, display_name, logo_url, home_url, initiate_login_uri,
         redirect_uris, post_logout_redirect_uris, token_endpoint_auth_method, secret_hash,
         id_token_alg, status, branding, version, created_at, updated_at, registration,
         sign_in_methods, protocol, backchannel_logout_uri)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1, $14, $14, $15, $16, $17,
         $18) RETURNING",
        ""
    )))
    .bind(AppId(env.random_id()?))
    .bind(settings.display_name)
    .bind(settings.logo_url)
    .bind(settings.home_url)
    .bind(settings.initiate_login_uri)
    .bind(Json(List { values: settings.redirect_uris }))
    .bind(Json(List { values: settings.post_logout_redirect_uris }))
    .bind(settings.token_endpoint_auth_method)
    .bind(settings.secret_hash.map(|hash| hash.to_stored()))
    .bind(settings.id_token_alg)
    .bind(settings.status)
    .bind(settings.branding.map(Json))
    .bind(env.now())
    .bind(settings.registration)
    .bind(Json(List { values: settings.sign_in_methods }))
    .bind(Json(settings.protocol))
    .bind(settings.backchannel_logout_uri)
    .one()
    .await
}

/// The app with this id.
pub async fn find(scope: &mut impl Scope, id: AppId) -> Result<Option<App>> {
    scope
        .query(sql!(columns!("SELECT", "FROM apps WHERE tenant_id = $1 AND id = $2")))
        .bind(id)
        .optional()
        .await
}

/// A tenant, and an app of it.
#[derive(Debug, Clone)]
pub struct AtHost {
    /// The tenant.
    pub tenant: Tenant,
    /// The app; none if the tenant has none with that id.
    pub app: Option<App>,
}

impl<'r, R: Row> FromRow<'r, R> for AtHost
where
    Tenant: FromRow<'r, R>,
    App: FromRow<'r, R>,
    Option<AppId>: Decode<'r, R::Database> + Type<R::Database>,
    for<'n> &'n str: ColumnIndex<R>,
{
    fn from_row(row: &'r R) -> sqlx::Result<Self> {
        let is_there = row.try_get::<Option<AppId>, _>("id")?.is_some();
        let app = is_there.then(|| App::from_row(row)).transpose()?;
        Ok(Self { tenant: Tenant::from_row(row)?, app })
    }
}

/// The tenant that lives on this host (lower case), with its app of this id: in one statement,
/// because programs ask often.
pub async fn find_at_host(
    database: &Database,
    host: &str,
    id: Option<AppId>,
) -> Result<Option<AtHost>> {
    database
        .query(columns!(
            "SELECT t.*,",
            "FROM (SELECT id AS tenant_id, host AS tenant_host, display_name AS tenant_display_name,
                   support_contact AS tenant_support_contact, status AS tenant_status,
                   branding AS tenant_branding, version AS tenant_version,
                   created_at AS tenant_created_at, updated_at AS tenant_updated_at
                   FROM tenants WHERE host = $1) t
             LEFT JOIN apps ON apps.tenant_id = t.tenant_id AND id = $2"
        ))
        .bind(host.to_owned())
        .bind(id)
        .optional()
        .await
}

/// A page of the tenant's apps.
pub async fn list(scope: &mut impl Scope, page: PageRequest) -> Result<Page<App>> {
    let rows = scope
        .query(sql!(columns!(
            "SELECT",
            "FROM apps WHERE tenant_id = $1 AND ((created_at, id) > ($2, $3) OR $2 IS NULL)
             ORDER BY created_at, id LIMIT $4"
        )))
        .bind(page.after_time())
        .bind(page.after_id())
        .bind(page.fetch())
        .all()
        .await?;
    Ok(page.page(rows, |row: &App| Cursor { created_at: row.created_at, id: row.id.0 }))
}

/// Writes the settings of an app that has this version.
pub async fn update(
    tx: &mut TenantWrite,
    env: &Env,
    id: AppId,
    version: i64,
    settings: AppSettings,
) -> Result<App> {
    tx.query(sql!(columns!(
        "UPDATE apps SET display_name = $4, logo_url = $5, home_url = $6, initiate_login_uri = $7,
         redirect_uris = $8, post_logout_redirect_uris = $9, token_endpoint_auth_method = $10,
         secret_hash = $11, id_token_alg = $12, status = $13, branding = $14, version = version + 1,
         updated_at = $15, registration = $16, sign_in_methods = $17, protocol = $18,
         backchannel_logout_uri = $19
         WHERE tenant_id = $1 AND id = $2 AND version = $3 RETURNING",
        ""
    )))
    .bind(id)
    .bind(version)
    .bind(settings.display_name)
    .bind(settings.logo_url)
    .bind(settings.home_url)
    .bind(settings.initiate_login_uri)
    .bind(Json(List { values: settings.redirect_uris }))
    .bind(Json(List { values: settings.post_logout_redirect_uris }))
    .bind(settings.token_endpoint_auth_method)
    .bind(settings.secret_hash.map(|hash| hash.to_stored()))
    .bind(settings.id_token_alg)
    .bind(settings.status)
    .bind(settings.branding.map(Json))
    .bind(env.now())
    .bind(settings.registration)
    .bind(Json(List { values: settings.sign_in_methods }))
    .bind(Json(settings.protocol))
    .bind(settings.backchannel_logout_uri)
    .optional()
    .await?
    .ok_or(Error::Stale)
}

/// Deletes an app of this version; its links and grants go with it.
pub async fn delete(tx: &mut TenantWrite, id: AppId, version: i64) -> Result<()> {
    let deleted = tx
        .query(sql!("DELETE FROM apps WHERE tenant_id = $1 AND id = $2 AND version = $3"))
        .bind(id)
        .bind(version)
        .execute()
        .await?;
    if deleted == 1 { Ok(()) } else { Err(Error::Stale) }
}

/// What people may sign in with, beside sources, to any active app of the tenant.
pub async fn sign_in_methods_of_any(scope: &mut impl Scope) -> Result<Vec<String>> {
    #[derive(FromRow)]
    struct Found {
        sign_in_methods: String,
    }
    // As text, because PostgreSQL does not compare JSON.
    let found: Vec<Found> = scope
        .query(sql!(
            "SELECT DISTINCT CAST(sign_in_methods AS TEXT) AS sign_in_methods FROM apps
             WHERE tenant_id = $1 AND status = 'active'"
        ))
        .all()
        .await?;
    let mut methods = Vec::new();
    for row in found {
        let list: List = serde_json::from_str(&row.sign_in_methods)
            .map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
        methods.extend(list.values);
    }
    methods.sort_unstable();
    methods.dedup();
    Ok(methods)
}

/// Whether an active app of the tenant has this web origin, to the letter.
pub async fn has_web_origin(scope: &mut impl Scope, origin: &str) -> Result<bool> {
    #[derive(FromRow)]
    struct Found {
        #[sqlx(json)]
        protocol: Protocol,
    }
    // No wildcard of LIKE is in an origin but `_`, which finds too much: it is looked at again.
    let found: Vec<Found> = scope
        .query(sql!(
            "SELECT protocol FROM apps WHERE tenant_id = $1 AND status = 'active'
             AND protocol ->> 'web_origins' LIKE '%\"' || $2 || '\"%'"
        ))
        .bind(origin.replace('%', ""))
        .all()
        .await?;
    Ok(found.iter().any(|app| app.protocol.web_origins.iter().any(|own| own == origin)))
}

/// A link between an app and a source.
#[derive(Debug, Clone, FromRow)]
pub struct Link {
    /// The app.
    pub app_id: AppId,
    /// The source.
    pub source_id: SourceId,
    /// Its place on the login page; lower comes first.
    pub position: i64,
    /// When they were linked.
    pub created_at: DateTime<Utc>,
}

/// Links a source to an app, or moves it on the page. [`Error::Reference`] if either is missing.
pub async fn link(
    tx: &mut TenantWrite,
    env: &Env,
    app: AppId,
    source: SourceId,
    position: i64,
) -> Result<Link> {
    tx.query(sql!(
        "INSERT INTO app_sources (tenant_id, app_id, source_id, position, created_at)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant_id, app_id, source_id) DO UPDATE SET position = excluded.position
         RETURNING app_id, source_id, position, created_at"
    ))
    .bind(app)
    .bind(source)
    .bind(position)
    .bind(env.now())
    .one()
    .await
}

/// Takes a source away from an app. Whether there was a link.
pub async fn unlink(tx: &mut TenantWrite, app: AppId, source: SourceId) -> Result<bool> {
    let removed = tx
        .query(sql!(
            "DELETE FROM app_sources WHERE tenant_id = $1 AND app_id = $2 AND source_id = $3"
        ))
        .bind(app)
        .bind(source)
        .execute()
        .await?;
    Ok(removed == 1)
}

/// The links of an app, in the order of its login page (at most 100 are used).
pub async fn links_of_app(scope: &mut impl Scope, app: AppId) -> Result<Vec<Link>> {
    scope
        .query(sql!(
            "SELECT app_id, source_id, position, created_at FROM app_sources
             WHERE tenant_id = $1 AND app_id = $2 ORDER BY position, created_at, source_id"
        ))
        .bind(app)
        .all()
        .await
}

/// The links of a source.
pub async fn links_of_source(scope: &mut impl Scope, source: SourceId) -> Result<Vec<Link>> {
    scope
        .query(sql!(
            "SELECT app_id, source_id, position, created_at FROM app_sources
             WHERE tenant_id = $1 AND source_id = $2 ORDER BY created_at, app_id"
        ))
        .bind(source)
        .all()
        .await
}
