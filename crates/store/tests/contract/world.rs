//! A store with a clock of its own, tenants in which every table has a row, and a look at the bare
//! rows.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use serde_json::json;
use sqlx::AssertSqlSafe;
use store::account::AccountSettings;
use store::app::{App, AppSettings, AuthMethod};
use store::audit::{self, ActorKind, Event};
use store::branding::{Agreement, Background, Branding, Color};
use store::contact_callback::{self, CallbackSecret};
use store::corp::Corp;
use store::ephemeral::MemorySettings;
use store::grant::{Claims, NewGrant};
use store::id::{
    ApiKeyId, AppId, CorpId, GrantId, IdentityId, InitialAccessTokenId, KeyId, LinkEventId,
    SessionId, TenantId, UserId,
};
use store::identity::Subject;
use store::initial_access_token::{Limits, NewInitialAccessToken};
use store::link_event::{LinkEvent, LinkKind};
use store::normal::{Email, Handle, Phone};
use store::page::{Cursor, PageRequest};
use store::policy::AssociationPolicy;
use store::protocol::Protocol;
use store::registration::{About, Registered};
use store::secret::SecretHash;
use store::session::{Device, Ending, NewSession, Session, SignedInBy};
use store::signing_key::{Algorithm, KeyStatus, NewKey};
use store::source::{
    AssociationMode, NewSource, Source, SourceKind, SourceMode, SourceScope, SourceSettings, Status,
};
use store::tenant::{Tenant, TenantStatus};
use store::user::Profile;
use store::{
    Clock, Database, DatabaseUrl, Env, Ephemeral, KeyRing, Random, Result, Store, TenantWrite,
    api_key, app, consent, corp, departure, grant, identity, initial_access_token, link_event,
    password, refresh_token, registration, revoked_token, session, signing_key, source, tenant,
    user, verification_file,
};
use uuid::Uuid;

use crate::support::beside;

pub(crate) const HOUR: TimeDelta = TimeDelta::hours(1);
pub(crate) const FIRST: PageRequest = PageRequest { after: None, limit: 200 };

/// A clock that stands still until a test moves it.
#[derive(Debug)]
pub(crate) struct TestClock(Mutex<DateTime<Utc>>);

impl TestClock {
    pub(crate) fn advance(&self, by: TimeDelta) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<()> {
        aws_lc_rs::rand::fill(bytes).map_err(|_| store::Error::Random)
    }
}

/// Links a person to a user, whom nobody has linked or whose link stays.
pub(crate) async fn link(
    tx: &mut TenantWrite,
    env: &Env,
    user: UserId,
    person: &Subject,
    name: Option<&str>,
) -> Result<Option<IdentityId>> {
    let held = departure::hold(tx, person).await?;
    identity::link(tx, env, user, held, name).await
}

/// A migrated store and its clock.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) clock: Arc<TestClock>,
}

impl World {
    pub(crate) async fn open(url: DatabaseUrl) -> Result<Self> {
        // Nanoseconds that no engine keeps.
        let start = DateTime::from_timestamp(1_900_000_000, 123_456_789).unwrap();
        let clock = Arc::new(TestClock(Mutex::new(start)));
        let env = Env::new(clock.clone(), Arc::new(SystemRandom));
        let database = Database::open(&url, 8).await?;
        database.migrate().await?;
        let keys = Arc::new(KeyRing::ephemeral(&env)?);
        let ephemeral = Ephemeral::memory(MemorySettings::default());
        let store = Store { database, ephemeral, env, keys, logout_due: Arc::default() };
        Ok(Self { store, clock })
    }

    pub(crate) fn env(&self) -> &Env {
        &self.store.env
    }

