//! An import from its first row to its audit event.

use serde_json::json;
use store::audit::{self, Event};

use super::body::Body;
use super::chunk::{self, Outcome};
use super::lock::Lock;
use super::report::Report;
use super::row::{self, Failure, Options, Record, Row};
use super::seen::Seen;
use super::{ROWS_AT_MOST, Reader};
use crate::caller::TenantCaller;
use crate::problem::Result;

/// How often a chunk is tried while others write the same users.
const TRIES: usize = 3;

/// An import that is under way.
pub(super) struct Job {
    call: TenantCaller,
    options: Options,
    lock: Lock,
    seen: Seen,
    chunk: Vec<Row>,
    report: Report,
}

/// Whether the file goes on.
enum Next {
    Row,
    /// It has more rows than it may.
    Enough,
}

impl Job {
    pub(super) fn new(call: TenantCaller, options: Options, lock: Lock) -> Self {
        let report = Report::new(options.dry_run);
        Self { call, options, lock, seen: Seen::default(), chunk: Vec::new(), report }
    }

    /// Imports the body. Whatever the end, there is an audit event, and the next import may begin.
    pub(super) async fn run(mut self, body: Body, reader: Reader) -> Result<Report> {
        let outcome = self.read(body, reader).await;
        let recorded = match &outcome {
            Ok(()) => self.record("ok").await,
            // A file without a row that could be read has changed nothing.
            Err(_) if self.report.sums.rows == 0 => Ok(()),
            Err(_) => self.record("incomplete").await,
        };
        self.lock.release().await;
        outcome?;
        recorded?;
        Ok(self.report)
    }

    async fn read(&mut self, mut body: Body, mut reader: Reader) -> Result<()> {
        while let Some(piece) = body.next().await? {
            let mut input = &piece[..];
            while let Some(record) = reader.read(&mut input)? {
                if let Next::Enough = self.take(record).await? {
                    return self.flush().await;
                }
            }
        }
        if let Some(record) = reader.finish()? {
            self.take(record).await?;
        }
        self.flush().await
    }

    async fn take(&mut self, record: Record) -> Result<Next> {
        if self.report.sums.rows == ROWS_AT_MOST {
            let text = format!(
                "and those behind it are too many: an import may have {ROWS_AT_MOST} rows, send the rest in another"
            );
            self.report.refuse(Failure::of_row(record.line, "too_many_rows", text));
            return Ok(Next::Enough);
        }
        self.report.sums.rows += 1;
        let row = row::read(record, self.options);
        match row.and_then(|row| self.seen.note(&row).map(|()| row)) {
            Ok(row) => self.chunk.push(row),
            Err(failure) => self.report.refuse(failure),
        }
        if self.chunk.len() == chunk::ROWS {
            self.flush().await?;
        }
        Ok(Next::Row)
    }

    /// Writes the rows that have come together.
    async fn flush(&mut self) -> Result<()> {
        let mut tries_left = TRIES - 1;
        let outcomes = loop {
            match self.write().await {
                Err(store::Error::Conflict | store::Error::Stale) if tries_left > 0 => {
                    tries_left -= 1;
                }
                outcomes => break outcomes?,
            }
        };
        self.chunk.clear();
        for outcome in outcomes {
            let sums = &mut self.report.sums;
            match outcome {
                Outcome::Created => sums.created += 1,
                Outcome::Updated => sums.updated += 1,
                Outcome::Unchanged => sums.unchanged += 1,
                Outcome::Failed(failure) => self.report.refuse(failure),
            }
        }
        self.lock.keep().await
    }

    async fn write(&self) -> store::Result<Vec<Outcome>> {
        let store = self.call.store();
        let mut tx = store.begin(self.call.tenant.id).await?;
        let outcomes = chunk::write(&mut tx, &store.env, &self.chunk).await?;
        // Otherwise it is rolled back: a dry run has seen every conflict that there would be.
        if !self.options.dry_run {
            tx.commit().await?;
        }
        Ok(outcomes)
    }

    async fn record(&self, result: &'static str) -> Result<()> {
        let mut tx = self.call.begin().await?;
        let detail = json!(self.report.sums);
        let event = Event { result, detail, ..self.call.event("user.import") };
        audit::record(&mut tx, &self.call.store().env, event).await?;
        Ok(tx.commit().await?)
    }
}
