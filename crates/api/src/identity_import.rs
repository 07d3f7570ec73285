//! Links in bulk: people are known at their first sign-in.

use actix_web::post;
use broker::admin::{Account, Import, Line, Refusal};
use serde::Serialize;
use serde_json::{Value, json};
use store::audit;
use store::id::CorpId;
use store::normal::Handle;
use store::source::SourceMode;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::answer::Answer;
use crate::caller::{TenantCaller, TenantUpload};
use crate::identity_links::{by, flag, told};
use crate::lines::{Faults, LineFault, Lines, object};
use crate::problem::{MALFORMED_REQUEST, Problem, Result};
use crate::schema;

/// Most lines of an import.
const LINES: usize = 100_000;
/// Lines that are written in one transaction: SQLite's only writer is not kept for long.
const AT_ONCE: usize = 200;

/// A link to be made: one line.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the object; it is read by `line`")]
pub(crate) struct ImportedIdentity {
    /// Our id of the corp.
    corp: Uuid,
    /// The person's userid in it.
    #[schema(min_length = 1, max_length = 64, example = "ZhangSan")]
    userid: String,
    /// The user's id; or `external_id`, or `username`.
    #[schema(required = false)]
    user: Option<Uuid>,
    /// The user's external id.
    #[schema(required = false, example = "A-0017")]
    external_id: Option<String>,
    /// The user's user name.
    #[schema(required = false, example = "zhangsan")]
    username: Option<String>,
    /// Whose app the userid is of. Without it, by the corp's sources.
    #[schema(value_type = Option<schema::SourceMode>, required = false)]
    mode: Option<SourceMode>,
}

/// How an import is done.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters; they are read by `flag`")]
pub(crate) struct ImportQuery {
    /// Whether nothing is to be written, only reported.
    #[param(default = false)]
    dry_run: Option<bool>,
    /// Whether users may get a second identity of a corp.
    #[param(default = false)]
    allow_second: Option<bool>,
}

/// What an import came to.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct IdentityImportReport {
    /// Whether nothing was written.
    dry_run: bool,
    /// Links that were made; with `dry_run`, that would be.
    linked: u64,
    /// Links that were there already.
    unchanged: u64,
    /// Lines that could not be used.
    failed: u64,
    /// The first 1,000 of them.
    errors: Vec<LineFault>,
}

/// Link persons to users in bulk
///
/// So that they are known at their first sign-in, whatever the source's rules are. The body has lines: of
/// JSON (`application/x-ndjson`), or CSV (`text/csv`) whose first line names the columns `corp`, `userid`,
/// one or more of `user`, `external_id` and `username`, and perhaps `mode`. At most 100,000. What a line
/// asks for is done or reported; the others go on. Every 200 lines are written together: after a failure,
/// send the whole again. The same line twice does no more than once, so an Idempotency-Key is not needed
/// and has no effect.
#[utoipa::path(tag = "Users", operation_id = "importIdentities", params(ImportQuery),
    request_body(content((ImportedIdentity = "application/x-ndjson"), (String = "text/csv"))),
    responses((status = 200, description = "What became of the lines", body = IdentityImportReport)))]
#[post("/tenants/{tenant}/identities/import")]
pub(crate) async fn many(upload: TenantUpload) -> Result<Answer> {
    let TenantUpload { call, payload } = upload;
    call.media_type(&["application/x-ndjson", "application/ndjson", "text/csv"])?;
    let (dry_run, allow_second) = (flag(&call, "dry_run")?, flag(&call, "allow_second")?);
    let mut lines = Lines::new(payload, LINES + 1);
    let form = match call.media_type(&["text/csv"]) {
        Ok(()) => Form::Csv(columns(lines.next().await?.map(|(_, line)| line))?),
        Err(_) => Form::Json,
    };
    let mut importing = call.console().links.import(by(&call), allow_second);
    let (mut report, mut faults) = (IdentityImportReport::default(), Faults::default());
    report.dry_run = dry_run;
    for number in 0.. {
        let part = part(&mut lines, &form, &mut faults).await?;
        if part.is_empty() && number > 0 {
            break;
        }
        let (linked, unchanged) = write(&call, &mut importing, &part, dry_run, &mut faults).await?;
        report.linked += linked;
        report.unchanged += unchanged;
        if part.len() < AT_ONCE {
            break;
        }
    }
    (report.failed, report.errors) = (faults.count, faults.first);
    Answer::ok(&report)
}

/// The next lines that can be read, at most [`AT_ONCE`]; fewer at the end only.
async fn part(lines: &mut Lines, form: &Form, faults: &mut Faults) -> Result<Vec<(usize, Line)>> {
    let mut part = Vec::with_capacity(AT_ONCE);
    while part.len() < AT_ONCE {
        let Some((number, text)) = lines.next().await? else { break };
        match form.read(&text).and_then(|value| line(&value)) {
            Ok(line) => part.push((number, line)),
            Err((code, text)) => faults.note(number, code, text),
        }
    }
    Ok(part)
}

