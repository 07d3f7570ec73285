//! The SMS gateway's end of a webhook: verifies (Standard Webhooks 1.0) and keeps what comes.

use std::{collections::BTreeMap, io, net::TcpListener, sync::Arc, time::Duration};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    dev::ServerHandle,
    http::StatusCode,
    web::{self, Bytes, Data},
};
use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

use crate::shelf::{Faults, Shelf};

/// A request that was answered, verified or not.
#[derive(Debug, Clone, PartialEq)]
pub struct ReceivedSms {
    /// `webhook-id`.
    pub id: String,
    /// `webhook-timestamp`, Unix seconds.
    pub timestamp: i64,
    /// Whether `webhook-signature` is that of the secret over id, timestamp and body.
    pub verified: bool,
    /// The path and query that were called.
    pub path: String,
    /// All headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body; null if it is not JSON.
    pub body: Value,
}

impl ReceivedSms {
    /// A text in the body; empty if there is none of that name.
    pub fn text(&self, field: &str) -> &str {
        self.body[field].as_str().unwrap_or_default()
    }
}

/// What goes wrong. The request is kept all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SmsFault {
    /// This status, with a body that nobody should repeat.
    Status(u16),
    /// A redirect (307) to this URL.
    Redirect(String),
    /// No answer.
    Hang,
    /// Status 200 with a body of so many bytes.
    Long(usize),
}

struct Shared {
    key: hmac::Key,
    requests: Shelf<ReceivedSms>,
    faults: Faults<SmsFault>,
}

/// A running receiver of SMS webhooks. Dropping it stops it.
pub struct SmsSim {
    shared: Arc<Shared>,
    handle: ServerHandle,
    port: u16,
}

impl SmsSim {
    /// A receiver on `port` of 127.0.0.1 (0: a free one) that knows `secret` (`whsec_…`).
    ///
    /// # Errors
    /// The port can't be bound, or the secret is none.
    pub async fn start(port: u16, secret: &str) -> io::Result<Self> {
        let key = secret.strip_prefix("whsec_").and_then(|text| STANDARD.decode(text).ok());
        let key = key.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        let shared = Arc::new(Shared {
            key: hmac::Key::new(hmac::HMAC_SHA256, &key),
            requests: Shelf::new(),
            faults: Faults::new(),
        });
        let listener = TcpListener::bind(("127.0.0.1", port))?;
        let port = listener.local_addr()?.port();
        let state = Arc::clone(&shared);
        let server = HttpServer::new(move || {
            App::new().app_data(Data::from(Arc::clone(&state))).default_service(web::to(receive))
        })
        .workers(1)
        .shutdown_timeout(1)
        .disable_signals()
        .listen(listener)?
        .run();
        let handle = server.handle();
        tokio::spawn(server);
        // The port is bound: who connects from here on waits for the worker at most
        tokio::task::yield_now().await;
        Ok(Self { shared, handle, port })
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL to call.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/sms", self.port)
    }

    /// Every request that was not taken, in order.
    pub fn requests(&self) -> Vec<ReceivedSms> {
        self.shared.requests.all()
    }

    /// Takes the oldest verified message to this number, waiting for it if need be.
    pub async fn wait_for(&self, to: &str, within: Duration) -> Option<ReceivedSms> {
        self.shared.requests.take(|sms| sms.verified && sms.text("to") == to, within).await
    }

    /// Forgets all requests.
    pub fn clear(&self) {
        self.shared.requests.clear();
    }

    /// Makes the fault happen so many times; `None`: until [`SmsSim::clear_faults`].
    pub fn inject(&self, fault: SmsFault, times: Option<u32>) {
        self.shared.faults.inject(fault, times);
    }

    /// Ends all faults.
    pub fn clear_faults(&self) {
        self.shared.faults.clear();
    }
}

impl Drop for SmsSim {
    fn drop(&mut self) {
        // The command is sent here; nobody waits for its end.
        drop(self.handle.stop(false));
    }
}

async fn receive(request: HttpRequest, body: Bytes, shared: Data<Shared>) -> HttpResponse {
    let header = |name: &str| {
        request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    };
    let (id, timestamp) = (header("webhook-id"), header("webhook-timestamp"));
    let verified = request.method() == "POST"
        && header("content-type") == "application/json"
        && !id.is_empty()
        && timestamp.parse::<i64>().is_ok()
        && is_signed(&shared.key, [id, timestamp, header("webhook-signature")], &body);
    shared.requests.push(ReceivedSms {
        id: id.to_owned(),
        timestamp: timestamp.parse().unwrap_or_default(),
        verified,
        path: request.uri().to_string(),
        headers: request
            .headers()
            .iter()
            .map(|(name, value)| {
                (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect(),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    });
    answer(shared.faults.meet(|_| true), verified).await
}

async fn answer(fault: Option<SmsFault>, verified: bool) -> HttpResponse {
    match fault {
        Some(SmsFault::Status(status)) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::IM_A_TEAPOT);
            HttpResponse::build(status).body("canary-answer")
        }
        Some(SmsFault::Redirect(url)) => {
            HttpResponse::TemporaryRedirect().insert_header(("location", url)).finish()
        }
        Some(SmsFault::Hang) => std::future::pending().await,
        Some(SmsFault::Long(length)) => HttpResponse::Ok().body(vec![b'x'; length]),
        None if verified => HttpResponse::NoContent().finish(),
        None => HttpResponse::Unauthorized().finish(),
    }
}

/// One of the signatures, separated by spaces, is right.
fn is_signed(key: &hmac::Key, [id, timestamp, signatures]: [&str; 3], body: &[u8]) -> bool {
    let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat();
    signatures
        .split(' ')
        .filter_map(|signature| STANDARD.decode(signature.strip_prefix("v1,")?).ok())
        .any(|signature| hmac::verify(key, &signed, &signature).is_ok())
}
