//! The journal of links: every link, match, binding, creation and unlink, with actor, rule and
//! evidence, so that each can be explained and taken back.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use sqlx::types::Json;
use uuid::Uuid;

use crate::audit::ActorKind;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::id::{AppId, LinkEventId, SourceId, UserId};
use crate::identity::Subject;
use crate::page::{Cursor, Page, PageRequest};
use crate::scope::{Scope, TenantWrite};
use crate::sql;

crate::text_enum! {
    /// What happened to a link.
    LinkKind {
        /// Made with a new user, at a first sign-in.
        Create = "create",
        /// Made by a field that both sides trust.
        Match = "match",
        /// Made by the person, with proof of the account.
        Bind = "bind",
        /// Made by an administrator, one by one or in bulk.
        Link = "link",
        /// Taken away.
        Unlink = "unlink",
        /// Switched off.
        Suspend = "suspend",
        /// Switched on again.
        Resume = "resume",
        /// Taken away because it was wrong.
        Undo = "undo",
        /// Put back after an unlink.
        Restore = "restore",
    }
}

/// Something that happened to a link, about to be recorded.
#[derive(Debug, Clone)]
pub struct LinkEvent {
    /// What.
    pub kind: LinkKind,
    /// The user.
    pub user_id: UserId,
    /// The upstream person.
    pub subject: Subject,
    /// The source that it came by.
    pub source_id: Option<SourceId>,
    /// The app that the person came from.
    pub app_id: Option<AppId>,
    /// The rule that hit, or the proof that was given.
    pub rule: Option<&'static str>,
    /// More, as a JSON object; no value of anybody's field.
    pub evidence: serde_json::Value,
    /// Who did it.
    pub actor_kind: ActorKind,
    /// The API key's or the user's id.
    pub actor_id: Option<Uuid>,
    /// The trace code of the sign-in or call.
    pub trace: Option<String>,
}

/// An event as it was recorded.
#[derive(Debug, Clone, FromRow)]
pub struct Recorded {
    /// Its id; ids order by time.
    pub id: LinkEventId,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What.
    pub kind: LinkKind,
    /// The user.
    pub user_id: UserId,
    /// WeCom's `corpid`.
    pub corp_id: String,
    /// The userid as it is compared.
    pub subject: String,
    /// The userid as received.
    pub userid: String,
    /// The source that it came by.
    pub source_id: Option<SourceId>,
    /// The app that the person came from.
    pub app_id: Option<AppId>,
    /// The rule that hit, or the proof that was given.
    pub rule: Option<String>,
    /// More.
    pub evidence: Json<serde_json::Value>,
    /// Who did it.
    pub actor_kind: ActorKind,
    /// The API key's or the user's id.
    pub actor_id: Option<Uuid>,
    /// The trace code.
    pub trace: Option<String>,
    /// The event that took this one back.
    pub undone_by: Option<LinkEventId>,
}

impl Recorded {
    /// The upstream person.
    pub fn person(&self) -> Subject {
        Subject {
            corp_id: self.corp_id.clone(),
            subject: self.subject.clone(),
            userid: self.userid.clone(),
        }
    }
}

macro_rules! columns {
    ($after:literal) => {
        concat!(
            "SELECT id, at, kind, user_id, corp_id, subject, userid, source_id, app_id, rule, evidence,
             actor_kind, actor_id, trace, undone_by FROM link_events WHERE tenant_id = $1 AND ",
            $after
        )
    };
}

/// Records an event in the transaction of what it tells about.
pub async fn record(tx: &mut TenantWrite, env: &Env, event: LinkEvent) -> Result<LinkEventId> {
    let id = LinkEventId(env.ordered_id()?);
    tx.query(sql!(
        "INSERT INTO link_events (tenant_id, id, at, kind, user_id, corp_id, subject, userid, source_id,
         app_id, rule, evidence, actor_kind, actor_id, trace)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"
    ))
    .bind(id)
    .bind(env.now())
    .bind(event.kind)
    .bind(event.user_id)
    .bind(event.subject.corp_id)
    .bind(event.subject.subject)
    .bind(event.subject.userid)
    .bind(event.source_id)
    .bind(event.app_id)
    .bind(event.rule)
    .bind(Json(event.evidence))
    .bind(event.actor_kind)
    .bind(event.actor_id)
    .bind(event.trace)
    .execute()
    .await?;
    Ok(id)
}

/// The event with this id.
pub async fn find(scope: &mut impl Scope, id: LinkEventId) -> Result<Option<Recorded>> {
    scope.query(sql!(columns!("id = $2"))).bind(id).optional().await
}

/// The last event by which the link of an upstream person was made or taken away.
pub async fn last_of_person(
    scope: &mut impl Scope,
    corp_id: &str,
    subject: &str,
) -> Result<Option<Recorded>> {
    scope
        .query(sql!(columns!(
            "corp_id = $2 AND subject = $3 AND kind NOT IN ('suspend', 'resume')
             ORDER BY at DESC, id DESC LIMIT 1"
        )))
        .bind(corp_id.to_owned())
        .bind(subject.to_owned())
        .optional()
        .await
}

/// Notes that an event was taken back. [`Error::Stale`] if it was before.
pub async fn mark_undone(
    tx: &mut TenantWrite,
    id: LinkEventId,
    undone_by: LinkEventId,
) -> Result<()> {
    let marked = tx
        .query(sql!(
            "UPDATE link_events SET undone_by = $3 WHERE tenant_id = $1 AND id = $2 AND undone_by IS NULL"
        ))
        .bind(id)
        .bind(undone_by)
        .execute()
        .await?;
    if marked == 1 { Ok(()) } else { Err(Error::Stale) }
}

/// Whose events are wanted; of everybody where nothing is set.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this user.
    pub user_id: Option<UserId>,
    /// Of this corp.
    pub corp_id: Option<String>,
    /// Of this kind.
    pub kind: Option<LinkKind>,
    /// Not older than this.
    pub since: Option<DateTime<Utc>>,
}

/// A page of the journal, oldest first.
pub async fn list(
    scope: &mut impl Scope,
    filter: Filter,
    page: PageRequest,
) -> Result<Page<Recorded>> {
    let rows = scope
        .query(sql!(columns!(
            "(id > $2 OR $2 IS NULL) AND (user_id = $3 OR $3 IS NULL) AND (corp_id = $4 OR $4 IS NULL)
             AND (kind = $5 OR $5 IS NULL) AND (at >= $6 OR $6 IS NULL) ORDER BY id LIMIT $7"
        )))
        .bind(page.after_id())
        .bind(filter.user_id)
        .bind(filter.corp_id)
        .bind(filter.kind)
        .bind(filter.since)
        .bind(page.fetch())
        .all()
        .await?;
    Ok(page.page(rows, |row: &Recorded| Cursor { created_at: row.at, id: row.id.0 }))
}
