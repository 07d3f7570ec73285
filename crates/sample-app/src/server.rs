//! Starting and stopping.

use std::net::TcpListener;
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use actix_web::web::{self, Data};
use actix_web::{App, HttpServer};
use openidconnect::{ClientId, IssuerUrl, RedirectUrl};
use secrecy::SecretString;
use url::Url;

use crate::error::Error;
use crate::http::Http;
use crate::provider::Registration;
use crate::state::State;
use crate::{pages, sign_in, sign_out};

/// How to start.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Port on 127.0.0.1; 0 takes any free one.
    pub port: u16,
    /// The origin that browsers use, such as `http://app.localhost:8082`. A port 0 in it stands
    /// for the port that was taken.
    pub public_base: String,
    /// The issuer; its metadata is fetched at the first sign-in.
    pub issuer: String,
    /// The client's id.
    pub client_id: String,
    /// The client's secret; a public client has none.
    pub client_secret: Option<SecretString>,
    /// The id of a public client for the page `/popup`, which is its redirect URI; none leaves the page
    /// out.
    pub popup_client_id: Option<String>,
    /// Identifier and label of each connection that the landing page offers by itself.
    pub connections: Vec<(String, String)>,
    /// Threads that serve; at least one.
    pub workers: usize,
}

/// A running sample app. Dropping it stops it too.
pub struct SampleApp {
    base: String,
    handle: ServerHandle,
}

/// Binds 127.0.0.1 and serves from now on. Must be called inside a tokio runtime. The redirect URI
/// to register is `{base}/callback`, the one after sign-out `{base}/signed-out`, and the one for
/// third-party initiated login `{base}/initiate`.
///
/// # Errors
/// The port can't be bound, or an address of the settings can't be used.
pub async fn start(settings: Settings) -> Result<SampleApp, Error> {
    let bind = |error| Error::Bind(settings.port, error);
    let listener = TcpListener::bind(("127.0.0.1", settings.port)).map_err(bind)?;
    let port = listener.local_addr().map_err(bind)?.port();
    let base = public_base(&settings.public_base, port)?;
    let registration = Registration {
        issuer: IssuerUrl::new(settings.issuer).map_err(|e| Error::Address("the issuer", e))?,
        client_id: ClientId::new(settings.client_id),
        client_secret: settings.client_secret,
        redirect_uri: RedirectUrl::new(format!("{base}/callback"))
            .map_err(|error| Error::Address("the public address", error))?,
    };
    let http = Http::new().map_err(Error::HttpClient)?;
    let mut state = State::new(base.clone(), registration, settings.connections, http);
    state.popup_client_id = settings.popup_client_id;
    let state = Data::from(Arc::new(state));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(Data::clone(&state))
            .configure(pages::routes)
            .configure(sign_in::routes)
            .configure(sign_out::routes)
            .default_service(web::to(pages::not_found))
    })
    .workers(settings.workers.max(1))
    .shutdown_timeout(1)
    .disable_signals()
    .listen(listener)
    .map_err(|error| Error::Bind(port, error))?
    .run();
    let handle = server.handle();
    tokio::spawn(server);
    Ok(SampleApp { base, handle })
}

/// The app's origin with its real port.
fn public_base(text: &str, port: u16) -> Result<String, Error> {
    let mut url = Url::parse(text).map_err(|error| Error::Address("the public address", error))?;
    let plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if !matches!(url.scheme(), "http" | "https") || !plain {
        return Err(Error::PublicBase);
    }
    if url.port() == Some(0) {
        url.set_port(Some(port)).map_err(|()| Error::PublicBase)?;
        return Ok(url.origin().ascii_serialization());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

impl SampleApp {
    /// The app's own address, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.base
    }

    /// Stops at once: open connections are closed.
    pub async fn stop(self) {
        self.handle.stop(false).await;
    }
}

impl Drop for SampleApp {
    fn drop(&mut self) {
        // The command is sent here; nobody waits for its end.
        drop(self.handle.stop(false));
    }
}
