//! npm `oidc-provider` (certified by the OpenID Foundation), to be measured beside us.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Deserialize;
use tempfile::TempDir;

use crate::browser::FORM;
use crate::console::Client;
use crate::http::send;
use crate::installation::basic;
use crate::machine::Core;
use crate::process::{Process, free_port};

/// What it is started by.
const PROGRAM: &str = include_str!("../peer.mjs");

/// A provider that runs, on the server's core.
#[derive(Debug)]
pub(crate) struct Peer {
    /// The provider.
    pub(crate) process: Process,
    /// Its port.
    pub(crate) port: u16,
    /// The app.
    pub(crate) client: Client,
    made: Made,
    #[expect(dead_code, reason = "is removed when this is dropped")]
    folder: TempDir,
}

/// What it made for us.
#[derive(Debug, Deserialize)]
struct Made {
    id: String,
    secret: String,
    #[serde(rename = "redirectUri")]
    redirect_uri: String,
    verifier: String,
    codes: Vec<String>,
}

impl Peer {
    /// Starts it, with so many codes.
    pub(crate) async fn start(modules: &Path, codes: usize) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (program, made) = (folder.path().join("peer.mjs"), folder.path().join("made.json"));
        fs::write(&program, PROGRAM)?;
        let modules = modules.canonicalize().context("--node-modules is no folder")?;
        let port = free_port()?;
        let (port_text, codes) = (port.to_string(), codes.to_string());
        let arguments = [
            program.as_os_str(),
            modules.as_os_str(),
            port_text.as_ref(),
            codes.as_ref(),
            made.as_os_str(),
        ];
        let log = folder.path().join("peer.log");
        let mut process = Process::start("node".as_ref(), arguments, Core::Server, &log)?;
        process.ready(port, "/.well-known/openid-configuration").await?;
        let made: Made = serde_json::from_slice(&fs::read(made)?)?;
        let client = Client { id: made.id.clone(), secret: made.secret.clone() };
        Ok(Self { process, port, client, made, folder })
    }

    /// A token request for each code.
    pub(crate) fn exchanges(&self) -> Vec<Vec<u8>> {
        let encode = |text: &str| -> String {
            url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
        };
        let (redirect, verifier) = (encode(&self.made.redirect_uri), &self.made.verifier);
        let headers = format!("{}{FORM}", basic(&self.client.id, &self.client.secret));
        let exchange = |code: &String| {
            let body = format!(
                "grant_type=authorization_code&code={}&redirect_uri={redirect}&code_verifier={verifier}",
                encode(code)
            );
            send("POST", "localhost", "/token", &headers, &body)
        };
        self.made.codes.iter().map(exchange).collect()
    }
}
