//! A row: what a record means.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value};
use store::account_change::{Change, Edit};
use utoipa::ToSchema;

use super::ROW_BYTES_AT_MOST;
use crate::fields::{self, Fields, Flaw};
use crate::user_body;

/// The fields that a row may have.
pub(super) const FIELDS: [&str; 7] = [
    "external_id",
    "name",
    "username",
    "email",
    "email_verified",
    "phone_number",
    "phone_number_verified",
];
/// A field that people try.
pub(super) const PASSWORD: &str = "password";

/// How a file is taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Options {
    /// Nothing is written.
    pub(super) dry_run: bool,
    /// Values count as verified where nothing is said.
    pub(super) verified: bool,
    /// Rows without `external_id` make users.
    pub(super) create: bool,
}

/// A record of the file.
pub(super) struct Record {
    /// The line on which it begins, from 1 on.
    pub(super) line: u32,
    /// What it says.
    pub(super) object: Result<Map<String, Value>, Failure>,
}

/// A row that is right by itself.
#[derive(Debug)]
pub(super) struct Row {
    /// The line on which it begins.
    pub(super) line: u32,
    /// What is to be of the account.
    pub(super) change: Change,
}

/// A row that was refused.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportFailure)]
pub(crate) struct Failure {
    /// The line of the file on which the row begins; the first line is 1.
    #[schema(example = 3)]
    line: u32,
    /// The field that is not right; null if it is the row.
    #[schema(required, value_type = Option<String>, example = "email")]
    field: Option<Cow<'static, str>>,
    /// What kind of mistake; stable. `taken`: another user has the value. `duplicate`: another row of
    /// the file has it.
    #[schema(example = "taken")]
    code: &'static str,
    /// What is wrong and what to do about it.
    #[schema(value_type = String, example = "email is verified for another user: correct one of the two")]
    detail: Cow<'static, str>,
}

/// Longest name of a field that is repeated, in characters.
const NAME_AT_MOST: usize = 64;

impl Failure {
    /// A row that is no row. The text goes on after "The row".
    pub(super) fn of_row(line: u32, code: &'static str, text: impl AsRef<str>) -> Self {
        Self { line, field: None, code, detail: format!("The row {}", text.as_ref()).into() }
    }

    /// A field by its JSON Pointer. The text goes on after its name.
    pub(super) fn of_field(line: u32, pointer: &str, code: &'static str, text: &str) -> Self {
        let name: String = pointer.trim_start_matches('/').chars().take(NAME_AT_MOST).collect();
        let detail = format!("{name} {text}").into();
        // What we know by name costs nothing for each row.
        let known = FIELDS.iter().find(|known| **known == name);
        let field = known.map_or_else(|| Cow::Owned(name), |known| Cow::Borrowed(*known));
        Self { line, field: Some(field), code, detail }
    }

    /// The line of its row.
    pub(super) fn line(&self) -> u32 {
        self.line
    }

    /// A value that somebody else has.
    pub(super) fn taken(line: u32, pointer: &'static str, detail: &'static str) -> Self {
        let field = Some(pointer.trim_start_matches('/').into());
        Self { line, field, code: "taken", detail: detail.into() }
    }

    /// What the rules say.
    pub(super) fn of_flaw(line: u32, flaw: &Flaw) -> Self {
        Self::of_field(line, &flaw.below, flaw.code, &flaw.text)
    }

    /// A row beyond the bound.
    pub(super) fn too_long(line: u32) -> Self {
        let text = format!(
            "has more than {} KiB: shorten it; if it is short, a quotation mark before it is not closed",
            ROW_BYTES_AT_MOST / 1024
        );
        Self::of_row(line, "too_long", text)
    }
}

/// Reads a record.
pub(super) fn read(record: Record, options: Options) -> Result<Row, Failure> {
    let Record { line, object } = record;
    let object = object?;
    if object.contains_key(PASSWORD) {
        let text = "is not imported: leave it out";
        return Err(Failure::of_field(line, PASSWORD, PASSWORD, text));
    }
    let read = |fields: &mut Fields| {
        let change = user_body::account(fields);
        if !options.create && change.external_id.value().is_none() {
            fields.flaw("external_id", &Flaw::new("required", "is missing: add it"));
        }
        Some(change)
    };
    match fields::read_object(object, read) {
        Ok(change) => Ok(Row { line, change: marked(change, options) }),
        // The first one tells what to look at; a file has many rows.
        Err(flaws) => Err(flaws.first().map_or_else(
            || Failure::of_row(line, "invalid", "is not right"),
            |flaw| Failure::of_flaw(line, flaw),
        )),
    }
}

/// With the marks that the whole file has.
fn marked(mut change: Change, options: Options) -> Change {
    if options.verified {
        if matches!(change.email, Edit::Set(_)) {
            change.email_verified.get_or_insert(true);
        }
        if matches!(change.phone_number, Edit::Set(_)) {
            change.phone_number_verified.get_or_insert(true);
        }
    }
    change
}
