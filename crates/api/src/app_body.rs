//! What an administrator writes and reads of an app.

use chrono::{DateTime, Utc};
use oidc::app_rules::{self, Rules};
use serde::Serialize;
use serde_json::{Value, json};
use store::app::{App, AppSettings, AuthMethod};
use store::protocol::Protocol;
use store::signing_key::Algorithm;
use store::source::Status;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app_protocol::{self, AppProtocol};
use crate::branding::{BrandingView, NewBranding};
use crate::fields::{self, Context, Fields, Input};
use crate::schema;

/// An app to be made: stands for [`AppSettings`] in the API document, field by field.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewApp {
    /// Its name, as people see it on the login page.
    #[schema(min_length = 1, max_length = 100, example = "Wiki")]
    display_name: String,
    /// Its picture, an https URL.
    #[schema(max_length = 2048, example = "https://wiki.acme.example/logo.svg")]
    logo_url: Option<String>,
    /// Where a person can go back to when a sign-in cannot go on.
    #[schema(max_length = 2048, example = "https://wiki.acme.example/")]
    home_url: Option<String>,
    /// Where a sign-in can be begun anew (OpenID Connect Core §4).
    #[schema(max_length = 2048, example = "https://wiki.acme.example/login")]
    initiate_login_uri: Option<String>,
    /// Where codes may be sent. Compared byte for byte. https; http only for 127.0.0.1 and `[::1]`; a
    /// public app may have a private-use scheme such as `com.example.app:/callback`, or http on
    /// localhost.
    #[schema(min_items = 1, max_items = 50, example = json!(["https://wiki.acme.example/callback"]))]
    redirect_uris: Vec<String>,
    /// Where a browser may be sent after signing out. The same rules.
    #[schema(max_items = 50, required = false, example = json!(["https://wiki.acme.example/"]))]
    post_logout_redirect_uris: Vec<String>,
    /// How it proves itself at the token endpoint; `none` is a public app, with PKCE alone.
    #[schema(value_type = schema::AuthMethod, required = false, default = "client_secret_basic")]
    token_endpoint_auth_method: AuthMethod,
    /// What its ID tokens are signed with.
    #[schema(value_type = schema::Algorithm, required = false, default = "ES256")]
    id_token_signed_response_alg: Algorithm,
    /// Whether a first sign-in may make an account. Without it only people who have one get in.
    #[schema(required = false, default = true)]
    registration: bool,
    /// What people may sign in with beside the app's identity sources: `password`, `email_code` (a
    /// one-time code to the verified mail address), `sms_code` (one to the verified phone number).
    #[schema(required = false, example = json!(["password"]))]
    sign_in_methods: Vec<String>,
    /// Whether it may be used.
    #[schema(value_type = schema::Status, required = false, default = "active")]
    status: Status,
    /// How its pages look, over the tenant's.
    branding: Option<NewBranding>,
    /// Where it learns that a session has ended (OpenID Connect Back-Channel Logout): an https URL on the
    /// public internet, or in a network that the operator allows.
    #[schema(max_length = 2048, example = "https://wiki.acme.example/backchannel-logout")]
    backchannel_logout_uri: Option<String>,
    /// What it may do at the provider.
    #[serde(flatten)]
    #[schema(value_type = AppProtocol)]
    protocol: Protocol,
}

impl Input for AppSettings {
    fn read(fields: &mut Fields, context: Context<'_>) -> Option<Self> {
        let branding = fields.optional("branding", |value| fields::nested(value, context));
        let rules = Rules {
            outgoing: &context.console.outgoing,
            http: context.console.scheme == "http",
            native: true,
        };
        let settings = app_rules::read(fields, &rules);
        Some(Self { branding: branding?.and_then(NewBranding::kept), ..settings? })
    }
}

