//! A chunk: some hundred rows, written in one transaction.

use std::collections::HashMap;

use store::normal::Handle;
use store::user::{self, User};
use store::{Env, TenantWrite, account, account_change};

use super::row::{Failure, Row};
use crate::user_body;

/// Rows of a chunk: on SQLite a chunk is how long everybody else's writing waits.
pub(super) const ROWS: usize = 500;

/// What became of a row.
pub(super) enum Outcome {
    /// There is a new user.
    Created,
    /// A user has changed.
    Updated,
    /// There was nothing to change.
    Unchanged,
    /// It was refused.
    Failed(Failure),
}

/// Writes the rows, each with its outcome. [`store::Error::Conflict`] and [`store::Error::Stale`] mean
/// that somebody else wrote meanwhile: the transaction has to be begun anew.
pub(super) async fn write(
    tx: &mut TenantWrite,
    env: &Env,
    rows: &[Row],
) -> store::Result<Vec<Outcome>> {
    let mut users = users(tx, rows).await?;
    let mut outcomes = Vec::with_capacity(rows.len());
    for row in rows {
        let key = row.change.external_id.value().map(Handle::key);
        outcomes.push(match key.and_then(|key| users.remove(key)) {
            Some(user) => update(tx, env, row, &user).await?,
            None => create(tx, env, row).await?,
        });
    }
    Ok(outcomes)
}

/// The users that there are, by the keys of their external ids.
async fn users(tx: &mut TenantWrite, rows: &[Row]) -> store::Result<HashMap<String, User>> {
    let mut users = HashMap::new();
    let ids: Vec<_> = rows.iter().filter_map(|row| row.change.external_id.value()).collect();
    // A query for a hundred rows.
    for ids in ids.chunks(user::EXTERNAL_IDS_AT_ONCE) {
        for user in user::of_external_ids(tx, ids).await? {
            let id = user.external_id.as_deref().and_then(|text| Handle::parse(text).ok());
            if let Some(id) = id {
                users.insert(id.key().to_owned(), user);
            }
        }
    }
    Ok(users)
}

async fn update(tx: &mut TenantWrite, env: &Env, row: &Row, user: &User) -> store::Result<Outcome> {
    if let Some(failure) = without_value(row, Some(user)) {
        return Ok(Outcome::Failed(failure));
    }
    let difference = row.change.clone().against(user);
    if difference.is_empty() {
        return Ok(Outcome::Unchanged);
    }
    if let Some(field) = account_change::taken(tx, user, &difference).await? {
        return Ok(Outcome::Failed(taken(row, field)));
    }
    account_change::apply(tx, env, user, &difference).await?;
    Ok(Outcome::Updated)
}

async fn create(tx: &mut TenantWrite, env: &Env, row: &Row) -> store::Result<Outcome> {
    if let Some(failure) = without_value(row, None) {
        return Ok(Outcome::Failed(failure));
    }
    let settings = row.change.clone().into_settings();
    if account::add(tx, env, &settings).await?.is_some() {
        return Ok(Outcome::Created);
    }
    match account::taken(tx, None, &settings).await? {
        // Made since we looked, or given up since: the next try sees it.
        Some(account::Unique::ExternalId) | None => Err(store::Error::Conflict),
        Some(field) => Ok(Outcome::Failed(taken(row, field))),
    }
}

fn without_value(row: &Row, user: Option<&User>) -> Option<Failure> {
    let flaws = user_body::without_value(&row.change, user);
    flaws.first().map(|flaw| Failure::of_flaw(row.line, flaw))
}

fn taken(row: &Row, field: account::Unique) -> Failure {
    let (pointer, detail) = user_body::taken(field);
    Failure::taken(row.line, pointer, detail)
}
