//! CSV (RFC 4180): a header line with the names of the fields, then a record a row. A record may go
//! over several lines; it is known by its first.

use csv_core::ReadRecordResult;
use serde_json::{Map, Value};

use super::ROW_BYTES_AT_MOST;
use super::row::{FIELDS, Failure, Options, PASSWORD, Record};
use crate::problem::{FieldError, Problem, Result};

/// Cells of a record that are told apart; more are too many in any case.
const CELLS_AT_MOST: usize = 2 * FIELDS.len();

/// Takes CSV apart.
pub(super) struct Table {
    reader: csv_core::Reader,
    options: Options,
    /// The names of the columns, once the header line was read.
    columns: Option<Vec<&'static str>>,
    /// The cells of the record so far, one behind the other.
    text: Vec<u8>,
    used: usize,
    /// Where each of them ends.
    ends: Vec<usize>,
    cells: usize,
    too_long: bool,
    /// The line of the next byte, and that on which the record began.
    line: u32,
    began: Option<u32>,
}

impl Table {
    pub(super) fn new(options: Options) -> Self {
        Self {
            reader: csv_core::Reader::new(),
            options,
            columns: None,
            text: vec![0; ROW_BYTES_AT_MOST],
            used: 0,
            ends: vec![0; CELLS_AT_MOST],
            cells: 0,
            too_long: false,
            line: 1,
            began: None,
        }
    }

    pub(super) fn read(&mut self, input: &mut &[u8]) -> Result<Option<Record>> {
        while !input.is_empty() {
            if self.began.is_none() {
                // Empty lines, and the rest of the last one's end.
                let blank = input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
                self.pass(input, blank);
                if input.is_empty() {
                    break;
                }
                self.began = Some(self.line);
            }
            if self.advance(input)
                && let Some(record) = self.record()?
            {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    pub(super) fn finish(&mut self) -> Result<Option<Record>> {
        let record =
            if self.began.is_some() && self.advance(&mut &[][..]) { self.record()? } else { None };
        if self.columns.is_none() {
            return Err(header(None, "required", "The file has no header line: add it"));
        }
        Ok(record)
    }

    /// Reads on in the record; whether it has ended.
    fn advance(&mut self, input: &mut &[u8]) -> bool {
        let (text, ends) = (&mut self.text[self.used..], &mut self.ends[self.cells..]);
        let (result, read, written, cells) = self.reader.read_record(input, text, ends);
        self.pass(input, read);
        self.used += written;
        self.cells += cells;
        match result {
            ReadRecordResult::Record => return true,
            ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                // Its rest is read over what there is.
                self.too_long = true;
                (self.used, self.cells) = (0, 0);
            }
            ReadRecordResult::InputEmpty | ReadRecordResult::End => {}
        }
        false
    }

    /// Takes what was read away from the input.
    fn pass(&mut self, input: &mut &[u8], count: usize) {
        let (read, rest) = input.split_at(count);
        let ends = read.split(|byte| *byte == b'\n').count() - 1;
        self.line = self.line.saturating_add(u32::try_from(ends).unwrap_or(u32::MAX));
        *input = rest;
    }

    /// The record that has ended; none for the header line.
    fn record(&mut self) -> Result<Option<Record>> {
        let line = self.began.take().unwrap_or(self.line);
        let too_long = std::mem::take(&mut self.too_long);
        let (used, count) = (std::mem::take(&mut self.used), std::mem::take(&mut self.cells));
        let text = std::str::from_utf8(&self.text[..used]);
        let ends = &self.ends[..count];
        let Some(columns) = &self.columns else {
            if too_long {
                return Err(header(None, "length", "The header line has too many columns"));
            }
            let Ok(text) = text else { return Err(header(None, "utf8", "The file is not UTF-8")) };
            self.columns = Some(columns_of(&cells(text, ends), self.options)?);
            return Ok(None);
        };
        let object = match text {
            _ if too_long => Err(Failure::too_long(line)),
            Err(_) => {
                Err(Failure::of_row(line, "utf8", "is not UTF-8: save the file as CSV UTF-8"))
            }
            Ok(_) if count != columns.len() => {
                let (has, needs) = (count, columns.len());
                let text = format!("has {has} columns where the header line has {needs}");
                Err(Failure::of_row(line, "columns", text))
            }
            Ok(text) => Ok(object(columns, &cells(text, ends))),
        };
        Ok(Some(Record { line, object }))
    }
}

fn cells<'t>(text: &'t str, ends: &[usize]) -> Vec<&'t str> {
    let mut start = 0;
    let mut cell = |end: &usize| {
        let cell = text.get(start..*end).unwrap_or_default().trim();
        start = *end;
        cell
    };
    ends.iter().map(&mut cell).collect()
}

/// What a record says; an empty cell says nothing.
fn object(columns: &[&'static str], cells: &[&str]) -> Map<String, Value> {
    let said = columns.iter().zip(cells).filter(|(_, cell)| !cell.is_empty());
    said.map(|(name, cell)| ((*name).to_owned(), value(name, cell))).collect()
}

fn value(name: &str, cell: &str) -> Value {
    if name.ends_with("_verified") {
        match cell.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" => return true.into(),
            "false" | "0" | "no" => return false.into(),
            _ => {}
        }
    }
    cell.into()
}

/// The header line's columns. What it says is not repeated in errors: in a file without one it is
/// somebody's data.
fn columns_of(names: &[&str], options: Options) -> Result<Vec<&'static str>> {
    let mut columns: Vec<&'static str> = Vec::new();
    for (at, name) in names.iter().enumerate() {
        if *name == PASSWORD {
            return Err(header(
                Some(at),
                PASSWORD,
                "passwords are not imported: leave the column out",
            ));
        }
        let Some(known) = FIELDS.iter().find(|known| *known == name) else {
            let text = format!("has an unknown name: it may be one of {}", FIELDS.join(", "));
            return Err(header(Some(at), "unknown_field", &text));
        };
        if columns.contains(known) {
            return Err(header(Some(at), "duplicate_name", "stands twice: leave one out"));
        }
        columns.push(known);
    }
    if !columns.contains(&"external_id") && !options.create {
        let text = "The header line has no external_id: add it, or say without_external_id=create";
        return Err(header(None, "required", text));
    }
    Ok(columns)
}

/// A problem of the header line, which is one of all rows.
fn header(column: Option<usize>, code: &'static str, text: &str) -> Problem {
    let (pointer, detail) = match column {
        Some(at) => (format!("/{at}"), format!("column {} of the header line: {text}", at + 1)),
        None => (String::new(), text.to_owned()),
    };
    Problem::invalid(vec![FieldError { pointer, code, detail }])
}
