//! Settings: one TOML file, and environment variables over it (`HUFU_DATABASE__URL` is
//! `database.url`). `deploy/hufu.example.toml` documents every one.

mod read;

use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use secrecy::SecretString;
use serde::Deserialize;

/// All settings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where and how Hufu is reached.
    pub server: Server,
    /// Durable state.
    pub database: Database,
    /// Ephemeral state.
    #[serde(default)]
    pub ephemeral: Ephemeral,
    /// Keys.
    pub secrets: Secrets,
    /// WeCom.
    #[serde(default)]
    pub wecom: WeCom,
    /// Logs and traces.
    #[serde(default)]
    pub telemetry: Telemetry,
    /// Sign-ins.
    #[serde(default)]
    pub login: Login,
    /// Mail to people.
    #[serde(default)]
    pub mail: Mail,
    /// Calls to addresses that tenants name.
    #[serde(default)]
    pub outgoing: Outgoing,
    /// Audit events.
    #[serde(default)]
    pub audit: Audit,
    /// The tenants' signing keys.
    #[serde(default)]
    pub signing_keys: SigningKeys,
    /// Passwords.
    #[serde(default)]
    pub password: Password,
}

/// Where and how Hufu is reached.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Address of the console and of all tenants' hosts.
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// Address of health, readiness, metrics and the TLS proxy's question. Not for the public.
    #[serde(default = "default_management")]
    pub management: SocketAddr,
    /// Host of the console API, with the port if it is not 443.
    pub console_host: String,
    /// Certificates, if no proxy in front ends TLS.
    #[serde(default)]
    pub tls: Vec<CertificateFiles>,
    /// Scheme of generated URLs. `http` is for the demo and tests only.
    #[serde(default)]
    pub scheme: Scheme,
    /// Proxies whose `X-Forwarded-For` is believed.
    #[serde(default)]
    pub trusted_proxies: Vec<IpNet>,
    /// Threads that answer requests; as many as there are processors if zero.
    #[serde(default)]
    pub workers: usize,
    /// Seconds that requests may take to end after SIGTERM.
    #[serde(default = "default_shutdown")]
    pub shutdown_seconds: u64,
}

/// A certificate and its key, as PEM. The names that it is for stand in it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateFiles {
    /// The certificate, and the chain that leads to a known authority.
    pub certificate_file: PathBuf,
    /// Its private key.
    pub key_file: PathBuf,
}

/// Scheme of generated URLs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// TLS, by the proxy in front or by ourselves.
    #[default]
    Https,
    /// None; refused unless every host is `*.localhost`.
    Http,
}

impl Scheme {
    /// As it stands in a URL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
        }
    }
}

/// Durable state.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `sqlite:/path/to/file`, `sqlite::memory:` or `postgres://…`.
    pub url: Option<SecretString>,
    /// A file that holds it.
    pub url_file: Option<PathBuf>,
    /// Connections at most.
    #[serde(default = "default_connections")]
    pub connections: u32,
    /// Whether `serve` brings the schema up to date by itself.
    #[serde(default)]
    pub migrate: bool,
}

/// Ephemeral state.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ephemeral {
    /// `memory` for one node, `redis://…` for any number; `memory` if neither this nor the file is
    /// set.
    pub url: Option<SecretString>,
    /// A file that holds it.
    pub url_file: Option<PathBuf>,
    /// Begins every key in Redis.
    pub prefix: String,
    /// Connections to Redis, each shared by all tasks.
    pub connections: usize,
    /// Values at most, in memory.
    pub max_entries: usize,
}

impl Default for Ephemeral {
    fn default() -> Self {
        let memory = store::ephemeral::MemorySettings::default();
        Self {
            url: None,
            url_file: None,
            prefix: "hufu".to_owned(),
            connections: 2,
            max_entries: memory.max_entries,
        }
    }
}

/// Keys.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    /// Keys that seal secrets at rest; the first one seals.
    #[serde(default)]
    pub keys: Vec<SealingKey>,
    /// The operator's key to the console API.
    pub operator_key: Option<SecretString>,
    /// A file that holds it.
    pub operator_key_file: Option<PathBuf>,
}

/// A key that seals secrets.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealingKey {
    /// Its name: 1 to 32 of `a-z`, `0-9` and `-`.
    pub id: String,
    /// 32 random bytes in base64.
    pub key: Option<SecretString>,
    /// A file that holds it.
    pub key_file: Option<PathBuf>,
}

