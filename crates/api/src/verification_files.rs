//! WeCom's domain verification files, served at the root of the tenant's host (peers' pain 5).

use actix_web::{delete, get, put};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use store::audit::{self, Event};
use store::verification_file::{self, VerificationFile};
use utoipa::ToSchema;

use crate::answer::Answer;
use crate::caller::TenantCaller;
use crate::fields::{Context, Fields, Flaw, Input};
use crate::paging::List;
use crate::problem::{CONFLICT, Problem, Result};
use crate::rules;

/// Longest content, in bytes.
const MAX_CONTENT: usize = 1024;
/// Most files of a tenant.
const MAX_FILES: usize = 50;

/// The content of a verification file.
#[derive(Debug, ToSchema)]
pub(crate) struct NewVerificationFile {
    /// What is in the file that WeCom's console gave, unchanged: plain text.
    #[schema(min_length = 1, max_length = 1024, example = "aBcDeFgH12345678")]
    content: String,
}

impl Input for NewVerificationFile {
    fn read(fields: &mut Fields, _: Context<'_>) -> Option<Self> {
        let content = fields.required("content", |value: &Value| {
            let text = rules::string(value)?;
            if text.is_empty() || text.len() > MAX_CONTENT {
                return Err(vec![Flaw::new("length", "has to have 1 to 1024 bytes")]);
            }
            if text.chars().any(|c| c.is_control() && !matches!(c, '\r' | '\n' | '\t')) {
                return Err(vec![Flaw::new("character", "has to be plain text, as WeCom gave it")]);
            }
            Ok(text.to_owned())
        });
        Some(Self { content: content? })
    }
}

/// A file that proves to WeCom who owns the host.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VerificationFile)]
pub(crate) struct FileView {
    /// Its name; it is served at `/` and this name on the tenant's host.
    #[schema(example = "WW_verify_aBcDeFgH12345678.txt")]
    name: String,
    /// Its content.
    #[schema(example = "aBcDeFgH12345678")]
    content: String,
    /// Where it is served.
    #[schema(example = "https://login.acme.example/WW_verify_aBcDeFgH12345678.txt")]
    url: String,
    /// When it was last written.
    created_at: DateTime<Utc>,
}

impl FileView {
    fn new(call: &TenantCaller, file: VerificationFile) -> Self {
        let issuer = oidc::Issuer::new(&call.console().scheme, &call.tenant.host);
        let url = issuer.at(&format!("/{}", file.name));
        Self { name: file.name, content: file.content, url, created_at: file.created_at }
    }
}

/// List verification files
#[utoipa::path(tag = "Verification files", operation_id = "listVerificationFiles",
    responses((status = 200, description = "All of them, by name", body = List<FileView>)))]
#[get("/tenants/{tenant}/verification-files")]
pub(crate) async fn list(call: TenantCaller) -> Result<Answer> {
    let files = verification_file::list(&mut call.scope()).await?;
    List::whole(files.into_iter().map(|file| FileView::new(&call, file)).collect())
}

/// Read a verification file
#[utoipa::path(tag = "Verification files", operation_id = "getVerificationFile",
    responses((status = 200, description = "The file", body = FileView)))]
#[get("/tenants/{tenant}/verification-files/{name}")]
pub(crate) async fn read(call: TenantCaller) -> Result<Answer> {
    let file = verification_file::find(&mut call.scope(), call.name("name")).await?;
    Answer::ok(&FileView::new(&call, file.ok_or_else(Problem::not_found)?))
}

/// Write a verification file
///
/// Over one with the same name. It is served at once, as plain text. Names match
/// `^WW_verify_[A-Za-z0-9]{1,64}\.txt$`.
#[utoipa::path(tag = "Verification files", operation_id = "putVerificationFile",
    request_body = NewVerificationFile,
    responses((status = 200, description = "The file", body = FileView)))]
#[put("/tenants/{tenant}/verification-files/{name}")]
pub(crate) async fn put(call: TenantCaller) -> Result<Answer> {
    let name = call.name("name");
    if !is_proper(name) {
        let text = "name has to be as WeCom gave it: WW_verify_, 1 to 64 letters and digits, .txt";
        return Err(Problem::field("/name", "format", text));
    }
    let new: NewVerificationFile = call.input()?;
    let mut tx = call.begin().await?;
    let known = verification_file::find(&mut tx, name).await?.is_some();
    if !known && verification_file::list(&mut tx).await?.len() >= MAX_FILES {
        let text = "The tenant has 50 verification files, which is the most: delete one first.";
        return Err(Problem::new(CONFLICT, text));
    }
    let env = &call.store().env;
    let file = verification_file::put(&mut tx, env, name, &new.content).await?;
    let event = Event { detail: json!({ "name": name }), ..call.event("verification_file.put") };
    audit::record(&mut tx, env, event).await?;
    tx.commit().await?;
    Answer::ok(&FileView::new(&call, file))
}

/// Delete a verification file
#[utoipa::path(tag = "Verification files", operation_id = "deleteVerificationFile",
    responses((status = 204, description = "It is gone")))]
#[delete("/tenants/{tenant}/verification-files/{name}")]
pub(crate) async fn delete(call: TenantCaller) -> Result<Answer> {
    let name = call.name("name");
    let mut tx = call.begin().await?;
    if !verification_file::delete(&mut tx, name).await? {
        return Err(Problem::not_found());
    }
    let event = Event { detail: json!({ "name": name }), ..call.event("verification_file.delete") };
    audit::record(&mut tx, &call.store().env, event).await?;
    tx.commit().await?;
    Ok(Answer::no_content())
}

fn is_proper(name: &str) -> bool {
    let random = name.strip_prefix("WW_verify_").and_then(|rest| rest.strip_suffix(".txt"));
    random.is_some_and(|random| {
        (1..=64).contains(&random.len()) && random.bytes().all(|b| b.is_ascii_alphanumeric())
    })
}
