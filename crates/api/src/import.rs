//! Imports: many accounts in one request, read as they come.
//!
//! ```text
//! body ─▶ pieces ─▶ records (CSV or JSON lines) ─▶ rows ─▶ chunks of 500, each a transaction
//!                       └── a bad one is a failure ──────────────┘
//! ```
//! Never more than a piece of the body, one record and one chunk are in memory, and a line for each bad
//! row. The answer begins when the body has been read to its end, although it could begin before: a
//! caller that writes everything before it reads would wait for us while we wait for it, and some
//! proxies drop the rest of a request once its answer comes.

mod body;
mod chunk;
mod job;
mod lines;
mod lock;
mod report;
mod row;
mod seen;
mod table;

use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::{HttpResponse, post};
use utoipa::IntoParams;

use self::body::Body;
use self::job::Job;
use self::lines::Lines;
use self::lock::Lock;
use self::report::ImportLine;
use self::row::{Options, Record};
use self::table::Table;
use crate::caller::{Call, TenantUpload};
use crate::problem::{MALFORMED_REQUEST, Problem, ProblemBody, Result, UNSUPPORTED_MEDIA_TYPE};

/// Rows at most.
const ROWS_AT_MOST: u32 = 100_000;
/// Bytes of a row at most.
const ROW_BYTES_AT_MOST: usize = 16 * 1024;

/// How the file is taken.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters; they are read by Call::query")]
pub(crate) struct ImportQuery {
    /// Checks everything, and writes nothing.
    #[param(default = false)]
    dry_run: Option<bool>,
    /// Mail addresses and phone numbers count as verified where their row does not say whether they
    /// are.
    #[param(default = false)]
    verified: Option<bool>,
    /// What becomes of rows without `external_id`: they are refused, or make a new user each time.
    #[param(value_type = Option<String>, pattern = "^(refuse|create)$", default = "refuse")]
    without_external_id: Option<String>,
}

/// Import users
///
/// Up to 100,000 rows in 64 MiB, each of 16 KiB at most: CSV (RFC 4180, UTF-8, a header line with the
/// names of the fields in any order) or JSON lines (an object a line). The fields are those of a new
/// user, without `password`: passwords are not imported.
///
/// A row whose `external_id` is a user's changes that user, any other makes one. Only what the row has
/// changes: an empty cell, or a field that is not there, leaves what is there; null (JSON lines only)
/// takes it away. So the same file twice changes nothing the second time. Changes end sessions as
/// they do by PATCH.
///
/// The answer has a line for each bad row, and a last one with the sums. Bad rows don't stop the others.
/// Rows are written in chunks of 500 as they come: if the connection breaks, what was written stays; send
/// the file again. A tenant has one import at a time.
#[utoipa::path(tag = "Users", operation_id = "importUsers", params(ImportQuery),
    request_body(content((String = "text/csv"), (String = "application/x-ndjson"))),
    responses(
        (status = 200, description = "What became of the rows, a JSON object a line", body = ImportLine, content_type = "application/x-ndjson"),
        (status = 409, description = "Another import of this tenant is under way", body = ProblemBody<'static>, content_type = "application/problem+json"),
        (status = 413, description = "The body has more than 64 MiB", body = ProblemBody<'static>, content_type = "application/problem+json"),
    ))]
#[post("/tenants/{tenant}/users/import")]
pub(crate) async fn import(upload: TenantUpload) -> Result<HttpResponse> {
    let TenantUpload { call, payload } = upload;
    let options = options(&call)?;
    let reader = Reader::of(&call, options)?;
    let announced =
        call.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let body = Body::new(payload, announced)?;
    let lock = Lock::take(call.store(), call.tenant.id).await?;
    let job = Job::new(call, options, lock);
    // It comes to an end, with its audit event, also when nobody waits for the answer any more.
    let report = actix_web::rt::spawn(job.run(body, reader)).await.map_err(Problem::internal)??;
    Ok(report.answer())
}

