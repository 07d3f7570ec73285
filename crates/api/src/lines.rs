//! Bodies of many lines, read as they come: a line in memory, never the whole.

use std::time::Duration;

use actix_web::dev::Payload;
use futures_util::StreamExt as _;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::json;
use crate::problem::{MALFORMED_REQUEST, Problem, Result, TOO_LARGE};

/// Longest line, in bytes.
const LONGEST: usize = 4096;
/// Longest wait for the next piece.
const PATIENCE: Duration = Duration::from_secs(30);
/// Lines whose faults a report names.
const FAULTS: usize = 1000;

/// The lines of a body.
pub(crate) struct Lines {
    payload: Payload,
    /// What came and has not been read.
    pending: Vec<u8>,
    /// Where in it the next line begins.
    at: usize,
    ended: bool,
    /// The number of the last line that was read, from 1 on.
    number: usize,
    most: usize,
}

impl Lines {
    /// The lines of what comes, at most so many.
    pub(crate) fn new(payload: Payload, most: usize) -> Self {
        Self { payload, pending: Vec::new(), at: 0, ended: false, number: 0, most }
    }

    /// The next line that is not empty, without its end, with its number. A body with too many lines,
    /// or too long ones, is refused.
    pub(crate) async fn next(&mut self) -> Result<Option<(usize, Vec<u8>)>> {
        loop {
            let rest = &self.pending[self.at..];
            let length = match rest.iter().position(|byte| *byte == b'\n') {
                Some(end) => end,
                None if !self.ended => {
                    self.fill().await?;
                    continue;
                }
                None if rest.is_empty() => return Ok(None),
                None => rest.len(),
            };
            self.number += 1;
            let line = self.proper(&rest[..length])?.map(<[u8]>::to_vec);
            self.at = (self.at + length + 1).min(self.pending.len());
            if let Some(line) = line {
                return Ok(Some((self.number, line)));
            }
        }
    }

    /// A line as it counts: none if there is nothing in it.
    fn proper<'l>(&self, line: &'l [u8]) -> Result<Option<&'l [u8]>> {
        // Spreadsheets put a mark before the first line.
        let mark = if self.number == 1 { "\u{feff}".as_bytes() } else { b"" };
        let line = line.strip_prefix(mark).unwrap_or(line).trim_ascii();
        // Empty ones count: a body of nothing else would have no end.
        if self.number > self.most {
            let text = format!("The body may have {} lines at most: send it in parts.", self.most);
            return Err(Problem::new(TOO_LARGE, text));
        }
        if line.is_empty() {
            return Ok(None);
        }
        if line.len() > LONGEST {
            let text = format!("Line {} has more than {LONGEST} bytes.", self.number);
            return Err(Problem::new(TOO_LARGE, text));
        }
        Ok(Some(line))
    }

    async fn fill(&mut self) -> Result<()> {
        self.pending.drain(..self.at);
        self.at = 0;
        if self.pending.len() > LONGEST + 2 {
            let text = format!("Line {} has more than {LONGEST} bytes.", self.number + 1);
            return Err(Problem::new(TOO_LARGE, text));
        }
        // Who sends nothing more does not keep us.
        match tokio::time::timeout(PATIENCE, self.payload.next()).await {
            Ok(Some(Ok(bytes))) => self.pending.extend_from_slice(&bytes),
            Ok(None) => self.ended = true,
            Ok(Some(Err(_))) | Err(_) => {
                let text = "The body did not arrive whole: send it again.";
                return Err(Problem::new(MALFORMED_REQUEST, text));
            }
        }
        Ok(())
    }
}

/// A line as a JSON object.
pub(crate) fn object(line: &[u8]) -> Result<Value, (&'static str, String)> {
    match json::parse(line) {
        Ok(value) if value.is_object() => Ok(value),
        Ok(_) => Err(("type", "has to be a JSON object".to_owned())),
        Err(_) => Err(("malformed_json", "is no JSON object that can be used".to_owned())),
    }
}

/// A line that could not be used.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LineFault {
    /// Its number, from 1 on.
    #[schema(example = 17)]
    pub(crate) line: usize,
    /// What kind of mistake; stable.
    #[schema(example = "linked_elsewhere")]
    pub(crate) code: &'static str,
    /// What is wrong and what to do about it.
    pub(crate) detail: String,
}

/// Lines that could not be used.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// How many.
    pub(crate) count: u64,
    /// The first [`FAULTS`] of them.
    pub(crate) first: Vec<LineFault>,
}

impl Faults {
    /// Notes a line that cannot be used.
    pub(crate) fn note(&mut self, line: usize, code: &'static str, detail: String) {
        self.count += 1;
        if self.first.len() < FAULTS {
            self.first.push(LineFault { line, code, detail });
        }
    }
}
