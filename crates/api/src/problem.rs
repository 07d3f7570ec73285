//! What went wrong, as a caller reads it: `application/problem+json` (RFC 9457). The log reads the
//! source.

use std::borrow::Cow;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

/// Result of a console call.
pub(crate) type Result<T, E = Problem> = std::result::Result<T, E>;

/// One kind of problem: code, status and title belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) code: &'static str,
    pub(crate) status: StatusCode,
    pub(crate) title: &'static str,
}

macro_rules! kinds {
    ($($name:ident $status:ident $code:literal $title:literal)*) => {
        $(pub(crate) const $name: Kind =
            Kind { code: $code, status: StatusCode::$status, title: $title };)*
        /// Every kind, for the API document.
        pub(crate) const KINDS: &[Kind] = &[$($name),*];
    };
}

kinds! {
    MALFORMED_REQUEST BAD_REQUEST "malformed_request" "The request cannot be read"
    MALFORMED_JSON BAD_REQUEST "malformed_json" "The body is no JSON document that can be used"
    UNAUTHENTICATED UNAUTHORIZED "unauthenticated" "An API key is needed"
    FORBIDDEN FORBIDDEN "forbidden" "This API key has no right to do that"
    NOT_FOUND NOT_FOUND "not_found" "There is nothing here"
    METHOD_NOT_ALLOWED METHOD_NOT_ALLOWED "method_not_allowed" "This resource has no such method"
    CONFLICT CONFLICT "conflict" "It is in conflict with what exists"
    STALE PRECONDITION_FAILED "stale" "The resource has changed"
    TOO_LARGE PAYLOAD_TOO_LARGE "too_large" "The body is too large"
    UNSUPPORTED_MEDIA_TYPE UNSUPPORTED_MEDIA_TYPE "unsupported_media_type" "The body is of another media type"
    INVALID UNPROCESSABLE_ENTITY "invalid" "Some fields are not right"
    IDEMPOTENCY_KEY_REUSED UNPROCESSABLE_ENTITY "idempotency_key_reused" "The Idempotency-Key belongs to another request"
    PRECONDITION_REQUIRED PRECONDITION_REQUIRED "precondition_required" "If-Match is needed"
    TOO_MANY_REQUESTS TOO_MANY_REQUESTS "too_many_requests" "Too many requests"
    INTERNAL INTERNAL_SERVER_ERROR "internal" "Something went wrong here"
    UNAVAILABLE SERVICE_UNAVAILABLE "unavailable" "The service is not available for a moment"
}

/// A field that is not right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Where in the body: a JSON Pointer (RFC 6901).
    #[schema(example = "/redirect_uris/0")]
    pub pointer: String,
    /// What kind of mistake; stable.
    #[schema(example = "fragment")]
    pub code: &'static str,
    /// What is wrong and what to do about it.
    #[schema(example = "redirect_uris/0 has a fragment: leave out # and what follows")]
    pub detail: String,
}

/// The body of a problem (RFC 9457 §3).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody<'a> {
    /// A stable URI of the kind of problem: `urn:hufu:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:hufu:problem:invalid")]
    pub(crate) kind: String,
    /// The kind of problem, for people.
    #[schema(example = "Some fields are not right")]
    pub(crate) title: &'a str,
    /// The HTTP status.
    #[schema(example = 422)]
    pub(crate) status: u16,
    /// What is wrong this time, and what to do about it.
    #[schema(example = "1 field is not right; see errors.")]
    pub(crate) detail: &'a str,
    /// The fields that are not right, all of them.
    #[serde(skip_serializing_if = "<[FieldError]>::is_empty")]
    #[schema(required = false)]
    pub(crate) errors: &'a [FieldError],
    /// The trace code of this request: what the operator finds it by in the log.
    #[schema(example = "7J4Q2M9XK0TB")]
    pub(crate) trace: &'a str,
}

