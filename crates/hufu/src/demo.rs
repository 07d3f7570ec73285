//! `hufu demo`: everything for a look, with nothing but this program. SQLite in a temporary folder,
//! in-process ephemeral state, a simulated WeCom, a tenant that the console API makes, and a sample
//! app that signs in with it. Keeps nothing.

mod seed;

use std::io::Write as _;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sample_app::SampleApp;
use secrecy::{ExposeSecret as _, SecretString};
use store::Env;
use wecom_sim::{Simulator, World};

use crate::command::stop_signal;
use crate::node::Node;
use crate::settings::Settings;
use crate::telemetry;
use seed::Seeded;

/// Options of the demo.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Port of the console and the tenant; the simulator, the sample app and the management take the
    /// three next ones.
    #[arg(long, default_value_t = 8080)]
    port: u16,
}

/// The hosts and ports of the demo. Browsers take every `*.localhost` to this machine.
struct Places {
    port: u16,
}

impl Places {
    fn console_host(&self) -> String {
        format!("console.localhost:{}", self.port)
    }
    fn tenant_host(&self) -> String {
        format!("demo.localhost:{}", self.port)
    }
    fn simulator(&self) -> String {
        format!("http://wecom.localhost:{}", self.port + 1)
    }
    fn sample_app(&self) -> String {
        format!("http://app.localhost:{}", self.port + 2)
    }
}

/// Runs the demo until it is interrupted.
pub async fn run(options: Options) -> Result<()> {
    let began = Instant::now();
    let places = Places { port: options.port.clamp(1024, u16::MAX - 3) };
    let env = Env::system();
    let operator_key = env.secret("hufu_operator_")?;
    let folder = tempfile::tempdir().context("no temporary folder can be made")?;
    let settings = settings(&places, &env, &operator_key, folder.path())?;
    let _telemetry = telemetry::start(&settings.telemetry)?;
    telemetry::metrics();
    let simulator = start_simulator(&places, &env).await?;
    let node = Node::start(&settings, env).await?;
    let seeded =
        seed::seed(&places, &operator_key).await.context("the demo's tenant cannot be made")?;
    let app = start_sample_app(&places, &seeded).await?;
    announce(&places, &operator_key, &seeded, began)?;
    stop_signal().await?;
    app.stop().await;
    node.stop(true).await;
    simulator.stop().await;
    Ok(())
}

fn settings(
    places: &Places,
    env: &Env,
    operator_key: &SecretString,
    folder: &std::path::Path,
) -> Result<Settings> {
    let (port, simulator) = (places.port, places.simulator());
    Settings::parse(&format!(
        "[server]\nlisten = '127.0.0.1:{port}'\nmanagement = '127.0.0.1:{}'\nscheme = 'http'\n\
         console_host = '{}'\n\
         [database]\nurl = 'sqlite:{}'\nmigrate = true\n\
         [secrets]\noperator_key = '{}'\nkeys = [{{ id = 'demo', key = '{}' }}]\n\
         [wecom]\napi = '{simulator}'\nweb_login = '{simulator}'\noauth = '{simulator}'\n\
         addresses = ['127.0.0.1']\n\
         [telemetry]\nlog = 'warn'\nformat = 'text'\n",
        port + 3,
        places.console_host(),
        folder.join("hufu.db").display(),
        operator_key.expose_secret(),
        STANDARD.encode(env.bytes::<32>()?),
    ))
}

async fn start_simulator(places: &Places, env: &Env) -> Result<Simulator> {
    let clock = env.clone();
    let settings = wecom_sim::Settings {
        port: places.port + 1,
        public_base: Some(places.simulator()),
        ..wecom_sim::Settings::new(Arc::new(move || clock.now()))
    };
    let mut world = World::demo();
    for app in world.corps.iter_mut().flat_map(|corp| corp.apps.iter_mut()) {
        app.trusted_domain = Some(places.tenant_host());
        app.web_login_callback_domain = Some(places.tenant_host());
    }
    Simulator::start(settings, world).await.with_context(|| {
        format!("port {} cannot be used: choose another with --port", places.port + 1)
    })
}

async fn start_sample_app(places: &Places, seeded: &Seeded) -> Result<SampleApp> {
    let settings = sample_app::Settings {
        port: places.port + 2,
        public_base: places.sample_app(),
        issuer: format!("http://{}/oidc", places.tenant_host()),
        client_id: seeded.client_id.clone(),
        client_secret: Some(seeded.client_secret.clone()),
        popup_client_id: Some(seeded.popup_client_id.clone()),
        connections: vec![
            ("wecom-qr".to_owned(), "WeCom QR 扫码".to_owned()),
            ("wecom-mobile".to_owned(), "WeCom mobile 企业微信内".to_owned()),
        ],
        workers: 1,
    };
    Ok(sample_app::start(settings).await?)
}

fn announce(
    places: &Places,
    operator_key: &SecretString,
    seeded: &Seeded,
    began: Instant,
) -> Result<()> {
    let mut out = std::io::stdout().lock();
    let (console, port) = (places.console_host(), places.port);
    writeln!(out, "Hufu demo, ready after {} ms. Nothing is kept.\n", began.elapsed().as_millis())?;
    writeln!(out, "  Sample app      {}", places.sample_app())?;
    writeln!(out, "  Issuer          http://{}/oidc", places.tenant_host())?;
    writeln!(
        out,
        "  Console API     http://{console}/api/v1   (reference: http://{console}/docs)"
    )?;
    writeln!(out, "  WeCom simulator {}", places.simulator())?;
    writeln!(out, "  Metrics         http://127.0.0.1:{}/metrics\n", port + 3)?;
    writeln!(out, "  Tenant          {}", seeded.tenant)?;
    writeln!(out, "  Tenant key      {}", seeded.tenant_key.expose_secret())?;
    writeln!(out, "  Operator key    {}", operator_key.expose_secret())?;
    writeln!(out, "  App             {} (client_id)", seeded.client_id)?;
    writeln!(out, "  Account         {} / {}", seed::USERNAME, seed::PASSWORD)?;
    writeln!(out, "  Account page    http://{}/account", places.tenant_host())?;
    writeln!(
        out,
        "\nOpen the sample app in Chromium, Chrome, Edge or Firefox and sign in. Ctrl-C stops it."
    )?;
    out.flush()?;
    Ok(())
}
