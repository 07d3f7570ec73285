//! Users as an administrator looks at them: one, a page, and a search.
//!
//! A search is by prefix or exact, over the keys of [`normal`]. Keys are bytes, so that
//! both are ranges of one index each; of each index no more than [`BOUND`] rows are looked at. So a
//! search costs the same among a million users, and says when there may be more than it shows.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use unicode_normalization::UnicodeNormalization as _;

use crate::error::Result;
use crate::id::UserId;
use crate::normal::{self, Email, Handle, Phone};
use crate::page::{Cursor, Page, PageRequest};
use crate::scope::Scope;
use crate::sql;
use crate::sql::Query;
use crate::user::{User, UserStatus};

/// A user, with what stands elsewhere.
#[derive(Debug, Clone, FromRow)]
pub struct Overview {
    /// The account.
    #[sqlx(flatten)]
    pub user: User,
    /// Whether it has a password.
    pub has_password: bool,
    /// When the person last signed in; none if never, or by no source and longer ago than sessions
    /// are kept.
    pub last_sign_in_at: Option<DateTime<Utc>>,
}

macro_rules! overview {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            " u.id, u.status, u.origin, u.username, u.external_id, u.name, u.email, u.email_verified,
              u.phone_number, u.phone_number_verified, u.picture, u.version, u.created_at, u.updated_at,
              EXISTS (SELECT 1 FROM passwords p WHERE p.tenant_id = u.tenant_id AND p.user_id = u.id)
                  AS has_password,
              (SELECT max(t.at) FROM (
                  SELECT i.last_sign_in_at AS at FROM identities i
                  WHERE i.tenant_id = u.tenant_id AND i.user_id = u.id
                  UNION ALL SELECT s.authenticated_at AS at FROM sessions s
                  WHERE s.tenant_id = u.tenant_id AND s.user_id = u.id) t) AS last_sign_in_at ",
            $after
        )
    };
}

/// The user with this id, tombstones included.
pub async fn find(scope: &mut impl Scope, id: UserId) -> Result<Option<Overview>> {
    scope
        .query(sql!(overview!("SELECT", "FROM users u WHERE u.tenant_id = $1 AND u.id = $2")))
        .bind(id)
        .optional()
        .await
}

/// A page of the tenant's users, by status if one is given; without the deleted ones otherwise.
pub async fn list(
    scope: &mut impl Scope,
    status: Option<UserStatus>,
    page: PageRequest,
) -> Result<Page<Overview>> {
    let rows = scope
        .query(sql!(overview!(
            "SELECT",
            "FROM users u WHERE u.tenant_id = $1 AND ((u.created_at, u.id) > ($2, $3) OR $2 IS NULL)
             AND (u.status = $4 OR ($4 IS NULL AND u.status <> 'deleted'))
             ORDER BY u.created_at, u.id LIMIT $5"
        )))
        .bind(page.after_time())
        .bind(page.after_id())
        .bind(status)
        .bind(page.fetch())
        .all()
        .await?;
    Ok(page
        .page(rows, |row: &Overview| Cursor { created_at: row.user.created_at, id: row.user.id.0 }))
}

/// Rows of each index that a search looks at: one more than it may show.
pub const BOUND: usize = 201;

/// What is searched for.
#[derive(Debug, Clone, Default)]
pub struct Search {
    name: Range,
    username: Range,
    external_id: Range,
    email: Range,
    phone: Range,
    /// The number as one of mainland China, without its country.
    national: Range,
}

/// Keys from the first on, below the second. Nothing is in the default one.
#[derive(Debug, Clone, Default)]
struct Range(Option<(Vec<u8>, Vec<u8>)>);

impl Range {
    fn starting(prefix: String) -> Self {
        let low = prefix.into_bytes();
        let mut high = low.clone();
        // UTF-8 has no byte 255, so the last one always has a successor.
        match high.last_mut() {
            Some(last) => *last += 1,
            None => return Self(None),
        }
        Self(Some((low, high)))
    }

    fn exact(low: Vec<u8>) -> Self {
        let mut high = low.clone();
        high.push(0);
        Self(Some((low, high)))
    }

    fn into_bounds(self) -> [Option<Vec<u8>>; 2] {
        match self.0 {
            Some((low, high)) => [Some(low), Some(high)],
            None => [None, None],
        }
    }
}

impl Search {
    /// By the beginning of the name, the user name, the external id, the mail address or the phone
    /// number, as somebody types it.
    pub fn starting(text: &str) -> Self {
        let text = text.trim();
        let name = normal::name_key(text).and_then(|key| String::from_utf8(key).ok());
        let handle = normal::handle_prefix(text);
        // A whole address as it is kept, with its domain in ASCII.
        let email = Email::parse(text).map_or_else(|_| text.to_ascii_lowercase(), Email::into_key);
        let (phone, national) = phone_prefixes(text);
        Self {
            name: name.map(Range::starting).unwrap_or_default(),
            username: Range::starting(handle.clone()),
            external_id: Range::starting(handle),
            email: Range::starting(email),
            phone: Range::starting(phone),
            national: Range::starting(national),
        }
    }

