//! Reading the settings: from where, what is wrong with them, and what they mean.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use chrono::TimeDelta;
use figment::Figment;
use figment::providers::{Env, Format as _, Toml};
use hosted_login::language::Language;
use notify::{MailSettings, Mailer, Notifier, Security};
use outgoing::Policy;
use secrecy::{ExposeSecret as _, SecretString};
use store::DatabaseUrl;

use super::{Egress, Mail, MailSecurity, Scheme, Settings};
use crate::tls::Certificates;

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
        note(self.passwords().map(|_| ()));
        note(self.check_scheme());
        note(self.certificates().map(|_| ()));
        note(self.check_session());
        note(self.audit_retention().map(|_| ()));
        note(self.rotation_rules().map(|_| ()));
        note(self.notifier().map(|_| ()));
        match wrong.as_slice() {
            [] => Ok(()),
            wrong => Err(anyhow!("the settings are not usable:\n  - {}", wrong.join("\n  - "))),
        }
    }

    /// The certificates, if TLS ends here.
    pub(crate) fn certificates(&self) -> Result<Option<Arc<Certificates>>> {
        match self.server.tls.as_slice() {
            [] => Ok(None),
            _ if self.server.scheme == Scheme::Http => {
                bail!("server.tls is there although server.scheme is http: take one of them away")
            }
            files => Certificates::read(files).map(Some),
        }
    }

    /// A session is the longest that somebody who left gets in, if nobody tells us.
    fn check_session(&self) -> Result<()> {
        const DAY: u32 = 24 * 60;
        if !(1..=30 * DAY).contains(&self.login.session_minutes) {
            bail!("login.session_minutes has to be 1 to 43200 (30 days)");
        }
        if !(1..=30 * DAY).contains(&self.login.session_idle_minutes) {
            bail!("login.session_idle_minutes has to be 1 to 43200 (30 days)");
        }
        if !(1..=1000).contains(&self.login.sessions_per_user) {
            bail!("login.sessions_per_user has to be 1 to 1000");
        }
        Ok(())
    }

    /// How long audit events are kept, if not for ever.
    pub fn audit_retention(&self) -> Result<Option<TimeDelta>> {
        match self.audit.retention_days {
            0 => Ok(None),
            days @ 1..=36_500 => Ok(Some(TimeDelta::days(days.into()))),
            _ => bail!(
                "audit.retention_days has to be 1 to 36500 (100 years), or 0 to keep audit events for ever"
            ),
        }
    }

    /// When the tenants' signing keys are changed.
    pub fn rotation_rules(&self) -> Result<oidc::rotation::Rules> {
        let age = match self.signing_keys.rotation_days {
            0 => None,
            days @ 1..=3650 => Some(TimeDelta::days(days.into())),
            _ => bail!(
                "signing_keys.rotation_days has to be 1 to 3650 (10 years), or 0 to let keys sign for ever"
            ),
        };
        let session = TimeDelta::minutes(self.login.session_minutes.into());
        Ok(oidc::rotation::Rules { age, session })
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

    /// What hashes the passwords that people type.
    pub fn passwords(&self) -> Result<password::Passwords> {
        let at_once = match self.password.at_once {
            0 => password::Settings::default().at_once,
            at_once => at_once,
        };
        self.passwords_in(at_once)
    }

    /// What hashes the passwords that administrators set: apart, so that no tenant's calls keep other
    /// tenants' people from signing in.
    pub fn console_passwords(&self) -> Result<password::Passwords> {
        self.passwords_in(1)
    }

    fn passwords_in(&self, at_once: usize) -> Result<password::Passwords> {
        // OWASP, Password Storage Cheat Sheet: less of one needs more of the other.
        const AT_LEAST: [(u32, u32); 5] =
            [(46 * 1024, 1), (19 * 1024, 2), (12 * 1024, 3), (9 * 1024, 4), (7 * 1024, 5)];
        let set = &self.password;
        let enough =
            |(memory, passes): &(u32, u32)| set.memory_kib >= *memory && set.iterations >= *passes;
        if self.server.scheme == Scheme::Https && !AT_LEAST.iter().any(enough) {
            bail!(
                "password.memory_kib and password.iterations make hashes that are guessed too fast: \
                 take 19456 and 2, or more"
            );
        }
        let default = password::Settings::default();
        let settings = password::Settings {
            memory_kib: set.memory_kib,
            iterations: set.iterations,
            parallelism: set.parallelism,
            at_once,
            waiting: default.waiting / default.at_once.max(1) * at_once,
        };
        password::Passwords::new(settings).context("password is not usable")
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

    /// Which addresses that tenants name may be called.
    pub fn outgoing_policy(&self) -> Policy {
        Policy { allow: self.outgoing.allowed_networks.clone() }
    }

    /// What sends messages to people.
    pub fn notifier(&self) -> Result<Notifier> {
        let policy = self.outgoing_policy();
        let mailer = match &self.mail.host {
            None => None,
            Some(host) => Some(mailer(host, &self.mail).context("[mail] is not usable")?),
        };
        Ok(Notifier::new(mailer, &policy)?)
    }

    /// The language of those whose browser names none that we have.
    pub fn default_language(&self) -> Result<Language> {
        let tags = Language::ALL.map(Language::tag).join(", ");
        Language::from_tag(&self.login.default_language)
            .ok_or_else(|| anyhow!("login.default_language has to be one of {tags}"))
    }
}

fn mailer(host: &str, mail: &Mail) -> Result<Mailer> {
    let password = match (&mail.password, &mail.password_file) {
        (None, None) => None,
        (value, file) => Some(one_of("mail.password", value.as_ref(), file.as_deref())?),
    };
    let settings = MailSettings {
        host: host.to_owned(),
        port: mail.port,
        security: match mail.security {
            MailSecurity::Starttls => Security::StartTls,
            MailSecurity::Tls => Security::Tls,
            MailSecurity::None => Security::None,
        },
        authority: None,
        username: mail.username.clone(),
        password,
        from: mail.from.clone().context("mail.from is missing: say who the mail is from")?,
        timeout: Duration::from_millis(mail.timeout_ms),
    };
    Ok(Mailer::new(settings)?)
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
