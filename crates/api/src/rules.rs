//! What values may be. A rule takes a JSON value and gives a typed one, or all its flaws.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::Value;
use store::signing_key::Algorithm;

use crate::fields::{Flaw, Flaws};
use crate::json::pointer;

fn flaw<T>(code: &'static str, text: impl Into<String>) -> Result<T, Flaws> {
    Err(vec![Flaw::new(code, text)])
}

/// A string.
pub(crate) fn string(value: &Value) -> Result<&str, Flaws> {
    match value.as_str() {
        Some(text) => Ok(text),
        None => flaw("type", "has to be a string"),
    }
}

/// Text for people: 1 to `max` characters, not only white space, no control characters.
pub(crate) fn text(max: usize) -> impl Fn(&Value) -> Result<String, Flaws> {
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
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

/// A secret or another opaque text: 1 to `max` visible ASCII characters.
pub(crate) fn visible_ascii(max: usize) -> impl Fn(&Value) -> Result<String, Flaws> {
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
pub(crate) fn boolean(value: &Value) -> Result<bool, Flaws> {
    match value.as_bool() {
        Some(value) => Ok(value),
        None => flaw("type", "has to be true or false"),
    }
}

/// A whole number from `min` to `max`.
pub(crate) fn integer(min: i64, max: i64) -> impl Fn(&Value) -> Result<i64, Flaws> {
    move |value| match value.as_i64() {
        Some(number) if (min..=max).contains(&number) => Ok(number),
        Some(_) => flaw("range", format!("has to be from {min} to {max}")),
        None => flaw("type", "has to be a whole number"),
    }
}

/// What a key signs with.
pub(crate) fn algorithm(value: &Value) -> Result<Algorithm, Flaws> {
    word(&["ES256", "RS256", "PS256", "EdDSA"])(value)
}

/// One of several words. `words` are all there are, for the message.
pub(crate) fn word<T: DeserializeOwned>(
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
pub(crate) fn id<T: std::str::FromStr>(value: &Value) -> Result<T, Flaws> {
    match string(value)?.parse() {
        Ok(id) => Ok(id),
        Err(_) => flaw("format", "has to be an id: a UUID in lower case with hyphens"),
    }
}

/// A moment (RFC 3339).
pub(crate) fn moment(value: &Value) -> Result<chrono::DateTime<chrono::Utc>, Flaws> {
    match chrono::DateTime::parse_from_rfc3339(string(value)?) {
        Ok(moment) => Ok(moment.to_utc()),
        Err(_) => flaw("format", "has to be a time such as 2027-01-31T00:00:00Z"),
    }
}

/// Names that would be mistaken for parts of our own URLs.
const RESERVED: [&str; 6] = ["callback", "identifiers", "login", "new", "test", "workbench"];

/// A source's name in URLs: `^[a-z0-9-]{1,31}$`, and not reserved.
pub(crate) fn identifier(value: &Value) -> Result<String, Flaws> {
    let text = string(value)?;
    let proper = (1..=31).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !proper {
        return flaw("format", "has to have 1 to 31 of a-z, 0-9 and -");
    }
    if RESERVED.contains(&text) {
        return flaw(
            "reserved",
            format!("is a reserved word ({}): choose another", RESERVED.join(", ")),
        );
    }
    Ok(text.to_owned())
}

/// WeCom's `corpid`; an agency app's is an encrypted, longer one.
pub(crate) fn wecom_corp_id(value: &Value) -> Result<String, Flaws> {
    let text = string(value)?;
    let proper = (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if !proper {
        return flaw(
            "format",
            "has to be the corp id from the bottom of 我的企业: 1 to 64 of A-Z, a-z, 0-9, - and _",
        );
    }
    Ok(text.to_owned())
}

/// Most languages that a name may be given in.
const MAX_LANGUAGES: usize = 20;

/// A name by language tag, at least one.
pub(crate) fn display_names(value: &Value) -> Result<BTreeMap<String, String>, Flaws> {
    by_language(1, 64)(value)
}

/// Texts of up to `max` characters by language tag (BCP 47), in at least `min` languages.
pub(crate) fn by_language(
    min: usize,
    max: usize,
) -> impl Fn(&Value) -> Result<BTreeMap<String, String>, Flaws> {
    move |value| texts(value, min, max)
}

fn texts(value: &Value, min: usize, max: usize) -> Result<BTreeMap<String, String>, Flaws> {
    let Some(object) = value.as_object() else {
        return flaw(
            "type",
            "has to be an object such as {\"zh-CN\": \"企业微信\", \"en\": \"WeCom\"}",
        );
    };
    if !(min..=MAX_LANGUAGES).contains(&object.len()) {
        return flaw("length", format!("has to have {min} to {MAX_LANGUAGES} languages"));
    }
    let (mut names, mut flaws) = (BTreeMap::new(), Flaws::new());
    for (tag, name) in object {
        let below = pointer("", tag);
        if !is_language_tag(tag) {
            let text = "is no language tag: use one such as zh-CN or en".to_owned();
            flaws.push(Flaw { below: below.clone(), code: "format", text });
        }
        match self::text(max)(name) {
            Ok(name) => drop(names.insert(tag.clone(), name)),
            Err(more) => {
                flaws.extend(more.into_iter().map(|flaw| Flaw { below: below.clone(), ..flaw }));
            }
        }
    }
    if flaws.is_empty() { Ok(names) } else { Err(flaws) }
}

fn is_language_tag(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let primary = parts.next().unwrap_or_default();
    (2..=3).contains(&primary.len())
        && primary.bytes().all(|byte| byte.is_ascii_lowercase())
        && tag.len() <= 35
        && parts.all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
        })
}

/// A list of `min` to `max` different values, each by `rule`.
pub(crate) fn list<T: PartialEq>(
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