    pub(crate) async fn tenant(&self, host: &str) -> Result<Tenant> {
        let now = self.env().now();
        let tenant = Tenant {
            id: TenantId(self.env().ordered_id()?),
            host: host.to_owned(),
            display_name: format!("租户 {host}"),
            support_contact: Some(format!("help@{host}")),
            status: TenantStatus::Active,
            branding: None,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        let mut tx = self.store.begin(tenant.id).await?;
        tenant::create(&mut tx, &tenant).await?;
        tx.commit().await?;
        Ok(tenant)
    }

    pub(crate) fn corp(&self, corp_id: &str) -> Result<Corp> {
        let now = self.env().now();
        Ok(Corp {
            id: CorpId(self.env().ordered_id()?),
            corp_id: corp_id.to_owned(),
            display_name: format!("公司 {corp_id}"),
            egress: None,
            version: 1,
            created_at: now,
            updated_at: now,
        })
    }

    pub(crate) async fn make_source(
        &self,
        tx: &mut TenantWrite,
        corp: CorpId,
        identifier: &str,
    ) -> Result<Source> {
        let new = NewSource {
            corp,
            identifier: identifier.to_owned(),
            kind: SourceKind::WecomQr,
            mode: SourceMode::SelfBuilt,
        };
        source::create(tx, self.env(), &self.store.keys, new, source_settings()).await
    }

    /// A tenant in which every table has a row.
    pub(crate) async fn sample(&self, host: &str) -> Result<Sample> {
        let (env, tenant) = (self.env().clone(), self.tenant(host).await?);
        let mut tx = self.store.begin(tenant.id).await?;
        let corp = self.corp("ww0123456789abcdef")?;
        corp::create(&mut tx, &corp).await?;
        let source = self.make_source(&mut tx, corp.id, "wecom").await?;
        let mut settings = app_settings();
        settings.protocol.web_origins = vec![format!("https://app.{host}")];
        let client = app::create(&mut tx, &env, settings).await?;
        let app = client.id;
        app::link(&mut tx, &env, app, source.id, 1).await?;
        let user = user::create(&mut tx, &env, &profile()).await?.id;
        let subject = subject("zhangsan");
        let identity = link(&mut tx, &env, user, &subject, Some("张三")).await?.unwrap();
        password::set(&mut tx, &env, user, PASSWORD).await?;
        let linked = link_event::record(&mut tx, &env, linking(user, &subject)).await?;
        let token = SecretHash::of(&format!("session of {host}"));
        let (way, code) = (SignedInBy::Source(source.id, identity), code());
        let session = session::create(&mut tx, &env, user, signed_in(way, &token)).await?;
        let grant =
            grant::create(&mut tx, &env, granted(app, &session, "openid profile", &code)).await?;
        let (refresh, revoked) = self.tokens(&mut tx, grant, host).await?;
        consent::put(&mut tx, &env, user, app, "openid").await?;
        let ended = ended_session(&mut tx, &env, app, user).await?;
        let api_hash = SecretHash::of(&format!("api key of {host}"));
        let api_key = api_key::create(&mut tx, &env, "部署", "hufu_k", &api_hash, None).await?.id;
        let (initial, initial_hash) = self.registration(&mut tx, app, host).await?;
        let key = self.make_key(&mut tx).await?;
        self.for_wecom(&mut tx, corp.id, host).await?;
        let event = Event { trace: Some(host.to_owned()), ..Event::system("sign_in", "ok") };
        audit::record(&mut tx, &env, event).await?;
        let (answer, request) = (SecretHash::of("answer"), SecretHash::of("request"));
        let keys = &self.store.keys;
        store::idempotency::claim(&mut tx, &env, keys, api_key.0, &answer, &request).await?;
        store::idempotency::complete(&mut tx, &env, keys, api_key.0, &answer, "{}").await?;
        tx.commit().await?;
        Ok(Sample {
            tenant,
            corp,
            source,
            client,
            app,
            user,
            identity,
            subject,
            linked,
            token,
            session,
            grant,
            code,
            refresh,
            revoked,
            ended,
            key,
            api_key,
            api_hash,
            initial,
            initial_hash,
        })
    }

    /// A verification file, an address that WeCom calls, and somebody who has left.
    async fn for_wecom(&self, tx: &mut TenantWrite, corp: CorpId, host: &str) -> Result<()> {
        verification_file::put(tx, self.env(), "WW_verify_a.txt", "a").await?;
        departure::record(tx, self.env(), &subject("gone")).await?;
        let secret = callback_secret();
        contact_callback::put(tx, self.env(), &self.store.keys, corp, host, &secret).await
    }

    async fn make_key(&self, tx: &mut TenantWrite) -> Result<KeyId> {
        let new = new_key(Algorithm::Es256);
        signing_key::create(tx, self.env(), &self.store.keys, &new, KeyStatus::Active).await
    }

    /// An initial access token, with which the app registered itself; it has the same secret.
    async fn registration(
        &self,
        tx: &mut TenantWrite,
        app: AppId,
        host: &str,
    ) -> Result<(InitialAccessTokenId, SecretHash)> {
        let hash = SecretHash::of(&format!("initial access token of {host}"));
        let new = initial_token(self.env());
        let by = initial_access_token::create(tx, self.env(), new, "hufu_i", &hash).await?.id;
        registration::put(tx, app, &registered(by), &hash).await?;
        Ok((by, hash))
    }

    /// A refresh token of a grant, and a revoked access token.
    async fn tokens(
        &self,
        tx: &mut TenantWrite,
        grant: GrantId,
        host: &str,
    ) -> Result<(SecretHash, Uuid)> {
        let env = self.env();
        let refresh = SecretHash::of(&format!("refresh token of {host}"));
        refresh_token::create(tx, env, grant, &refresh, HOUR).await?;
        let revoked = env.random_id()?;
        revoked_token::revoke(tx, revoked, env.now() + HOUR).await?;
        Ok((refresh, revoked))
    }

    /// The live session of a sample.
    pub(crate) async fn find_session(&self, of: &Sample) -> Result<Option<Session>> {
        session::find(&mut self.store.tenant(of.tenant.id), self.env(), &of.token).await
    }

    /// Every row of a tenant, as the engine shows it.
    pub(crate) async fn dump(&self, tenant: TenantId) -> Vec<String> {
        match &self.store.database {
            Database::Sqlite { options, .. } => {
                let tables: Vec<(String, String, String)> =
                    sqlx::query_as(SQLITE_TABLES).fetch_all(&beside(options)).await.unwrap();
                let mut rows = Vec::new();
                for (table, key, columns) in tables {
                    let text = format!("SELECT {columns} FROM {table} WHERE {key} = $1 ORDER BY 1");
                    let found: Vec<String> = sqlx::query_scalar(AssertSqlSafe(text))
                        .bind(tenant.0)
                        .fetch_all(&beside(options))
                        .await
                        .unwrap();
                    rows.extend(found.into_iter().map(|row| format!("{table} {row}")));
                }
                rows
            }
            Database::Postgres(pool) => {
                let tables: Vec<(String, String)> =
                    sqlx::query_as(POSTGRES_TABLES).fetch_all(pool).await.unwrap();
                let mut rows = Vec::new();
                for (table, key) in tables {
                    let text = format!(
                        "SELECT CAST(t AS text) FROM {table} t WHERE {key} = $1 ORDER BY 1"
                    );
                    let found: Vec<String> = sqlx::query_scalar(AssertSqlSafe(text))
                        .bind(tenant.0)
                        .fetch_all(pool)
                        .await
                        .unwrap();
                    rows.extend(found.into_iter().map(|row| format!("{table} {row}")));
                }
                rows
            }
        }
    }

    /// The tables that hold rows of tenants.
    pub(crate) async fn tables(&self) -> Vec<String> {
        match &self.store.database {
            Database::Sqlite { options, .. } => {
                let text = format!("SELECT name FROM ({SQLITE_TABLES}) ORDER BY 1");
                sqlx::query_scalar(AssertSqlSafe(text)).fetch_all(&beside(options)).await.unwrap()
            }
            Database::Postgres(pool) => {
                let text = format!("SELECT name FROM ({POSTGRES_TABLES}) t ORDER BY 1");
                sqlx::query_scalar(AssertSqlSafe(text)).fetch_all(pool).await.unwrap()
            }
        }
    }

    /// How many rows a query counts.
    pub(crate) async fn count(&self, text: &'static str) -> i64 {
        match &self.store.database {
            Database::Sqlite { options, .. } => {
                sqlx::query_scalar(text).fetch_one(&beside(options)).await
            }
            Database::Postgres(pool) => sqlx::query_scalar(text).fetch_one(pool).await,
        }
        .unwrap()
    }
}

/// Name, key column, and an expression that shows a whole row.
const SQLITE_TABLES: &str = "
    SELECT t.name AS name, max(iif(c.name = 'tenant_id', c.name, 'id')) AS key,
           group_concat('quote(' || c.name || ')', ' || '','' || ') AS columns
    FROM sqlite_master t JOIN pragma_table_info(t.name) c
    WHERE t.type = 'table' AND (t.name = 'tenants' OR EXISTS (
        SELECT 1 FROM pragma_table_info(t.name) k WHERE k.name = 'tenant_id'))
    GROUP BY t.name";
const POSTGRES_TABLES: &str = "
    SELECT CAST(table_name AS text) AS name, CAST(column_name AS text) AS key
    FROM information_schema.columns
    WHERE table_schema = 'public'
      AND (column_name = 'tenant_id' OR (table_name = 'tenants' AND column_name = 'id'))";

/// What a tenant's tables hold.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) tenant: Tenant,
    pub(crate) corp: Corp,
    pub(crate) source: Source,
    pub(crate) client: App,
    pub(crate) app: AppId,
    pub(crate) user: UserId,
    pub(crate) identity: IdentityId,
    pub(crate) subject: Subject,
    pub(crate) linked: LinkEventId,
    pub(crate) token: SecretHash,
    pub(crate) session: Session,
    pub(crate) grant: GrantId,
    pub(crate) code: SecretHash,
    pub(crate) refresh: SecretHash,
    pub(crate) revoked: Uuid,
    /// A session of which an app is yet to be told that it has ended.
    pub(crate) ended: SessionId,
    pub(crate) key: KeyId,
    pub(crate) api_key: ApiKeyId,
    pub(crate) api_hash: SecretHash,
    pub(crate) initial: InitialAccessTokenId,
    /// Of the initial access token, and of the app's registration access token.
    pub(crate) initial_hash: SecretHash,
}

