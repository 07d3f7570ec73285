//! Around every request: faults before and after, then the journal.

use std::{
    net::Shutdown,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use actix_web::{
    Error, HttpRequest, HttpResponse,
    body::{BodySize, BoxBody, MessageBody, to_bytes},
    dev::{ServiceRequest, ServiceResponse},
    http::{StatusCode, header},
    middleware::Next,
    web::{Bytes, Data},
};

use crate::{
    api::{Errcode, failure},
    fault::FaultKind,
    journal::Call,
    state::State,
};

/// A second handle on the connection's socket, to close it without an answer.
pub(crate) struct Line(Arc<std::net::TcpStream>);

impl Line {
    /// Taken when the connection is made.
    pub(crate) fn of(stream: &actix_web::rt::net::TcpStream) -> Option<Self> {
        use std::os::fd::AsFd;
        let socket = stream.as_fd().try_clone_to_owned().ok()?;
        Some(Self(Arc::new(socket.into())))
    }

    fn cut(request: &HttpRequest) {
        if let Some(Self(socket)) = request.conn_data::<Self>() {
            // Fails only if the other side was first.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

/// Plays the faults that wait for the request and writes it into the journal.
pub(crate) async fn observe(
    state: Data<State>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let path = request.path();
    if path.starts_with("/control/") || path == "/wwlogin/sso/scan/result" {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    let entry = state.journal.is_on().then(|| open(&state, &request));
    let (latency, fault) = state.faults.meet(path);
    if latency > 0 {
        tokio::time::sleep(Duration::from_millis(latency)).await;
    }
    let (response, dropped) = match fault {
        None => (next.call(request).await?.map_into_boxed_body(), false),
        Some(kind) => play(&state, kind, request, next).await?,
    };
    if let Some(mut call) = entry {
        call.status = if dropped { 0 } else { response.status().as_u16() };
        let extensions = response.response().extensions();
        call.errcode = extensions.get::<Errcode>().map(|code| code.0).filter(|_| !dropped);
        drop(extensions);
        state.journal.push(call);
    }
    if dropped {
        Line::cut(response.request());
    }
    Ok(response)
}

fn open(state: &State, request: &ServiceRequest) -> Call {
    Call {
        at: state.now(),
        method: request.method().to_string(),
        path: request.path().to_owned(),
        query: request.query_string().to_owned(),
        status: 0,
        errcode: None,
    }
}

/// Plays one fault; the flag says that the connection is to be cut.
async fn play(
    state: &State,
    kind: FaultKind,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<(ServiceResponse<BoxBody>, bool), Error> {
    let early = match &kind {
        FaultKind::Errcode(code) => {
            let ip = state.caller_ip(request.peer_addr().map(|peer| peer.ip()));
            Some(failure(state, &ip, *code))
        }
        FaultKind::HttpStatus(status) => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_GATEWAY);
            Some(
                HttpResponse::build(status)
                    .content_type("text/html")
                    .body(format!("<html><body><h1>{status}</h1></body></html>")),
            )
        }
        FaultKind::Redirect(url) => {
            Some(HttpResponse::Found().insert_header((header::LOCATION, url.as_str())).finish())
        }
        FaultKind::Body(body) => {
            Some(HttpResponse::Ok().content_type("application/json").body(body.clone()))
        }
        FaultKind::DropConnection => {
            return Ok((request.into_response(HttpResponse::Ok().finish()), true));
        }
        _ => None,
    };
    if let Some(response) = early {
        return Ok((request.into_response(response), false));
    }
    let response = next.call(request).await?;
    if kind == FaultKind::LoseReply {
        return Ok((response.map_into_boxed_body(), true));
    }
    Ok((spoil(&kind, response).await, false))
}

/// Spoils the body of a reply.
async fn spoil(
    kind: &FaultKind,
    response: ServiceResponse<impl MessageBody + 'static>,
) -> ServiceResponse<BoxBody> {
    let (request, response) = response.into_parts();
    let (response, body) = response.into_parts();
    let body = to_bytes(body).await.unwrap_or_default();
    let half = body.slice(..body.len() / 2);
    let response = match kind {
        FaultKind::HalfBody => {
            response.set_body(HalfBody::of(half, body.len())).map_into_boxed_body()
        }
        FaultKind::DuplicateKeys => response.set_body(doubled(&body)).map_into_boxed_body(),
        _ => response.set_body(half).map_into_boxed_body(),
    };
    ServiceResponse::new(request, response)
}

/// `{a}` becomes `{"errcode":-1,a,a}`.
fn doubled(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let inner = text.trim().trim_start_matches('{');
    let inner = inner.strip_suffix('}').unwrap_or(inner);
    format!("{{\"errcode\":-1,{inner},{inner}}}")
}

/// A body that ends too early: the server closes the connection then. The pause lets what there
/// is go out first.
struct HalfBody {
    half: Option<Bytes>,
    promised: u64,
    pause: Pin<Box<tokio::time::Sleep>>,
}

impl HalfBody {
    fn of(half: Bytes, promised: usize) -> Self {
        let pause = Box::pin(tokio::time::sleep(Duration::from_millis(20)));
        Self { half: Some(half), promised: promised as u64, pause }
    }
}

impl MessageBody for HalfBody {
    type Error = std::io::Error;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.promised)
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        if let Some(half) = self.half.take().filter(|half| !half.is_empty()) {
            return Poll::Ready(Some(Ok(half)));
        }
        ready!(self.pause.as_mut().poll(context));
        Poll::Ready(Some(Err(std::io::ErrorKind::BrokenPipe.into())))
    }
}
