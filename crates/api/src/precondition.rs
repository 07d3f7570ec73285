//! `If-Match` and `If-None-Match` (RFC 9110 §13): nobody overwrites what they have not seen.

use actix_web::http::header::{HeaderMap, HeaderName, IF_MATCH, IF_NONE_MATCH};
use chrono::{DateTime, Utc};

use crate::problem::{MALFORMED_REQUEST, PRECONDITION_REQUIRED, Problem, Result};

/// The entity-tag of a version.
pub(crate) fn etag(version: i64) -> String {
    format!("\"{version}\"")
}

/// The entity-tag of a representation that also changes without a new version: what comes behind the
/// dot tells such states apart.
pub(crate) fn etag_of_state(version: i64, state: DateTime<Utc>) -> String {
    format!("\"{version}.{}\"", state.timestamp_micros())
}

/// Whether a change may go on: one of the tags has to name the version, or be `*`. The state behind
/// the dot does not count: no change of an administrator's is lost with it.
pub(crate) fn if_match(headers: &HeaderMap, version: i64) -> Result<()> {
    let Some(tags) = Tags::of(headers, &IF_MATCH)? else {
        return Err(Problem::new(
            PRECONDITION_REQUIRED,
            "Send the ETag of what you read in If-Match, or If-Match: * to change it as it is.",
        ));
    };
    // Strong comparison (RFC 9110 §13.1.1): a weak tag never matches.
    let version = version.to_string();
    let names_it = |tag: &Tag| {
        let text = tag.opaque.trim_matches('"');
        !tag.weak && text.split('.').next() == Some(version.as_str())
    };
    if tags.any || tags.tags.iter().any(names_it) { Ok(()) } else { Err(Problem::stale()) }
}

/// Whether the caller has this representation already.
pub(crate) fn is_known(headers: &HeaderMap, current: &str) -> Result<bool> {
    let tags = Tags::of(headers, &IF_NONE_MATCH)?;
    // Weak comparison (RFC 9110 §13.1.2).
    Ok(tags.is_some_and(|tags| tags.any || tags.tags.iter().any(|tag| tag.opaque == current)))
}

struct Tag {
    weak: bool,
    opaque: String,
}

#[derive(Default)]
struct Tags {
    any: bool,
    tags: Vec<Tag>,
}

impl Tags {
    fn of(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Self>> {
        let mut found: Option<Self> = None;
        for line in headers.get_all(name) {
            let tags = found.get_or_insert_default();
            let line = line.to_str().ok().and_then(|line| tags.read(line));
            line.ok_or_else(|| {
                let text =
                    format!("{name} has to be * or entity-tags in double quotes, such as \"3\".");
                Problem::new(MALFORMED_REQUEST, text)
            })?;
        }
        Ok(found)
    }

    /// Reads `*` or a comma-separated list (RFC 9110 §8.8.3). The characters of a tag may include
    /// commas, so it is read tag by tag.
    fn read(&mut self, line: &str) -> Option<()> {
        if line.trim() == "*" {
            self.any = true;
            return Some(());
        }
        let mut rest = line.trim();
        while !rest.is_empty() {
            let (weak, quoted) = match rest.strip_prefix("W/") {
                Some(quoted) => (true, quoted),
                None => (false, rest),
            };
            let end = quoted.strip_prefix('"')?.find('"')? + 2;
            let (opaque, after) = quoted.split_at_checked(end)?;
            self.tags.push(Tag { weak, opaque: opaque.to_owned() });
            rest = after.trim_start();
            rest = match rest.strip_prefix(',') {
                Some(more) => more.trim_start(),
                None if rest.is_empty() => rest,
                None => return None,
            };
        }
        (!self.tags.is_empty()).then_some(())
    }
}