/// An initial access token for one app.
/// What WeCom signs and encrypts with.
pub(crate) fn callback_secret() -> CallbackSecret {
    CallbackSecret { token: "token".into(), encoding_aes_key: "k".repeat(43).into() }
}

pub(crate) fn initial_token(env: &store::Env) -> NewInitialAccessToken {
    let limits = Limits {
        profile: store::protocol::Profile::Oauth21,
        redirect_hosts: Vec::new(),
        sources: Vec::new(),
        sign_in_methods: Vec::new(),
    };
    let (uses, expires_at) = (1, env.now() + HOUR);
    NewInitialAccessToken { display_name: "代理".to_owned(), uses, limits, expires_at }
}

/// What an app told of itself.
pub(crate) fn registered(by: InitialAccessTokenId) -> Registered {
    let about = About { contacts: vec!["it@app.example".to_owned()], ..About::default() };
    Registered { by, redirect_hosts: vec!["app.example".to_owned()], about }
}

impl Sample {
    /// How its user signed in.
    pub(crate) fn way(&self) -> SignedInBy {
        SignedInBy::Source(self.source.id, self.identity)
    }
}

/// A session that has ended, with a grant in it.
async fn ended_session(
    tx: &mut TenantWrite,
    env: &Env,
    app: AppId,
    user: UserId,
) -> Result<SessionId> {
    let token = code();
    let session = session::create(tx, env, user, signed_in(SignedInBy::Password, &token)).await?;
    grant::create(tx, env, granted(app, &session, "openid", &code())).await?;
    session::end(tx, env, session.id, Ending::SignOut).await?;
    Ok(session.id)
}

