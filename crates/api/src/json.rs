//! Bodies in JSON: read strictly (attack N2), and patched.

use serde_json::{Map, Value};
pub(crate) use strict_json::{Malformed, pointer, read};

use crate::problem::{FieldError, MALFORMED_JSON, Problem, Result};

/// Reads a body.
pub(crate) fn parse(body: &[u8]) -> Result<Value> {
    read(body).map_err(|malformed| match malformed {
        Malformed::Twice(pointer) => {
            let detail = format!("{} stands twice: leave one out", pointer.trim_start_matches('/'));
            let error = FieldError { pointer, code: "duplicate_name", detail };
            Problem::new(MALFORMED_JSON, "A name stands twice in an object; see errors.")
                .with_errors(vec![error])
        }
        Malformed::Syntax { line, column } => {
            let place = format!("line {line}, column {column}");
            let text =
                format!("The body is not JSON from {place} on: send a JSON document in UTF-8.");
            Problem::new(MALFORMED_JSON, text)
        }
    })
}

/// Applies a merge patch (RFC 7396 §2).
pub(crate) fn merge(target: &mut Value, patch: Value) {
    let Value::Object(members) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    if let Value::Object(object) = target {
        for (name, value) in members {
            if value.is_null() {
                object.remove(&name);
            } else {
                merge(object.entry(name).or_insert(Value::Null), value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The examples of RFC 7396, appendix A.
    #[test]
    fn merges_as_the_rfc_shows() {
        let cases = [
            (json!({"a":"b"}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"b"}), json!({"b":"c"}), json!({"a":"b","b":"c"})),
            (json!({"a":"b"}), json!({"a":null}), json!({})),
            (json!({"a":"b","b":"c"}), json!({"a":null}), json!({"b":"c"})),
            (json!({"a":["b"]}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"c"}), json!({"a":["b"]}), json!({"a":["b"]})),
            (json!({"a":{"b":"c"}}), json!({"a":{"b":"d","c":null}}), json!({"a":{"b":"d"}})),
            (json!({"a":[{"b":"c"}]}), json!({"a":[1]}), json!({"a":[1]})),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"a":"b"}), json!(["c"]), json!(["c"])),
            (json!({"a":"foo"}), json!(null), json!(null)),
            (json!({"a":"foo"}), json!("bar"), json!("bar")),
            (json!({"e":null}), json!({"a":1}), json!({"e":null,"a":1})),
            (json!([1, 2]), json!({"a":"b","c":null}), json!({"a":"b"})),
            (json!({}), json!({"a":{"bb":{"ccc":null}}}), json!({"a":{"bb":{}}})),
        ];
        for (mut target, patch, expected) in cases {
            merge(&mut target, patch);
            assert_eq!(target, expected);
        }
    }
}
