//! A running node: everything wired by hand, in one place.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::guard::{Guard, GuardContext};
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use anyhow::{Context as _, Result, bail};
use broker::admin::Links;
use broker::source_test::Tester;
use broker::{Broker, SessionRules};
use chrono::TimeDelta;
use hosted_login::{PublicDocuments, Site};
use oidc::Provider;
use oidc::backchannel::Courier;
use oidc::keys::Nursery;
use oidc::rotation::Rotator;
use outgoing::guarded_client;
use rustls::ServerConfig;
use secrecy::ExposeSecret as _;
use store::ephemeral::{Ephemeral, MemorySettings, RedisSettings};
use store::secret::SecretHash;
use store::{Database, Env, KeyRing, Store};
use tokio::task::JoinHandle;

use crate::key_rotation;
use crate::management;
use crate::middleware::observe;
use crate::settings::Settings;
use crate::tls::Certificates;

/// How long a call to an app may take: its logout endpoint, its keys.
const OUTGOING_AT_MOST: Duration = Duration::from_secs(5);

/// A node that serves.
pub struct Node {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where its management listens.
    pub management: SocketAddr,
    /// Its state.
    pub store: Store,
    public: ServerHandle,
    private: ServerHandle,
    tasks: Vec<JoinHandle<()>>,
}

/// Opens the database and checks that the schema is this build's, after bringing it up to date if
/// the settings say so.
async fn open_database(settings: &Settings) -> Result<Database> {
    let database = Database::open(&settings.database_url()?, settings.database.connections)
        .await
        .context("the database cannot be opened")?;
    if settings.database.migrate {
        database.migrate().await.context("the schema cannot be brought up to date")?;
    }
    Ok(database)
}

/// Opens all state.
pub async fn open_store(settings: &Settings, env: Env, keys: KeyRing) -> Result<Store> {
    let database = open_database(settings).await?;
    let url = settings.ephemeral_url()?;
    let ephemeral = match url.expose_secret() {
        "memory" => Ephemeral::memory(MemorySettings {
            max_entries: settings.ephemeral.max_entries,
            ..MemorySettings::default()
        }),
        _ => Ephemeral::redis(&RedisSettings {
            prefix: settings.ephemeral.prefix.clone(),
            connections: settings.ephemeral.connections,
            ..RedisSettings::new(url)
        })?,
    };
    Ok(Store { database, ephemeral, env, keys: Arc::new(keys), logout_due: Arc::default() })
}

impl Node {
    /// Starts a node with the settings' own keys.
    pub async fn start(settings: &Settings, env: Env) -> Result<Self> {
        let keys = settings.key_ring()?;
        Self::start_with(settings, env, keys).await
    }

    /// Starts a node with these keys.
    pub async fn start_with(settings: &Settings, env: Env, keys: KeyRing) -> Result<Self> {
        let store = open_store(settings, env, keys).await?;
        if !store.database.is_migrated().await? {
            bail!(
                "the database's schema is not this version's: run `hufu migrate`, or set database.migrate"
            );
        }
        store.check_key_ring().await?;
        let site = site(settings, &store)?;
        let console = Arc::new(console(settings, &site)?);
        let courier = Courier::new(site.broker.provider.clone());
        let rules = settings.rotation_rules()?;
        let rotator = Rotator::new(store.clone(), console.new_keys.clone(), rules);
        let private = TcpListener::bind(settings.server.management).with_context(|| {
            format!("server.management {} cannot be bound", settings.server.management)
        })?;
        let public = TcpListener::bind(settings.server.listen)
            .with_context(|| format!("server.listen {} cannot be bound", settings.server.listen))?;
        let (address, management) = (public.local_addr()?, private.local_addr()?);
        let private =
            management::serve(private, store.clone(), settings.server.console_host.clone())?;
        let certificates = settings.certificates()?;
        let tls = certificates.as_ref().map(Certificates::server_config).transpose()?;
        let public = serve(settings, public, tls, site, console)?;
        let (public_handle, private_handle) = (public.handle(), private.handle());
        let mut tasks = vec![spawn_server(public), spawn_server(private)];
        tasks.extend(background(&store, settings.audit_retention()?));
        tasks.extend(certificates.map(Certificates::keep_fresh));
        tasks.push(tokio::spawn(courier.run()));
        tasks.push(key_rotation::spawn(store.ephemeral.clone(), rotator));
        Ok(Self {
            address,
            management,
            store,
            public: public_handle,
            private: private_handle,
            tasks,
        })
    }