/// A grant without anything beside its scope.
pub(crate) fn granted<'a>(
    app: AppId,
    session: &'a Session,
    scope: &'a str,
    code: &'a SecretHash,
) -> NewGrant<'a> {
    static NOTHING: Claims = Claims { userinfo: Vec::new(), id_token: Vec::new() };
    NewGrant { app, session, scope, claims: &NOTHING, offline: None, code }
}

/// What stands in place of a password's hash.
pub(crate) const PASSWORD: &str = "$argon2id$v=19$m=1,t=1,p=1$c2FsdA$aGFzaA";

pub(crate) fn source_settings() -> SourceSettings {
    SourceSettings {
        agent_id: 1_000_002,
        secret: SecretString::from("密钥 of WeCom"),
        display_names: [("zh-CN", "企业微信 🐅"), ("en", "WeCom \"QR\"")]
            .map(|(language, name)| (language.to_owned(), name.to_owned()))
            .into(),
        logo_url: Some("https://cdn.example.com/标.png".to_owned()),
        scope: SourceScope::Base,
        panel: true,
        login_only: false,
        association: AssociationMode::None,
        policy: AssociationPolicy::default(),
        status: Status::Active,
    }
}

pub(crate) fn app_settings() -> AppSettings {
    AppSettings {
        display_name: "应用 'A'".to_owned(),
        logo_url: None,
        home_url: Some("https://app.example.com/".to_owned()),
        initiate_login_uri: None,
        redirect_uris: vec!["https://app.example.com/回调?a=\"b\"".to_owned()],
        post_logout_redirect_uris: Vec::new(),
        token_endpoint_auth_method: AuthMethod::ClientSecretBasic,
        secret_hash: Some(SecretHash::of("client secret")),
        id_token_alg: Algorithm::Es256,
        registration: true,
        sign_in_methods: Vec::new(),
        status: Status::Active,
        branding: None,
        protocol: Protocol::default(),
        backchannel_logout_uri: Some("https://app.example.com/logout".to_owned()),
    }
}

