//! Apps that requests come from, made as any other: by the store.

use std::sync::{Arc, LazyLock};

use store::app::{self, App, AppSettings, AuthMethod};
use store::ephemeral::{Ephemeral, MemorySettings};
use store::id::TenantId;
use store::protocol::{Profile, Protocol};
use store::signing_key::Algorithm;
use store::source::Status;
use store::tenant::{self, Tenant, TenantStatus};
use store::{Database, DatabaseUrl, Env, KeyRing, Store};

/// Where their answers go.
pub(crate) const REDIRECT_URI: &str = "https://app.example.com/callback";

/// One of each kind: public, confidential, and without PKCE.
pub(crate) static APPS: LazyLock<Vec<App>> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(make()).unwrap()
});

async fn make() -> store::Result<Vec<App>> {
    let env = Env::system();
    let database = Database::open(&DatabaseUrl::SqliteMemory("checks".to_owned()), 1).await?;
    database.migrate().await?;
    let keys = Arc::new(KeyRing::ephemeral(&env)?);
    let ephemeral = Ephemeral::memory(MemorySettings::default());
    let store = Store { database, ephemeral, env: env.clone(), keys, logout_due: Arc::default() };
    let now = env.now();
    let tenant = Tenant {
        id: TenantId(env.ordered_id()?),
        host: "acme.example.com".to_owned(),
        display_name: "Acme".to_owned(),
        support_contact: None,
        status: TenantStatus::Active,
        branding: None,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    let mut tx = store.begin(tenant.id).await?;
    tenant::create(&mut tx, &tenant).await?;
    let mut apps = Vec::new();
    for (method, profile) in [
        (AuthMethod::None, Profile::Oauth21),
        (AuthMethod::ClientSecretBasic, Profile::Oauth21),
        (AuthMethod::ClientSecretBasic, Profile::OidcBasic),
    ] {
        apps.push(app::create(&mut tx, &env, settings(method, profile)).await?);
    }
    tx.commit().await?;
    Ok(apps)
}

fn settings(token_endpoint_auth_method: AuthMethod, profile: Profile) -> AppSettings {
    let web_origins = vec!["https://app.example.com".to_owned()];
    AppSettings {
        display_name: "App".to_owned(),
        logo_url: None,
        home_url: None,
        initiate_login_uri: None,
        redirect_uris: vec![REDIRECT_URI.to_owned()],
        post_logout_redirect_uris: Vec::new(),
        token_endpoint_auth_method,
        secret_hash: None,
        id_token_alg: Algorithm::Es256,
        registration: true,
        sign_in_methods: Vec::new(),
        status: Status::Active,
        branding: None,
        protocol: Protocol { profile, web_origins, ..Protocol::default() },
        backchannel_logout_uri: None,
    }
}