    /// Stops: no new connections, requests may end within the settings' time, then the state is
    /// closed.
    pub async fn stop(self, graceful: bool) {
        self.public.stop(graceful).await;
        self.private.stop(false).await;
        self.tasks.iter().for_each(JoinHandle::abort);
        self.store.database.close().await;
    }
}

fn spawn_server(server: Server) -> JoinHandle<()> {
    tokio::spawn(async move {
        if let Err(error) = server.await {
            tracing::error!(%error, "a listener failed");
        }
    })
}

/// What a node does beside answering.
fn background(store: &Store, audit_retention: Option<TimeDelta>) -> Vec<JoinHandle<()>> {
    let ephemeral = store.ephemeral.clone();
    let sweep_ephemeral = tokio::spawn(async move {
        let mut tick = tokio::time::interval(Duration::from_secs(5));
        loop {
            tick.tick().await;
            ephemeral.sweep();
        }
    });
    let store = store.clone();
    let sweep_durable = tokio::spawn(async move {
        let mut tick = tokio::time::interval(Duration::from_mins(10));
        loop {
            tick.tick().await;
            if let Err(error) = store.sweep().await {
                tracing::warn!(%error, "old rows could not be swept");
            }
            let Some(keep) = audit_retention else { continue };
            if let Err(error) = store.sweep_audit_events(keep).await {
                tracing::warn!(%error, "old audit events could not be swept");
            }
        }
    });
    vec![sweep_ephemeral, sweep_durable]
}

fn site(settings: &Settings, store: &Store) -> Result<Site> {
    let wecom = broker::wecom::WeCom::new(settings.wecom_settings()?, store.clone())?;
    let outgoing = guarded_client(&settings.outgoing_policy(), OUTGOING_AT_MOST)?;
    let sessions = SessionRules {
        life: TimeDelta::minutes(settings.login.session_minutes.into()),
        idle: TimeDelta::minutes(settings.login.session_idle_minutes.into()),
        at_most: settings.login.sessions_per_user,
    };
    let scheme = settings.server.scheme.as_str();
    let provider = Provider::new(store.clone(), scheme, outgoing, sessions.idle);
    Ok(Site {
        broker: Broker {
            provider,
            wecom,
            sessions,
            passwords: settings.passwords()?,
            notifier: settings.notifier()?,
        },
        documents: PublicDocuments::default(),
        default_language: settings.default_language()?,
        trusted_proxies: settings.server.trusted_proxies.clone().into(),
    })
}

fn console(settings: &Settings, site: &Site) -> Result<api::Console> {
    let direct = api::Egress { name: String::new(), addresses: settings.wecom.addresses.clone() };
    let named = settings.wecom.egresses.iter().map(|egress| api::Egress {
        name: egress.name.clone(),
        addresses: egress.addresses.clone(),
    });
    Ok(api::Console {
        store: site.broker.provider.store.clone(),
        operator_key: SecretHash::of(settings.operator_key()?.expose_secret()),
        scheme: settings.server.scheme.as_str().to_owned(),
        console_host: settings.server.console_host.clone(),
        egresses: std::iter::once(direct).chain(named).collect(),
        new_keys: Nursery::of_process(),
        links: Links::new(site.broker.wecom.clone(), site.broker.provider.store.clone()),
        tester: Tester::new(site.broker.wecom.clone(), site.broker.provider.store.clone()),
        outgoing: settings.outgoing_policy(),
        passwords: settings.console_passwords()?,
        trusted_proxies: settings.server.trusted_proxies.clone(),
    })
}

/// Only requests for the console's host.
struct ConsoleHost(String);

impl Guard for ConsoleHost {
    fn check(&self, context: &GuardContext<'_>) -> bool {
        hosted_login::address::host(context.head()).is_some_and(|host| host == self.0)
    }
}

fn serve(
    settings: &Settings,
    listener: TcpListener,
    tls: Option<ServerConfig>,
    site: Site,
    console: Arc<api::Console>,
) -> Result<Server> {
    let host = settings.server.console_host.clone();
    let workers = match settings.server.workers {
        0 => std::thread::available_parallelism().map_or(2, usize::from),
        workers => workers,
    };
    let server = HttpServer::new(move || {
        App::new()
            .wrap(from_fn(observe))
            .service(
                web::scope("")
                    .guard(ConsoleHost(host.clone()))
                    .configure(api::routes(Arc::clone(&console))),
            )
            .configure(hosted_login::routes(site.clone()))
    })
    .workers(workers)
    .shutdown_timeout(settings.server.shutdown_seconds)
    .disable_signals();
    let server = match tls {
        None => server.listen_auto_h2c(listener)?,
        Some(config) => server.listen_rustls_0_23(listener, config)?,
    };
    Ok(server.run())
}
