//! Reading an object field by field, so that every mistake in it is reported at once: missing and
//! unknown fields, wrong types and wrong values. (Derived readers stop at the first wrong type.)

use serde_json::{Map, Value};

use crate::pointer;

/// What is wrong with a value. The field's name is put before both texts by [`Fields`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// JSON Pointer from the field on; empty for the field itself.
    pub below: String,
    /// What kind of mistake.
    pub code: &'static str,
    /// What is wrong: remedy, as a half sentence after the field's name.
    pub text: String,
}

impl Flaw {
    /// A flaw of the value itself.
    pub fn new(code: &'static str, text: impl Into<String>) -> Self {
        Self { below: String::new(), code, text: text.into() }
    }

    /// The flaw as seen from further up: the pointer leads to the value it was seen from.
    #[must_use]
    pub fn under(self, pointer: &str) -> Self {
        Self { below: format!("{pointer}{}", self.below), ..self }
    }
}

/// All flaws of a value.
pub type Flaws = Vec<Flaw>;

/// The fields of an object that have not been read yet, and the flaws so far.
#[derive(Debug)]
pub struct Fields {
    object: Map<String, Value>,
    flaws: Flaws,
}

impl Fields {
    /// A field that must be there.
    pub fn required<T>(
        &mut self,
        name: &'static str,
        rule: impl FnOnce(&Value) -> Result<T, Flaws>,
    ) -> Option<T> {
        let value = self.optional(name, rule)?;
        if value.is_none() {
            self.flaw(name, &Flaw::new("required", "is missing: add it"));
        }
        value
    }

    /// A field that may be missing or null.
    pub fn optional<T>(
        &mut self,
        name: &'static str,
        rule: impl FnOnce(&Value) -> Result<T, Flaws>,
    ) -> Option<Option<T>> {
        let value = match self.object.remove(name) {
            None | Some(Value::Null) => return Some(None),
            Some(value) => value,
        };
        match rule(&value) {
            Ok(value) => Some(Some(value)),
            Err(flaws) => {
                for flaw in &flaws {
                    self.flaw(name, flaw);
                }
                None
            }
        }
    }

    /// A field that keeps its value where it is missing, and cannot be taken away by null.
    pub fn kept<T>(
        &mut self,
        name: &'static str,
        rule: impl FnOnce(&Value) -> Result<T, Flaws>,
    ) -> Option<Option<T>> {
        if self.has(name) { self.required(name, rule).map(Some) } else { Some(None) }
    }

    /// A field that has a value by itself.
    pub fn defaulted<T>(
        &mut self,
        name: &'static str,
        default: T,
        rule: impl FnOnce(&Value) -> Result<T, Flaws>,
    ) -> Option<T> {
        self.optional(name, rule).map(|value| value.unwrap_or(default))
    }

    /// Whether a field is there and has not been read yet, be it null.
    pub fn has(&self, name: &str) -> bool {
        self.object.contains_key(name)
    }

    /// Notes a flaw of a field.
    pub fn flaw(&mut self, name: &str, flaw: &Flaw) {
        self.flaws.push(flaw.clone().under(&pointer("", name)));
    }

    /// Notes what a rule over several fields found, as seen from the body.
    pub fn flaws(&mut self, flaws: Flaws) {
        self.flaws.extend(flaws);
    }
}

/// Reads an object, in which nothing else may stand; or all that is wrong with it.
pub fn read_object<T>(
    object: Map<String, Value>,
    read: impl FnOnce(&mut Fields) -> Option<T>,
) -> Result<T, Flaws> {
    read_known(object, |fields| {
        let value = read(fields);
        for name in fields.object.keys().cloned().collect::<Vec<_>>() {
            let text = "is unknown here: leave it out, or check its spelling";
            fields.flaw(&name, &Flaw::new("unknown_field", text));
        }
        value
    })
}

/// Reads an object, in which anything else may stand and means nothing; or all that is wrong with it.
pub fn read_known<T>(
    object: Map<String, Value>,
    read: impl FnOnce(&mut Fields) -> Option<T>,
) -> Result<T, Flaws> {
    let mut fields = Fields { object, flaws: Flaws::new() };
    match read(&mut fields) {
        Some(value) if fields.flaws.is_empty() => Ok(value),
        _ => Err(fields.flaws),
    }
}
