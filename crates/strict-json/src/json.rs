//! Reading JSON strictly: a name that stands twice in an object is refused, because two readers could
//! take different ones (attack N2, CVE-2026-15630).

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Appends a member's name to a JSON Pointer (RFC 6901 §3).
pub fn pointer(parent: &str, name: &str) -> String {
    format!("{parent}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// Why a text cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub enum Malformed {
    /// The name at this JSON Pointer stands twice.
    Twice(String),
    /// It is not JSON from this line and column on.
    Syntax {
        /// From 1 on.
        line: usize,
        /// From 1 on.
        column: usize,
    },
}

/// Reads a JSON document. Depth is bounded by `serde_json` (128).
pub fn read(text: &[u8]) -> Result<Value, Malformed> {
    let twice = RefCell::new(None);
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = Strict { at: String::new(), twice: &twice }.deserialize(&mut reader);
    value.and_then(|value| reader.end().map(|()| value)).map_err(|error| match twice.into_inner() {
        Some(pointer) => Malformed::Twice(pointer),
        // The text of serde_json may quote from the body: only the place is told.
        None => Malformed::Syntax { line: error.line(), column: error.column() },
    })
}

struct Strict<'t> {
    at: String,
    twice: &'t RefCell<Option<String>>,
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        loop {
            let at = format!("{}/{}", self.at, values.len());
            match elements.next_element_seed(Strict { at, twice: self.twice })? {
                Some(value) => values.push(value),
                None => return Ok(Value::Array(values)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let at = pointer(&self.at, &name);
            if object.contains_key(&name) {
                self.twice.replace(Some(at));
                return Err(A::Error::custom("a name stands twice"));
            }
            let value = members.next_value_seed(Strict { at, twice: self.twice })?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}
