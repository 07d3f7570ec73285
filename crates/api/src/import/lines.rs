//! JSON lines: an object a line, read strictly.

use serde_json::{Map, Value};

use super::ROW_BYTES_AT_MOST;
use super::row::{Failure, Record};
use crate::json::{self, Malformed};

/// Takes JSON lines apart.
#[derive(Default)]
pub(super) struct Lines {
    /// The line so far, if it does not fit the bound: its beginning.
    text: Vec<u8>,
    too_long: bool,
    /// Lines that have ended.
    ended: u32,
}

impl Lines {
    pub(super) fn read(&mut self, input: &mut &[u8]) -> Option<Record> {
        while !input.is_empty() {
            let end = input.iter().position(|byte| *byte == b'\n');
            let (text, rest) = match end {
                Some(at) => (&input[..at], &input[at + 1..]),
                None => (*input, &[][..]),
            };
            *input = rest;
            if self.text.len() + text.len() > ROW_BYTES_AT_MOST {
                self.too_long = true;
            } else {
                self.text.extend_from_slice(text);
            }
            if end.is_some()
                && let Some(record) = self.finish()
            {
                return Some(record);
            }
        }
        None
    }

    /// The line that ends here; none if it is blank.
    pub(super) fn finish(&mut self) -> Option<Record> {
        self.ended += 1;
        let line = self.ended;
        let object = if std::mem::take(&mut self.too_long) {
            Err(Failure::too_long(line))
        } else if self.text.trim_ascii().is_empty() {
            self.text.clear();
            return None;
        } else {
            object(line, &self.text)
        };
        self.text.clear();
        Some(Record { line, object })
    }
}

fn object(line: u32, text: &[u8]) -> Result<Map<String, Value>, Failure> {
    match json::read(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Failure::of_row(line, "type", "is no JSON object: write an object a line")),
        Err(Malformed::Twice(pointer)) => {
            let text = "stands twice: leave one out".to_owned();
            Err(Failure::of_field(line, &pointer, "duplicate_name", &text))
        }
        Err(Malformed::Syntax { column, .. }) => {
            let text =
                format!("is not JSON from column {column} on: write an object a line, in UTF-8");
            Err(Failure::of_row(line, "malformed_json", text))
        }
    }
}
