//! What values may be. A rule takes a JSON value and gives a typed one, or all its flaws.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Flaw, Flaws};

fn flaw<T>(code: &'static str, text: impl Into<String>) -> Result<T, Flaws> {
    Err(vec![Flaw::new(code, text)])
}

/// A string.
pub fn string(value: &Value) -> Result<&str, Flaws> {
    match value.as_str() {
        Some(text) => Ok(text),
        None => flaw("type", "has to be a string"),
    }
}

/// Text for people: 1 to `max` characters, not only white space, no control characters.
pub fn text(max: usize) -> impl Fn(&Value) -> Result<String, Flaws> {
    move |value| {
        let text = string(value)?;
        if text.trim().is_empty() || text.chars().count() > max {
            return flaw("length", format!("has to have 1 to {max} characters"));
        }
        if text.chars().any(is_invisible) {
            return flaw("character", "has control characters: leave them out");
        }
        Ok(text.to_owned())
    }
}

/// Control characters, and those that turn the direction of text around (U+202A…, U+2066…).
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

/// A secret or another opaque text: 1 to `max` visible ASCII characters.
pub fn visible_ascii(max: usize) -> impl Fn(&Value) -> Result<String, Flaws> {
    move |value| {
        let text = string(value)?;
        if text.is_empty() || text.len() > max {
            return flaw("length", format!("has to have 1 to {max} characters"));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return flaw(
                "character",
                "may have visible ASCII characters only: copy it again, without spaces",
            );
        }
        Ok(text.to_owned())
    }
}

/// `true` or `false`.
pub fn boolean(value: &Value) -> Result<bool, Flaws> {
    match value.as_bool() {
        Some(value) => Ok(value),
        None => flaw("type", "has to be true or false"),
    }
}

/// A whole number from `min` to `max`.
pub fn integer(min: i64, max: i64) -> impl Fn(&Value) -> Result<i64, Flaws> {
    move |value| match value.as_i64() {
        Some(number) if (min..=max).contains(&number) => Ok(number),
        Some(_) => flaw("range", format!("has to be from {min} to {max}")),
        None => flaw("type", "has to be a whole number"),
    }
}

/// One of several words. `words` are all there are, for the message.
pub fn word<T: DeserializeOwned>(
    words: &'static [&'static str],
) -> impl Fn(&Value) -> Result<T, Flaws> {
    move |value| {
        let text = string(value)?;
        match serde_json::from_value(value.clone()) {
            Ok(value) if words.contains(&text) => Ok(value),
            _ => flaw("choice", format!("has to be one of {}", words.join(", "))),
        }
    }
}

/// An id.
pub fn id<T: std::str::FromStr>(value: &Value) -> Result<T, Flaws> {
    match string(value)?.parse() {
        Ok(id) => Ok(id),
        Err(_) => flaw("format", "has to be an id: a UUID in lower case with hyphens"),
    }
}

/// A moment (RFC 3339).
pub fn moment(value: &Value) -> Result<chrono::DateTime<chrono::Utc>, Flaws> {
    match chrono::DateTime::parse_from_rfc3339(string(value)?) {
        Ok(moment) => Ok(moment.to_utc()),
        Err(_) => flaw("format", "has to be a time such as 2027-01-31T00:00:00Z"),
    }
}

/// A list of `min` to `max` different values, each by `rule`.
pub fn list<T: PartialEq>(
    min: usize,
    max: usize,
    rule: impl Fn(&Value) -> Result<T, Flaws>,
) -> impl FnOnce(&Value) -> Result<Vec<T>, Flaws> {
    move |value| {
        let Some(elements) = value.as_array() else { return flaw("type", "has to be a list") };
        if !(min..=max).contains(&elements.len()) {
            return flaw("length", format!("has to have {min} to {max} elements"));
        }
        let (mut values, mut flaws) = (Vec::with_capacity(elements.len()), Flaws::new());
        for (at, element) in elements.iter().enumerate() {
            let below = format!("/{at}");
            match rule(element) {
                Ok(value) if values.contains(&value) => {
                    let text = "stands in the list before: leave it out".to_owned();
                    flaws.push(Flaw { below, code: "duplicate", text });
                }
                Ok(value) => values.push(value),
                Err(more) => {
                    flaws
                        .extend(more.into_iter().map(|flaw| Flaw { below: below.clone(), ..flaw }));
                }
            }
        }
        if flaws.is_empty() { Ok(values) } else { Err(flaws) }
    }
}
