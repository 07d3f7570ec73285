//! What a handler answers: a value, so that it can be kept for a repeated call; or a file that is made
//! while it is sent.

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentDisposition};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, Responder};
use futures_util::Stream;
use futures_util::stream::{LocalBoxStream, StreamExt as _};
use serde::{Deserialize, Serialize};

use crate::problem::{Problem, Result};
use crate::visible;

/// An answer that is no problem. It may hold a new secret: it has no `Debug`.
#[derive(Serialize, Deserialize)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Option<String>,
}

impl Answer {
    fn with_body(status: StatusCode, body: &impl Serialize) -> Result<Self> {
        let mut bytes = Vec::new();
        visible::write(&mut bytes, body).map_err(Problem::internal)?;
        let body = String::from_utf8(bytes).map_err(Problem::internal)?;
        Ok(Self { status: status.as_u16(), headers: Vec::new(), body: Some(body) })
    }

    /// 200 with a body.
    pub(crate) fn ok(body: &impl Serialize) -> Result<Self> {
        Self::with_body(StatusCode::OK, body)
    }

    /// 201 with a body; `location` is the path of what was made.
    pub(crate) fn created(location: String, body: &impl Serialize) -> Result<Self> {
        Ok(Self::with_body(StatusCode::CREATED, body)?.header(&header::LOCATION, location))
    }

    /// 204.
    pub(crate) fn no_content() -> Self {
        Self { status: StatusCode::NO_CONTENT.as_u16(), headers: Vec::new(), body: None }
    }

    /// 304.
    pub(crate) fn not_modified() -> Self {
        Self { status: StatusCode::NOT_MODIFIED.as_u16(), headers: Vec::new(), body: None }
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: &header::HeaderName, value: String) -> Self {
        self.headers.push((name.as_str().to_owned(), value));
        self
    }

    /// Adds the entity-tag of the resource.
    pub(crate) fn etag(self, etag: String) -> Self {
        self.header(&header::ETAG, etag)
    }

    /// Says that this is an earlier answer.
    pub(crate) fn replayed(mut self) -> Self {
        self.headers.push(("idempotent-replayed".to_owned(), "true".to_owned()));
        self
    }
}

impl Responder for Answer {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = HttpResponse::build(status);
        for (name, value) in self.headers {
            response.insert_header((name, value));
        }
        match self.body {
            Some(body) => response.content_type("application/json").body(body),
            None => response.finish(),
        }
    }
}

/// Lines of JSON, to be kept as a file. What goes wrong before the first line is a problem, as
/// everywhere; what goes wrong behind it breaks the connection, so that a part of the file is never
/// taken for the whole.
pub(crate) struct Download {
    file: &'static str,
    lines: LocalBoxStream<'static, Result<Bytes>>,
}

impl Download {
    /// A file of this name.
    pub(crate) fn new(
        file: &'static str,
        lines: impl Stream<Item = Result<Bytes>> + 'static,
    ) -> Self {
        Self { file, lines: lines.boxed_local() }
    }
}

impl Responder for Download {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok()
            .content_type("application/x-ndjson")
            .insert_header(ContentDisposition::attachment(self.file))
            .streaming(self.lines)
    }
}