/// Writes some lines, with their event. A dry run writes its event only.
async fn write(
    call: &TenantCaller,
    importing: &mut Import<'_>,
    part: &[(usize, Line)],
    dry_run: bool,
    faults: &mut Faults,
) -> Result<(u64, u64)> {
    let (mut linked, mut unchanged) = (0, 0);
    let mut tx = call.begin().await?;
    for (number, line) in part {
        match importing.line(&mut tx, line).await {
            Ok(true) => linked += 1,
            Ok(false) => unchanged += 1,
            Err(Refusal::Store(error)) => return Err(error.into()),
            Err(refusal) => {
                let (code, text) = told(&refusal).unwrap_or_default();
                faults.note(*number, code, text);
            }
        }
    }
    if dry_run {
        drop(tx);
        tx = call.begin().await?;
    }
    let detail = json!({
        "corp": importing.corps(), "linked": linked, "unchanged": unchanged, "dry_run": dry_run,
    });
    let event = audit::Event { detail, ..call.event("identity.import") };
    audit::record(&mut tx, &call.store().env, event).await?;
    tx.commit().await?;
    Ok((linked, unchanged))
}

/// How lines are written.
enum Form {
    /// An object each.
    Json,
    /// The values of these columns.
    Csv(Vec<String>),
}

/// A fault of a line: code and text.
type Fault = (&'static str, String);

const COLUMNS: [&str; 6] = ["corp", "userid", "user", "external_id", "username", "mode"];

fn columns(line: Option<Vec<u8>>) -> Result<Vec<String>> {
    let text = "The first line has to name the columns: corp, userid, one or more of user, external_id \
                and username, and perhaps mode, with commas between them.";
    let refuse = || Problem::new(MALFORMED_REQUEST, text);
    let columns = cells(&line.unwrap_or_default()).map_err(|_| refuse())?;
    let known = |name: &String| COLUMNS.contains(&name.as_str());
    let twice = columns.iter().enumerate().any(|(at, name)| columns[..at].contains(name));
    let has = |name: &str| columns.iter().any(|column| column == name);
    let names_user = has("user") || has("external_id") || has("username");
    if !columns.iter().all(known) || twice || !has("corp") || !has("userid") || !names_user {
        return Err(refuse());
    }
    Ok(columns)
}

/// The values of a line of CSV (RFC 4180). None of the columns can have a comma, a quotation mark or a
/// line break in it, so they may stand in quotation marks but not need to.
fn cells(line: &[u8]) -> Result<Vec<String>, Fault> {
    let text = std::str::from_utf8(line).map_err(|_| ("encoding", "is not UTF-8".to_owned()))?;
    let cell = |cell: &str| {
        let cell = cell.trim();
        let inner = cell.strip_prefix('"').and_then(|cell| cell.strip_suffix('"')).unwrap_or(cell);
        match inner.contains('"') {
            true => Err(("format", "has a quotation mark within a value".to_owned())),
            false => Ok(inner.trim().to_owned()),
        }
    };
    text.split(',').map(cell).collect()
}

impl Form {
    fn read(&self, text: &[u8]) -> Result<Value, Fault> {
        let Self::Csv(columns) = self else { return object(text) };
        let cells = cells(text)?;
        if cells.len() != columns.len() {
            let text = format!("has {} values; the first line has {}", cells.len(), columns.len());
            return Err(("format", text));
        }
        let filled = columns.iter().zip(cells).filter(|(_, cell)| !cell.is_empty());
        Ok(filled.map(|(column, cell)| (column.clone(), Value::String(cell))).collect())
    }
}

/// Reads a line that is an object.
fn line(value: &Value) -> Result<Line, Fault> {
    let object = value.as_object().into_iter().flatten();
    if let Some((name, _)) = object.clone().find(|(name, _)| !COLUMNS.contains(&name.as_str())) {
        let name: String = name.chars().take(64).collect();
        return Err(("unknown_field", format!("{name} is unknown here: leave it out")));
    }
    let text = |name: &'static str| match &value[name] {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.as_str())),
        _ => Err(("type", format!("{name} has to be a string"))),
    };
    let required = |name: &'static str| {
        text(name)?.ok_or_else(|| ("required", format!("{name} is missing: add it")))
    };
    let no_id = |name: &str| ("format", format!("{name} has to be an id: a UUID in lower case"));
    let corp: CorpId = required("corp")?.parse().map_err(|_| no_id("corp"))?;
    let userid = required("userid")?.to_owned();
    let mode = match text("mode")? {
        None => None,
        Some("self_built") => Some(SourceMode::SelfBuilt),
        Some("agency") => Some(SourceMode::Agency),
        Some(_) => return Err(("choice", "mode has to be one of self_built, agency".to_owned())),
    };
    let handle = |name: &'static str, text: &str| {
        Handle::parse(text).map_err(|flaw| ("format", format!("{name} {flaw}")))
    };
    let account = match (text("user")?, text("external_id")?, text("username")?) {
        (Some(id), None, None) => Account::Id(id.parse().map_err(|_| no_id("user"))?),
        (None, Some(id), None) => Account::ExternalId(handle("external_id", id)?),
        (None, None, Some(name)) => Account::Username(handle("username", name)?),
        _ => {
            let text = "has to name its user by exactly one of user, external_id and username";
            return Err(("user", text.to_owned()));
        }
    };
    Ok(Line { corp, userid, mode, account })
}
