//! What a person has granted an app, all sign-ins together: their consent and the grants that are
//! alive, as one row an app. Taking it back takes both.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use crate::env::Env;
use crate::error::Result;
use crate::grant::Claims;
use crate::id::{AppId, UserId};
use crate::logout_delivery;
use crate::page::{Cursor, Page, PageRequest};
use crate::scope::{Scope, TenantWrite};
use crate::sql;

/// What a person has granted an app.
#[derive(Debug, Clone)]
pub struct Granted {
    /// The app.
    pub app_id: AppId,
    /// Its name, for people.
    pub app_name: String,
    /// The scopes that the person was asked about and agreed to, separated by spaces; none of an app
    /// that does not ask.
    pub consent: Option<String>,
    /// The scopes of consent and grants, separated by spaces, each once.
    pub scope: String,
    /// What was asked for one by one.
    pub claims: Claims,
    /// Whether something of it outlives the sessions.
    pub offline: bool,
    /// In how many of the sessions that are alive.
    pub sessions: i64,
    /// When it began.
    pub first_at: DateTime<Utc>,
    /// When something was last added.
    pub last_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct Row {
    app_id: AppId,
    app_name: String,
    consent: Option<String>,
    /// Of every consent and grant, with repetitions.
    scopes: String,
    /// JSON documents, separated by commas.
    claims: Option<String>,
    offline: bool,
    sessions: i64,
    first_at: DateTime<Utc>,
    last_at: DateTime<Utc>,
}

impl From<Row> for Granted {
    fn from(row: Row) -> Self {
        // We wrote it; what could not be read would be named by no scope either.
        let documents = format!("[{}]", row.claims.unwrap_or_default());
        let all: Vec<Claims> = serde_json::from_str(&documents).unwrap_or_default();
        let mut claims = Claims::default();
        for one in all {
            claims.userinfo.extend(one.userinfo);
            claims.id_token.extend(one.id_token);
        }
        Self {
            app_id: row.app_id,
            app_name: row.app_name,
            consent: row.consent,
            scope: once_each(&row.scopes),
            claims,
            offline: row.offline,
            sessions: row.sessions,
            first_at: row.first_at,
            last_at: row.last_at,
        }
    }
}

/// The words of a text, each once, in the order in which they come first.
fn once_each(text: &str) -> String {
    let mut all: Vec<&str> = Vec::new();
    for word in text.split(' ') {
        if !all.contains(&word) {
            all.push(word);
        }
    }
    all.join(" ")
}

/// A page of what a person has granted, one row an app, the oldest first. A grant whose app, source or
/// link is switched off is there too: it comes back with them.
pub async fn of_user(
    scope: &mut impl Scope,
    env: &Env,
    user: UserId,
    page: PageRequest,
) -> Result<Page<Granted>> {
    let rows: Vec<Row> = scope
        .query(sql!(
            "SELECT h.app_id, a.display_name AS app_name, max(h.consent) AS consent,
             string_agg(h.scope, ' ') AS scopes, string_agg(CAST(h.claims AS TEXT), ',') AS claims,
             count(*) FILTER (WHERE h.offline) > 0 AS offline,
             count(DISTINCT h.session_id) AS sessions, min(h.at) AS first_at, max(h.at) AS last_at
             FROM (SELECT g.app_id, g.scope, g.claims, g.offline, s.id AS session_id,
                   g.created_at AS at, NULL AS consent
                   FROM grants g LEFT JOIN sessions s ON s.tenant_id = $1 AND s.id = g.session_id
                   AND s.ended_at IS NULL AND s.expires_at > $3 AND s.idle_until > $3
                   WHERE g.tenant_id = $1 AND g.user_id = $2 AND g.revoked_at IS NULL
                   AND g.expires_at > $3 AND (g.offline OR s.id IS NOT NULL)
                   UNION ALL
                   SELECT c.app_id, c.scope, NULL, FALSE, NULL, c.granted_at, c.scope
                   FROM consents c WHERE c.tenant_id = $1 AND c.user_id = $2) h
             JOIN apps a ON a.tenant_id = $1 AND a.id = h.app_id
             GROUP BY h.app_id, a.display_name
             HAVING ((min(h.at), h.app_id) > ($4, $5) OR $4 IS NULL)
             ORDER BY min(h.at), h.app_id LIMIT $6"
        ))
        .bind(user)
        .bind(env.now())
        .bind(page.after_time())
        .bind(page.after_id())
        .bind(page.fetch())
        .all()
        .await?;
    let page = page.page(rows, |row| Cursor { created_at: row.first_at, id: row.app_id.0 });
    Ok(Page { items: page.items.into_iter().map(Granted::from).collect(), next: page.next })
}

/// How much was taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Withdrawn {
    /// Consents.
    pub consents: u64,
    /// Grants, with every code and token that hung on them.
    pub grants: u64,
}

impl Withdrawn {
    /// Whether there was something.
    pub fn any(self) -> bool {
        self.consents + self.grants > 0
    }
}

/// Takes back what a person has granted an app. The app is told that its sessions have ended, if it
/// wants to be; the sessions go on.
///
/// The consent goes first: whoever grants by it holds its row ([`crate::consent::hold`]), so the grant
/// is either there to be revoked, or the person is asked again.
pub async fn withdraw(
    tx: &mut TenantWrite,
    env: &Env,
    user: UserId,
    app: AppId,
) -> Result<Withdrawn> {
    let now = env.now();
    let consents = tx
        .query(sql!("DELETE FROM consents WHERE tenant_id = $1 AND user_id = $2 AND app_id = $3"))
        .bind(user)
        .bind(app)
        .execute()
        .await?;
    logout_delivery::of_grants_to_app(tx, now, user, app).await?;
    let grants = tx
        .query(sql!(
            "UPDATE grants SET revoked_at = $4
             WHERE tenant_id = $1 AND user_id = $2 AND app_id = $3 AND revoked_at IS NULL"
        ))
        .bind(user)
        .bind(app)
        .bind(now)
        .execute()
        .await?;
    Ok(Withdrawn { consents, grants })
}

/// The same for everybody who has granted this app something.
pub async fn withdraw_all(tx: &mut TenantWrite, env: &Env, app: AppId) -> Result<Withdrawn> {
    let now = env.now();
    let consents = tx
        .query(sql!("DELETE FROM consents WHERE tenant_id = $1 AND app_id = $2"))
        .bind(app)
        .execute()
        .await?;
    logout_delivery::of_app(tx, now, app).await?;
    let grants = tx
        .query(sql!(
            "UPDATE grants SET revoked_at = $3
             WHERE tenant_id = $1 AND app_id = $2 AND revoked_at IS NULL"
        ))
        .bind(app)
        .bind(now)
        .execute()
        .await?;
    Ok(Withdrawn { consents, grants })
}
