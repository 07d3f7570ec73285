//! A whole deployment for one test.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hufu::node::Node;
use hufu::settings::Settings;
use mail_sim::{MailSim, SmsSim};
use store::Env;
use wecom_sim::Simulator;

use crate::backend::{Backend, Place, hex, random};
use crate::browser::{Browser, Route};
use crate::clock::TestClock;
use crate::console::Caller;
use crate::tenant::Tenant;

/// A deployment: its nodes, its state, its WeCom.
#[derive(Clone)]
pub struct World(Arc<Inner>);

struct Inner {
    /// What it runs on.
    backend: Backend,
    clock: TestClock,
    place: Place,
    operator_key: String,
    settings: Vec<Settings>,
    nodes: Mutex<Vec<Node>>,
    ports: Vec<u16>,
    /// The ports of those nodes that requests go to.
    serving: Arc<RwLock<Vec<u16>>>,
    /// Which node the next one who acts begins with.
    turn: AtomicUsize,
    simulator: Mutex<Option<Simulator>>,
    mail: MailSim,
    sms: SmsSim,
    wecom: wecom_sim::Control,
    wecom_port: u16,
    _folder: tempfile::TempDir,
}

/// What a test changes about the nodes' settings.
pub(crate) type Extra<'a> = &'a str;

impl World {
    /// Starts a deployment.
    pub async fn start(backend: Backend) -> Self {
        Self::start_with(backend, "").await
    }

    /// Starts a deployment whose settings end with this TOML.
    pub async fn start_with(backend: Backend, extra: Extra<'_>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = TestClock::default();
        let place = Place::make(backend, folder.path()).await;
        let simulator = start_simulator(&clock).await;
        let operator_key = format!("operator-{}", hex(&random::<16>()));
        let sealing_key = STANDARD.encode(random::<32>());
        let (mail, sms) =
            (MailSim::start().await.unwrap(), SmsSim::start(0, SMS_SECRET).await.unwrap());
        let extra = format!("{}{extra}", messaging_text(&mail));
        let text = settings_text(&place, &operator_key, &sealing_key, simulator.port(), &extra);
        let settings = Settings::parse(&text).unwrap();
        let count = if backend == Backend::Postgres { 2 } else { 1 };
        let mut nodes = Vec::new();
        for _ in 0..count {
            nodes.push(start_node(&settings, &clock).await);
        }
        let ports: Vec<u16> = nodes.iter().map(|node| node.address.port()).collect();
        Self(Arc::new(Inner {
            backend,
            clock,
            place,
            operator_key,
            settings: vec![settings; count],
            nodes: Mutex::new(nodes),
            serving: Arc::new(RwLock::new(ports.clone())),
            turn: AtomicUsize::new(0),
            ports,
            wecom: simulator.control(),
            wecom_port: simulator.port(),
            simulator: Mutex::new(Some(simulator)),
            mail,
            sms,
            _folder: folder,
        }))
    }

    /// Everything but the nodes: the caller runs them, each listening at one of these ports. The
    /// text is that of their settings, where they have not yet been told their ports.
    pub async fn without_nodes(backend: Backend, ports: Vec<u16>) -> (Self, String) {
        let folder = tempfile::tempdir().unwrap();
        let clock = TestClock::default();
        let place = Place::make(backend, folder.path()).await;
        let simulator = start_simulator(&clock).await;
        let operator_key = format!("operator-{}", hex(&random::<16>()));
        let sealing_key = STANDARD.encode(random::<32>());
        let (mail, sms) =
            (MailSim::start().await.unwrap(), SmsSim::start(0, SMS_SECRET).await.unwrap());
        let extra = messaging_text(&mail);
        let text = settings_text(&place, &operator_key, &sealing_key, simulator.port(), &extra);
        let world = Self(Arc::new(Inner {
            backend,
            clock,
            place,
            operator_key,
            settings: vec![Settings::parse(&text).unwrap()],
            nodes: Mutex::new(Vec::new()),
            serving: Arc::new(RwLock::new(ports.clone())),
            turn: AtomicUsize::new(0),
            ports,
            wecom: simulator.control(),
            wecom_port: simulator.port(),
            simulator: Mutex::new(Some(simulator)),
            mail,
            sms,
            _folder: folder,
        }));
        (world, text)
    }

    /// From now on requests go to these of the nodes only, as a load balancer does when others are
    /// not ready.
    pub fn serve_by(&self, nodes: &[usize]) {
        let ports = nodes.iter().map(|node| self.0.ports[*node]).collect();
        *self.0.serving.write().unwrap() = ports;
    }

    /// Stops everything and removes what it kept.
    pub async fn stop(&self) {
        let nodes: Vec<Node> = std::mem::take(&mut *self.0.nodes.lock().unwrap());
        for node in nodes {
            node.stop(false).await;
        }
        let simulator = self.0.simulator.lock().unwrap().take();
        if let Some(simulator) = simulator {
            simulator.stop().await;
        }
        self.0.place.remove().await;
    }

    /// Stops the nodes and starts others in their place: what only a process knew is lost.
    pub async fn restart(&self) {
        let old: Vec<Node> = std::mem::take(&mut *self.0.nodes.lock().unwrap());
        for node in old {
            node.stop(false).await;
        }
        let mut nodes = Vec::new();
        for settings in &self.0.settings {
            nodes.push(start_node(settings, &self.0.clock).await);
        }
        *self.0.serving.write().unwrap() = nodes.iter().map(|node| node.address.port()).collect();
        *self.0.nodes.lock().unwrap() = nodes;
    }

