//! What values may be. A rule takes a JSON value and gives a typed one, or all its flaws.

use std::collections::BTreeMap;

pub(crate) use oidc::app_rules::algorithm;
use serde_json::Value;
pub(crate) use strict_json::rules::{
    boolean, id, integer, is_invisible, list, moment, string, text, visible_ascii, word,
};

use crate::fields::{Flaw, Flaws};
use crate::json::pointer;

fn flaw<T>(code: &'static str, text: impl Into<String>) -> Result<T, Flaws> {
    Err(vec![Flaw::new(code, text)])
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
