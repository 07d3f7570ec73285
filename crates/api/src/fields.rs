//! Bodies that are read field by field, so that every mistake in them is reported at once.

use serde_json::Value;
use store::account_change::Edit;
pub(crate) use strict_json::{Fields, Flaw, Flaws, read_object};

use crate::Console;
use crate::problem::{FieldError, Problem, Result};

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

/// What becomes of a field by a patch that is no merge.
pub(crate) trait Edits {
    /// A field that keeps its value where it is missing, and loses it by null. It keeps it too where
    /// a flaw was noted: nobody gets to see that.
    fn edit<T>(
        &mut self,
        name: &'static str,
        rule: impl FnOnce(&Value) -> Result<T, Flaws>,
    ) -> Edit<T>;
}

impl Edits for Fields {
    fn edit<T>(
        &mut self,
        name: &'static str,
        rule: impl FnOnce(&Value) -> Result<T, Flaws>,
    ) -> Edit<T> {
        if !self.has(name) {
            return Edit::Keep;
        }
        match self.optional(name, rule) {
            Some(Some(value)) => Edit::Set(value),
            Some(None) => Edit::Clear,
            None => Edit::Keep,
        }
    }
}

/// Reads an object within a body: a rule for a field.
pub(crate) fn nested<T: Input>(value: &Value, context: Context<'_>) -> Result<T, Flaws> {
    let Value::Object(object) = value else {
        return Err(vec![Flaw::new("type", "has to be an object")]);
    };
    read_object(object.clone(), |fields| T::read(fields, context))
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