    /// What it runs on.
    pub fn backend(&self) -> Backend {
        self.0.backend
    }

    /// The clock of all its parts.
    pub fn clock(&self) -> &TestClock {
        &self.0.clock
    }

    /// The simulated WeCom.
    pub fn wecom(&self) -> &wecom_sim::Control {
        &self.0.wecom
    }

    /// The mailbox of everybody.
    pub fn mail(&self) -> &MailSim {
        &self.0.mail
    }

    /// The phones of everybody: a gateway for text messages, which takes [`SMS_SECRET`].
    pub fn sms(&self) -> &SmsSim {
        &self.0.sms
    }

    /// Base URL of the simulated WeCom.
    pub fn wecom_base(&self) -> String {
        format!("http://wecom.localhost:{}", self.0.wecom_port)
    }

    /// The settings of its nodes.
    pub fn settings(&self) -> &Settings {
        &self.0.settings[0]
    }

    /// The ports of its nodes.
    pub fn ports(&self) -> &[u16] {
        &self.0.ports
    }

    /// The ports of its nodes' management.
    pub fn management_ports(&self) -> Vec<u16> {
        self.0.nodes.lock().unwrap().iter().map(|node| node.management.port()).collect()
    }

    /// The state of its first node.
    pub fn store(&self) -> store::Store {
        self.0.nodes.lock().unwrap()[0].store.clone()
    }

    /// The state as each node sees it.
    pub fn stores(&self) -> Vec<store::Store> {
        self.0.nodes.lock().unwrap().iter().map(|node| node.store.clone()).collect()
    }

    /// The operator, at the console.
    pub fn operator(&self) -> Caller {
        Caller::new(self.next_route(), self.0.operator_key.clone())
    }

    /// An administrator with this key, at the console.
    pub fn administrator(&self, key: &str) -> Caller {
        Caller::new(self.next_route(), key.to_owned())
    }

    /// A new browser on a desktop.
    pub fn browser(&self) -> Browser {
        Browser::new(self.next_route())
    }

    /// How requests of somebody new reach the nodes, the next node first.
    fn next_route(&self) -> Route {
        self.route(self.0.turn.fetch_add(1, Ordering::Relaxed), None)
    }

    /// How requests from an address of this machine reach the nodes and the simulated WeCom: in turn,
    /// `first` first.
    pub(crate) fn route(&self, first: usize, from: Option<Ipv4Addr>) -> Route {
        Route::new(Arc::clone(&self.0.serving), self.0.wecom_port, first, from)
    }

    /// Makes a tenant with a corp, a QR source, a mobile source and an app linked to both.
    pub async fn tenant(&self, name: &str) -> Tenant {
        Tenant::make(self, name).await
    }
}

/// The secret that the gateway for text messages expects.
pub const SMS_SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/// Settings that lead mail and text messages to the simulated ones.
fn messaging_text(mail: &MailSim) -> String {
    format!(
        "[mail]\nhost = '127.0.0.1'\nport = {}\nsecurity = 'none'\nfrom = 'Hufu <no-reply@hufu.example>'\n\
         [outgoing]\nallowed_networks = ['127.0.0.0/8']\n",
        mail.port()
    )
}

async fn start_simulator(clock: &TestClock) -> Simulator {
    let now = clock.clone();
    let mut settings = wecom_sim::Settings::new(Arc::new(move || store::Clock::now(&now)));
    // A port that is free now is told to browsers as part of the base.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    settings.port = listener.local_addr().unwrap().port();
    drop(listener);
    settings.public_base = Some(format!("http://wecom.localhost:{}", settings.port));
    let world = wecom_sim::World { corps: Vec::new(), ..wecom_sim::World::demo() };
    Simulator::start(settings, world).await.unwrap()
}

async fn start_node(settings: &Settings, clock: &TestClock) -> Node {
    let system = Env::system();
    let env = Env::new(Arc::new(clock.clone()), Arc::new(Randomness(system)));
    Node::start(settings, env).await.unwrap()
}

/// The machine's randomness.
struct Randomness(Env);

impl store::Random for Randomness {
    fn fill(&self, bytes: &mut [u8]) -> store::Result<()> {
        for chunk in bytes.chunks_mut(32) {
            let random: [u8; 32] = self.0.bytes()?;
            chunk.copy_from_slice(&random[..chunk.len()]);
        }
        Ok(())
    }
}

fn settings_text(
    place: &Place,
    operator_key: &str,
    sealing_key: &str,
    wecom: u16,
    extra: &str,
) -> String {
    let wecom = format!("http://wecom.localhost:{wecom}");
    let Place { database, ephemeral, prefix, .. } = place;
    format!(
        "[server]\nlisten = '127.0.0.1:0'\nmanagement = '127.0.0.1:0'\nscheme = 'http'\n\
         console_host = 'console.localhost'\nworkers = 1\nshutdown_seconds = 1\n\
         [database]\nurl = '{database}'\nmigrate = true\nconnections = 8\n\
         [ephemeral]\nurl = '{ephemeral}'\nprefix = '{prefix}'\n\
         [secrets]\noperator_key = '{operator_key}'\nkeys = [{{ id = 'test', key = '{sealing_key}' }}]\n\
         [wecom]\napi = '{wecom}'\nweb_login = '{wecom}'\noauth = '{wecom}'\ncall_timeout_ms = 2000\n{extra}\n"
    )
}
