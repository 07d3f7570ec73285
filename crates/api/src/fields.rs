//! Reading an object field by field, so that every mistake in it is reported at once: missing and
//! unknown fields, wrong types and wrong values. (Derived readers stop at the first wrong type.)

use serde_json::{Map, Value};
use store::account_change::Edit;

use crate::Console;
use crate::json::pointer;
use crate::problem::{FieldError, Problem, Result};

/// What is wrong with a value. The field's name is put before both texts by [`Fields`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flaw {
    /// JSON Pointer from the field on; empty for the field itself.
    pub(crate) below: String,
    /// What kind of mistake.
    pub(crate) code: &'static str,
    /// What is wrong: remedy, as a half sentence after the field's name.
    pub(crate) text: String,
}

impl Flaw {
    /// A flaw of the value itself.
    pub(crate) fn new(code: &'static str, text: impl Into<String>) -> Self {
        Self { below: String::new(), code, text: text.into() }
    }

    /// The flaw as seen from further up: the pointer leads to the value it was seen from.
    pub(crate) fn under(self, pointer: &str) -> Self {
        Self { below: format!("{pointer}{}", self.below), ..self }
    }
}

/// All flaws of a value.
pub(crate) type Flaws = Vec<Flaw>;

/// Where a body comes from: its rules depend on it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    /// The settings that some rules ask.
    pub(crate) console: &'a Console,
    /// Whether something that exists is changed.
    pub(crate) patching: bool,
}

/// A body that is read field by field.
pub(crate) trait Input: Sized {
    /// Reads the fields. Nothing only if a flaw was noted.
    fn read(fields: &mut Fields, context: Context<'_>) -> Option<Self>;
}

/// The fields of an object that have not been read yet, and the flaws so far.
#[derive(Debug)]
pub(crate) struct Fields {
    object: Map<String, Value>,
    flaws: Flaws,
}

impl Fields {
    /// A field that must be there.
    pub(crate) fn required<T>(
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
    #[expect(clippy::option_option, reason = "the outer one is a flaw, the inner one an absence")]
    pub(crate) fn optional<T>(
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

    /// A field that keeps its value where it is missing, and loses it by null. It keeps it too where
    /// a flaw was noted: nobody gets to see that.
    pub(crate) fn edit<T>(
        &mut self,
        name: &'static str,
        rule: impl FnOnce(&Value) -> Result<T, Flaws>,
    ) -> Edit<T> {
        if !self.object.contains_key(name) {
            return Edit::Keep;
        }
        match self.optional(name, rule) {
            Some(Some(value)) => Edit::Set(value),
            Some(None) => Edit::Clear,
            None => Edit::Keep,
        }
    }

    /// A field that keeps its value where it is missing, and cannot be taken away by null.
    #[expect(clippy::option_option, reason = "the outer one is a flaw, the inner one an absence")]
    pub(crate) fn kept<T>(
        &mut self,
        name: &'static str,
        rule: impl FnOnce(&Value) -> Result<T, Flaws>,
    ) -> Option<Option<T>> {
        if self.object.contains_key(name) {
            self.required(name, rule).map(Some)
        } else {
            Some(None)
        }
    }

    /// A field that has a value by itself.
    pub(crate) fn defaulted<T>(
        &mut self,
        name: &'static str,
        default: T,
        rule: impl FnOnce(&Value) -> Result<T, Flaws>,
    ) -> Option<T> {
        self.optional(name, rule).map(|value| value.unwrap_or(default))
    }

    /// Notes a flaw of a field.
    pub(crate) fn flaw(&mut self, name: &str, flaw: &Flaw) {
        self.flaws.push(flaw.clone().under(&pointer("", name)));
    }

    /// Notes what a rule over several fields found, as seen from the body.
    pub(crate) fn flaws(&mut self, flaws: Flaws) {
        self.flaws.extend(flaws);
    }
}

/// Reads an object within a body: a rule for a field.
pub(crate) fn nested<T: Input>(value: &Value, context: Context<'_>) -> Result<T, Flaws> {
    let Value::Object(object) = value else {
        return Err(vec![Flaw::new("type", "has to be an object")]);
    };
    read_object(object.clone(), |fields| T::read(fields, context))
}

/// Reads an object that is no body; or all that is wrong with it.
pub(crate) fn read_object<T>(
    object: Map<String, Value>,
    read: impl FnOnce(&mut Fields) -> Option<T>,
) -> Result<T, Flaws> {
    let mut fields = Fields { object, flaws: Flaws::new() };
    let value = read(&mut fields);
    for name in fields.object.keys().cloned().collect::<Vec<_>>() {
        let text = "is unknown here: leave it out, or check its spelling";
        fields.flaw(&name, &Flaw::new("unknown_field", text));
    }
    match value {
        Some(value) if fields.flaws.is_empty() => Ok(value),
        _ => Err(fields.flaws),
    }
}

/// Reads a whole body.
pub(crate) fn read<T: Input>(value: Value, context: Context<'_>) -> Result<T> {
    let Value::Object(object) = value else {
        return Err(Problem::field("", "type", "The body has to be a JSON object."));
    };
    read_object(object, |fields| T::read(fields, context)).map_err(invalid)
}

/// What the caller of a body with these flaws is told.
pub(crate) fn invalid(flaws: Flaws) -> Problem {
    let told = |flaw: Flaw| FieldError {
        detail: format!("{} {}", flaw.below.strip_prefix('/').unwrap_or_default(), flaw.text),
        pointer: flaw.below,
        code: flaw.code,
    };
    Problem::invalid(flaws.into_iter().map(told).collect())
}
