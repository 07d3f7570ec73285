//! The bare server that others are compared with: actix-web's hello, one worker.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actix_web::{App, HttpServer, web};
use anyhow::Result;

use crate::http::get;
use crate::machine::Core;
use crate::process::{Process, free_port};
use crate::target::{Rate, Target};

/// Options of the hello.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[arg(long)]
    port: u16,
}

/// Serves until it is killed.
pub(crate) async fn run(options: Options) -> Result<()> {
    let app = || App::new().route("/", web::get().to(async || "hello"));
    let server = HttpServer::new(app).workers(1).disable_signals();
    Ok(server.bind(("127.0.0.1", options.port))?.run().await?)
}

/// A hello that runs, on the server's core.
#[derive(Debug)]
pub(crate) struct Hello {
    process: Process,
    port: u16,
    greeting: Arc<Target>,
}

impl Hello {
    /// Starts it.
    pub(crate) async fn start() -> Result<Self> {
        let port = free_port()?;
        let arguments = ["hello", "--port", &port.to_string()];
        let program = std::env::current_exe()?;
        let mut process =
            Process::start(&program, arguments, Core::Server, Path::new("/dev/null"))?;
        process.ready(port, "/").await?;
        let greeting = Target::same("bare hello", get("localhost", "/", ""), 200);
        Ok(Self { process, port, greeting })
    }

    /// How fast it is now.
    pub(crate) async fn measure(&self, time: Duration) -> Result<Rate> {
        self.greeting.measure(&self.process, self.port, time).await
    }
}
