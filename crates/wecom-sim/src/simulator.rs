//! Starting and stopping.

use std::{io, net::TcpListener, sync::Arc};

use actix_web::{
    App, HttpResponse, HttpServer,
    dev::ServerHandle,
    middleware::{DefaultHeaders, from_fn},
    rt::net::TcpStream,
    web::{self, Data},
};
use chrono::{DateTime, Utc};

use crate::{
    api,
    control::Control,
    control_http,
    observe::{Line, observe},
    pages,
    state::State,
    world::World,
};

/// The clock of the simulator: lives, bans and the journal go by it.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// How to start.
#[derive(Clone)]
pub struct Settings {
    /// Port on 127.0.0.1; 0 takes any free one.
    pub port: u16,
    /// Base URL that browsers use, such as `http://wecom.localhost:8081`.
    /// `None`: `http://127.0.0.1:{port}`.
    pub public_base: Option<String>,
    /// The clock.
    pub now: Clock,
    /// The IP that the API takes callers to have. `None`: the connection's.
    pub caller_ip: Option<String>,
    /// Threads that serve; at least one.
    pub workers: usize,
}

impl Settings {
    /// Any free port, one thread, this clock.
    pub fn new(now: Clock) -> Self {
        Self { port: 0, public_base: None, now, caller_ip: None, workers: 1 }
    }
}

/// A running simulator. Dropping it stops it too.
pub struct Simulator {
    state: Arc<State>,
    handle: ServerHandle,
    port: u16,
}

impl Simulator {
    /// Binds 127.0.0.1 and serves from now on. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// The port can't be bound.
    pub async fn start(settings: Settings, world: World) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", settings.port))?;
        let port = listener.local_addr()?.port();
        let workers = settings.workers.max(1);
        let base = match &settings.public_base {
            Some(base) => base.trim_end_matches('/').to_owned(),
            None => format!("http://127.0.0.1:{port}"),
        };
        let state = Arc::new(State::new(settings, base, world));
        let shared = Arc::clone(&state);
        let server = HttpServer::new(move || {
            App::new()
                .app_data(Data::from(Arc::clone(&shared)))
                .wrap(from_fn(observe))
                .wrap(
                    DefaultHeaders::new()
                        .add(("Cache-Control", "no-store"))
                        .add(("X-Content-Type-Options", "nosniff")),
                )
                .configure(api::routes)
                .configure(pages::routes)
                .configure(control_http::routes)
                .default_service(web::to(HttpResponse::NotFound))
        })
        .on_connect(|connection, data| {
            if let Some(line) = connection.downcast_ref::<TcpStream>().and_then(Line::of) {
                data.insert(line);
            }
        })
        .workers(workers)
        .shutdown_timeout(1)
        .disable_signals()
        .listen(listener)?
        .run();
        let handle = server.handle();
        tokio::spawn(server);
        // The port is bound: who connects from here on waits for the first worker at most.
        tokio::task::yield_now().await;
        Ok(Self { state, handle, port })
    }

    /// The base URL, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.state.base
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The handle that drives this simulator.
    pub fn control(&self) -> Control {
        Control::new(Arc::clone(&self.state))
    }

    /// Stops at once: open connections are closed.
    pub async fn stop(self) {
        self.handle.stop(false).await;
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // The command is sent here; nobody waits for its end.
        drop(self.handle.stop(false));
    }
}
