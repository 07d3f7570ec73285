//! A row of the table: how a request differs from a right one, and what both providers say to it.

use std::fmt;

use e2e::{Answer, Request};
use url::Url;

use crate::side::{SIGNED_OUT, Side};
use crate::verdict::Verdict;

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

/// What a provider did with a request: `taken`; or how it refused. `page` is a page of its own,
/// `sent` an error that the browser takes to the app, a number a status with its error code.
pub(crate) struct Outcome(String);

impl Outcome {
    /// What an answer says.
    pub(crate) fn of(answer: &Answer) -> Self {
        if let Some(location) = answer.location() {
            return Self::sent(answer, &location);
        }
        if let Some(error) = delivered(&answer.body).filter(|_| is_page(answer)) {
            return Self(format!("sent {error}"));
        }
        if answer.status.is_success() {
            let inactive = answer.body == r#"{"active":false}"#;
            return if inactive { Self("inactive".to_owned()) } else { Self::taken() };
        }
        let status = answer.status.as_u16();
        assert!(
            status < 500 || answer.url.host_str() == Some(e2e::PEER),
            "{}: {}",
            answer.url,
            answer.body
        );
        Self(match error_of(answer) {
            Some(error) => format!("{status} {error}"),
            None if is_page(answer) => format!("page {status}"),
            None => status.to_string(),
        })
    }

    /// What an answer says that sends the browser on: to the app, or to a page of the provider's own.
    fn sent(answer: &Answer, location: &Url) -> Self {
        if location.origin() == answer.url.origin() {
            return Self::taken();
        }
        let there = ["https://app.example.com/callback", SIGNED_OUT];
        let known = there.iter().any(|start| location.as_str().starts_with(start));
        assert!(known, "sent to {location}");
        let fragment = location.fragment().unwrap_or_default();
        let fragment = url::form_urlencoded::parse(fragment.as_bytes());
        let mut all = location.query_pairs().chain(fragment);
        match all.find(|(name, _)| name == "error" || name == "code") {
            Some((name, error)) if name == "error" => Self(format!("sent {error}")),
            Some(_) => Self::taken(),
            None => {
                assert!(location.as_str().starts_with(SIGNED_OUT), "nothing brought to {location}");
                Self::taken()
            }
        }
    }

    fn taken() -> Self {
        Self("taken".to_owned())
    }

    /// Whether it refused with these words.
    pub(crate) fn is(&self, text: &str) -> bool {
        self.refused() && self.0 == text
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
    let marks = ["name=\"error\" value=\"", "\"error\":\"", "&#34;error&#34;:&#34;"];
    let rest = marks.iter().find_map(|mark| page.split_once(mark))?.1;
    rest.split_once(['"', '&']).map(|(error, _)| error.to_owned())
}