    /// Whose user name this is.
    pub fn username(name: &Handle) -> Self {
        Self { username: Range::exact(name.to_stored_key()), ..Self::default() }
    }

    /// Whose external id this is.
    pub fn external_id(id: &Handle) -> Self {
        Self { external_id: Range::exact(id.to_stored_key()), ..Self::default() }
    }

    /// Whose mail address this is, verified or not.
    pub fn email(email: &Email) -> Self {
        Self { email: Range::exact(email.to_stored_key()), ..Self::default() }
    }

    /// Whose phone number this is, verified or not.
    pub fn phone_number(phone: &Phone) -> Self {
        Self { phone: Range::exact(phone.to_stored_key()), ..Self::default() }
    }
}

/// The beginnings of keys that somebody may mean: with the country, and as a number of mainland China.
/// Empty, if it is no beginning of a number.
fn phone_prefixes(text: &str) -> (String, String) {
    let folded: String =
        text.nfkc().filter(|c| !c.is_whitespace() && !"-().\u{200b}".contains(*c)).collect();
    let (international, digits) = match (folded.strip_prefix('+'), folded.strip_prefix("00")) {
        (Some(rest), _) | (None, Some(rest)) => (true, rest),
        (None, None) => (false, folded.as_str()),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Default::default();
    }
    let national = if international { String::new() } else { format!("+86{digits}") };
    (format!("+{digits}"), national)
}

/// What a search found.
#[derive(Debug, Clone)]
pub struct Found {
    /// By name.
    pub items: Vec<Overview>,
    /// Whether there are more, or may be: a longer text finds them.
    pub more: bool,
}

#[derive(FromRow)]
struct Hit {
    #[sqlx(flatten)]
    overview: Overview,
    /// How many rows were looked at, of whatever status.
    hits: i64,
}

/// Searches; `limit` rows at most, 1 to 200, with this status if one is given. Deleted users are never
/// found: they have nothing left to be found by.
pub async fn search(
    scope: &mut impl Scope,
    search: Search,
    status: Option<UserStatus>,
    limit: u32,
) -> Result<Found> {
    // The status is asked for last: an index has it not, and whoever looked for the few suspended
    // ones among many would read them all. It comes first in the order, so that none is cut off.
    let query = scope.query(sql!(overview!(
        "WITH hits AS (
             SELECT id FROM (SELECT id FROM users WHERE tenant_id = $1 AND name_key >= $2
                 AND name_key < $3 ORDER BY name_key, id LIMIT 201) a
             UNION SELECT id FROM (SELECT id FROM users WHERE tenant_id = $1 AND username_key >= $4
                 AND username_key < $5 ORDER BY username_key LIMIT 201) b
             UNION SELECT id FROM (SELECT id FROM users WHERE tenant_id = $1 AND external_id_key >= $6
                 AND external_id_key < $7 ORDER BY external_id_key LIMIT 201) c
             UNION SELECT id FROM (SELECT id FROM users WHERE tenant_id = $1 AND email_key >= $8
                 AND email_key < $9 ORDER BY email_key, id LIMIT 201) d
             UNION SELECT id FROM (SELECT id FROM users WHERE tenant_id = $1 AND phone_key >= $10
                 AND phone_key < $11 ORDER BY phone_key, id LIMIT 201) e
             UNION SELECT id FROM (SELECT id FROM users WHERE tenant_id = $1 AND phone_key >= $12
                 AND phone_key < $13 ORDER BY phone_key, id LIMIT 201) f),
         shown AS (
             SELECT h.id FROM hits h JOIN users v ON v.id = h.id
             ORDER BY CASE WHEN v.status = $14 OR $14 IS NULL THEN 0 ELSE 1 END, v.name_key, v.id
             LIMIT $15)
         SELECT (SELECT count(*) FROM hits) AS hits,",
        "FROM shown JOIN users u ON u.id = shown.id ORDER BY u.name_key, u.id"
    )));
    let Search { name, username, external_id, email, phone, national } = search;
    let query = [name, username, external_id, email, phone, national]
        .into_iter()
        .flat_map(Range::into_bounds)
        .fold(query, Query::bind);
    let hits: Vec<Hit> = query.bind(status).bind(i64::from(limit) + 1).all().await?;
    let limit = usize::try_from(limit).unwrap_or(BOUND);
    let looked_at = hits.first().map_or(0, |hit| hit.hits);
    let mut items: Vec<_> = hits.into_iter().map(|hit| hit.overview).collect();
    items.retain(|item| status.is_none_or(|status| item.user.status == status));
    let cut = status.is_some() && usize::try_from(looked_at).unwrap_or(BOUND) >= BOUND;
    let more = items.len() > limit || cut;
    items.truncate(limit);
    Ok(Found { items, more })
}
