//! The bare server that others are compared with: actix-web's hello, one worker.

use actix_web::{App, HttpServer, web};
use anyhow::Result;

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
