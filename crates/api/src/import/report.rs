//! What became of the rows: a line for each bad one, then the sums.

use std::io::Write as _;

use actix_web::HttpResponse;
use actix_web::web::Bytes;
use futures_util::stream;
use serde::Serialize;
use utoipa::ToSchema;

use super::row::Failure;
use crate::problem::Problem;
use crate::visible;

/// Lines that are sent in one piece.
const LINES: usize = 256;

/// How many rows came to what.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = ImportSums)]
pub(crate) struct Sums {
    /// Rows that were read.
    #[schema(example = 4)]
    pub(super) rows: u32,
    /// New users.
    #[schema(example = 2)]
    pub(super) created: u32,
    /// Users that have changed.
    #[schema(example = 0)]
    pub(super) updated: u32,
    /// Users that were as they should be.
    #[schema(example = 1)]
    pub(super) unchanged: u32,
    /// Rows that were refused; each has its line before this one.
    #[schema(example = 1)]
    pub(super) failed: u32,
    /// Whether nothing was written.
    pub(super) dry_run: bool,
}

/// A line of the answer: a row that was refused, or, the last one, the sums.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum ImportLine {
    /// A row that was refused.
    Failure(Failure),
    /// The last line.
    Sums(Sums),
}

/// The answer in the making.
#[derive(Debug)]
pub(super) struct Report {
    /// The sums so far.
    pub(super) sums: Sums,
    failures: Vec<Failure>,
}

impl Report {
    pub(super) fn new(dry_run: bool) -> Self {
        Self { sums: Sums { dry_run, ..Sums::default() }, failures: Vec::new() }
    }

    /// Notes a row that was refused.
    pub(super) fn refuse(&mut self, failure: Failure) {
        self.sums.failed += 1;
        self.failures.push(failure);
    }

    /// The answer, written as it is sent. In the order of the file.
    pub(super) fn answer(mut self) -> HttpResponse {
        self.failures.sort_by_key(Failure::line);
        let failures = self.failures.into_iter().map(ImportLine::Failure);
        let lines = failures.chain([ImportLine::Sums(self.sums)]);
        let pieces = stream::unfold(lines, |mut lines| async move {
            let piece = piece(lines.by_ref().take(LINES)).transpose()?;
            Some((piece, lines))
        });
        HttpResponse::Ok().content_type("application/x-ndjson").streaming(pieces)
    }
}

/// Some lines as text; none if there are none.
fn piece(lines: impl Iterator<Item = ImportLine>) -> Result<Option<Bytes>, Problem> {
    let mut text = Vec::new();
    for line in lines {
        visible::write(&mut text, &line).map_err(Problem::internal)?;
        text.write_all(b"\n").map_err(Problem::internal)?;
    }
    Ok((!text.is_empty()).then(|| text.into()))
}
