//! Settings: one TOML file, and environment variables over it (`HUFU_DATABASE__URL` is
//! `database.url`). `deploy/hufu.example.toml` documents every one.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use figment::Figment;
use figment::providers::{Env, Format as _, Toml};
use ipnet::IpNet;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use store::DatabaseUrl;

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

/// Scheme of generated URLs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// TLS, by the proxy in front.
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
    /// Minutes that a session lasts.
    pub session_minutes: u32,
    /// Language of those whose browser names none that we have: `zh-CN` or `en`.
    pub default_language: String,
}

impl Default for Login {
    fn default() -> Self {
        Self { session_minutes: 12 * 60, default_language: "zh-CN".to_owned() }
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

/// Shortest operator key, in characters.
const OPERATOR_KEY_AT_LEAST: usize = 32;

impl Settings {
    /// Reads a file, if one is named, and the environment over it.
    pub fn read(file: Option<&Path>) -> Result<Self> {
        let mut figment = Figment::new();
        if let Some(file) = file {
            if !file.is_file() {
                bail!("there is no settings file at {}", file.display());
            }
            figment = figment.merge(Toml::file_exact(file));
        }
        let settings: Self =
            figment.merge(environment()).extract().context("the settings are not usable")?;
        settings.check()?;
        Ok(settings)
    }

    /// Reads a text of TOML, without the environment.
    pub fn parse(toml: &str) -> Result<Self> {
        let figment = Figment::from(Toml::string(toml));
        let settings: Self = figment.extract().context("the settings are not usable")?;
        settings.check()?;
        Ok(settings)
    }

    /// Finds everything that is wrong, not only the first thing.
    fn check(&self) -> Result<()> {
        let mut wrong: Vec<String> = Vec::new();
        let mut note = |result: Result<()>| {
            if let Err(error) = result {
                wrong.push(format!("{error:#}"));
            }
        };
        note(self.database_url().map(|_| ()));
        note(self.ephemeral_url().map(|_| ()));
        note(self.key_ring().map(|_| ()));
        note(self.operator_key().map(|_| ()));
        note(self.wecom_settings().map(|_| ()));
        note(self.default_language().map(|_| ()));
        note(self.check_scheme());
        match wrong.as_slice() {
            [] => Ok(()),
            wrong => Err(anyhow!("the settings are not usable:\n  - {}", wrong.join("\n  - "))),
        }
    }

    fn check_scheme(&self) -> Result<()> {
        let host = self.server.console_host.split(':').next().unwrap_or_default();
        if host.is_empty()
            || self.server.console_host != self.server.console_host.to_ascii_lowercase()
        {
            bail!("server.console_host has to be a host name in lower case");
        }
        if self.server.scheme == Scheme::Http
            && host != "localhost"
            && !host.ends_with(".localhost")
        {
            bail!(
                "server.scheme = \"http\" is for *.localhost only: put a TLS proxy in front and use https"
            );
        }
        Ok(())
    }

    /// Where durable state lives.
    pub fn database_url(&self) -> Result<DatabaseUrl> {
        let database = &self.database;
        let url = one_of("database.url", database.url.as_ref(), database.url_file.as_deref())?;
        let url = url.expose_secret();
        if url == "sqlite::memory:" {
            return Ok(DatabaseUrl::SqliteMemory("hufu".to_owned()));
        }
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return Ok(DatabaseUrl::SqliteFile(path.into()));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(DatabaseUrl::Postgres(url.to_owned()));
        }
        bail!("database.url has to begin with sqlite: or postgres://")
    }

    /// Where ephemeral state lives: `memory`, or the URL of Redis.
    pub fn ephemeral_url(&self) -> Result<SecretString> {
        match (&self.ephemeral.url, &self.ephemeral.url_file) {
            (None, None) => Ok("memory".into()),
            (url, file) => one_of("ephemeral.url", url.as_ref(), file.as_deref()),
        }
    }

    /// The keys that seal secrets, as pairs of id and key.
    pub fn key_ring(&self) -> Result<store::KeyRing> {
        let pairs: Result<Vec<_>> = self
            .secrets
            .keys
            .iter()
            .map(|key| {
                Ok((
                    key.id.clone(),
                    one_of("secrets.keys", key.key.as_ref(), key.key_file.as_deref())?,
                ))
            })
            .collect();
        Ok(store::KeyRing::new(&pairs?)?)
    }

    /// The operator's key to the console API.
    pub fn operator_key(&self) -> Result<SecretString> {
        let secrets = &self.secrets;
        let key = one_of(
            "secrets.operator_key",
            secrets.operator_key.as_ref(),
            secrets.operator_key_file.as_deref(),
        )?;
        let distinct: BTreeSet<char> = key.expose_secret().chars().collect();
        if key.expose_secret().len() < OPERATOR_KEY_AT_LEAST || distinct.len() < 12 {
            bail!(
                "secrets.operator_key has to be at least 32 random characters (`openssl rand -base64 32`)"
            );
        }
        Ok(key)
    }

    /// Settings of the WeCom client.
    pub fn wecom_settings(&self) -> Result<wecom::Settings> {
        let trace_headers = crate::telemetry::trace_headers;
        let mut settings = wecom::Settings { trace_headers, ..wecom::Settings::default() };
        let base = |name: &str, text: &Option<String>, default: wecom::BaseUrl| match text {
            None => Ok(default),
            Some(text) => text.parse().with_context(|| format!("wecom.{name} is not usable")),
        };
        let real = settings.base_urls;
        settings.base_urls = wecom::BaseUrls {
            api: base("api", &self.wecom.api, real.api)?,
            web_login: base("web_login", &self.wecom.web_login, real.web_login)?,
            oauth: base("oauth", &self.wecom.oauth, real.oauth)?,
        };
        if let Some(millis) = self.wecom.call_timeout_ms {
            settings.call_timeout = Duration::from_millis(millis);
        }
        let egress = |egress: &Egress| wecom::Egress {
            name: egress.name.clone(),
            proxy_url: egress.proxy_url.clone(),
        };
        settings.egresses = self.wecom.egresses.iter().map(egress).collect();
        Ok(settings)
    }

    /// The language of those whose browser names none that we have.
    pub fn default_language(&self) -> Result<hosted_login::language::Language> {
        hosted_login::language::Language::from_tag(&self.login.default_language)
            .ok_or_else(|| anyhow!("login.default_language has to be zh-CN or en"))
    }
}

/// The environment's settings. Every setting has a section, so every name has `__`; others that
/// begin like ours are somebody else's, such as a container platform's `HUFU_SERVICE_HOST`.
fn environment() -> Env {
    Env::prefixed("HUFU_").filter(|name| name.as_str().contains("__")).split("__")
}

/// A secret that stands in the settings or in a file, but not in both.
fn one_of(name: &str, value: Option<&SecretString>, file: Option<&Path>) -> Result<SecretString> {
    match (value, file) {
        (Some(value), None) => Ok(value.clone()),
        (None, Some(file)) => {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("{name}: {} cannot be read", file.display()))?;
            Ok(text.trim().to_owned().into())
        }
        (None, None) => bail!("{name} is missing: set it, or the file that holds it"),
        (Some(_), Some(_)) => bail!("{name} is set twice: as a value and as a file"),
    }
}
