//! A row of the table: how a request differs from a right one, and what both providers say to it.

use std::fmt;

use e2e::{Answer, Request};

use crate::side::Side;

/// What somebody does to a right request.
type Change = Box<dyn Fn(Request, &Side) -> Request + Send + Sync>;

/// A request that differs from a right one in one place.
pub(crate) struct Case {
    /// What is different, after the attack's id where there is one.
    pub(crate) name: String,
    /// What has to come of it.
    pub(crate) verdict: Verdict,
    /// The difference.
    pub(crate) change: Change,
}

/// A row of the table.
pub(crate) fn case(
    name: impl Into<String>,
    verdict: Verdict,
    change: impl Fn(Request, &Side) -> Request + Send + Sync + 'static,
) -> Case {
    Case { name: name.into(), verdict, change: Box::new(change) }
}

/// What both providers have to say, as [`Outcome`] writes it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Verdict {
    /// Both take it: it only looks unusual.
    Neither,
    /// Both refuse it with the same words.
    Both(&'static str),
    /// Both refuse it, we with the first, the other with the second.
    Each(&'static str, &'static str),
    /// Only we refuse it.
    Ours(&'static str),
    /// Only the other refuses it, and why we need not.
    Theirs(&'static str, &'static str),
}

impl Verdict {
    /// Whether this is what came, and nothing that it says is idle.
    pub(crate) fn holds(&self, ours: &Outcome, theirs: &Outcome) -> bool {
        let is = |outcome: &Outcome, text: &str| outcome.refused() && outcome.0 == text;
        match *self {
            Self::Neither => !ours.refused() && !theirs.refused(),
            Self::Both(text) => is(ours, text) && is(theirs, text),
            Self::Each(us, them) => is(ours, us) && is(theirs, them) && us != them,
            Self::Ours(us) => is(ours, us) && !theirs.refused(),
            // An explanation names the section that it rests on.
            Self::Theirs(them, why) => is(theirs, them) && !ours.refused() && why.contains('§'),
        }
    }
}

/// What a provider did with a request: `taken`; or how it refused. `page` is a page of its own,
/// `sent` an error that the browser takes to the app, a number a status with its error code.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome(String);

impl Outcome {
    /// What an answer says.
    pub(crate) fn of(answer: &Answer) -> Self {
        if let Some(location) = answer.location() {
            let own = location.origin() == answer.url.origin();
            assert!(own || location.host_str() == Some("app.example.com"), "sent to {location}");
            return match answer.parameter("error") {
                Some(error) => Self(format!("sent {error}")),
                None => Self::taken(),
            };
        }
        if let Some(error) = delivered(&answer.body) {
            return Self(format!("sent {error}"));
        }
        if answer.status.is_success() {
            let inactive = answer.body == r#"{"active":false}"#;
            return if inactive { Self("inactive".to_owned()) } else { Self::taken() };
        }
        let status = answer.status.as_u16();
        assert_ne!(status / 100, 5, "{}: {}", answer.url, answer.body);
        Self(match error_of(answer) {
            Some(error) => format!("{status} {error}"),
            None if is_page(answer) => format!("page {status}"),
            None => status.to_string(),
        })
    }

    fn taken() -> Self {
        Self("taken".to_owned())
    }

    /// Whether nothing came of the request.
    pub(crate) fn refused(&self) -> bool {
        self.0 != "taken"
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_page(answer: &Answer) -> bool {
    answer.headers.get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

/// The error code of JSON, or of a challenge (RFC 6749 §5.2, RFC 6750 §3).
fn error_of(answer: &Answer) -> Option<String> {
    let body: Option<serde_json::Value> = serde_json::from_str(&answer.body).ok();
    if let Some(error) = body.as_ref().and_then(|body| body["error"].as_str()) {
        return Some(error.to_owned());
    }
    let challenge = answer.headers.get("www-authenticate")?.to_str().ok()?;
    let rest = challenge.split_once("error=\"")?.1;
    rest.split_once('"').map(|(error, _)| error.to_owned())
}

/// The error that a page takes to the app, by a form or by a message.
fn delivered(page: &str) -> Option<String> {
    let rest = page.split_once("name=\"error\" value=\"")?.1;
    rest.split_once('"').map(|(error, _)| error.to_owned())
}
