//! The simulated WeCom, in a process of its own, so that its work is not counted as the server's.

use std::sync::Arc;

use anyhow::Result;
use store::Env;
use wecom_sim::{App, Corp, Member, Settings, Simulator, World};

/// `corpid` of the one corp.
pub(crate) const CORP_ID: &str = "wwbench00000000001";
/// `agentid` of its one app.
pub(crate) const AGENT_ID: i64 = 1_000_002;
/// The app's secret.
pub(crate) const SECRET: &str = "the-benchmarks-app-secret-at-wecom-000000001";

/// The `userid` of a member.
pub(crate) fn userid(member: u64) -> String {
    format!("member-{member:06}")
}

/// Options of the simulator.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[arg(long)]
    port: u16,
    #[arg(long)]
    members: u64,
    /// The host that the app's callback domain is.
    #[arg(long)]
    callback_domain: String,
}

/// Serves until it is killed.
pub(crate) async fn run(options: Options) -> Result<()> {
    let env = Env::system();
    let settings = Settings { port: options.port, ..Settings::new(Arc::new(move || env.now())) };
    let app = App {
        web_login_callback_domain: Some(options.callback_domain),
        ..App::new(AGENT_ID, SECRET, "Bench")
    };
    let mut corp = Corp::new(CORP_ID, "Bench");
    corp.apps.push(app);
    let member = |member| Member::new(&userid(member), "Member of the bench");
    corp.members = (0..options.members).map(member).collect();
    let world = World { corps: vec![corp], ..World::default() };
    let simulator = Simulator::start(settings, world).await?;
    simulator.control().switch_journal(false);
    std::future::pending().await
}