pub(crate) fn branding() -> Branding {
    let texts = |text: &str| [("zh-CN".to_owned(), format!("{text} 🐅 'x' \"y\""))].into();
    Branding {
        logo_url: Some("https://cdn.example.com/标.png".to_owned()),
        accent: Some(Color([0, 127, 255])),
        background: Some(Background::Image("https://cdn.example.com/?a='b'".to_owned())),
        heading: texts("欢迎"),
        note: texts("说明"),
        agreements: vec![Agreement {
            names: texts("协议"),
            url: "https://example.com/协议".to_owned(),
        }],
    }
}

pub(crate) fn profile() -> Profile {
    Profile {
        name: Some("张三 🐅".to_owned()),
        email: Some("zhangsan@example.com".to_owned()),
        phone_number: Some("13800000000".to_owned()),
        picture: Some("https://cdn.example.com/张三.png".to_owned()),
    }
}

pub(crate) fn subject(userid: &str) -> Subject {
    Subject {
        corp_id: "ww0123456789abcdef".to_owned(),
        subject: userid.to_lowercase(),
        userid: userid.to_owned(),
    }
}

/// A session of an hour, from nowhere in particular.
pub(crate) fn signed_in(by: SignedInBy, token: &SecretHash) -> NewSession<'_> {
    const NOWHERE: &Device = &Device { user_agent: None, address: None };
    NewSession { by, device: NOWHERE, token, life: HOUR, idle: HOUR }
}

/// An account under a name, with an external id, a verified mail address and a phone number that is not.
pub(crate) fn account_settings(name: &str) -> AccountSettings {
    AccountSettings {
        name: Some("李四".to_owned()),
        username: Some(Handle::parse(name).unwrap()),
        external_id: Some(Handle::parse(&format!("E-{name}")).unwrap()),
        email: Some(Email::parse(&format!("{name}@example.cn")).unwrap()),
        email_verified: true,
        phone_number: Some(Phone::parse("13900000000").unwrap()),
        phone_number_verified: false,
    }
}

/// A link that the journal tells of.
pub(crate) fn linking(user_id: UserId, subject: &Subject) -> LinkEvent {
    LinkEvent {
        kind: LinkKind::Create,
        user_id,
        subject: subject.clone(),
        source_id: None,
        app_id: None,
        rule: None,
        evidence: json!({}),
        actor_kind: ActorKind::System,
        actor_id: None,
        trace: None,
    }
}

pub(crate) fn new_key(algorithm: Algorithm) -> NewKey {
    NewKey {
        algorithm,
        private_key: vec![0x30, 0, 0xff, 7].into(),
        public_jwk: json!({ "kty": "EC", "x": "虎", "n": [1, 2.5, null, true] }),
    }
}

pub(crate) fn after(row: (DateTime<Utc>, uuid::Uuid), limit: u32) -> PageRequest {
    PageRequest { after: Some(Cursor { created_at: row.0, id: row.1 }), limit }
}

/// The hash of an authorization code that no other grant has.
pub(crate) fn code() -> store::secret::SecretHash {
    static LAST: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let number = LAST.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    store::secret::SecretHash::of(&number.to_string())
}