/// An app as it would be written.
pub(crate) fn written(app: &App) -> Value {
    let mut all = json!({
        "display_name": app.display_name,
        "logo_url": app.logo_url,
        "home_url": app.home_url,
        "initiate_login_uri": app.initiate_login_uri,
        "redirect_uris": app.redirect_uris.values,
        "post_logout_redirect_uris": app.post_logout_redirect_uris.values,
        "token_endpoint_auth_method": app.token_endpoint_auth_method,
        "id_token_signed_response_alg": app.id_token_alg,
        "registration": app.registration,
        "sign_in_methods": app.sign_in_methods.values,
        "status": app.status,
        "branding": app.branding,
        "backchannel_logout_uri": app.backchannel_logout_uri,
    });
    if let (Value::Object(all), Value::Object(more)) =
        (&mut all, app_protocol::written(&app.protocol))
    {
        all.extend(more);
    }
    all
}

/// An OpenID Connect client of a tenant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = App)]
pub(crate) struct AppView {
    /// Its id.
    id: Uuid,
    /// What the app sends as `client_id`: its id.
    client_id: Uuid,
    /// Its name, as people see it on the login page.
    #[schema(example = "Wiki")]
    display_name: String,
    /// Its picture.
    #[schema(required)]
    logo_url: Option<String>,
    /// Where a person can go back to when a sign-in cannot go on.
    #[schema(required)]
    home_url: Option<String>,
    /// Where a sign-in can be begun anew.
    #[schema(required)]
    initiate_login_uri: Option<String>,
    /// Where codes may be sent.
    #[schema(example = json!(["https://wiki.acme.example/callback"]))]
    redirect_uris: Vec<String>,
    /// Where a browser may be sent after signing out.
    post_logout_redirect_uris: Vec<String>,
    /// How it proves itself at the token endpoint.
    #[schema(value_type = schema::AuthMethod)]
    token_endpoint_auth_method: AuthMethod,
    /// Whether it has a client secret. The secret itself is shown when it is made, and never again.
    client_secret_set: bool,
    /// What its ID tokens are signed with.
    #[schema(value_type = schema::Algorithm)]
    id_token_signed_response_alg: Algorithm,
    /// Whether a first sign-in may make an account.
    registration: bool,
    /// What people may sign in with beside the app's identity sources.
    #[schema(example = json!(["password"]))]
    sign_in_methods: Vec<String>,
    /// Whether it may be used.
    #[schema(value_type = schema::Status)]
    status: Status,
    /// How its pages look, over the tenant's.
    #[schema(required)]
    branding: Option<BrandingView>,
    /// Where it learns that a session has ended.
    #[schema(required)]
    backchannel_logout_uri: Option<String>,
    /// What it may do at the provider.
    #[serde(flatten)]
    #[schema(value_type = AppProtocol)]
    protocol: Protocol,
    /// The initial access token that it registered itself with; null for one that was made here.
    #[schema(required)]
    registered_by: Option<Uuid>,
    /// Goes up by one with every change.
    #[schema(example = 1)]
    version: i64,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it was last changed.
    updated_at: DateTime<Utc>,
}

impl From<App> for AppView {
    fn from(app: App) -> Self {
        Self {
            id: app.id.0,
            client_id: app.id.0,
            client_secret_set: app.secret_hash().is_some(),
            display_name: app.display_name,
            logo_url: app.logo_url,
            home_url: app.home_url,
            initiate_login_uri: app.initiate_login_uri,
            redirect_uris: app.redirect_uris.0.values,
            post_logout_redirect_uris: app.post_logout_redirect_uris.0.values,
            token_endpoint_auth_method: app.token_endpoint_auth_method,
            id_token_signed_response_alg: app.id_token_alg,
            registration: app.registration,
            sign_in_methods: app.sign_in_methods.0.values,
            status: app.status,
            branding: app.branding.map(BrandingView::from),
            backchannel_logout_uri: app.backchannel_logout_uri,
            protocol: app.protocol.0,
            registered_by: app.registered.map(|registered| registered.by.0),
            version: app.version,
            created_at: app.created_at,
            updated_at: app.updated_at,
        }
    }
}