fn options(call: &Call) -> Result<Options> {
    let flag = |name: &str| match call.query(name) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(Problem::new(MALFORMED_REQUEST, format!("{name} has to be true or false."))),
    };
    let create = match call.query("without_external_id") {
        None | Some("refuse") => false,
        Some("create") => true,
        Some(_) => {
            let text = "without_external_id has to be refuse or create.";
            return Err(Problem::new(MALFORMED_REQUEST, text));
        }
    };
    Ok(Options { dry_run: flag("dry_run")?, verified: flag("verified")?, create })
}

/// Takes a body apart into records.
enum Reader {
    Table(Box<Table>),
    Lines(Lines),
}

impl Reader {
    /// The one for the body's media type.
    fn of(call: &Call, options: Options) -> Result<Self> {
        call.media_type(&["text/csv", "application/x-ndjson"])?;
        let line = call.headers().get(CONTENT_TYPE).and_then(|line| line.to_str().ok());
        let line = line.unwrap_or_default().to_ascii_lowercase();
        let charset = line.split_once("charset=").map(|(_, rest)| rest);
        let charset = charset.and_then(|rest| rest.split(';').next()).unwrap_or("utf-8");
        if !matches!(charset.trim().trim_matches('"'), "utf-8" | "utf8") {
            let text = "Send the file in UTF-8: save it as CSV UTF-8.";
            return Err(Problem::new(UNSUPPORTED_MEDIA_TYPE, text));
        }
        Ok(match line.starts_with("text/csv") {
            true => Self::Table(Box::new(Table::new(options))),
            false => Self::Lines(Lines::default()),
        })
    }

    /// The next record that ends in `input`, from which what was read is taken away. None, if it does
    /// not end there; `input` is empty then.
    fn read(&mut self, input: &mut &[u8]) -> Result<Option<Record>> {
        match self {
            Self::Table(table) => table.read(input),
            Self::Lines(lines) => Ok(lines.read(input)),
        }
    }

    /// The record that ends with the body.
    fn finish(&mut self) -> Result<Option<Record>> {
        match self {
            Self::Table(table) => table.finish(),
            Self::Lines(lines) => Ok(lines.finish()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: Options = Options { dry_run: false, verified: false, create: false };

    /// What a body comes to, in pieces of this length: lines, and what they say or what is wrong.
    fn records(mut reader: Reader, body: &[u8], length: usize) -> Vec<(u32, String)> {
        let mut found = Vec::new();
        for piece in body.chunks(length) {
            let mut input = piece;
            while let Some(record) = reader.read(&mut input).unwrap() {
                found.push(record);
            }
            assert!(input.is_empty());
        }
        found.extend(reader.finish().unwrap());
        found.into_iter().map(|Record { line, object }| (line, format!("{object:?}"))).collect()
    }

    #[test]
    fn it_does_not_matter_how_a_body_is_cut() {
        let long = "x".repeat(ROW_BYTES_AT_MOST + 1);
        let table = format!(
            "name,external_id\r\n\r\n\"a \"\"b\"\"\r\nc\",1\r\n张三,2\n\n{long},3\n,4\r\n5\n6,6,6\n\"\",7"
        );
        let lines = format!("{{\"name\":\"张三\"}}\r\n\n{{\n[]\n{{\"name\":\"{long}\"}}\n{{}}");
        for (body, of_table, expected) in
            [(table, true, vec![3, 5, 7, 8, 9, 10, 11]), (lines, false, vec![1, 3, 4, 5, 6])]
        {
            let reader = || match of_table {
                true => Reader::Table(Box::new(Table::new(OPTIONS))),
                false => Reader::Lines(Lines::default()),
            };
            let whole = records(reader(), body.as_bytes(), body.len());
            let found: Vec<u32> = whole.iter().map(|(line, _)| *line).collect();
            assert_eq!(found, expected, "{whole:?}");
            for length in [1, 2, 3, 7, 64, 16_384] {
                assert_eq!(records(reader(), body.as_bytes(), length), whole, "{length}");
            }
        }
    }
}