/// A problem, with two faces: what the caller reads, and the source that the log reads.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.detail)]
pub struct Problem(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: Kind,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    headers: Vec<(&'static str, String)>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Problem {
    pub(crate) fn new(kind: Kind, detail: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            detail: detail.into(),
            errors: Vec::new(),
            headers: Vec::new(),
            source: None,
        }))
    }

    /// Nothing here, or nothing of yours: the two look alike.
    pub(crate) fn not_found() -> Self {
        Self::new(NOT_FOUND, "Nothing of yours is at this path: check the ids in it.")
    }

    /// Fields that are not right.
    pub(crate) fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = match errors.len() {
            1 => "1 field is not right; see errors.".to_owned(),
            many => format!("{many} fields are not right; see errors."),
        };
        Self::new(INVALID, detail).with_errors(errors)
    }

    /// One field that is not right.
    pub(crate) fn field(pointer: &str, code: &'static str, detail: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError { pointer: pointer.to_owned(), code, detail: detail.into() }])
    }

    /// A field whose value is taken, or in use.
    pub(crate) fn conflict(pointer: &str, code: &'static str, detail: &'static str) -> Self {
        let error = FieldError { pointer: pointer.to_owned(), code, detail: detail.to_owned() };
        Self::new(CONFLICT, detail).with_errors(vec![error])
    }

    /// Something that must not happen; the caller learns no more than that it did.
    pub(crate) fn internal(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        let mut problem = Self::new(INTERNAL, "Tell the operator the trace code of this answer.");
        problem.0.source = Some(Box::new(source));
        problem
    }

    pub(crate) fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.0.errors = errors;
        self
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.0.headers.push((name, value.into()));
        self
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.0.kind.status
    }

    /// The answer, with the trace code of the request.
    pub(crate) fn render(&self, trace: &str) -> HttpResponse {
        let Inner { kind, detail, errors, headers, .. } = &*self.0;
        let body = ProblemBody {
            kind: format!("urn:hufu:problem:{}", kind.code),
            title: kind.title,
            status: kind.status.as_u16(),
            detail,
            errors,
            trace,
        };
        let mut response = HttpResponse::build(kind.status);
        for (name, value) in headers {
            response.insert_header((*name, value.as_str()));
        }
        response.content_type("application/problem+json");
        let mut text = Vec::new();
        // What a caller sent and reads again is shown, not obeyed (attack R8).
        if let Err(error) = crate::visible::write(&mut text, &body) {
            tracing::error!(%error, "a problem could not be written");
        }
        response.body(text)
    }

    /// Writes the log's line.
    pub(crate) fn log(&self, trace: &str) {
        let Inner { kind, detail, source, .. } = &*self.0;
        if let Some(source) = source {
            let error = Chain(&**source);
            tracing::error!(trace, code = kind.code, %error, "a console call failed");
        } else {
            tracing::info!(trace, code = kind.code, %detail, "a console call was refused");
        }
    }
}

/// An error and what caused it, in one line.
struct Chain<'a>(&'a (dyn std::error::Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse {
        self.render("")
    }
}

/// What a fault of the store means to a caller who did nothing to cause it. Where a caller can, the
/// handler has translated it before.
impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        use store::Error;
        let mut problem = match &error {
            Error::Unavailable(_) | Error::Full => {
                Self::new(UNAVAILABLE, "Try again in a few seconds.")
                    .with_header("Retry-After", "5")
            }
            Error::Stale => return Self::stale(),
            Error::Conflict => return Self::new(CONFLICT, "A value that must be unique is taken."),
            Error::Reference => {
                return Self::new(CONFLICT, "It names something that is not there, or is in use.");
            }
            _ => return Self::internal(error),
        };
        problem.0.source = Some(Box::new(error));
        problem
    }
}

impl Problem {
    /// The resource is not what the caller thinks.
    pub(crate) fn stale() -> Self {
        Self::new(
            STALE,
            "It changed since you read it: read it again, then send its ETag in If-Match.",
        )
    }
}

impl From<oidc::Error> for Problem {
    fn from(error: oidc::Error) -> Self {
        match error {
            oidc::Error::Store(error) => error.into(),
            other => Self::internal(other),
        }
    }
}

impl From<password::Error> for Problem {
    fn from(error: password::Error) -> Self {
        match error {
            password::Error::Busy => {
                let text = "Too many passwords are being hashed: try again in a second.";
                Self::new(UNAVAILABLE, text).with_header("Retry-After", "1")
            }
            other => Self::internal(other),
        }
    }
}