/// WeCom.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WeCom {
    /// Base URL of the server API, if it is not WeCom's own.
    pub api: Option<String>,
    /// Base URL of the web login page, if it is not WeCom's own.
    pub web_login: Option<String>,
    /// Base URL of the in-client page, if it is not WeCom's own.
    pub oauth: Option<String>,
    /// Milliseconds that one call may take.
    pub call_timeout_ms: Option<u64>,
    /// Addresses that direct calls come from, for tenants to register (企业可信IP).
    pub addresses: Vec<String>,
    /// Other ways out.
    pub egresses: Vec<Egress>,
}

/// A way out through a proxy.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Egress {
    /// Its name, by which a corp chooses it.
    pub name: String,
    /// `http://[user:password@]host:port`.
    pub proxy_url: SecretString,
    /// Addresses that its calls come from.
    pub addresses: Vec<String>,
}

/// Logs and traces.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Telemetry {
    /// What is logged, such as `info` or `info,sqlx=warn`.
    pub log: String,
    /// `json`, or `text` for people.
    pub format: LogFormat,
    /// Where traces go, such as `http://collector:4318/v1/traces`; nowhere if unset.
    pub otlp_endpoint: Option<String>,
}

/// Form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// A JSON object a line.
    #[default]
    Json,
    /// For people.
    Text,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self { log: "info".to_owned(), format: LogFormat::Json, otlp_endpoint: None }
    }
}

/// Sign-ins.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Login {
    /// Minutes that a session lasts at most.
    pub session_minutes: u32,
    /// Minutes that a session lasts without being used.
    pub session_idle_minutes: u32,
    /// Sessions that a user may have at a time.
    pub sessions_per_user: u32,
    /// Language of those whose browser names none that we have: `zh-CN`, `zh-TW`, `ja` or `en`.
    pub default_language: String,
}

impl Default for Login {
    fn default() -> Self {
        Self {
            session_minutes: 12 * 60,
            session_idle_minutes: 8 * 60,
            sessions_per_user: 20,
            default_language: "zh-CN".to_owned(),
        }
    }
}

/// Audit events.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Audit {
    /// Days that audit events are kept; for ever if zero.
    pub retention_days: u32,
}

impl Default for Audit {
    fn default() -> Self {
        Self { retention_days: 365 }
    }
}

/// The tenants' signing keys.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SigningKeys {
    /// Days that a key signs until another takes over; for ever if zero.
    pub rotation_days: u32,
}

impl Default for SigningKeys {
    fn default() -> Self {
        Self { rotation_days: 90 }
    }
}

/// The relay that takes mail to people.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mail {
    /// Its host. Without one no mail is sent, and what needs it is not offered.
    pub host: Option<String>,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: MailSecurity,
    /// Name of the account at the relay, if it wants one.
    pub username: Option<String>,
    /// Its password.
    pub password: Option<SecretString>,
    /// A file that holds it.
    pub password_file: Option<PathBuf>,
    /// Who the mail is from: `Name <address>`.
    pub from: Option<String>,
    /// Milliseconds that handing one mail over may take.
    pub timeout_ms: u64,
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            host: None,
            port: 587,
            security: MailSecurity::default(),
            username: None,
            password: None,
            password_file: None,
            from: None,
            timeout_ms: 10_000,
        }
    }
}

/// How the connection to the relay is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailSecurity {
    /// TLS after STARTTLS, or no mail.
    #[default]
    Starttls,
    /// TLS from the start.
    Tls,
    /// None; for a relay on the same machine.
    None,
}

/// Calls to addresses that tenants name: the webhook for text messages, apps' logout endpoints
/// and keys.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Outgoing {
    /// Networks that may be called although they are not public, also without TLS.
    pub allowed_networks: Vec<IpNet>,
}

/// What a password's hash costs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Password {
    /// Memory of one hash, in KiB.
    pub memory_kib: u32,
    /// Passes over that memory.
    pub iterations: u32,
    /// Lanes of that memory.
    pub parallelism: u32,
    /// Hashes computed at the same time; as many as there are processors if zero.
    pub at_once: usize,
}

impl Default for Password {
    fn default() -> Self {
        let password::Settings { memory_kib, iterations, parallelism, .. } =
            password::Settings::default();
        Self { memory_kib, iterations, parallelism, at_once: 0 }
    }
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8080))
}
fn default_management() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 9090))
}
fn default_shutdown() -> u64 {
    30
}
fn default_connections() -> u32 {
    16
}
